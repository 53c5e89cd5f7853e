"""The company's sums: what its live rows come to, against what the platform keeps.

They are added up of the rows as the parts of a walk come by. Where a projection wrote anything
since the walk began, the parts saw different moments, and its rows are read again in one picture.
"""

from __future__ import annotations

from projections import PROJECTIONS
from projections.protocol import Projection
from services.audit.comparison import Difference, Verification
from services.audit.sums import Sums, TotalKey
from services.platform import Platform
from services.postgres.pool import Connection, translated
from services.postgres.statements import sql
from services.rows.row_tables import tables_of

_ROWS = 2_000  # of a table, read together

_Marks = dict[tuple[int, int], str]


class CompanySums:
    """Compares sums with the totals, at the end of a walk that it saw begin."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._marks: dict[str, _Marks] = {}
        self.sums = Sums()  # of the live rows of all parts

    async def begin(self) -> None:
        """Take note of what is written from now on. Raises: Unavailable."""
        with translated():
            async with self._platform.pool.acquire() as connection:
                for projection in PROJECTIONS:
                    self._marks[projection.name] = await _marks(connection, projection)

    async def compare(self, found: Verification) -> None:
        """Compare, and look for rows that no event explains. Raises: Unavailable."""
        with translated():
            async with self._platform.pool.acquire() as connection:
                for projection in PROJECTIONS:
                    async with connection.transaction(isolation="repeatable_read", readonly=True):
                        await self._totals(connection, projection, found)
                        await _without_events(connection, projection, found)

    async def _totals(
        self, connection: Connection, projection: Projection, found: Verification
    ) -> None:
        told = {
            (row["measure"], row["currency"], row["branch_id"], row["day"]): (
                row["items"], row["amount_minor"],
            )
            for row in await connection.fetch(
                sql("totals_of"), projection.name, projection.version
            )
        }  # fmt: skip
        summed = self.sums.of(projection)
        if await _marks(connection, projection) != self._marks[projection.name]:
            summed = await _read_again(connection, projection)
        for key in sorted(summed.keys() | told.keys()):
            one, other = told.get(key, (0, 0)), summed.get(key, (0, 0))
            for measured, live, refolded in zip(("items", "amount"), one, other, strict=True):
                if live != refolded:
                    where = (projection.name, None, "totals", str((key, measured)))
                    found.differ(Difference(*where, str(live), str(refolded)))


async def _marks(connection: Connection, projection: Projection) -> _Marks:
    rows = await connection.fetch(sql("checkpoint_marks"), projection.name, projection.version)
    return {(row["generation"], row["partition"]): row["mark"] for row in rows}


async def _read_again(
    connection: Connection, projection: Projection
) -> dict[TotalKey, tuple[int, int]]:
    sums = Sums()
    for table in tables_of(projection).values():
        columns = ", ".join(column.name for column in table.columns)
        cursor = await connection.cursor(f"SELECT {columns} FROM {table.name}")
        while records := await cursor.fetch(_ROWS):
            sums.add_rows(projection, (table.table.row(**record) for record in records))
    return sums.of(projection)


async def _without_events(
    connection: Connection, projection: Projection, found: Verification
) -> None:
    for row in await connection.fetch(
        sql("rows_without_events"), projection.name, projection.version
    ):
        where = (projection.name, row["customer_id"], "head", "")
        found.differ(Difference(*where, "assessed", "no event"))
