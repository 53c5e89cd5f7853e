"""What may be decided about a customer's account, and what it comes to. Pure.

Credit is asked for before goods leave, and an answer reserves its room; limits, disputes,
promises and suspected double payments are settled by those whose work it is. How the account
stands at that instant comes in beside the command, from facts that the log holds already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from events.cases.staff import Staff
from events.customers import account_reasons as why
from events.customers.account_commands import (
    AccountCommand,
    CheckCredit,
    Command,
    ConfirmPayment,
    DisputeInvoice,
    OverrideCredit,
    RecordPromise,
    RejectPayment,
    SetCreditLimit,
    SettleDispute,
)
from events.money import Money
from events.refusals import Refused, Word, refuse
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import (
    CreditChecked,
    CreditLimitSet,
    CreditOverrideGranted,
    DisputeSettled,
    InvoiceDisputed,
    PaymentConfirmedGenuine,
    PaymentRejectedAsDuplicate,
    PromiseMade,
)
from events.touchpoints.policy import Role

_NAMESPACE = UUID("d2f5a7c4-61b8-5e0d-8b0f-7a9c3e51f6d8")
"""Namespace of the ids of what is decided about an account; chosen once, never to change."""


class Item(NamedTuple):
    """An invoice, or a part of one, on which something is open."""

    invoice_id: str
    balance: Money
    due_on: date


class Verdict(NamedTuple):
    """What the gate says of a request; `longest` is the invoice that is overdue for longest."""

    approved: bool
    rule: str | None  # limit_exceeded, overdue_too_long; approved all the same: by an override
    exposure: Money  # before the request
    limit: Money | None
    longest: str | None
    days: int  # that it is overdue


class Account(NamedTuple):
    """How a customer's account stands at the instant of a command."""

    customer: str
    version: int  # of the customer's stream
    today: date
    items: tuple[Item, ...]
    disputes: Mapping[str, str]  # open ones, and the invoices that they are about
    suspects: Mapping[str, str]  # payments suspected to be double reports, and of which ones
    reserved_hours: int  # how long an approved check keeps its room
    verdict: Verdict | None = None  # of a credit check

    def new_id(self, what: str) -> str:
        """Return the id of what is decided next."""
        return str(uuid5(_NAMESPACE, "\x1f".join((self.customer, what, str(self.version + 1)))))


SPOKEN_TO: tuple[Role, ...] = ("receivables", "credit", "call_centre", "headquarters")
"""Whom customers tell what they contest, and what they will pay."""

CREDIT_CHECKED_BY: tuple[Role, ...] = ("order_entry", "credit", "branch_manager", "headquarters")
"""Who asks whether something may still go out on credit."""

Decision = tuple[Touchpoint, ...] | Refused


def decide(command: Command, by: Staff, now: datetime, account: Account) -> Decision:
    """Return the events of a command, or its refusal; they take effect at `now`.

    A credit check is answered and recorded whether the request may pass or not.
    """
    return _DECIDERS[type(command)](command, by, now, account)


def _not_for(by: Staff, *roles: str) -> Refused | None:
    if by.roles.intersection(roles):
        return None
    return refuse(why.NO_ROLE, by=by.agent, who=tuple(map(Word, roles)))


def _check(command: CheckCredit, by: Staff, now: datetime, account: Account) -> Decision:
    if refused := _not_for(by, *CREDIT_CHECKED_BY):
        return refused
    if command.amount.minor <= 0:
        return refuse(why.NO_AMOUNT)
    verdict = account.verdict
    assert verdict is not None, "a check is decided with what the gate says"
    until = now + timedelta(hours=account.reserved_hours)
    return (
        CreditChecked(
            check_id=account.new_id("check"),
            purpose=command.purpose,
            amount=command.amount,
            exposure=verdict.exposure,
            approved=verdict.approved,
            reason=verdict.rule,
            reserved_until=until if verdict.approved else None,
            limit=verdict.limit,
            invoice_id=verdict.longest if verdict.days > 0 else None,
            days_overdue=verdict.days if verdict.days > 0 else None,
            by=by.agent,
            order_id=command.order_id,
        ),
    )


def gate_refusal(checked: CreditChecked) -> Refused | None:
    """Return in words why the gate was shut, and what would open it; None: it was not."""
    if checked.approved:
        return None
    if checked.reason == "limit_exceeded":
        return refuse(
            why.LIMIT_EXCEEDED,
            exposure=checked.exposure,
            asked=checked.amount,
            limit=checked.limit,
        )
    return refuse(why.OVERDUE_TOO_LONG, invoice=checked.invoice_id, days=checked.days_overdue)


def _override(command: OverrideCredit, by: Staff, now: datetime, account: Account) -> Decision:
    if refused := _not_for(by, "credit", "branch_manager", "headquarters"):
        return refused
    if command.amount is not None and command.amount.minor <= 0:
        return refuse(why.NO_AMOUNT)
    if command.until is not None and command.until < account.today:
        return refuse(why.IN_THE_PAST, day=command.until, today=account.today)
    role = next(one for one in ("credit", "branch_manager", "headquarters") if one in by.roles)
    return (
        CreditOverrideGranted(
            override_id=account.new_id("override"),
            role=role,
            reason=command.reason,
            amount=command.amount,
            order_id=command.order_id,
            until=command.until,
            by=by.agent,
        ),
    )


def _limit(command: SetCreditLimit, by: Staff, now: datetime, account: Account) -> Decision:
    if refused := _not_for(by, "credit", "headquarters"):
        return refused
    if command.limit.minor < 0:
        return refuse(why.NO_AMOUNT)
    return (CreditLimitSet(limit=command.limit, by=by.agent),)


def _dispute(command: DisputeInvoice, by: Staff, now: datetime, account: Account) -> Decision:
    if refused := _not_for(by, *SPOKEN_TO):
        return refused
    if refused := _nothing_open(account, (command.invoice_id,)):
        return refused
    if command.invoice_id in account.disputes.values():
        return refuse(why.DISPUTED, invoice=command.invoice_id)
    return (
        InvoiceDisputed(
            dispute_id=account.new_id("dispute"),
            invoice_id=command.invoice_id,
            reason=command.reason,
            by=by.agent,
        ),
    )


def _settle(command: SettleDispute, by: Staff, now: datetime, account: Account) -> Decision:
    if refused := _not_for(by, "receivables", "credit", "headquarters"):
        return refused
    open_ = [one for one, about in account.disputes.items() if about == command.invoice_id]
    if not open_:
        known = tuple(sorted(set(account.disputes.values())))
        if not known:
            return refuse(why.NONE_DISPUTED)
        return refuse(why.NOT_DISPUTED, invoice=command.invoice_id, known=known)
    return tuple(
        DisputeSettled(
            dispute_id=one, invoice_id=command.invoice_id, outcome=command.outcome, by=by.agent
        )
        for one in sorted(open_)
    )


def _promise(command: RecordPromise, by: Staff, now: datetime, account: Account) -> Decision:
    if refused := _not_for(by, *SPOKEN_TO):
        return refused
    if command.amount.minor <= 0:
        return refuse(why.NO_AMOUNT)
    if command.promised_on < account.today:
        return refuse(why.IN_THE_PAST, day=command.promised_on, today=account.today)
    if refused := _nothing_open(account, command.invoice_ids):
        return refused
    named = command.invoice_ids or tuple(one.invoice_id for one in account.items)
    mine = {one.balance.currency for one in account.items if one.invoice_id in named}
    if command.amount.currency not in mine:
        told = tuple(sorted(mine))
        return refuse(why.CURRENCY, currency=command.amount.currency, known=told)
    return (
        PromiseMade(
            promise_id=account.new_id("promise"),
            amount=command.amount,
            promised_on=command.promised_on,
            invoice_ids=command.invoice_ids,
            by=by.agent,
        ),
    )


def _nothing_open(account: Account, invoices: tuple[str, ...]) -> Refused | None:
    known = tuple(dict.fromkeys(one.invoice_id for one in account.items))
    if not known:
        return refuse(why.ACCOUNT_SETTLED)
    missing = next((one for one in invoices if one not in known), None)
    if missing is None:
        return None
    return refuse(why.NOTHING_OPEN, invoice=missing, known=known)


def _confirm(command: ConfirmPayment, by: Staff, now: datetime, account: Account) -> Decision:
    return _judged(command.payment_id, by, account) or (
        PaymentConfirmedGenuine(payment_id=command.payment_id, by=by.agent),
    )


def _reject(command: RejectPayment, by: Staff, now: datetime, account: Account) -> Decision:
    return _judged(command.payment_id, by, account) or (
        PaymentRejectedAsDuplicate(payment_id=command.payment_id, by=by.agent),
    )


def _judged(payment_id: str, by: Staff, account: Account) -> Refused | None:
    if refused := _not_for(by, "receivables", "headquarters"):
        return refused
    if payment_id in account.suspects:
        return None
    known = tuple(sorted(account.suspects))
    if not known:
        return refuse(why.NONE_SUSPECTED)
    return refuse(why.NOT_SUSPECTED, payment=payment_id, known=known)


_DECIDERS: Mapping[type[AccountCommand], Callable[[Any, Staff, datetime, Account], Decision]] = (
    MappingProxyType(
        {
            CheckCredit: _check,
            OverrideCredit: _override,
            SetCreditLimit: _limit,
            DisputeInvoice: _dispute,
            SettleDispute: _settle,
            RecordPromise: _promise,
            ConfirmPayment: _confirm,
            RejectPayment: _reject,
        }
    )
)
