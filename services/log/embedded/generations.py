"""Which generation of the log PostgreSQL keeps."""

from __future__ import annotations

from services.errors import UsageError
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql


async def embedded_generation(pool: Pool) -> int:
    """Return the current generation. Raises: UsageError, where Kafka keeps it; Unavailable."""
    with translated():
        row = await pool.fetchrow(sql("current_log"))
    assert row is not None, "the first migration opens generation 1"
    generation: int = row["generation"]
    if row["log"] != "embedded":
        raise UsageError(
            f"generation {generation} of this database's event log is kept by Kafka: set "
            "TOUCHSTONE_KAFKA to its brokers, or use another TOUCHSTONE_DATA or TOUCHSTONE_DSN"
        )
    return generation
