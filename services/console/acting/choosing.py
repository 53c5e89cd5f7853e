"""What may be chosen in forms: departments, staff, branches and what the company deals in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from events.cases.commands import Fulfil, OnEscalation, Withdraw
from events.cases.state import Case, Obligation
from events.customers.accounts import Account
from events.policy import Reference
from services.casework.offering import Offer
from services.console.acting.person import Actor
from services.console.acting.widgets import Option, step_option
from services.console.acting.words import ActingWords, suggestions
from services.console.people.words import ROLES, PeopleWords
from services.console.shared.i18n import speaker
from services.console.shared.reading import branch_names, department_names
from services.console.shared.staff import staff_of


class People(NamedTuple):
    """Whom and what a company's reference data name, as forms offer them."""

    departments: tuple[Option, ...]
    staff: tuple[Option, ...]
    branches: tuple[Option, ...]


def people(actor: Actor) -> People:
    """Return departments, staff of now and branches by name; the visitor's own first."""
    reference, language = actor.reference, actor.visit.language
    departments = department_names(reference, language)
    branches = branch_names(reference, language)
    names = staff_of(reference, language)
    own = actor.by.branch_id

    def called(staff_id: str) -> Option:
        told = reference.staff[staff_id]
        role = next(iter(told.roles), told.role or "")
        words = ActingWords(speaker(language))
        parts = [
            departments.get(told.department_id or "", told.department_id or ""),
            PeopleWords(speaker(language)).role(role) if role in ROLES else words.usual(role),
            branches.get(told.branch_id or "", told.branch_id or ""),
        ]
        said = [names.called(staff_id), *filter(None, parts)]
        return Option(staff_id, " · ".join(said))

    active = [one for one, told in reference.staff.items() if told.active]
    active.sort(key=lambda one: (reference.staff[one].branch_id != own, one))
    return People(
        tuple(Option(one, name) for one, name in departments.items()),
        tuple(map(called, active)),
        tuple(Option(one, name) for one, name in branches.items()),
    )


def usual(name: str, language: str) -> tuple[Option, ...]:
    """Return the words that companies usually choose for a field."""
    words = ActingWords(speaker(language))
    return tuple(Option(one, words.usual(one)) for one in suggestions(name))


def owed_choices(case: Case, offer: Offer, actor: Actor) -> Sequence[Option]:
    """Return what departments owe on a case that a command may name."""
    found = []
    for one in offer.would_be_done:
        assert isinstance(one, Fulfil | Withdraw)
        owed = case.owing(one.obligation_id)
        if owed is not None:
            found.append(_owed(owed, actor))
    return found


def told_of_choices(case: Case, actor: Actor) -> Sequence[Option]:
    """Return what departments owe or owed on a case, of which its customer may be told."""
    return [_owed(one, actor) for one in case.owed]


def _owed(owed: Obligation, actor: Actor) -> Option:
    names = department_names(actor.reference, actor.visit.language)
    owes = ActingWords(speaker(actor.visit.language)).usual(owed.owes)
    return Option(owed.obligation_id, f"{names.get(owed.department, owed.department)}: {owes}")


def step_choices(case: Case, offer: Offer, actor: Actor) -> Sequence[Option]:
    """Return the steps of the ladder that a command may name."""
    words = ActingWords(speaker(actor.visit.language))
    names = department_names(actor.reference, actor.visit.language)
    found = []
    for one in offer.would_be_done:
        assert isinstance(one, OnEscalation)
        owed = case.owing(one.obligation_id) if one.obligation_id else None
        about = names.get(owed.department, owed.department) if owed is not None else ""
        found.append(step_option(one, words.step(one.clock, one.percent, about)))
    return found


def invoice_choices(account: Account, actor: Actor) -> Sequence[Option]:
    """Return the invoices on which something is open, the longest due first."""
    say = speaker(actor.visit.language)
    owed: dict[str, tuple[int, str, str]] = {}
    for item in account.items:
        minor = owed.get(item.invoice_id, (0, "", ""))[0] + item.balance.minor
        owed[item.invoice_id] = (minor, item.balance.currency, say.day(item.due_on))
    return [
        Option(invoice, f"{invoice} · {say.money(minor, currency)} · {due}")
        for invoice, (minor, currency, due) in owed.items()
    ]


def currency_of(account: Account | None, reference: Reference) -> str:
    """Return the currency that amounts are most likely to be in."""
    if account is not None and account.items:
        return account.items[0].balance.currency
    return reference.company.currency if reference.company is not None else "CNY"
