"""Whom to speak to: names and telephone numbers, opened from the vault for one page.

What is opened here goes to the page that was asked for and nowhere else: never into a row, a
log line or an answer of the API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

import structlog

from events.envelope import CustomerId
from events.facts import Fact
from events.touchpoints.customer import (
    ContactPersonAdded,
    CustomerProfileChanged,
    CustomerRegistered,
)
from services.console.shared.customer_at import CustomerAt
from services.people.principal import Right
from services.ports import Vault
from services.vault.subject_key import SealBroken

_SHOWN = ("name", "phone")
_PEOPLE = 5

_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, repr=False)  # a traceback or a log line may show it
class Person:
    """Somebody who may be spoken to on the customer's behalf."""

    role: str | None
    name: str | None
    phone: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Contact:
    """Who the customer is, as far as it was ever said."""

    segment: str | None
    kind: str | None  # person, company
    name: str | None
    phone: str | None
    people: tuple[Person, ...]  # the latest first
    erased: bool  # the key was destroyed, so that nobody can open what was said
    hidden: bool  # persons are not whoever asks' to see


async def contact_of(vault: Vault, found: CustomerAt) -> Contact:
    """Return the contact as of the instant asked about; persons, to those who may see them.

    Raises: Unavailable.
    """
    opens = found.principal.may(Right.SEE_PERSONS)
    told = [(of, fact) for of, fact in _latest_first(found) if fact.effective_at <= found.at]
    segment = kind = None
    fields: dict[str, str] = {}
    people: list[Person] = []
    erased = False
    for of, event in told:
        match event.data:
            case CustomerRegistered() as data:
                segment, kind = segment or data.segment, kind or data.kind
            case CustomerProfileChanged() as data:
                segment = segment or data.segment
            case ContactPersonAdded() as person if opens and len(people) < _PEOPLE:
                opened = await _opened(vault, of, event)
                erased = erased or opened is None
                if opened:
                    people.append(Person(person.role, opened.get("name"), opened.get("phone")))
                continue
            case _:
                continue
        if opens and any(name not in fields for name in _SHOWN):
            opened = await _opened(vault, of, event)
            erased = erased or opened is None
            for name in _SHOWN:
                if opened and name in opened:
                    fields.setdefault(name, opened[name])
    return Contact(
        segment, kind, fields.get("name"), fields.get("phone"), tuple(people), erased, not opens
    )


def _latest_first(found: CustomerAt) -> Iterator[tuple[CustomerId, Fact]]:
    """Yield what was told of the customer, then what was told of whom was merged into it."""
    for of in sorted(found.told_of, key=lambda one: one != found.customer):
        for fact in sorted(found.told_of[of], key=attrgetter("fact_key"), reverse=True):
            yield of, fact


async def _opened(vault: Vault, customer: CustomerId, event: Fact) -> Mapping[str, str] | None:
    """Return an event's personal fields; None: the key that sealed them is destroyed.

    What was altered cannot be opened and says nothing: figures are shown without it.
    """
    sealed = getattr(event.data, "sealed", None)
    if sealed is None:
        return {}
    try:
        return await vault.open(customer, event.id, sealed)
    except SealBroken:
        _LOG.warning("console.seal_broken", event_id=event.id)
        return {}
