"""Making an unused log's topics, so that one command starts everything."""

from __future__ import annotations

from services.log.kafka.cluster import cluster_of
from services.log.kafka.generations import claim_generation
from services.log.kafka.topics import all_topics, create
from services.postgres.migrate import migrate
from services.postgres.pool import open_pool, translated
from services.postgres.statements import sql
from services.settings import Settings


async def ensure_topics(settings: Settings) -> None:
    """Create what topics are missing of a log that was never appended to.

    Of a used one nothing is created: a missing topic is a loss, and must be seen as one.
    Raises: UsageError, TopicFault, Unavailable, KafkaRefused.
    """
    assert settings.dsn is not None, "the database runs by now"
    cluster = cluster_of(settings)
    async with await open_pool(settings.dsn) as pool:
        await migrate(pool)
        generation = await claim_generation(pool)
        with translated():
            async with pool.acquire() as connection, connection.transaction():
                row = await connection.fetchrow(sql("kafka_generation"))
    assert row is not None
    if not row["used"]:
        await create(cluster, all_topics(cluster.prefix, generation))
