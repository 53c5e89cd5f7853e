"""The devices and files that branches publish from: how fresh each is, and what it left out."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from services.console.shared.reading import Reader

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
    missing: int  # numbers among the latest NUMBERS

    @property
    def device(self) -> str:
        """Return the source without its branch, as people know it."""
        return self.source.partition(f"/branches/{self.branch_id}/")[2] or self.source


async def sources(reader: Reader) -> list[Source]:
    """Return the sources of the branches that the reader may see, by branch."""
    rows = await reader.ask("imports/sources", MOST, NUMBERS)
    found = (Source(**dict(row.items())) for row in rows)
    return [one for one in found if not one.source.endswith(_POLICIES)]
