"""Walks the whole company as it was known: of everybody the facts, the rules and the instant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import Struct

from events.envelope import CustomerId
from events.facts import Fact
from events.home import Asked, Home, Known, asked_about, known
from events.policy import Reference
from projections.merged import known_together
from services.platform import Platform
from services.postgres.pool import Pool
from services.walk.company import Everybody, extent_now
from services.walk.parts import Extent, Part


class Asking(Struct, frozen=True):
    """What is asked about everybody, as text: as of `at`, and as known at `known_at`."""

    extent: Extent
    at: str
    known_at: str | None = None

    @property
    def reads_all(self) -> bool:
        """Return whether also what was recorded later is read.

        It says where a customer is at home, on whose day it depends what was known.
        """
        return self.known_at is not None and self.extent.known_at is None


async def asking(platform: Platform, at: Asked, known_at: Asked | None) -> Asking:
    """Return a question about all that the events table holds now. Raises: Unavailable.

    Where `known_at` is the same instant for everybody, what was recorded later is never read.
    """
    extent = await extent_now(platform, instant_alike(known_at))
    return Asking(extent, at.isoformat(), None if known_at is None else known_at.isoformat())


async def company_known(platform: Platform, asking: Asking) -> Known:
    """Return the rules and instants of the company itself, which no customer's home changes.

    Raises: Unavailable, UnreadableEvent.
    """
    reference = await Everybody(asking.extent, platform.pool).reference()
    known_at = None if asking.known_at is None else asked_about(asking.known_at)
    return known((), reference, asked_about(asking.at), known_at)


class Told(NamedTuple):
    """What to assess of one customer: the facts and rules known then, and the instant."""

    facts: Sequence[Fact]
    reference: Reference
    at: datetime


class EverybodyKnown:
    """What a worker reads of its parts: each customer of whom something was known by then."""

    def __init__(self, asking: Asking, pool: Pool) -> None:
        self._asking = asking
        self._at = asked_about(asking.at)
        self._known_at = None if asking.known_at is None else asked_about(asking.known_at)
        self._everybody = Everybody(asking.extent, pool)

    async def each(self, part: Part, take: Callable[[CustomerId, Told], None]) -> None:
        """Tell `take` each customer of a part with what was known of it.

        Raises: Unavailable, UnreadableEvent.
        """
        reference = await self._everybody.reference()
        if self._asking.reads_all:
            async for customer, events in self._everybody.recorded(part):
                found = known_together(customer, events, reference, self._at, self._known_at)
                if found.root == customer and found.known.facts:
                    told = found.known
                    take(customer, Told(told.facts, told.reference, told.at))
            return
        alike = instant_alike(self._at)

        def instant(facts: Sequence[Fact]) -> datetime:
            return alike or Home(facts).instant_of(self._at, reference)

        def read(customer: CustomerId, facts: Sequence[Fact], at: datetime | None) -> None:
            take(customer, Told(facts, reference, at or instant(facts)))

        await self._everybody.each(part, instant, read)


def instant_alike(asked: Asked | None) -> datetime | None:
    """Return the instant that is asked about where it is the same for everybody, in UTC."""
    if isinstance(asked, datetime) and asked.tzinfo is not None:
        return asked.astimezone(UTC)
    return None
