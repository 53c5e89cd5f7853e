"""What the walk of a past instant does with a part: assess its customers as they were known then,
and write their rows by COPY into the past's own schema.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from msgspec import Struct

from events.envelope import CustomerId
from events.partitioning import partition_of
from projections import PROJECTIONS
from projections.facts import Facts
from services.postgres.pool import Connection, Pool, translated
from services.rebuild.builds import Build
from services.rebuild.gathering import ALERT_COLUMNS, Gathered, Record
from services.rows.build_store import TOTAL_COLUMNS
from services.rows.row_tables import create_statements
from services.walk.known import Asking, EverybodyKnown, Told
from services.walk.parts import Part

_LOG = structlog.get_logger(__name__)

_SHARES = "total_shares"
_ALERTS = (*ALERT_COLUMNS, "raised_at")
_SINCE = ALERT_COLUMNS.index("since")
_JOURNAL = 200
"""Entries of the journal of alerts, the latest up to the instant, that a past keeps."""


class PastWalk(Struct, frozen=True):
    """What all parts of the walk have in common."""

    asking: Asking
    schema: str


class PastPart(Struct, frozen=True):
    """A part that is done: its customers, and of how many of them nothing can be told."""

    customers: int
    left_out: int


class PastRows:
    """Writes parts of the company as it was."""

    def __init__(self, argument: PastWalk, pool: Pool) -> None:
        self._everybody = EverybodyKnown(argument.asking, pool)
        self._schema = argument.schema
        self._pool = pool

    async def walk(self, part: Part) -> PastPart:
        """Assess a part's customers and write them. Raises: Unavailable, UnreadableEvent."""
        found = _Assessed()
        await self._everybody.each(part, found.take)
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute("SET LOCAL synchronous_commit = off")
                for one in found.gathered:
                    await self._write(connection, one)
        return PastPart(found.customers, found.left_out)

    async def _write(self, connection: Connection, one: Gathered) -> None:
        written: list[tuple[str, Sequence[str], list[Record]]] = [
            (table.name, table.names, one.rows[name]) for name, table in one.build.tables.items()
        ]
        alerts = [(*record, record[_SINCE]) for record in one.alerts]
        written += [("alerts", _ALERTS, alerts), (_SHARES, TOTAL_COLUMNS, one.totals)]
        for table, columns, records in written:
            if records:
                await connection.copy_records_to_table(
                    table, schema_name=self._schema, columns=columns, records=records
                )


class _Assessed:
    """The rows of the customers that it is told."""

    def __init__(self) -> None:
        self.gathered = [Gathered(Build(one, 0, 0), 0) for one in PROJECTIONS]
        self.customers = self.left_out = 0

    def take(self, customer: CustomerId, told: Told) -> None:
        """Assess one customer under every projection that is concerned.

        As in the projector: whatever a projection raises leaves this customer out and no other.
        """
        self.customers += 1
        try:
            for one in self.gathered:
                facts = Facts(told.facts, one.build.projection.handles)
                if len(facts):
                    assessed = one.build.projection.assess(customer, facts, told.at, told.reference)
                    one.add(customer, partition_of(customer), assessed, told.at)
        except Exception:  # noqa: BLE001 - see above
            _LOG.exception("past_customer_left_out")
            self.left_out += 1


async def make_tables(connection: Connection, schema: str) -> None:
    """Make a past's empty tables anew, within the caller's transaction; what was there goes."""
    await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    live = await connection.fetchval("SELECT current_schema()")
    await connection.execute(f"CREATE SCHEMA {schema}")
    await connection.execute(f"SET LOCAL search_path = {schema}, {live}")
    for projection in PROJECTIONS:
        for statement in create_statements(projection):
            await connection.execute(statement)
    for table in ("alerts", "totals", "alert_journal"):
        await connection.execute(
            f"CREATE TABLE {table} (LIKE {live}.{table} INCLUDING DEFAULTS INCLUDING INDEXES)"
        )
    await connection.execute(f"CREATE TABLE {_SHARES} (LIKE {live}.totals)")


async def finish_tables(connection: Connection, schema: str, at: object) -> None:
    """Add up what the parts wrote, within the caller's transaction."""
    live = await connection.fetchval("SELECT current_schema()")
    columns = ", ".join(TOTAL_COLUMNS)
    keys = ", ".join(TOTAL_COLUMNS[:-2])
    await connection.execute(
        f"INSERT INTO {schema}.totals ({columns}) "
        f"SELECT {keys}, sum(count), sum(amount_minor) FROM {schema}.{_SHARES} GROUP BY {keys}"
    )
    await connection.execute(f"DROP TABLE {schema}.{_SHARES}")
    await connection.execute(
        f"INSERT INTO {schema}.alert_journal SELECT * FROM {live}.alert_journal "
        "WHERE at <= $1 ORDER BY ordinal DESC LIMIT $2",
        at,
        _JOURNAL,
    )
