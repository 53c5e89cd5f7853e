"""How fresh the rows are: events waiting, for how long, customers parked, sweeps under way."""

from __future__ import annotations

from msgspec import Struct

from events.partitioning import REFERENCE_PARTITION
from services.console.queries.reading import Reader

CAP = 10_000
"""Customers are counted no further than this."""

_LATE_S = 10
"""A projector this far behind is told of on every page."""


class Freshness(Struct, frozen=True):
    """One projection's distance from the log."""

    projection: str
    version: int
    position: str  # token
    events_taken_in: int
    events_behind: int
    seconds_behind: int  # since the oldest unread event was recorded; 0 when nothing waits
    parked: int  # customers whose events could not be handled; up to CAP + 1
    reassessing: int  # customers still to be assessed under newer rules; up to CAP + 1

    @property
    def is_late(self) -> bool:
        """Return whether a reader must be told that figures lag."""
        return self.seconds_behind >= _LATE_S


async def freshness(reader: Reader) -> Freshness:
    """Return how fresh the projection's rows are."""
    progress = reader.progress
    waiting = [
        (partition, done)
        for partition, (head, done) in enumerate(
            zip(progress.heads.counts, progress.position.counts, strict=True)
        )
        if head > done and partition != REFERENCE_PARTITION
    ]
    seconds = 0
    if waiting:
        [row] = await reader.ask(
            "oldest_unread",
            progress.heads.generation,
            [partition for partition, _ in waiting],
            [done for _, done in waiting],
        )
        if row[0] is not None:
            seconds = max(0, int((reader.at - row[0]).total_seconds()))
    [heads] = await reader.ask("unsettled_heads", *reader.version, reader.reference.count, CAP + 1)
    return Freshness(
        *reader.version,
        position=progress.position.token(),
        events_taken_in=sum(progress.position.counts),
        events_behind=progress.events_behind,
        seconds_behind=seconds,
        parked=heads["parked"],
        reassessing=heads["older"],
    )


async def count_customers(reader: Reader) -> int:
    """Return how many customers the projection knows."""
    return await reader.count(reader.statements.sql("count_customers"), *reader.version)
