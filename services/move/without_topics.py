"""Goes on in PostgreSQL where Kafka's topics are lost: from the events table alone.

The table has what the workers mirrored, and the database knows which acknowledged events it
lacks. If it lacks none, nothing is lost with the topics.
"""

from __future__ import annotations

from collections import defaultdict

from events.envelope import Position
from services.log.kafka.cluster import Cluster
from services.log.kafka.mirror import EventsMirror
from services.log.kafka.outbox import Outbox
from services.log.kafka.topics import TopicPartitions
from services.log.kafka.wire import from_headers, unpack_headers
from services.move.switching import ALL_PARTITIONS, check_mirrored, hold_still, open_next
from services.ports import Clock, StoredEvent
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql

_EVERYTHING = 1_000_000_000


async def to_embedded_without_topics(
    pool: Pool, connection: Connection, cluster: Cluster, generation: int, clock: Clock
) -> int:
    """Switch a generation that Kafka lost to PostgreSQL; return its events.

    What was stamped and never acknowledged is kept, too: its sender may ask for it again.
    Raises: MirrorIncomplete, LogMoved, Unavailable.
    """
    outbox = Outbox(pool, generation, TopicPartitions(cluster.prefix, generation))
    with translated():
        async with connection.transaction():
            await outbox.own(connection, ALL_PARTITIONS)
            ends = [*await hold_still(connection, generation, "kafka", clock)]
            for partition in ALL_PARTITIONS:
                upto = await connection.fetchval(sql("mirrored_upto"), generation, partition)
                ends[partition] = max(ends[partition], upto)
            await _keep_pending(connection, generation, ends)
            await check_mirrored(connection, generation)
            return await open_next(connection, generation, "embedded", ends)


async def _keep_pending(connection: Connection, generation: int, ends: list[int]) -> None:
    """Put what was to be appended to the topics into the table, after what is there."""
    pending = await connection.fetch(
        sql("kafka_pending"), generation, list(ALL_PARTITIONS), _EVERYTHING
    )
    ids = [row["event_id"] for row in pending]
    rows = await connection.fetch(sql("kafka_pending_records"), ids)
    records = {row["event_id"]: row for row in rows}
    kept: dict[int, list[StoredEvent]] = defaultdict(list)
    for row in pending:
        partition, record = row["partition"], records[row["event_id"]]
        envelope, recorded_at = from_headers(unpack_headers(record["headers"]))
        place = Position(generation, partition, ends[partition])
        kept[partition].append(StoredEvent(envelope, place, recorded_at, record["data"]))
        ends[partition] += 1
    for stored in kept.values():
        await EventsMirror().keep(connection, stored)
    await connection.execute(sql("move_forget_pending"), generation)
