"""Writes what projections say of partitions: rows, alerts, totals, and the checkpoints with them.

Everything a batch or a piece of due work writes goes through here, in one transaction with the
checkpoints: they are moved only where they still stand as this worker left them. What projections
and partitions have in common is written by one statement for all of them, and nothing by none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from msgspec.structs import fields

from events.envelope import CustomerId
from projections.protocol import Alert, Row, RowKey
from services.errors import StaleCheckpoint
from services.postgres.pool import Connection
from services.postgres.statements import sql
from services.rows.changes import Changes
from services.rows.projection_store import Checkpoint, ProjectionStore, columns
from services.rows.row_tables import RowTable
from services.rows.uses import uses_id

ALERT_FIELDS = tuple(field.name for field in fields(Alert))


class Share(NamedTuple):
    """What is written of one projection in one partition."""

    store: ProjectionStore
    partition: int
    checkpoint: Checkpoint
    upto: int
    changes: Changes
    at: datetime  # the instant judged


class Located(Protocol):
    """What differs of one projection's customers in one partition."""

    @property
    def store(self) -> ProjectionStore:
        """Return where the projection is kept."""
        ...

    @property
    def partition(self) -> int:
        """Return the customers' partition."""
        ...

    @property
    def changes(self) -> Changes:
        """Return what differs."""
        ...

    @property
    def at(self) -> datetime:
        """Return the instant judged."""
        ...


class Writer:
    """Writes shares; nothing of itself outlives a call."""

    async def write(
        self,
        connection: Connection,
        shares: Sequence[Share],
        policy_count: int,
        beside: Sequence[Located] = (),
    ) -> list[int]:
        """Write them and move their checkpoints; return the numbers of their last changes.

        `beside` are changes of other customers, whose partitions' checkpoints stay.

        All are of one generation, and of the lanes of a partition in the order in which it is
        taken. Inside the caller's transaction. Raises: StaleCheckpoint, when another worker took
        a partition since.
        """
        numbers = await self._move(connection, shares, policy_count)
        all_of_them = [*shares, *beside]
        await self._rows(connection, all_of_them)
        await self._heads(connection, all_of_them, policy_count)
        await self._parked(connection, all_of_them, policy_count)
        # Each writer moves sums of its own partitions: two never wait for each other's.
        await self._totals(connection, shares)
        await self._alerts(connection, all_of_them)
        return numbers

    async def _move(
        self, connection: Connection, shares: Sequence[Share], policy_count: int
    ) -> list[int]:
        moves = [
            (
                *one.store.id, one.partition, one.checkpoint.next, one.checkpoint.epoch, one.upto,
                int(one.changes.visible), one.at,
            )
            for one in shares
        ]  # fmt: skip
        generation = shares[0].store.generation
        rows = await connection.fetch(
            sql("move_checkpoints"), generation, policy_count, *columns(moves)
        )
        numbers: dict[int, int] = {row["turn"]: row["change_no"] for row in rows}
        for turn, one in enumerate(shares, 1):
            if turn not in numbers:
                raise StaleCheckpoint(one.partition)
        return [numbers[turn] for turn in sorted(numbers)]

    async def _rows(self, connection: Connection, shares: Sequence[Located]) -> None:
        deletes: dict[str, list[tuple[CustomerId, RowKey]]] = defaultdict(list)
        upserts: dict[str, list[tuple[CustomerId, int, Row]]] = defaultdict(list)
        tables: dict[str, RowTable] = {}
        for one in shares:
            for name, table in one.store.tables.items():
                tables[table.name] = table
                if keys := one.changes.deletes.get(name):
                    deletes[table.name] += keys
                if rows := one.changes.upserts.get(name):
                    upserts[table.name] += [(c, one.partition, row) for c, row in rows]
        for name, gone in deletes.items():
            await connection.execute(tables[name].delete, *tables[name].key_arrays(gone))
        for name, come in upserts.items():
            await connection.execute(tables[name].upsert, *tables[name].arrays(come))

    async def _heads(
        self, connection: Connection, shares: Sequence[Located], policy_count: int
    ) -> None:
        heads = [
            (
                *one.store.id, head.customer, one.partition, head.assessed_at, head.next_change_at,
                uses_id(head.uses),
            )
            for one in shares
            for head in one.changes.heads
        ]  # fmt: skip
        if heads:
            await connection.execute(sql("upsert_heads"), policy_count, *columns(heads))

    async def _parked(
        self, connection: Connection, shares: Sequence[Located], policy_count: int
    ) -> None:
        parked = [
            (*one.store.id, who.customer, one.partition, one.at, who.reason, who.event_id)
            for one in shares
            for who in one.changes.parked
        ]
        if parked:
            await connection.execute(sql("park"), policy_count, *columns(parked))

    async def _totals(self, connection: Connection, shares: Sequence[Share]) -> None:
        moved = [
            (*one.store.id, one.partition, *key, *delta)
            for one in shares
            for key, delta in one.changes.totals.items()
            if any(delta)
        ]
        if moved:
            await connection.execute(sql("add_totals"), *columns(moved))

    async def _alerts(self, connection: Connection, shares: Sequence[Located]) -> None:
        withdrawn = [
            (alert.alert_id, one.at, cause.reason, cause.event_id)
            for one in shares
            for alert, cause in one.changes.withdrawn
        ]
        raised = [
            (
                *one.store.id, one.partition, one.at, alert.alert_id,
                *(getattr(alert, name) for name in ALERT_FIELDS),
            )
            for one in shares
            for alert in one.changes.raised
        ]  # fmt: skip
        if withdrawn or raised:
            gone = columns(withdrawn) if withdrawn else ["{}"] * _WITHDRAWN
            come = columns(raised) if raised else ["{}"] * _RAISED
            await connection.execute(sql("change_alerts"), *gone, *come)
        restated = [
            (
                alert.alert_id, alert.branch_id, alert.amount_minor, alert.state, alert.state_by,
                alert.state_at, alert.until, alert.delegate,
            )
            for one in shares
            for alert in one.changes.restated
        ]  # fmt: skip
        if restated:
            await connection.execute(sql("restate_alerts"), *columns(restated))
        noted = [
            (alert.alert_id, one.at, action)
            for one in shares
            for alert, action in one.changes.noted
        ]
        if noted:
            await connection.execute(sql("note_alerts"), *columns(noted))


_WITHDRAWN = 4  # columns of alerts that are withdrawn
_RAISED = 5 + len(ALERT_FIELDS)  # columns of alerts that are raised
