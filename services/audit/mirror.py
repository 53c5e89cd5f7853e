"""Whether the events table holds what Kafka's topics hold: each event once, at its first place.

Only what was mirrored when the check began is compared, so the platform may work on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from events.lineage import Lineage
from services.log.lineage import kept_events
from services.ports import EventLog, StoredEvent
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

_PAGE = 2_000


class Misplaced(Struct, frozen=True):
    """One place where topic and table differ."""

    partition: int
    n: int
    table: str
    topic: str


class MirrorCheck(Struct, kw_only=True):
    """What was compared, and what differs."""

    records: int = 0
    duplicates: int = 0
    misplaced: list[Misplaced] = []


async def check_mirror(pool: Pool, log: EventLog, lineage: Lineage) -> MirrorCheck:
    """Compare every partition of a generation that Kafka keeps, copies of earlier events too.

    Raises: Unavailable; TopicTruncated, where the topic lacks what was mirrored.
    """
    found = MirrorCheck()
    with translated():
        heads = await pool.fetch(sql("mirror_heads"), lineage.generation)
    for head in heads:
        partition, before = head["partition"], found.duplicates
        await _check_partition(pool, log, lineage, partition, head["next"], found)
        dropped = found.duplicates - before
        if dropped != head["dropped"]:
            found.misplaced.append(
                Misplaced(
                    partition,
                    head["next"],
                    f"{head['dropped']} duplicates dropped",
                    f"{dropped} duplicates",
                )
            )
    return found


async def _check_partition(
    pool: Pool, log: EventLog, lineage: Lineage, partition: int, upto: int, found: MirrorCheck
) -> None:
    start = 0
    while start < upto:
        stored = [e for e in await log.read(partition, start, _PAGE) if e.position.n < upto]
        stop = stored[-1].position.n + 1 if len(stored) == _PAGE else upto
        table = await kept_events(pool, lineage, partition, start, stop - start)
        kept = {event.position.n: event for event in table if event.position.n < stop}
        again = [e for e in stored if e.position.n not in kept]
        with translated():
            places = await pool.fetch(sql("places_of"), [e.envelope.id for e in again])
        found.records += len(stored)
        found.misplaced += _differences(stored, kept)
        first = {row["event_id"]: (row["generation"], row["partition"], row["n"]) for row in places}
        for event in again:
            place = (lineage.generation, partition, event.position.n)
            if first.get(event.envelope.id, place) < place:
                found.duplicates += 1
            else:
                found.misplaced.append(
                    Misplaced(partition, event.position.n, "no event", event.envelope.id)
                )
        start = stop


def _differences(
    stored: Sequence[StoredEvent], kept: dict[int, StoredEvent]
) -> Iterator[Misplaced]:
    """Yield where the table has other events than the topic, or more."""
    for event in stored:
        row = kept.pop(event.position.n, None)
        if row is None:
            continue
        if replace(row, position=event.position) != event:
            yield Misplaced(
                event.position.partition,
                event.position.n,
                row.envelope.id,
                f"{event.envelope.id}, or other data",
            )
    for n, row in kept.items():
        yield Misplaced(row.position.partition, n, row.envelope.id, "no event")
