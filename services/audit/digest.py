"""One hash over all that the events mean at an instant, refolded from the events alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from events.envelope import PositionVector
from projections import PROJECTIONS
from projections.digest import RunningDigest, customer_lines
from projections.protocol import Facts
from services.platform import Platform
from services.postgres.pool import Pool
from services.walk.company import Everybody, extent_now, walk_company
from services.walk.parts import Extent, Part


class Digest(Struct, frozen=True):
    """The digest, and what it covers."""

    digest: str
    at: datetime
    known_at: datetime | None
    position: str
    customers: int
    events: int


class DigestOf(Struct, frozen=True):
    """What all parts of a digest have in common."""

    extent: Extent
    at: datetime


class PartDigest(Struct, frozen=True):
    """A part's share: its running digest's product, in hexadecimal."""

    product: str
    customers: int
    events: int


class Digesting:
    """Digests parts of the company."""

    def __init__(self, argument: DigestOf, pool: Pool) -> None:
        self._at = argument.at
        self._everybody = Everybody(argument.extent, pool)

    async def walk(self, part: Part) -> PartDigest:
        """Digest a part. Raises: Unavailable, UnreadableEvent."""
        reference = await self._everybody.reference()
        running = RunningDigest()
        customers = events = 0
        async for customer, dossier in self._everybody.of(part):
            customers += 1
            events += len(dossier)
            lines: list[bytes] = []
            for projection in PROJECTIONS:
                handled = (e for e in dossier if type(e.data) in projection.handles)
                assessment = projection.assess(customer, Facts(handled), self._at, reference)
                lines += customer_lines(projection, customer, assessment)
            running.add(lines)
        return PartDigest(f"{running.product:x}", customers, events)


async def digest(
    platform: Platform,
    at: datetime,
    known_at: datetime | None,
    advance: Callable[[int], None],
    *,
    processes: int | None = None,
) -> Digest:
    """Return the digest of every projection at `at`; `advance` is told of customers done.

    Raises: Unavailable, UnreadableEvent.
    """
    extent = await extent_now(platform, known_at)
    running = RunningDigest()
    customers = events = 0

    def done(part: PartDigest) -> None:
        nonlocal customers, events
        running.merge(int(part.product, 16))
        customers, events = customers + part.customers, events + part.events
        advance(part.customers)

    what = DigestOf(extent, at)
    await walk_company(platform, extent, Digesting, what, PartDigest, done, processes=processes)
    position = PositionVector(extent.generation, extent.positions).token()
    return Digest(running.hexdigest(), at, known_at, position, customers, events)
