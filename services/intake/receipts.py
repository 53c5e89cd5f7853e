"""What became of an event, for the branch that published it."""

from __future__ import annotations

from events.envelope import BranchId, Position
from services.intake.answers import Answer, token_through
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql


async def receipt(pool: Pool, branch_id: BranchId, event_id: str) -> Answer | None:
    """Return the answer that an accepted event of the branch got; None for any other.

    Raises: Unavailable.
    """
    row = await retried(lambda: pool.fetchrow(sql("receipt"), event_id, branch_id))
    if row is None:
        return None
    position = Position(row["generation"], row["partition"], row["n"])
    return Answer(
        status="accepted",
        id=event_id,
        position=token_through([position]),
        recorded_at=row["recorded_at"],
    )
