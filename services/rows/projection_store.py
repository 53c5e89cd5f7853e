"""A projection's rows, alerts and checkpoint in PostgreSQL, as they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

from events.envelope import CustomerId
from events.policy import Reference
from projections.protocol import Alert, Projection
from services.errors import LogMoved, StaleCheckpoint
from services.postgres.arrays import array_text
from services.postgres.statements import sql
from services.rows.row_tables import tables_of
from services.rows.written import Written


class Checkpoint(NamedTuple):
    """Where a projection stands in a partition, and the epoch of the worker that owns it.

    Every customer reflects the first `settled` events of the reference stream.
    """

    next: int
    epoch: int
    settled: int = 0


class ProjectionStore:
    """Reads and writes one projection version of one generation.

    `stored_as` is the name under which a build beside the live rows is kept.
    """

    standing: ClassVar = "standing_alerts"  # the statement that reads them

    def __init__(
        self, projection: Projection, generation: int, stored_as: str | None = None
    ) -> None:
        self.projection = projection
        self.generation = generation
        self.tables = tables_of(projection, stored_as)
        self._id = (stored_as or projection.name, projection.version)

    @property
    def id(self) -> tuple[str, int]:
        """Return the name under which its state is kept, and the version."""
        return self._id

    async def rows_of(
        self, connection: PoolConnectionProxy, into: Mapping[CustomerId, Written]
    ) -> None:
        """Read the rows of customers of whom nothing was read yet."""
        asked = array_text([*into])
        for name, table in self.tables.items():
            row, key_of = table.table.row, table.table.key_of
            own = [column.name for column in table.columns]
            for customer, *values in await connection.fetch(table.select, asked):
                found = row(**dict(zip(own, values, strict=True)))
                into[customer].rows.setdefault(name, {})[key_of(found)] = found

    async def take(self, connection: PoolConnectionProxy, partition: int) -> Checkpoint:
        """Become the owner of a partition: raise its epoch, so that a former owner fails.

        Raises: LogMoved, where the generation is closed.
        """
        row = await connection.fetchrow(
            sql("take_partition"), *self._id, self.generation, partition
        )
        if row is None:
            raise LogMoved(self.generation)
        return Checkpoint(row["next"], row["epoch"], row["settled"])

    async def parked(self, connection: PoolConnectionProxy, partition: int) -> set[CustomerId]:
        """Return the customers that are parked."""
        rows = await connection.fetch(sql("parked_customers"), *self._id, partition)
        return {CustomerId(row["customer_id"]) for row in rows}

    async def taken_in(self, connection: PoolConnectionProxy) -> dict[int, int]:
        """Return the first event of each partition that was not taken in; left out: none was."""
        rows = await connection.fetch(sql("checkpoints_of"), *self._id, self.generation)
        return {row["partition"]: row["next"] for row in rows}

    async def assessed(
        self, connection: PoolConnectionProxy, customers: Sequence[CustomerId]
    ) -> dict[CustomerId, tuple[datetime, int]]:
        """Return as of when customers were assessed, and after how many reference events."""
        rows = await connection.fetch(sql("heads_of"), *self._id, list(customers))
        return {CustomerId(r["customer_id"]): (r["assessed_at"], r["policy_count"]) for r in rows}

    async def due(
        self,
        connection: PoolConnectionProxy,
        partition: int,
        at: datetime,
        limit: int,
        *,
        caught_up: bool,
    ) -> list[CustomerId]:
        """Return customers that change by `at`, the longest due first.

        Without `caught_up` only such as were not assessed at a later instant.
        """
        rows = await connection.fetch(
            sql("due_customers"), *self._id, partition, at, limit, caught_up
        )
        return [CustomerId(row["customer_id"]) for row in rows]

    async def outdated(
        self,
        connection: PoolConnectionProxy,
        partition: int,
        settled: int,
        reference: Reference,
        at: datetime,
        limit: int,
        *,
        caught_up: bool,
    ) -> list[CustomerId]:
        """Return customers whom events of the reference stream after the first `settled` concern.

        Without `caught_up` only such as were not assessed at an instant later than `at`.
        """
        published = reference.published_since(settled)
        rows = await connection.fetch(
            sql("outdated_customers"), *self._id, partition, list(published),
            list(published.values()), reference.count, at, caught_up, limit,
        )  # fmt: skip
        return [CustomerId(row["customer_id"]) for row in rows]

    async def settle(
        self, connection: PoolConnectionProxy, partition: int, checkpoint: Checkpoint, count: int
    ) -> None:
        """Note that every customer reflects so many events of the reference stream.

        Raises: StaleCheckpoint.
        """
        row = await connection.fetchval(
            sql("settle_partition"), *self._id, self.generation, partition, checkpoint.epoch, count
        )
        if row is None:
            raise StaleCheckpoint(partition)


async def written_of(
    connection: PoolConnectionProxy,
    wanted: Sequence[tuple[ProjectionStore, Sequence[CustomerId]]],
) -> list[dict[CustomerId, Written]]:
    """Return what is written of customers in each store, all of one kind of store."""
    found = [{customer: Written() for customer in customers} for _, customers in wanted]
    places: list[tuple[str, int, CustomerId]] = []
    for (store, customers), mine in zip(wanted, found, strict=True):
        if customers:
            await store.rows_of(connection, mine)
            places += [(*store.id, customer) for customer in customers]
    if places:
        stores = {store.id[0]: mine for (store, _), mine in zip(wanted, found, strict=True)}
        statement = sql(wanted[0][0].standing)
        for record in await connection.fetch(statement, *columns(places)):
            alert = _alert(record)
            written = stores[record["projection"]][alert.customer_id]
            written.alerts[record["alert_id"]] = alert
    return found


def columns(records: Sequence[Sequence[object]]) -> list[str]:
    """Return records as the parameters of a statement: an array for each column."""
    return [array_text(column) for column in zip(*records, strict=True)]


def _alert(record: Record) -> Alert:
    return Alert(
        **{name: record[name] for name in Alert.__struct_fields__},
    )
