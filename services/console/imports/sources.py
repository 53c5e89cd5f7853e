"""The devices and files that branches publish from: how fresh each is, and what it left out."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from services.console.shared.reading import Reader
from services.postgres.statements import sql

MOST = 1_000
"""Sources that are shown at most."""

NUMBERS = 1_000
"""The latest numbers of each source among which the missing ones are counted."""

_POLICIES = "/policies"
"""Sources of policies: their numbers are made of their ids, so that none is missing."""


class Source(Struct, frozen=True):
    """A source and its last event."""

    source: str
    branch_id: str
    epoch: int
    sequence: int | None  # None: it keeps no counter, and no gap of it shows
    recorded_at: datetime | None  # None: not in the table of events yet
    created_at: datetime | None
    sent_at: datetime | None  # by the device's clock
    collected_at: datetime | None  # by the platform's, or a better one's
    missing: int  # numbers among the latest NUMBERS

    @property
    def device(self) -> str:
        """Return the source without its branch, as people know it."""
        return self.source.partition(f"/branches/{self.branch_id}/")[2] or self.source

    @property
    def clock_error_s(self) -> int | None:
        """Return by how much its clock was ahead when it sent last; None: it does not tell."""
        if self.sent_at is None or self.collected_at is None:
            return None
        return int((self.sent_at - self.collected_at).total_seconds())


async def sources(reader: Reader) -> list[Source]:
    """Return the sources of the branches that the reader may see, by branch."""
    statement = reader.statements.filled(sql("sources_of_branches"))
    rows = await reader.fetch(statement, MOST, NUMBERS)
    found = (Source(**dict(row.items())) for row in rows)
    return [one for one in found if not one.source.endswith(_POLICIES)]
