"""Walks the whole company as it was known: of everybody the facts, the rules and the instant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from msgspec import Struct

from events.envelope import CustomerId
from events.home import Asked, Known, asked_about, known
from events.touchpoints.base import Touchpoint
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
        """Return whether events of all kinds are read, whichever are asked for.

        Where a customer was at home, on whose day it depends what was known, all of them say.
        """
        return self.known_at is not None and self.extent.known_at is None


async def asking(platform: Platform, at: Asked, known_at: Asked | None) -> Asking:
    """Return a question about all that the events table holds now. Raises: Unavailable.

    Where `known_at` is the same instant for everybody, what was recorded later is never read.
    """
    alike = known_at if isinstance(known_at, datetime) and known_at.tzinfo else None
    extent = await extent_now(platform, alike)
    return Asking(extent, at.isoformat(), None if known_at is None else known_at.isoformat())


async def company_known(platform: Platform, asking: Asking) -> Known:
    """Return the rules and instants of the company itself, which no customer's home changes.

    Raises: Unavailable, UnreadableEvent.
    """
    reference = await Everybody(asking.extent, platform.pool).reference()
    known_at = None if asking.known_at is None else asked_about(asking.known_at)
    return known((), reference, asked_about(asking.at), known_at)


class EverybodyKnown:
    """What a worker reads of its parts: each customer of whom something was known by then."""

    def __init__(self, asking: Asking, pool: Pool) -> None:
        self._at = asked_about(asking.at)
        self._known_at = None if asking.known_at is None else asked_about(asking.known_at)
        self._reads_all = asking.reads_all
        self._everybody = Everybody(asking.extent, pool)

    async def of(
        self, part: Part, kinds: frozenset[type[Touchpoint]] | None = None
    ) -> AsyncIterator[tuple[CustomerId, Known]]:
        """Yield the customers of a part with what was known of each.

        Of kinds that are not named, None naming all, hardly more is read than where the customer
        is at home. Raises: Unavailable, UnreadableEvent.
        """
        reference = await self._everybody.reference()
        async for customer, events in self._everybody.of(part, None if self._reads_all else kinds):
            told = known(events, reference, self._at, self._known_at)
            if told.facts:
                yield customer, told
