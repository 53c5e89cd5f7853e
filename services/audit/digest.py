"""One hash over all that the events mean at an instant, refolded from the events alone."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from events.envelope import CustomerId
from events.home import Asked
from projections import PROJECTIONS
from projections.digest import RunningDigest, customer_lines
from projections.together import Together
from services.platform import Platform
from services.postgres.pool import Pool
from services.walk.company import walk_company
from services.walk.known import Asking, EverybodyKnown, Told, asking
from services.walk.parts import Part


class Digest(Struct, frozen=True):
    """The digest, and what it covers. A day is each customer's own."""

    digest: str
    at: Asked
    known_at: Asked | None
    position: str
    customers: int
    events: int


class PartDigest(Struct, frozen=True):
    """A part's share: its running digest's product, in hexadecimal."""

    product: str
    customers: int
    events: int


class Digesting:
    """Digests parts of the company."""

    def __init__(self, argument: Asking, pool: Pool) -> None:
        self._everybody = EverybodyKnown(argument, pool)
        self._together = Together(PROJECTIONS)

    async def walk(self, part: Part) -> PartDigest:
        """Digest a part. Raises: Unavailable, UnreadableEvent."""
        running = RunningDigest()
        customers = events = 0

        def add(customer: CustomerId, told: Told) -> None:
            nonlocal customers, events
            customers += 1
            events += len(told.facts)
            lines: list[bytes] = []
            for _, projection, facts in self._together.asked(told.facts):
                assessment = projection.assess(customer, facts, told.at, told.reference)
                lines += customer_lines(projection, customer, assessment)
            running.add(lines)

        await self._everybody.each(part, add)
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
    question = await asking(platform, at, known_at)
    running = RunningDigest()
    customers = events = 0

    def done(part: PartDigest) -> None:
        nonlocal customers, events
        running.merge(int(part.product, 16))
        customers, events = customers + part.customers, events + part.events
        advance(part.customers)

    await walk_company(
        platform, question.extent, Digesting, question, PartDigest, done,
        processes=processes, whole=question.reads_all,
    )  # fmt: skip
    position = question.extent.position
    return Digest(running.hexdigest(), at, known_at, position, customers, events)
