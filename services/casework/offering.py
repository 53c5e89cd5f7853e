"""What somebody may do now: each command decided as if it were given, before anybody gives it.

A command is offered where one that could be filled in would be done; where none would, the rule
that refuses it says why. The rules are those of the commands themselves, asked beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from events.cases.alerts import (
    AcknowledgeAlert,
    AlertCommand,
    DelegateAlert,
    KnownAlert,
    SnoozeAlert,
    decide_alert,
)
from events.cases.asking import Rules
from events.cases.commands import (
    Acknowledge,
    AddNote,
    Assign,
    BringBack,
    Close,
    Command,
    Decline,
    Delegate,
    Escalate,
    Fulfil,
    HandOff,
    HoldDunning,
    MarkDuplicate,
    OnEscalation,
    PutOff,
    RecordCallback,
    Refer,
    Reopen,
    Reply,
    Resolve,
    Resume,
    SetPriority,
    Snooze,
    Take,
    TellCustomer,
    Wait,
    Withdraw,
)
from events.cases.decide import decide
from events.cases.staff import Staff
from events.cases.state import Case
from events.cases.terms import terms_at
from events.customers.account_commands import (
    CheckCredit,
    ConfirmPayment,
    DisputeInvoice,
    OverrideCredit,
    RecordPromise,
    RejectPayment,
    SetCreditLimit,
    SettleDispute,
)
from events.customers.account_commands import Command as AccountCommand
from events.customers.accounts import Account
from events.customers.accounts import decide as decide_account
from events.money import Money
from events.policy import Reference
from events.refusals import Refused
from events.touchpoints.complaint import Severity
from services.casework.api import WORDS

_ANY = "-"
"""Stands for a text that whoever gives the command will write."""

_SOON = timedelta(days=1)


class Offer(Struct, frozen=True):
    """A command and whether it may be given: those that would be done, or why none would."""

    word: str
    kind: type[Struct]
    would_be_done: tuple[Struct, ...]
    refused: Refused | None  # None: it is offered

    @property
    def is_open(self) -> bool:
        """Return whether the command may be given."""
        return self.refused is None


Offers = Mapping[str, Offer]


def case_offers(case: Case, by: Staff, now: datetime, rules: Rules) -> Offers:
    """Return every command of a case by its word."""
    found = {}
    for kind, tried in _on_case(case, by, now, rules).items():
        decided = [(one, decide(case, one, by, now, rules)) for one in tried]
        found[WORDS[kind]] = _offer(kind, decided)
    return found


def account_offers(account: Account, by: Staff, now: datetime, currency: str) -> Offers:
    """Return every command of an account by its word; the account is one with a verdict."""
    found = {}
    for kind, tried in _on_account(account, currency).items():
        decided = [(one, decide_account(one, by, now, account)) for one in tried]
        found[WORDS[kind]] = _offer(kind, decided)
    return found


def alert_offers(alert: KnownAlert, by: Staff, now: datetime, reference: Reference) -> Offers:
    """Return every command of an alert by its word."""
    tried: tuple[AlertCommand, ...] = (
        AcknowledgeAlert(),
        SnoozeAlert(until=now + _SOON),
        DelegateAlert(to=by.agent),
    )
    return {
        WORDS[type(one)]: _offer(type(one), [(one, decide_alert(alert, one, by, now, reference))])
        for one in tried
    }


def _offer(kind: type[Struct], decided: Sequence[tuple[Struct, object]]) -> Offer:
    """Return what came of a command's ways to be filled in; the last refusal tells why none."""
    done = tuple(one for one, answer in decided if not isinstance(answer, Refused))
    refusals = [answer for _, answer in decided if isinstance(answer, Refused)]
    return Offer(WORDS[kind], kind, done, None if done else refusals[-1])


def _on_case(
    case: Case, by: Staff, now: datetime, rules: Rules
) -> Mapping[type[Struct], Sequence[Command]]:
    departments = [*rules.reference.departments_at(now)]
    there = next(iter(departments), _ANY)
    elsewhere = next((one for one in departments if one != case.department), there)
    owed = [one.obligation_id for one in case.owed] or [_ANY]
    steps = [*_steps(case, now, rules)]
    other: Severity = "medium" if case.priority == "high" else "high"
    until = now + _SOON
    return {
        Take: [Take()],
        Assign: [Assign(agent=one) for one in _others(case, by, rules)],
        Reply: [Reply()],
        HandOff: [HandOff(department=there, owes=_ANY, due_minutes=1)],
        Fulfil: [Fulfil(obligation_id=one) for one in owed],
        Withdraw: [Withdraw(obligation_id=one) for one in owed],
        TellCustomer: [TellCustomer(step="received")],
        Wait: [Wait()],
        Resume: [Resume()],
        Refer: [Refer(department=elsewhere)],
        Resolve: [Resolve()],
        RecordCallback: [RecordCallback(outcome="satisfied")],
        Close: [Close(reason=_ANY)],
        Reopen: [Reopen(reason=_ANY)],
        Escalate: [Escalate(**_named(step)) for step in steps],
        Acknowledge: [Acknowledge(**_named(step)) for step in steps],
        Snooze: [Snooze(**_named(step), until=until) for step in steps],
        Delegate: [Delegate(**_named(step), to=by.agent) for step in steps],
        HoldDunning: [HoldDunning()],
        AddNote: [AddNote()],
        SetPriority: [SetPriority(priority=other)],
        Decline: [Decline(reason=_ANY)],
        MarkDuplicate: [MarkDuplicate(duplicate_of=_ANY)],
        PutOff: [PutOff(until=until)],
        BringBack: [BringBack()],
    }


def _others(case: Case, by: Staff, rules: Rules) -> Sequence[str]:
    """Return some who might be given the case: one who has it already would say nothing."""
    known = [by.agent, *(one for one, told in rules.reference.staff.items() if told.active)]
    return [one for one in dict.fromkeys(known) if one != case.owner][:2] or [by.agent]


def _steps(case: Case, now: datetime, rules: Rules) -> Iterator[OnEscalation]:
    """Yield every step of the ladder on every clock of a case, the furthest first."""
    terms = terms_at(rules.reference, case.opened_at, case.priority)
    owed: Sequence[str | None] = [one.obligation_id for one in case.owed]
    for step in reversed(terms.ladder):
        yield OnEscalation(clock="solution", percent=step.percent, cycle=case.cycle)
        yield OnEscalation(clock="response", percent=step.percent, cycle=case.cycle)
        for one in owed:
            yield OnEscalation(
                clock="obligation", percent=step.percent, cycle=case.cycle, obligation_id=one
            )


def _named(step: OnEscalation) -> dict[str, Any]:
    return {name: getattr(step, name) for name in OnEscalation.__struct_fields__}


def _on_account(account: Account, currency: str) -> Mapping[type[Struct], Sequence[AccountCommand]]:
    some = Money(1, currency)
    owed = [Money(1, one) for one in sorted({item.balance.currency for item in account.items})]
    invoices = [*dict.fromkeys(item.invoice_id for item in account.items)] or [_ANY]
    disputed = sorted(set(account.disputes.values())) or [_ANY]
    suspects = sorted(account.suspects) or [_ANY]
    return {
        RecordPromise: [
            RecordPromise(amount=one, promised_on=account.today) for one in owed or [some]
        ],
        DisputeInvoice: [DisputeInvoice(invoice_id=one) for one in invoices],
        SettleDispute: [SettleDispute(invoice_id=one) for one in disputed],
        CheckCredit: [CheckCredit(purpose="order", amount=some)],
        OverrideCredit: [OverrideCredit(reason=_ANY)],
        SetCreditLimit: [SetCreditLimit(limit=some)],
        ConfirmPayment: [ConfirmPayment(payment_id=one) for one in suspects],
        RejectPayment: [RejectPayment(payment_id=one) for one in suspects],
    }
