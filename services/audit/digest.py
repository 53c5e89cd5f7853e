"""One hash over all that the events mean at an instant, refolded from the events alone."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from events.home import Asked
from projections import PROJECTIONS
from projections.digest import combine, customer_lines
from projections.protocol import Facts
from services.platform import Platform
from services.walk.by_customer import picture


class Digest(Struct, frozen=True):
    """The digest, and what it covers. A day is each customer's own."""

    digest: str
    at: Asked
    known_at: Asked | None
    position: str
    customers: int
    events: int


async def digest(
    platform: Platform, at: Asked, known_at: Asked | None, advance: Callable[[int], None]
) -> Digest:
    """Return the digest of every projection as of `at`. Raises: Unavailable."""
    async with picture(platform) as seen:
        lines: list[bytes] = []
        customers = events = 0
        async for customer, known in seen.known(at, known_at):
            customers += 1
            events += len(known.facts)
            for projection in PROJECTIONS:
                facts = Facts(known.facts, projection.handles)
                assessment = projection.assess(customer, facts, known.at, known.reference)
                lines += customer_lines(projection, customer, assessment)
            advance(1)
        return Digest(combine(lines), at, known_at, seen.heads.token(), customers, events)
