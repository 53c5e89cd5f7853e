"""Where a build beside the live rows is kept: nothing it writes is seen or told to anybody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy
from msgspec.structs import fields

from events.envelope import CustomerId
from projections.protocol import Alert
from services.postgres.arrays import array_text
from services.postgres.statements import sql
from services.rows.changes import Changes
from services.rows.projection_store import ProjectionStore

TOTAL_COLUMNS = (
    "projection", "version", "partition", "measure", "currency", "branch_id", "day", "count",
    "amount_minor",
)  # fmt: skip
ALERT_FIELDS = tuple(field.name for field in fields(Alert))


class BuildStore(ProjectionStore):
    """A projection store whose alerts only stand in the build; the journal is left alone.

    Of a build that repairs, the sums are nobody's: the switch adds up their shares and compares.
    """

    async def _standing(
        self, connection: PoolConnectionProxy, customers: Sequence[CustomerId]
    ) -> list[Record]:
        return await connection.fetch(sql("rebuild_standing"), *self._id, array_text(customers))

    async def _totals(
        self, connection: PoolConnectionProxy, partition: int, changes: Changes
    ) -> None:
        if self.id[0] == self.projection.name:
            await super()._totals(connection, partition, changes)
            return
        await connection.copy_records_to_table(
            "rebuild_totals",
            records=[(*self.id, partition, *key, *moved) for key, moved in changes.totals.items()],
            columns=TOTAL_COLUMNS,
        )

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
