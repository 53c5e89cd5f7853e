"""One hash over all that the events mean at an instant, refolded from the events alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from events.envelope import PositionVector
from events.home import Asked, asked_about, known
from projections import PROJECTIONS
from projections.digest import RunningDigest, customer_lines
from projections.protocol import Facts
from services.platform import Platform
from services.postgres.pool import Pool
from services.walk.company import Everybody, extent_now, walk_company
from services.walk.parts import Extent, Part


class Digest(Struct, frozen=True):
    """The digest, and what it covers. A day is each customer's own."""

    digest: str
    at: Asked
    known_at: Asked | None
    position: str
    customers: int
    events: int


class DigestOf(Struct, frozen=True):
    """What all parts of a digest have in common."""

    extent: Extent
    at: str  # what is asked about, as text
    known_at: str | None


class PartDigest(Struct, frozen=True):
    """A part's share: its running digest's product, in hexadecimal."""

    product: str
    customers: int
    events: int


class Digesting:
    """Digests parts of the company."""

    def __init__(self, argument: DigestOf, pool: Pool) -> None:
        self._at = asked_about(argument.at)
        self._known_at = None if argument.known_at is None else asked_about(argument.known_at)
        self._everybody = Everybody(argument.extent, pool)

    async def walk(self, part: Part) -> PartDigest:
        """Digest a part. Raises: Unavailable, UnreadableEvent."""
        reference = await self._everybody.reference()
        running = RunningDigest()
        customers = events = 0
        async for customer, dossier in self._everybody.of(part):
            told = known(dossier, reference, self._at, self._known_at)
            if not told.facts:
                continue
            customers += 1
            events += len(told.facts)
            lines: list[bytes] = []
            for projection in PROJECTIONS:
                facts = Facts(told.facts, projection.handles)
                assessment = projection.assess(customer, facts, told.at, told.reference)
                lines += customer_lines(projection, customer, assessment)
            running.add(lines)
        return PartDigest(f"{running.product:x}", customers, events)


async def digest(
    platform: Platform,
    at: Asked,
    known_at: Asked | None,
    advance: Callable[[int], None],
    *,
    processes: int | None = None,
) -> Digest:
    """Return the digest of every projection as of `at`; `advance` is told of customers done.

    Raises: Unavailable, UnreadableEvent.
    """
    extent = await extent_now(platform, known_at if isinstance(known_at, datetime) else None)
    running = RunningDigest()
    customers = events = 0

    def done(part: PartDigest) -> None:
        nonlocal customers, events
        running.merge(int(part.product, 16))
        customers, events = customers + part.customers, events + part.events
        advance(part.customers)

    what = DigestOf(extent, at.isoformat(), known_at.isoformat() if known_at else None)
    await walk_company(platform, extent, Digesting, what, PartDigest, done, processes=processes)
    position = PositionVector(extent.generation, extent.positions).token()
    return Digest(running.hexdigest(), at, known_at, position, customers, events)
