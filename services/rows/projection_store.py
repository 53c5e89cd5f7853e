"""A projection's rows, alerts, totals and checkpoint in PostgreSQL.

Everything a batch or a piece of due work writes goes through `write`, in one transaction with
the checkpoint: it is moved only where it still stands as this worker left it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy

from events.envelope import CustomerId
from events.policy import Reference
from projections.protocol import Alert, Projection
from services.errors import LogMoved, StaleCheckpoint
from services.postgres.arrays import array_text
from services.postgres.statements import sql
from services.rows.changes import Changes
from services.rows.row_tables import tables_of
from services.rows.uses import uses_id
from services.rows.written import Written

_NOTHING: Mapping[int, Changes] = {}


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

    def __init__(
        self, projection: Projection, generation: int, stored_as: str | None = None
    ) -> None:
        self.projection = projection
        self.generation = generation
        self._tables = tables_of(projection, stored_as)
        self._id = (stored_as or projection.name, projection.version)

    @property
    def id(self) -> tuple[str, int]:
        """Return the name under which its state is kept, and the version."""
        return self._id

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

    async def written(
        self, connection: PoolConnectionProxy, customers: Sequence[CustomerId]
    ) -> dict[CustomerId, Written]:
        """Return what is written of each customer."""
        found = {customer: Written() for customer in customers}
        asked = array_text(customers)
        for name, table in self._tables.items():
            for record in await connection.fetch(table.select, asked):
                fields = dict(record.items())
                customer = CustomerId(fields.pop("customer_id"))
                del fields["partition"]
                row = table.table.row(**fields)
                found[customer].rows.setdefault(name, {})[table.table.key_of(row)] = row
        for record in await self._standing(connection, customers):
            alert = _alert(record)
            found[alert.customer_id].alerts[record["alert_id"]] = alert
        return found

    async def _standing(
        self, connection: PoolConnectionProxy, customers: Sequence[CustomerId]
    ) -> list[Record]:
        return await connection.fetch(sql("standing_alerts"), *self._id, array_text(customers))

    async def write(
        self,
        connection: PoolConnectionProxy,
        partition: int,
        checkpoint: Checkpoint,
        upto: int,
        changes: Changes,
        policy_count: int,
        at: datetime,
        beside: Mapping[int, Changes] = _NOTHING,
    ) -> int:
        """Write changes and move the checkpoint; return the number of the last change.

        `beside` are those of other partitions' customers, and of own ones, that were assessed
        as groups. Inside the caller's transaction. Raises: StaleCheckpoint, when another worker
        took the partition since.
        """
        change_no: int | None = await connection.fetchval(
            sql("move_checkpoint"),
            *self._id,
            self.generation,
            partition,
            checkpoint.next,
            checkpoint.epoch,
            upto,
            policy_count,
            int(changes.visible or any(one.visible for one in beside.values())),
            at,
        )
        if change_no is None:
            raise StaleCheckpoint(partition)
        await self._changes(connection, partition, changes, policy_count, at)
        for other, one in beside.items():
            await self._changes(connection, other, one, policy_count, at)
            changes.take_in_totals(one)
        # Each writer moves sums of its own partition: two never wait for each other's.
        await self._totals(connection, partition, changes)
        return change_no

    async def _changes(
        self,
        connection: PoolConnectionProxy,
        partition: int,
        changes: Changes,
        policy_count: int,
        at: datetime,
    ) -> None:
        """Write what differs of a partition's customers, but for the sums."""
        for name, keys in changes.deletes.items():
            table = self._tables[name]
            await connection.execute(table.delete, *table.key_arrays(keys))
        for name, rows in changes.upserts.items():
            table = self._tables[name]
            located = [(customer, partition, row) for customer, row in rows]
            await connection.execute(table.upsert, *table.arrays(located))
        await self._heads(connection, partition, changes, policy_count, at)
        await self._alerts(connection, partition, changes, at)

    async def _heads(
        self,
        connection: PoolConnectionProxy,
        partition: int,
        changes: Changes,
        policy_count: int,
        at: datetime,
    ) -> None:
        if changes.heads:
            await connection.execute(
                sql("upsert_heads"),
                *self._id,
                partition,
                policy_count,
                array_text([head.customer for head in changes.heads]),
                array_text([head.assessed_at for head in changes.heads]),
                array_text([head.next_change_at for head in changes.heads]),
                array_text([uses_id(head.uses) for head in changes.heads]),
            )
        await self._parked(connection, partition, changes, policy_count, at)

    async def _parked(
        self,
        connection: PoolConnectionProxy,
        partition: int,
        changes: Changes,
        policy_count: int,
        at: datetime,
    ) -> None:
        if changes.parked:
            await connection.execute(
                sql("park"),
                *self._id,
                partition,
                policy_count,
                at,
                [parked.customer for parked in changes.parked],
                [parked.reason for parked in changes.parked],
                [parked.event_id for parked in changes.parked],
            )

    async def _totals(
        self, connection: PoolConnectionProxy, partition: int, changes: Changes
    ) -> None:
        moved = [(key, delta) for key, delta in changes.totals.items() if any(delta)]
        if moved:
            await connection.execute(
                sql("add_totals"),
                *self._id,
                partition,
                *map(array_text, zip(*((*key, *delta) for key, delta in moved), strict=True)),
            )

    async def _alerts(
        self, connection: PoolConnectionProxy, partition: int, changes: Changes, at: datetime
    ) -> None:
        if changes.withdrawn:
            await connection.execute(
                sql("withdraw_alerts"),
                at,
                [alert.alert_id for alert, _ in changes.withdrawn],
                [cause.reason for _, cause in changes.withdrawn],
                [cause.event_id for _, cause in changes.withdrawn],
            )
        if changes.restated:
            await connection.execute(
                sql("restate_alerts"),
                [alert.alert_id for alert in changes.restated],
                [alert.branch_id for alert in changes.restated],
                [alert.amount_minor for alert in changes.restated],
            )
        if changes.raised:
            await connection.execute(
                sql("raise_alerts"),
                *self._id,
                partition,
                at,
                [alert.alert_id for alert in changes.raised],
                *(
                    [getattr(alert, name) for alert in changes.raised]
                    for name in msgspec.structs.asdict(changes.raised[0])
                ),
            )


def _alert(record: Record) -> Alert:
    return Alert(
        **{name: record[name] for name in Alert.__struct_fields__},
    )
