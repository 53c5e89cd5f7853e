"""What a rebuild does with a part of the walk: assess its customers, write their rows by COPY."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from importlib import import_module
from sys import intern

import structlog
from asyncpg import Record
from msgspec import Struct

from events.envelope import CustomerId
from events.errors import EventError
from events.partitioning import partition_of
from events.policy import Reference
from projections.protocol import Facts, Projection
from services.log.readable import fact
from services.log.stored import stored_event
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql
from services.projector.reference_feed import ReferenceFeed
from services.rows.build_store import BuildStore
from services.rows.changes import Changes, Parked
from services.rows.uses import UseSets, uses_id
from services.rows.written import Written
from services.walk.parts import Extent, Part, dossiers

_HEAD_COLUMNS = (
    "projection", "version", "customer_id", "partition", "assessed_at", "next_change_at",
    "policy_count", "uses_id",
)  # fmt: skip
_TOTAL_COLUMNS = (
    "rebuild_id", "partition", "measure", "currency", "branch_id", "day", "count", "amount_minor",
)  # fmt: skip

_LOG = structlog.get_logger(__name__)


class BuildWalk(Struct, frozen=True):
    """What all parts of a rebuild have in common."""

    projection: str  # module:class
    stored_as: str
    rebuild_id: int
    generation: int
    positions: tuple[int, ...]
    instants: tuple[datetime, ...]


class Walked(Struct, frozen=True):
    """A part that is done; nothing was done if another process had done it."""

    customers: int
    events: int


class BuildWriter:
    """Does parts of a rebuild, each in a transaction of its own."""

    def __init__(self, argument: BuildWalk, pool: Pool) -> None:
        self._walk = walk = argument
        self._extent = Extent(walk.generation, walk.positions)
        self._pool = pool
        self._feed = ReferenceFeed(pool)
        module, _, name = walk.projection.partition(":")
        self._projection: Projection = getattr(import_module(module), name)()
        self._store = BuildStore(self._projection, walk.generation, walk.stored_as)
        self._uses = UseSets(pool)
        self._types = [one.event_type for one in self._projection.handles]

    async def walk(self, part: Part) -> Walked:
        """Read a part's events, assess each customer once, write. Raises: Unavailable."""
        reference = await self._feed.refresh()
        changes: dict[int, Changes] = defaultdict(Changes)
        customers = events = 0
        mine = (self._walk.rebuild_id, part.part)
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                if await connection.fetchval(sql("rebuild_claim_part"), *mine) is None:
                    return Walked(0, 0)
                async for name, rows in dossiers(connection, part, self._extent, self._types):
                    customers += 1
                    events += len(rows)
                    self._assess(changes, CustomerId(intern(name)), rows, reference)
                await self._uses.keep(h.uses for one in changes.values() for h in one.heads)
                for partition, found in changes.items():
                    await self._write(connection, partition, found, reference.count)
                await connection.execute(sql("rebuild_count_part"), *mine, customers, events)
        return Walked(customers, events)

    def _assess(
        self,
        changes: dict[int, Changes],
        customer: CustomerId,
        rows: list[Record],
        reference: Reference,
    ) -> None:
        partition = partition_of(customer)
        mine = changes[partition]
        at = self._walk.instants[partition]
        event_id = None
        # As in the projector: whatever a projection raises stops this customer and no other.
        try:
            facts = Facts(handles=self._projection.handles)
            for row in rows:
                event_id = row["event_id"]
                facts.remember(fact(stored_event(row)))
            if not len(facts):
                return
            assessment = self._projection.assess(customer, facts, at, reference)
            mine.add(self._projection, customer, Written(), assessment, at)
        except EventError as error:
            mine.parked.append(Parked(customer, str(error), event_id))
        except Exception as error:  # noqa: BLE001 - see above
            _LOG.exception("customer_parked", customer=customer, partition=partition)
            mine.parked.append(Parked(customer, f"{type(error).__name__}: {error}", event_id))

    async def _write(
        self, connection: Connection, partition: int, changes: Changes, policy_count: int
    ) -> None:
        at = self._walk.instants[partition]
        store = self._store
        for name, rows in changes.upserts.items():
            table = store.tables[name]
            located = [(customer, partition, row) for customer, row in rows]
            await connection.copy_records_to_table(
                table.name, records=zip(*table.arrays(located), strict=True), columns=table.names
            )
        await connection.copy_records_to_table(
            "projection_heads",
            records=[
                (
                    *store.id,
                    h.customer,
                    partition,
                    h.assessed_at,
                    h.next_change_at,
                    policy_count,
                    uses_id(h.uses),
                )
                for h in changes.heads
            ],
            columns=_HEAD_COLUMNS,
        )
        await connection.copy_records_to_table(
            "rebuild_totals",
            records=[
                (self._walk.rebuild_id, partition, *key, *sums)
                for key, sums in changes.totals.items()
            ],
            columns=_TOTAL_COLUMNS,
        )
        await store.keep_beside(connection, partition, changes, policy_count, at)
