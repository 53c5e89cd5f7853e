"""Row tables, made from the row types: the struct's fields are the columns.

Every table starts with the customer and its partition. The indexes that reading needs, where
there are any, stand beside the projection in its `table.sql`.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files

from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct
from msgspec.structs import astuple, fields

from projections.protocol import Projection, Row, RowKey, Table
from services.postgres.arrays import array_text
from services.rows.guards import Guard, protect, shared_tables
from services.rows.naming import stored_name

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('touchstone tables'))"

_MADE = re.compile(r"IF NOT EXISTS (\w+)")

_SQL_TYPES: dict[object, str] = {
    str: "text",
    int: "bigint",
    bool: "boolean",
    date: "date",
    datetime: "timestamptz",
}


class Column(Struct, frozen=True):
    """A column of a row table."""

    name: str
    sql_type: str
    nullable: bool


class RowTable(Struct, frozen=True):
    """A projection's table in PostgreSQL and the statements that write it."""

    table: Table
    name: str
    columns: tuple[Column, ...]
    upsert: str
    delete: str
    select: str

    @property
    def names(self) -> tuple[str, ...]:
        """Return all columns: the customer, its partition, the row's own."""
        return ("customer_id", "partition", *(column.name for column in self.columns))

    @property
    def key(self) -> tuple[str, ...]:
        """Return the columns of the primary key."""
        return ("customer_id", *self.table.key)

    def arrays(self, rows: Sequence[tuple[str, int, Row]]) -> list[str]:
        """Return the upsert's parameters: one array per column of (customer, partition, row)."""
        own = zip(*(astuple(row) for _, _, row in rows), strict=True)
        columns: Sequence[Sequence[object]] = (
            [c for c, _, _ in rows], [p for _, p, _ in rows], *own
        )  # fmt: skip
        return [array_text(column) for column in columns]

    def key_arrays(self, keys: Sequence[tuple[str, RowKey]]) -> list[str]:
        """Return the delete's parameters: one array per key column of (customer, key)."""
        own = zip(*(key for _, key in keys), strict=True)
        return [array_text(column) for column in ([customer for customer, _ in keys], *own)]


def columns_of(row: type[Row]) -> tuple[Column, ...]:
    """Return the columns of a row type, in the order of its fields."""
    hints = typing.get_type_hints(row)
    return tuple(_column(field.name, hints[field.name]) for field in fields(row))


def _column(name: str, hint: object) -> Column:
    nullable = False
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        options = [option for option in typing.get_args(hint) if option is not types.NoneType]
        nullable = len(options) < len(typing.get_args(hint))
        (hint,) = options
    if typing.get_origin(hint) is typing.Literal:
        hint = str
    return Column(name, _SQL_TYPES[hint], nullable)


@cache
def row_tables(name: str, version: int, tables: tuple[Table, ...]) -> dict[str, RowTable]:
    """Return the tables of a projection version by the name they have within it."""
    return {
        table.name: _row_table(stored_name(name, version, table.name), table) for table in tables
    }


def tables_of(projection: Projection, stored_as: str | None = None) -> dict[str, RowTable]:
    """Return the tables of a projection by the name they have within it.

    `stored_as` is the name under which a build beside the live rows is kept.
    """
    return row_tables(stored_as or projection.name, projection.version, projection.tables)


def _row_table(name: str, table: Table) -> RowTable:
    columns = columns_of(table.row)
    names = ["customer_id", "partition", *(c.name for c in columns)]
    types_ = ["text", "smallint", *(c.sql_type for c in columns)]
    key = ["customer_id", *table.key]
    values = ", ".join(f"${i}::text::{t}[]" for i, t in enumerate(types_, 1))
    changes = ", ".join(f"{c} = excluded.{c}" for c in names if c not in key)
    keys = ", ".join(f"${i}::text::text[]" for i in range(1, len(key) + 1))
    typed = dict(zip(names, types_, strict=True))
    wanted = ", ".join(f"{column}::{typed[column]}" for column in key)
    own = ", ".join(column.name for column in columns)
    return RowTable(
        table=table,
        name=name,
        columns=columns,
        upsert=f"INSERT INTO {name} ({', '.join(names)}) SELECT * FROM unnest({values}) "
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}",
        delete=f"DELETE FROM {name} WHERE ({', '.join(key)}) IN "
        f"(SELECT {wanted} FROM unnest({keys}) AS keys ({', '.join(key)}))",
        select=f"SELECT customer_id, {own} FROM {name} WHERE customer_id = ANY($1::text::text[])",
    )


def create_statements(projection: Projection) -> list[str]:
    """Return the DDL of a projection version: its tables and the indexes of its `table.sql`."""
    return [
        f"CREATE TABLE IF NOT EXISTS {row_table.name} "
        f"({_definitions(row_table)}, PRIMARY KEY ({', '.join(row_table.key)})) "
        "WITH (fillfactor = 85)"
        for row_table in tables_of(projection).values()
    ] + index_statements(projection)


def bare_statements(tables: Mapping[str, RowTable], *, logged: bool) -> list[str]:
    """Return the DDL of new, empty tables without keys or indexes, quick to fill.

    What is not logged is lost when the server crashes.
    """
    kind = "TABLE" if logged else "UNLOGGED TABLE"
    return [
        f"CREATE {kind} {table.name} ({_definitions(table)}) WITH (fillfactor = 85)"
        for table in tables.values()
    ]


def key_statements(tables: Mapping[str, RowTable]) -> list[str]:
    """Return the DDL that gives filled tables their primary keys."""
    return [f"ALTER TABLE {t.name} ADD PRIMARY KEY ({', '.join(t.key)})" for t in tables.values()]


def index_statements(projection: Projection) -> list[str]:
    """Return the DDL of the indexes of a projection's `table.sql`, where there is one."""
    folder = files(type(projection).__module__.rpartition(".")[0])
    indexes = folder.joinpath("table.sql")
    if not indexes.is_file():
        return []
    names = {name: table.name for name, table in tables_of(projection).items()}
    return [indexes.read_text("utf-8").format(**names)]


def _definitions(row_table: RowTable) -> str:
    columns = ["customer_id text NOT NULL", "partition smallint NOT NULL"]
    columns += [
        f"{c.name} {c.sql_type}" + ("" if c.nullable else " NOT NULL") for c in row_table.columns
    ]
    return ", ".join(columns)


def guards_of(projection: Projection) -> dict[str, Guard]:
    """Return how the tables of a projection are kept apart, by the name they have within it."""
    return {
        name: Guard(
            table.name,
            "branch_id" if "branch_id" in table.names else None,
            is_home=table.table.at_home,
        )
        for name, table in tables_of(projection).items()
    }


def scoped_tables(
    projections: Sequence[Projection], branches: Collection[str] | None
) -> dict[str, str]:
    """Return what stands for each table in a question of who sees some branches; None: all.

    By its name in questions: within its projection, or that of a table which projections share.
    """
    own = {
        name: guard.scoped(branches)
        for projection in projections
        for name, guard in guards_of(projection).items()
    }
    return own | shared_tables(branches)


async def ensure_tables(connection: PoolConnectionProxy, projections: Sequence[Projection]) -> None:
    """Create the row tables of every projection version that has none yet, and keep them apart."""
    async with connection.transaction():
        await connection.execute(_ONE_AT_A_TIME)
        for statement in await _missing(connection, projections):
            await connection.execute(statement)
        await _protect(connection, projections)


async def _missing(connection: PoolConnectionProxy, projections: Sequence[Projection]) -> list[str]:
    """Return the DDL of what is not there yet.

    IF NOT EXISTS alone would lock the table of each index that is, one after the other, against
    whoever writes rows.
    """
    making = {
        _MADE.findall(one)[0]: one
        for projection in projections
        for statement in create_statements(projection)
        for one in statement.split(";\n")
        if _MADE.search(one)
    }
    found = await connection.fetch(
        "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL", [*making]
    )
    missing = {row["name"] for row in found}
    return [statement for name, statement in making.items() if name in missing]


async def protect_anew(connection: PoolConnectionProxy, projections: Sequence[Projection]) -> None:
    """Keep tables apart that were made anew, within the caller's transaction."""
    await connection.execute(_ONE_AT_A_TIME)
    await _protect(connection, projections)


async def _protect(connection: PoolConnectionProxy, projections: Sequence[Projection]) -> None:
    await protect(connection, [g for one in projections for g in guards_of(one).values()])
