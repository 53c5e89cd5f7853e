"""How fresh the rows are: events waiting, for how long, customers parked, sweeps under way.

A sweep assesses customers again whom a new rule or record concerns, partition by partition; it
goes on until every row reflects the newest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct, structs

from events.partitioning import REFERENCE_PARTITION
from services.console.shared.reading import Filling, Progress, Reader
from services.postgres.statements import sql

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
    rules_recorded: int = 0  # events of the reference stream
    rules_applied: int = 0  # of them, how many every row was assessed under
    filling: Filling | None = None  # the figures are those of a part

    @property
    def is_late(self) -> bool:
        """Return whether a reader must be told that figures lag."""
        return self.filling is None and self.seconds_behind >= _LATE_S


async def freshness(reader: Reader) -> tuple[Freshness, ...]:
    """Return how fresh each projection's rows are."""
    counted = await reader.ask("shared/count_parked", *reader.versions, CAP + 1)
    parked = {row["projection"]: row["customers"] for row in counted}
    oldest = await _oldest_unread(reader)
    return tuple(
        [
            await _freshness(reader, name, oldest.get(name), parked[name])
            for name in reader.projections
        ]
    )


def overall(each: Sequence[Freshness], progress: Progress) -> Freshness:
    """Return the freshness of an answer from several projections: that of the one behind.

    A customer may be parked in several of them: the most parked in any is what is sure.
    """
    behind = max(each, key=lambda one: (one.seconds_behind, one.events_behind))
    return structs.replace(
        behind,
        position=progress.position.token(),
        events_taken_in=sum(progress.position.counts),
        events_behind=progress.events_behind,
        parked=max(one.parked for one in each),
        reassessing=max(one.reassessing for one in each),
    )


async def page_freshness(reader: Reader) -> Freshness:
    """Return what a page says of its figures, whichever projections they come from."""
    return overall(await freshness(reader), reader.progress)


async def _oldest_unread(reader: Reader) -> Mapping[str, datetime]:
    """Return when the oldest event was recorded that a projection has not read, where any waits."""
    heads = reader.progress.heads
    waiting = [
        (name, partition, done)
        for name, progress in reader.each.items()
        for partition, (head, done) in enumerate(
            zip(heads.counts, progress.position.counts, strict=True)
        )
        if head > done and partition != REFERENCE_PARTITION
    ]
    if not waiting:
        return {}
    names, partitions, unread = map(list, zip(*waiting, strict=True))
    rows = await reader.ask("shared/oldest_unread", heads.generation, names, partitions, unread)
    return {row["projection"]: row["recorded_at"] for row in rows}


async def _freshness(reader: Reader, name: str, oldest: datetime | None, parked: int) -> Freshness:
    progress = reader.each[name]
    version = reader.version_of(name)
    applied, recorded = progress.position.counts[REFERENCE_PARTITION], reader.reference.count
    outdated = 0
    if applied < recorded:
        published = reader.reference.published_since(applied)
        outdated = await reader.count(
            sql("count_outdated"), *version, list(published), list(published.values()),
            recorded, CAP + 1,
        )  # fmt: skip
    return Freshness(
        *version,
        position=progress.position.token(),
        events_taken_in=sum(progress.position.counts),
        events_behind=progress.events_behind,
        seconds_behind=max(0, int((reader.at - oldest).total_seconds())) if oldest else 0,
        parked=parked,
        reassessing=outdated,
        rules_recorded=recorded,
        rules_applied=applied,
        filling=reader.filling,
    )
