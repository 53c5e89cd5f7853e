"""What a projector remembers, held against the database; and its rows against beginning anew."""

from __future__ import annotations

from events.envelope import CustomerId, PositionVector
from events.policy import Reference
from projections.facts import Facts
from projections.protocol import RowKey
from services.log.dossiers import PostgresDossiers
from services.postgres.pool import Pool
from services.projector.owner import PartitionOwner
from services.rows.projection_store import written_of


async def assert_remembered_is_written(pool: Pool, owner: PartitionOwner) -> int:
    """Hold all rows and alerts that are remembered to be those written; return how many came back.

    Rows that came back are those of a snapshot, or of bytes.
    """
    came_back = 0
    for team in owner._teams.all():
        for place, lane in enumerate(team.lanes):
            remembered = {c: one.written[place] for c, one in team.memory._customers.items()}
            async with pool.acquire() as connection:
                [written] = await written_of(connection, [(lane.store, [*remembered])])
            for customer, kept in remembered.items():
                if kept is None:
                    assert not written[customer].rows
                    continue
                assert kept.alerts == written[customer].alerts
                for table in lane.projection.tables:
                    rows = kept.rows.get(table.name, {})
                    assert dict(rows) == written[customer].rows.get(table.name, {})
                    came_back += not isinstance(rows, dict)
    return came_back


async def assert_written_is_what_facts_say(
    pool: Pool, owner: PartitionOwner, reference: Reference
) -> int:
    """Hold every customer's rows against its events read at once; return how many there are."""
    found = 0
    for lane in owner._lanes:
        heads = await pool.fetch(
            "SELECT customer_id, assessed_at FROM projection_heads"
            " WHERE projection = $1 AND version = $2 AND parked_reason IS NULL",
            *lane.store.id,
        )
        at = {CustomerId(row["customer_id"]): row["assessed_at"] for row in heads}
        counts = list(PositionVector.start(1).counts)
        counts[owner.partition] = lane.checkpoint.next
        before = PositionVector(1, tuple(counts))
        dossiers = await PostgresDossiers(pool).facts_of([*at], before)
        async with pool.acquire() as connection:
            [written] = await written_of(connection, [(lane.store, [*at])])
        for one in dossiers:
            facts = Facts(one.facts, lane.projection.handles)
            said = lane.projection.assess(one.customer, facts, at[one.customer], reference)
            rows: dict[str, dict[RowKey, object]] = {}
            for table in lane.projection.tables:
                for row in said.rows.get(table.name, ()):
                    rows.setdefault(table.name, {})[table.key_of(row)] = row
            assert written[one.customer].rows == rows
            standing = {alert.alert_id: alert for alert in said.alerts}
            assert written[one.customer].alerts == standing
            found += 1
    return found
