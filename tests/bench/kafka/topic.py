"""Puts the company's history into a log's topics, as the gateway would have, but faster.

Records are what the gateway appends, byte for byte of the same make; admissions are left out,
since no contestant reads them.
"""

from __future__ import annotations

from itertools import islice

from aiokafka.structs import TopicPartition
from msgspec import Struct

from events.codec import encode
from events.partitioning import PARTITIONS, partition_of
from services.log.kafka.cluster import Cluster
from services.log.kafka.producing import Appender
from services.log.kafka.topics import TopicPartitions, create, log_topics
from services.log.kafka.wire import Record, to_record
from services.postgres.pool import Pool
from tests.bench.kafka.company import Company, Told
from tests.bench.kafka.task import Sums, digest_of

GENERATION = 1
_PAGE = 6_000

_CONFIRM = "UPDATE log_heads SET next_n = $3 WHERE generation = $1 AND partition = $2"


class Filled(Struct, frozen=True):
    """What lies in a log's topics."""

    events: int
    customers: int
    payload_bytes: int
    record_bytes: int
    heads: tuple[int, ...]  # how many events each partition holds
    digest: str  # of the fold that everybody must arrive at


async def fill(cluster: Cluster, company: Company, events: int) -> Filled:
    """Create the topics of a log and append a history of so many events."""
    await create(cluster, log_topics(cluster.prefix, GENERATION))
    places = TopicPartitions(cluster.prefix, GENERATION)
    heads = [0] * PARTITIONS
    sums: Sums = {}
    payload_bytes = record_bytes = 0
    appender = Appender(cluster)
    told = company.history(events)
    try:
        while page := [_record(one) for one in islice(told, _PAGE)]:
            batch: dict[TopicPartition, list[Record]] = {}
            for record, amount in page:
                partition = partition_of(record.key.decode())
                heads[partition] += 1
                batch.setdefault(places.of(partition), []).append(record)
                count, total = sums.get(record.key, (0, 0))
                sums[record.key] = [count + 1, total + amount]
                payload_bytes += len(record.value)
                record_bytes += sum(len(k) + len(v) for k, v in record.headers)
            await appender.append(batch)
    finally:
        await appender.close()
    record_bytes += payload_bytes
    return Filled(events, len(sums), payload_bytes, record_bytes, tuple(heads), digest_of(sums))


def _record(told: Told) -> tuple[Record, int]:
    envelope, data = told.draft.envelope, told.draft.data
    return to_record(envelope, data.version, encode(data), envelope.created_at), told.amount_minor


async def confirm(pool: Pool, filled: Filled) -> None:
    """Tell a database how far the topics are filled, as appending through it would have."""
    await pool.executemany(_CONFIRM, [(GENERATION, p, n) for p, n in enumerate(filled.heads)])
