"""Where a build beside the live rows is kept: nothing it writes is seen or told to anybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from services.postgres.arrays import array_text
from services.postgres.pool import Connection
from services.postgres.statements import sql
from services.rows.projection_store import ProjectionStore, columns
from services.rows.writing import ALERT_FIELDS, Located, Share, Writer

TOTAL_COLUMNS = (
    "projection", "version", "partition", "measure", "currency", "branch_id", "day", "count",
    "amount_minor",
)  # fmt: skip


class BuildStore(ProjectionStore):
    """A projection store whose alerts only stand in the build."""

    standing: ClassVar = "rebuild_standing"


class BuildWriter(Writer):
    """Writes shares of builds; the journal of alerts is left alone.

    Of a build that repairs, the sums are nobody's: the switch adds up their shares and compares.
    """

    async def _totals(self, connection: Connection, shares: Sequence[Share]) -> None:
        for one in shares:
            if one.store.id[0] == one.store.projection.name:
                await super()._totals(connection, [one])
                continue
            place = (*one.store.id, one.partition)
            await connection.copy_records_to_table(
                "rebuild_totals",
                records=[(*place, *key, *moved) for key, moved in one.changes.totals.items()],
                columns=TOTAL_COLUMNS,
            )

    async def _alerts(self, connection: Connection, shares: Sequence[Located]) -> None:
        for one in shares:
            changes = one.changes
            gone = [alert for alert, _ in changes.withdrawn] + changes.restated
            if gone:
                ids = array_text([alert.alert_id for alert in gone])
                await connection.execute(sql("rebuild_forget_alerts"), *one.store.id, ids)
            come = [
                (alert.alert_id, *(getattr(alert, name) for name in ALERT_FIELDS))
                for alert in changes.raised + changes.restated
            ]
            if come:
                await connection.execute(
                    sql("rebuild_keep_alerts"), *one.store.id, one.partition, *columns(come)
                )
