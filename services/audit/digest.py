"""One hash over all that the events mean at an instant, refolded from the events alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from projections import PROJECTIONS
from projections.digest import combine, customer_lines
from projections.protocol import Facts
from services.platform import Platform
from services.walk.by_customer import picture


class Digest(Struct, frozen=True):
    """The digest, and what it covers."""

    digest: str
    at: datetime
    known_at: datetime | None
    position: str
    customers: int
    events: int


async def digest(
    platform: Platform, at: datetime, known_at: datetime | None, advance: Callable[[int], None]
) -> Digest:
    """Return the digest of every projection at `at`. Raises: Unavailable."""
    async with picture(platform) as seen:
        reference = await seen.reference(known_at)
        lines: list[bytes] = []
        customers = events = 0
        async for customer, dossier in seen.dossiers(known_at):
            customers += 1
            events += len(dossier)
            for projection in PROJECTIONS:
                handled = (e for e in dossier if type(e.data) in projection.handles)
                assessment = projection.assess(customer, Facts(handled), at, reference)
                lines += customer_lines(projection, customer, assessment)
            advance(1)
        return Digest(combine(lines), at, known_at, seen.heads.token(), customers, events)
