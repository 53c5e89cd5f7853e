"""Which generation of the log Kafka keeps."""

from __future__ import annotations

from services.errors import UsageError
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql


async def claim_generation(pool: Pool) -> int:
    """Return the current generation, given to Kafka if nothing was ever appended to it.

    Raises: UsageError, where PostgreSQL keeps it and it is not empty; Unavailable.
    """
    with translated():
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(sql("kafka_generation"))
            assert row is not None
            generation: int = row["generation"]
            if row["log"] != "kafka":
                if row["used"]:
                    raise UsageError(
                        f"generation {generation} of the event log is kept by PostgreSQL and is "
                        "not empty; without TOUCHSTONE_KAFKA the platform goes on with it"
                    )
                await connection.execute(sql("kafka_claim"), generation)
            return generation
