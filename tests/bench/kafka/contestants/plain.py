"""The ceiling: a bare aiokafka loop, a narrow upsert and a checkpoint per batch."""

from __future__ import annotations

import asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition

from events.partitioning import PARTITIONS
from services.log.kafka.topics import log_topics
from services.projector.collecting import collecting_seldom
from services.projector.owner import BATCH_EVENTS
from tests.bench.kafka.amounts import amount_of
from tests.bench.kafka.task import Result, Stopwatch, Sums, Task, answer, digest_of, given_task
from tests.bench.kafka.topic import GENERATION

_TABLES = """
CREATE TABLE narrow (customer_id text PRIMARY KEY, events bigint NOT NULL, amount bigint NOT NULL)
WITH (fillfactor = 85);
CREATE TABLE narrow_checkpoint (partition smallint PRIMARY KEY, next bigint NOT NULL);
INSERT INTO narrow_checkpoint SELECT generate_series(0, 11), 0;
"""
_UPSERT = """
INSERT INTO narrow AS n SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])
ON CONFLICT (customer_id)
DO UPDATE SET events = n.events + excluded.events, amount = n.amount + excluded.amount
"""
_MOVE = "UPDATE narrow_checkpoint SET next = $3 WHERE partition = $1 AND next = $2"


async def run(task: Task) -> Result:
    """Fold the whole topic into the narrow table."""
    topic = log_topics(task.prefix, GENERATION)[0].name
    places = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=task.servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    connection = await asyncpg.connect(task.dsn)
    await connection.execute(_TABLES)
    await consumer.start()
    watch, done = Stopwatch(task), 0
    try:
        consumer.assign(places)
        with collecting_seldom():  # as the projector does
            while not watch.saw(done):
                fetched = await consumer.getmany(timeout_ms=250, max_records=BATCH_EVENTS)
                if fetched:
                    done += await _take_in(connection, fetched)
        rows = await connection.fetch("SELECT * FROM narrow")
    finally:
        await consumer.stop()
        await connection.close()
    sums = {row["customer_id"].encode(): [row["events"], row["amount"]] for row in rows}
    return watch.result(digest_of(sums))


async def _take_in(
    connection: asyncpg.Connection[asyncpg.Record],
    fetched: dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]],
) -> int:
    """Fold a batch and write it with its checkpoints in one transaction."""
    sums: Sums = {}
    events = 0
    for records in fetched.values():
        events += len(records)
        for record in records:
            own = sums.get(record.key)
            if own is None:
                own = sums[record.key] = [0, 0]
            own[0] += 1
            own[1] += amount_of(record.value)
    async with connection.transaction():
        for place, records in fetched.items():
            start = records[0].offset
            moved = await connection.execute(_MOVE, place.partition, start, start + len(records))
            assert moved == "UPDATE 1"
        await connection.execute(
            _UPSERT,
            [key.decode() for key in sums],
            [count for count, _ in sums.values()],
            [total for _, total in sums.values()],
        )
    return events


if __name__ == "__main__":
    answer(uvloop.run(run(given_task())))
