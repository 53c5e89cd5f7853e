"""What a demonstration company is made from; the same plan gives the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid5

from msgspec import Struct

from events.calendars import DEFAULT_ZONE, day_start, local_day, zone

HISTORY = timedelta(days=730)
"""How much past a demonstration company has."""

_NAMESPACE = UUID("0b1c0a52-6a3e-5f0b-8f57-2d0a6f4a9c11")
_MARK = "simulator-3"  # another number for every change of what is invented


class Plan(Struct, frozen=True, kw_only=True):
    """The seed, the size and the span of a company; all randomness comes from here."""

    seed: int
    customers: int
    since: datetime
    until: datetime

    @classmethod
    def ending_today(cls, now: datetime, seed: int = 7, customers: int = 3_000) -> Plan:
        """Return the plan of a history that ends as the local day of `now` begins."""
        tz = zone(DEFAULT_ZONE)
        until = day_start(local_day(now, tz), tz)
        return cls(seed=seed, customers=customers, since=until - HISTORY, until=until)

    def dice(self, *words: str) -> Random:
        """Return a random stream of its own for what the words name."""
        return Random(":".join((str(self.seed), *words)))

    def event_id(self, source: str, epoch: int, sequence: int) -> str:
        """Return the id of the event that a device numbered so."""
        name = f"{self.seed}/{self.customers}/{self.since.isoformat()}{source}/{epoch}/{sequence}"
        return str(uuid5(_NAMESPACE, name))

    def mark(self) -> str:
        """Return the words by which a company's first event tells its plan."""
        since, until = (int(instant.timestamp()) for instant in (self.since, self.until))
        return f"{_MARK} {self.seed} {self.customers} {since} {until}"

    @classmethod
    def from_mark(cls, mark: str | None) -> Plan | None:
        """Return the plan that a first event tells, or None if it is no company of ours."""
        words = (mark or "").split(" ")
        if len(words) != 5 or words[0] != _MARK:
            return None
        seed, customers, since, until = (int(word) for word in words[1:])
        return cls(
            seed=seed,
            customers=customers,
            since=datetime.fromtimestamp(since, UTC),
            until=datetime.fromtimestamp(until, UTC),
        )
