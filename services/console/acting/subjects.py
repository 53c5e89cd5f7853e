"""What a command is given on, as its form needs it: which commands it allows, and what to choose.

What a visitor may not see does not exist: it is looked up as pages look it up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Literal
from urllib.parse import quote

from msgspec import Struct, structs

from events.cases.asking import Rules
from events.cases.commands import HoldDunning
from events.cases.reasons import UNKNOWN_ALERT
from events.cases.state import Case
from events.customers.account_commands import AccountCommand, CheckCredit
from events.customers.accounts import Account
from events.envelope import CustomerId
from events.money import Money
from events.refusals import Refused, refuse
from events.streams import customer_stream
from events.texts import worded
from services.casework.api import (
    ACCOUNT_COMMANDS,
    ALERT_COMMANDS,
    COMMANDS,
    IDENTITY_COMMANDS,
)
from services.casework.cases import customer_of, folded
from services.casework.offering import Offers, account_offers, alert_offers, case_offers
from services.casework.problems import refused
from services.console.acting.choosing import (
    currency_of,
    invoice_choices,
    owed_choices,
    people,
    step_choices,
    told_of_choices,
    usual,
)
from services.console.acting.person import Actor
from services.console.acting.widgets import STEP_FIELD, Option
from services.console.cases import worklist
from services.console.cases.routes import UnknownCase
from services.console.cases.words import CaseWords
from services.console.shared.customer_at import Instants, UnknownCustomer, look_up
from services.console.shared.i18n import speaker
from services.console.shared.visit import Visit
from services.people.principal import Scope
from services.web.problems import Problem

Of = Literal["cases", "customers", "alerts"]

WORDS_OF: Mapping[Of, Mapping[str, type[Struct]]] = {
    "cases": COMMANDS,
    "customers": {**ACCOUNT_COMMANDS, **IDENTITY_COMMANDS},
    "alerts": ALERT_COMMANDS,
}
"""The commands on each kind of subject, by their words."""


class Subject(Struct, frozen=True, kw_only=True):
    """A case, customer or alert that somebody is about to command."""

    of: Of
    id: str
    version: int
    customer: CustomerId | None
    offers: Offers  # of those that are decided beforehand
    choices: Mapping[str, Sequence[Option]]
    currency: str
    home: str  # the page that shows it

    @property
    def open_words(self) -> frozenset[str]:
        """Return the commands that are offered."""
        return frozenset(word for word, offer in self.offers.items() if offer.is_open)

    def refusal(self, word: str) -> Refused | None:
        """Return why a command may not be given, as far as that is known beforehand."""
        offer = self.offers.get(word)
        return None if offer is None else offer.refused


async def subject_of(actor: Actor, of: Of, identity: str, kind: type[Struct] | None) -> Subject:
    """Return what a command is given on. Raises: Problem, Unavailable, UnreadableEvent."""
    match of:
        case "cases":
            return await case_subject(actor, identity, kind)
        case "alerts":
            return await _alert(actor, identity)
        case "customers":
            return await customer_subject(actor, CustomerId(identity), kind)


async def case_subject(actor: Actor, case_id: str, kind: type[Struct] | None = None) -> Subject:
    """Return a case of our own; without a kind, for its action bar alone.

    Raises: Problem, Unavailable, UnreadableEvent.
    """
    visit = actor.visit
    async with visit.console.cases.reading(visit.principal) as reader:
        seen = await worklist.customer_of_case(reader, case_id)
    if seen is None and visit.principal.scope.branches is not None:
        raise UnknownCase(case_id)
    cases = actor.commanding.cases
    events = await cases.events(case_id)
    case = folded(events)
    if case is None:
        raise refused(await cases.without_stream(case_id), actor.teller)
    customer = customer_of(events)
    if customer is not None:
        await look_up(actor.visit.console.everything, actor.visit.principal, customer, Instants())
    invoices = await cases.open_invoices(HoldDunning(), {case_id: customer})
    open_ = invoices.get(case_id, frozenset())
    offers = case_offers(case, actor.by, actor.now, Rules(actor.reference, open_))
    return Subject(
        of="cases",
        id=case_id,
        version=len(events),
        customer=customer,
        offers=offers,
        choices={} if kind is None else await _case_choices(actor, case, customer, kind, offers),
        currency=currency_of(None, actor.reference),
        home=f"/cases/{quote(case_id, safe='')}",
    )


async def _case_choices(
    actor: Actor,
    case: Case,
    customer: CustomerId | None,
    kind: type[Struct],
    offers: Offers,
) -> Mapping[str, Sequence[Option]]:
    known, language = people(actor), actor.visit.language
    found: dict[str, Sequence[Option]] = {
        "department": known.departments,
        "agent": known.staff,
        "to": known.staff,
        "reason": usual("case_reason", language),
        "channel": usual("channel", language),
        "owes": usual("owes", language),
    }
    for word in ("fulfil", "withdraw"):
        if kind is COMMANDS[word]:
            found["obligation_id"] = owed_choices(case, offers[word], actor)
    if kind is COMMANDS["tell-customer"]:
        found["obligation_id"] = told_of_choices(case, actor)
    for word in ("escalate", "acknowledge", "snooze", "delegate"):
        if kind is COMMANDS[word]:
            found[STEP_FIELD] = step_choices(case, offers[word], actor)
    if kind is HoldDunning and customer is not None:
        account = await _account(actor, customer)
        found["invoice_id"] = [] if account is None else invoice_choices(account, actor)
    if kind is COMMANDS["mark-duplicate"] and customer is not None:
        found["duplicate_of"] = await _other_cases(actor, customer, case.case_id)
    return found


async def _other_cases(actor: Actor, customer: CustomerId, but: str) -> Sequence[Option]:
    """Return the other cases of a customer, the latest first."""
    visit = actor.visit
    async with visit.console.cases.reading(visit.principal) as reader:
        rows = await reader.ask("acting/cases_of_customer", customer, but)
    say = speaker(visit.language)
    words = CaseWords(say)
    return [
        Option(
            row["case_id"],
            f"{words.kind(row['kind'])} {words.number(row['case_id'])}"
            f" · {say.instant(row['opened_at'], actor.reference.zone_of(row['branch_id']))}",
        )
        for row in rows
    ]


async def customer_subject(
    actor: Actor, customer: CustomerId, kind: type[Struct] | None = None
) -> Subject:
    """Return a customer; whoever is to be registered need not be known.

    Raises: Problem, Unavailable, UnreadableEvent, EventRefused.
    """
    visit = actor.visit
    if kind is IDENTITY_COMMANDS["register"]:
        await _not_anothers(visit, customer)
    else:
        await look_up(visit.console.everything, visit.principal, customer, Instants())
    known, language = people(actor), visit.language
    account = await _account(actor, customer)
    currency = currency_of(account, actor.reference)
    choices: dict[str, Sequence[Option]] = {
        "home_branch": known.branches,
        "reason": usual("account_reason", language),
        "outcome": usual("dispute_outcome", language),
        "kind": [Option("person", ""), Option("company", "")],
    }
    if account is not None:
        choices |= _account_choices(actor, account, kind)
    offers = {} if account is None else account_offers(account, actor.by, actor.now, currency)
    if kind is not None and issubclass(kind, AccountCommand) and account is not None:
        version = account.version
    else:
        events = await actor.commanding.streams.events(customer_stream(customer))
        version = len(events)
    return Subject(
        of="customers",
        id=customer,
        version=version,
        customer=customer,
        offers=offers,
        choices=choices,
        currency=currency,
        home=f"/customers/{quote(customer, safe='')}",
    )


async def _not_anothers(visit: Visit, customer: CustomerId) -> None:
    """Let an id pass that is free, or one's own to see; of others it is told that it is taken.

    Whoever could register another branch's customer would bring it home. Raises: Problem.
    """
    model, principal = visit.console.everything, visit.principal
    everybodys = structs.replace(principal, scope=Scope())
    try:
        await look_up(model, everybodys, customer, Instants())
    except UnknownCustomer:
        return
    try:
        await look_up(model, principal, customer, Instants())
    except UnknownCustomer as unseen:
        raise Problem(
            HTTPStatus.CONFLICT,
            "taken",
            worded("this id is taken already"),
            worded("register the customer under another id"),
        ) from unseen


def _account_choices(
    actor: Actor, account: Account, kind: type[Struct] | None
) -> Mapping[str, Sequence[Option]]:
    invoices = invoice_choices(account, actor)
    disputed = set(account.disputes.values())
    if kind is ACCOUNT_COMMANDS["dispute-invoice"]:
        invoices = [one for one in invoices if one.value not in disputed]
    if kind is ACCOUNT_COMMANDS["settle-dispute"]:
        invoices = [Option(one, one) for one in sorted(disputed)]
    suspects = [
        Option(payment, f"{payment} = {first}")
        for payment, first in sorted(account.suspects.items())
    ]
    return {"invoice_id": invoices, "invoice_ids": invoices, "payment_id": suspects}


async def _account(actor: Actor, customer: CustomerId) -> Account | None:
    asked = CheckCredit(purpose="order", amount=Money(1, currency_of(None, actor.reference)))
    return await actor.commanding.accounts.standing(customer, asked, actor.reference, actor.now)


async def _alert(actor: Actor, alert_id: str) -> Subject:
    alerts = actor.commanding.alerts
    told = await alerts.told(alert_id)
    if isinstance(told, Refused):
        raise refused(told, actor.teller)
    visit = actor.visit
    try:
        await look_up(visit.console.everything, visit.principal, told.customer_id, Instants())
    except UnknownCustomer as unseen:  # of another branch: as if there were none
        raise refused(refuse(UNKNOWN_ALERT, alert=alert_id), actor.teller) from unseen
    found = await alerts.now(told, actor.reference, actor.now)
    return Subject(
        of="alerts",
        id=alert_id,
        version=len(await alerts.words(found)),
        customer=told.customer_id,
        offers=alert_offers(found.known, actor.by, actor.now, actor.reference),
        choices={"to": people(actor).staff},
        currency=currency_of(None, actor.reference),
        home="/alerts",
    )
