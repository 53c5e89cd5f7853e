"""What the database holds of the customers of a part under one projection, as it comes.

No row is built where its values are those that are expected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from asyncpg import Record
from msgspec.structs import astuple

from events.envelope import CustomerId
from projections.protocol import Alert, Projection, Row
from services.postgres.pool import Connection
from services.postgres.statements import sql
from services.rows.row_tables import RowTable, tables_of
from services.walk.parts import Part

Values = tuple[object, ...]
"""A row as it is stored: its customer, then its own columns in their order."""


class LiveTable:
    """The rows of one table, by customer; what is taken of it is not there any more."""

    def __init__(self, projection: Projection, table: RowTable, rows: Iterable[Record]) -> None:
        self.table = table.table
        self._totals = projection.totals
        self._names = [column.name for column in table.columns]
        self._key = _items([1 + self._names.index(name) for name in table.table.key])
        self._rows: dict[str, list[Values]] = {}
        for row in map(tuple, rows):
            self._rows.setdefault(row[0], []).append(row)

    def taken(self, customer: CustomerId) -> Sequence[Values]:
        """Return a customer's rows, and hold them no longer."""
        return self._rows.pop(customer, ())

    def rest(self) -> Iterator[Row]:
        """Yield the rows of all customers that were not taken."""
        for customer in list(self._rows):
            yield from self.built(self._rows.pop(customer))

    def built(self, rows: Iterable[Values]) -> list[Row]:
        """Return rows as the projection knows them."""
        kind = self.table.row
        return [kind(**dict(zip(self._names, row[1:], strict=True))) for row in rows]

    def are(self, rows: Sequence[Values], customer: CustomerId, expected: Sequence[Row]) -> bool:
        """Return whether a customer's rows are those expected, each key among them once."""
        if len(rows) != len(expected):
            return False
        key, place = self._key, (customer,)
        found = {key(row): row for row in rows}
        wanted = [place + astuple(row) for row in expected]
        return len(found) == len(rows) and found == {key(row): row for row in wanted}


class Live:
    """What is held of a part under one projection."""

    def __init__(
        self, tables: Sequence[LiveTable], heads: Mapping[str, Record], alerts: Iterable[Record]
    ) -> None:
        self.tables = tables
        self.heads = heads
        self._alerts: dict[str, list[Record]] = {}
        for record in alerts:
            self._alerts.setdefault(record["customer_id"], []).append(record)

    def alerts(self, customer: CustomerId) -> dict[str, Alert]:
        """Return the alerts that stand of a customer, by their identity."""
        names = Alert.__struct_fields__
        return {
            str(record["alert_id"]): Alert(**{name: record[name] for name in names})
            for record in self._alerts.get(customer, ())
        }


async def live_rows(connection: Connection, projection: Projection, part: Part) -> Live:
    """Return what is held of the customers of a part, in the picture of a transaction."""
    which = (projection.name, projection.version, part.first, part.upto)
    heads = await connection.fetch(sql("part_heads"), *which)
    alerts = await connection.fetch(sql("part_alerts"), *which)
    tables = [
        LiveTable(projection, table, await _rows(connection, table, part))
        for table in tables_of(projection).values()
    ]
    return Live(tables, {head["customer_id"]: head for head in heads}, alerts)


async def _rows(connection: Connection, table: RowTable, part: Part) -> Sequence[Record]:
    columns = ", ".join(("customer_id", *(column.name for column in table.columns)))
    bounds = [(sign, one) for sign, one in ((">=", part.first), ("<", part.upto)) if one]
    within = " AND ".join(f"customer_id {sign} ${n}" for n, (sign, _) in enumerate(bounds, 1))
    query = f"SELECT {columns} FROM {table.name} WHERE {within or 'true'}"
    rows: Sequence[Record] = await connection.fetch(query, *(one for _, one in bounds))
    return rows


def _items(places: Sequence[int]) -> Callable[[Values], Any]:
    """Return what picks the values at some places; without any all rows have one key."""
    return itemgetter(*places) if places else lambda _: ()
