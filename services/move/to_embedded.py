"""Takes the log from Kafka back to PostgreSQL, which mirrors it already: nothing is copied.

What the workers have not mirrored yet is mirrored here, so that they need not run; only the
last few events while appends wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.log.kafka.cluster import Cluster
from services.log.kafka.event_log import KafkaEventLog
from services.log.kafka.mirror import EventsMirror
from services.log.kafka.outbox import Outbox
from services.log.kafka.producing import Appender
from services.log.kafka.topics import TopicPartitions
from services.move.switching import ALL_PARTITIONS, check_mirrored, hold_still, open_next
from services.ports import Clock
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql

_PAGE = 2_000
_SHORT_TAIL = 2_000
"""Events that may be left to mirror while appends wait."""

_ROUNDS = 20
_MIRROR = EventsMirror()

Advance = Callable[[int], None]


class _Mirroring:
    """Brings the mirror of one generation up to the ends of its topics."""

    def __init__(self, connection: Connection, log: KafkaEventLog, generation: int) -> None:
        self._connection = connection
        self._log = log
        self._generation = generation

    async def left(self, ends: Sequence[int]) -> int:
        """Return how many places are not mirrored yet."""
        upto = [await self._upto(partition) for partition in ALL_PARTITIONS]
        return sum(max(0, end - done) for end, done in zip(ends, upto, strict=True))

    async def bring_to(self, ends: Sequence[int], advance: Advance) -> None:
        """Mirror all that lies before these ends. Raises: Unavailable, TopicTruncated."""
        for partition, end in enumerate(ends):
            start = await self._upto(partition)
            while start < end:
                page = await self._log.read(partition, start, _PAGE)
                stored = [event for event in page if event.position.n < end]
                if not stored:
                    break  # what is left are records that no gateway wrote
                with translated():
                    async with self._connection.transaction():
                        await _MIRROR.keep(self._connection, stored)
                start = stored[-1].position.n + 1
                advance(len(stored))

    async def _upto(self, partition: int) -> int:
        with translated():
            upto: int = await self._connection.fetchval(
                sql("mirrored_upto"), self._generation, partition
            )
        return upto


async def to_embedded(
    pool: Pool,
    connection: Connection,
    cluster: Cluster,
    generation: int,
    clock: Clock,
    advance: Advance,
) -> int:
    """Mirror what is left of a generation that Kafka keeps and switch; return its events.

    `connection` holds the lock on moves and makes the switch.
    Raises: MirrorIncomplete, LogMoved, TopicFault, TopicTruncated, Unavailable, KafkaRefused.
    """
    places = TopicPartitions(cluster.prefix, generation)
    outbox, appender = Outbox(pool, generation, places), Appender(cluster)
    try:
        async with KafkaEventLog(pool, clock, cluster, generation) as log:
            mirroring = _Mirroring(connection, log, generation)
            for _ in range(_ROUNDS):
                ends = (await log.heads()).counts
                if await mirroring.left(ends) <= _SHORT_TAIL:
                    break
                await mirroring.bring_to(ends, advance)
            with translated():
                async with connection.transaction():
                    # In the order in which gateways take them; else each waits for the other.
                    await outbox.own(connection, ALL_PARTITIONS)
                    await hold_still(connection, generation, "kafka", clock)
                    while await outbox.deliver_page(connection, ALL_PARTITIONS, appender, {}):
                        pass
                    ends = (await log.heads()).counts
                    await mirroring.bring_to(ends, advance)
                    await check_mirrored(connection, generation)
                    return await open_next(connection, generation, "embedded", ends)
    finally:
        await appender.close()
