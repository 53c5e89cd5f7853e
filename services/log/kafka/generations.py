"""Which generation of the log Kafka keeps."""

from __future__ import annotations

from events.partitioning import REFERENCE_PARTITION
from services.errors import UsageError
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

_ALL = list(range(REFERENCE_PARTITION + 1))


async def claim_generation(pool: Pool) -> int:
    """Return the current generation, given to Kafka if nothing was ever appended to it.

    What still runs on the empty log in PostgreSQL can append nothing from then on.
    Raises: UsageError, where PostgreSQL keeps it and it is not empty; Unavailable.
    """
    with translated():
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(sql("kafka_generation"))
            assert row is not None
            generation: int = row["generation"]
            if row["log"] != "kafka":
                # An append that is under way is waited for; one that comes later finds us here.
                heads = await connection.fetch(sql("kafka_lock_heads"), generation, _ALL)
                if any(head["used"] or head["next_n"] for head in heads):
                    raise UsageError(
                        f"generation {generation} of the event log is kept by PostgreSQL and is "
                        "not empty; without TOUCHSTONE_KAFKA the platform goes on with it"
                    )
                await connection.execute(sql("kafka_claim"), generation)
            return generation
