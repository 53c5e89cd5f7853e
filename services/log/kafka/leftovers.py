"""What a gateway left in the database when it ended, done by a worker in its place.

A pending record keeps its partition's deadlines waiting: had its gateway been killed and nobody
appended again, they would wait for ever. A confirmation that came after the mirror had the
event is of no more use to anybody.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.log.kafka.cluster import Cluster
from services.log.kafka.identity import TopicTruncated, check_identity, distrust
from services.log.kafka.outbox import Outbox
from services.log.kafka.producing import Appender
from services.log.kafka.topics import TopicPartitions
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql


class Leftovers:
    """Looks now and then; what is there at two looks is taken on once nobody works on it."""

    def __init__(self, pool: Pool, cluster: Cluster, generation: int) -> None:
        self._pool = pool
        self._cluster = cluster
        self._generation = generation
        self._outbox = Outbox(pool, generation, TopicPartitions(cluster.prefix, generation))
        self._appender = Appender(cluster)
        self._seen: Mapping[int, int] = {}

    async def close(self) -> None:
        """End the producer, if one was needed."""
        await self._appender.close()

    async def deliver(self) -> int:
        """Append what is pending since the last look, and forget what is mirrored.

        Returns how many events were appended. Raises: Unavailable, KafkaRefused, TopicFault.
        """
        with translated():
            await self._pool.execute(sql("kafka_forget_confirmed"))
            rows = await self._pool.fetch(sql("kafka_oldest_pending"), self._generation)
        before, self._seen = self._seen, {row["partition"]: row["ordinal"] for row in rows}
        left = frozenset(p for p, ordinal in self._seen.items() if before.get(p) == ordinal)
        if not left:
            return 0
        await check_identity(self._pool, self._cluster, self._generation)
        try:
            with translated():
                return len(await self._outbox.deliver(left, self._appender, {}))
        except TopicTruncated as error:
            await distrust(self._pool, error.place)
            raise
