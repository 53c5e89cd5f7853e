"""Who customers are: names and telephone numbers, opened from the vault for many at once.

What is opened goes to the page that was asked for and nowhere else: never into a row or a log
line.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from events.customers.identity import MOVES, Identity
from events.customers.words import latest_words
from events.envelope import CustomerId
from events.errors import EventError
from events.facts import Fact
from events.touchpoints.customer import (
    ContactPersonAdded,
    CustomerProfileChanged,
    CustomerRegistered,
)
from services.log.merged import each_merged_with
from services.log.readable import fact
from services.log.stored import stored_event
from services.ports import Clock, Vault
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.vault.subject_key import SealBroken

_LOG = structlog.get_logger(__name__)

_KEPT_S = 5.0
_KEPT = 5_000

PROFILE = (CustomerRegistered, CustomerProfileChanged)
_TOLD = [kind.event_type for kind in (*PROFILE, ContactPersonAdded, *MOVES)]


@dataclass(frozen=True, slots=True, repr=False)  # a traceback or a log line may show it
class Person:
    """Who a customer is, as far as it was ever said; `erased` where nobody can open it any more."""

    name: str | None = None
    phone: str | None = None
    erased: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Words:
    """What was told of customers whom merges connect, their personal fields by event."""

    told_of: Mapping[CustomerId, Sequence[Fact]]
    identity: Identity
    opened: Mapping[str, Mapping[str, str]]
    erased: frozenset[CustomerId]

    def members(self, customer: CustomerId, at: datetime) -> Sequence[CustomerId]:
        """Return a customer and all who belong to it at an instant, itself the first."""
        return self.identity.groups_at(at).get(customer, (customer,))

    def person(self, customer: CustomerId, at: datetime) -> Person:
        """Return who a customer is at an instant."""
        return self._person(self.members(customer, at), customer, at)

    def own_person(self, customer: CustomerId, at: datetime) -> Person:
        """Return who a customer is by what was told of itself alone."""
        return self._person((customer,), customer, at)

    def _person(self, members: Sequence[CustomerId], customer: CustomerId, at: datetime) -> Person:
        told = {one: self.told_of.get(one, ()) for one in members}
        fields: dict[str, str] = {}
        for _, one in latest_words(told, customer, at):
            if isinstance(one.data, PROFILE):
                for name, value in self.opened.get(one.id, {}).items():
                    fields.setdefault(name, value)
        return Person(fields.get("name"), fields.get("phone"), customer in self.erased)


class Persons:
    """Tells who customers are; what was opened is kept for a moment."""

    def __init__(self, pool: Pool, vault: Vault, clock: Clock) -> None:
        self._pool = pool
        self._vault = vault
        self._clock = clock
        self._kept: dict[CustomerId, tuple[float, Person]] = {}

    async def of(
        self, customers: Iterable[CustomerId], *, fresh: bool = False
    ) -> Mapping[CustomerId, Person]:
        """Return who each customer is just now; `fresh`: nothing opened earlier will do.

        Raises: Unavailable.
        """
        wanted = dict.fromkeys(customers)
        started = time.monotonic()
        if len(self._kept) > _KEPT:
            self._kept.clear()
        found = {
            one: self._kept[one][1]
            for one in wanted
            if not fresh and one in self._kept and started < self._kept[one][0] + _KEPT_S
        }
        missing = [one for one in wanted if one not in found]
        if missing:
            at = self._clock.now()
            words = await self.words(missing)
            for one in missing:
                found[one] = words[one].person(one, at)
                self._kept[one] = (started, found[one])
        return found

    async def words(self, customers: Sequence[CustomerId]) -> Mapping[CustomerId, Words]:
        """Return what was told of each customer and of all whom merges connect with it.

        Raises: Unavailable.
        """
        with translated():
            connected = await each_merged_with(self._pool, customers)
            everybody = sorted({*customers, *(one for some in connected.values() for one in some)})
            rows = await self._pool.fetch(sql("person_events"), everybody, _TOLD)
        told: dict[CustomerId, list[Fact]] = {}
        opened: dict[str, Mapping[str, str]] = {}
        erased = frozenset(CustomerId(row["customer_id"]) for row in rows if row["erased"])
        await self._vault.have_ready({row["customer_id"] for row in rows if not row["erased"]})
        for row in rows:
            customer = CustomerId(row["customer_id"])
            try:
                one = fact(stored_event(row))
            except EventError as error:  # the customer is parked for it; what is readable is told
                _LOG.warning("person_unreadable", event_id=str(row["event_id"]), reason=str(error))
                continue
            told.setdefault(customer, []).append(one)
            if not row["erased"]:
                opened[one.id] = await self._opened(customer, one)
        return {
            customer: _words(connected.get(customer, (customer,)), told, opened, erased)
            for customer in customers
        }

    async def _opened(self, customer: CustomerId, event: Fact) -> Mapping[str, str]:
        sealed = getattr(event.data, "sealed", None)
        if sealed is None:
            return {}
        try:
            return await self._vault.open(customer, event.id, sealed) or {}
        except SealBroken:
            _LOG.warning("person_seal_broken", event_id=event.id)
            return {}


def _words(
    connected: Sequence[CustomerId],
    told: Mapping[CustomerId, Sequence[Fact]],
    opened: Mapping[str, Mapping[str, str]],
    erased: frozenset[CustomerId],
) -> Words:
    told_of = {one: told.get(one, ()) for one in connected}
    return Words(told_of, Identity(told_of), opened, erased)
