"""Where a build beside the live rows is kept: nothing it writes is seen or told to anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy
from msgspec.structs import fields

from events.envelope import CustomerId
from projections.protocol import Alert
from services.postgres.statements import sql
from services.rows.changes import Changes
from services.rows.projection_store import ProjectionStore
from services.rows.row_tables import RowTable

ALERT_FIELDS = tuple(field.name for field in fields(Alert))


class BuildStore(ProjectionStore):
    """A projection store whose alerts only stand in the build; the journal is left alone."""

    @property
    def tables(self) -> Mapping[str, RowTable]:
        """Return the row tables by the name they have within the projection."""
        return self._tables

    async def keep_beside(
        self,
        connection: PoolConnectionProxy,
        partition: int,
        changes: Changes,
        policy_count: int,
        at: datetime,
    ) -> None:
        """Write of a part of the walk what COPY does not: alerts, and who was parked."""
        await self._parked(connection, partition, changes, policy_count, at)
        await self._alerts(connection, partition, changes, at)

    async def _standing(
        self, connection: PoolConnectionProxy, customers: Sequence[CustomerId]
    ) -> list[Record]:
        return await connection.fetch(sql("rebuild_standing"), *self._id, customers)

    async def _alerts(
        self, connection: PoolConnectionProxy, partition: int, changes: Changes, at: datetime
    ) -> None:
        gone = [alert for alert, _ in changes.withdrawn] + changes.restated
        if gone:
            await connection.execute(
                sql("rebuild_forget_alerts"), *self._id, [alert.alert_id for alert in gone]
            )
        come = changes.raised + changes.restated
        if come:
            await connection.execute(
                sql("rebuild_keep_alerts"),
                *self._id,
                partition,
                [alert.alert_id for alert in come],
                *([getattr(alert, name) for alert in come] for name in ALERT_FIELDS),
            )
