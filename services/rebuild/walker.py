"""One process of the walk: reads parts of the customers and writes their rows by COPY.

    python -m services.rebuild.walker

Standard input gives one JSON document per line: first the walk, then one part after the
other; each part is answered by a line. The end of the input, which also comes when whoever
reads the answers was killed, ends the process after the part at hand.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime
from importlib import import_module
from sys import intern

import msgspec
import structlog
import uvloop
from asyncpg import Record
from msgspec import Struct

from events.envelope import CustomerId
from events.errors import EventError
from events.partitioning import partition_of
from events.policy import Reference
from projections.protocol import Facts, Projection
from services.errors import TouchstoneError
from services.log.readable import recorded
from services.log.stored import stored_event
from services.postgres.pool import Connection, Pool, open_pool, translated
from services.postgres.statements import sql
from services.projector.reference_feed import ReferenceFeed
from services.rebuild.builds import Part
from services.rows.build_store import BuildStore
from services.rows.changes import Changes, Parked
from services.rows.uses import UseSets, uses_id
from services.rows.written import Written
from services.telemetry import configure_logging

_FETCH = 2_000
_LONGEST_LINE = 1 << 20
_HEAD_COLUMNS = (
    "projection", "version", "customer_id", "partition", "assessed_at", "next_change_at",
    "policy_count", "uses_id",
)  # fmt: skip
_TOTAL_COLUMNS = (
    "rebuild_id", "partition", "measure", "currency", "branch_id", "day", "count", "amount_minor",
)  # fmt: skip

_LOG = structlog.get_logger(__name__)


class Walk(Struct, frozen=True):
    """What all parts of a walk have in common."""

    dsn: str
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


class Walker:
    """Walks parts, each in a transaction of its own."""

    def __init__(self, walk: Walk, pool: Pool) -> None:
        self._walk = walk
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
                async for customer, rows in self._dossiers(connection, part):
                    customers += 1
                    events += len(rows)
                    self._assess(changes, customer, rows, reference)
                await self._uses.keep(h.uses for one in changes.values() for h in one.heads)
                for partition, found in changes.items():
                    await self._write(connection, partition, found, reference.count)
                await connection.execute(sql("rebuild_count_part"), *mine, customers, events)
        return Walked(customers, events)

    async def _dossiers(
        self, connection: Connection, part: Part
    ) -> AsyncIterator[tuple[CustomerId, list[Record]]]:
        """Yield each customer of a part with its rows of the events table, in their order."""
        walk = self._walk
        cursor = await connection.cursor(
            sql("rebuild_walk"),
            part.first,
            part.upto,
            self._types,
            walk.generation,
            walk.positions,
        )
        dossier: list[Record] = []
        while rows := await cursor.fetch(_FETCH):
            for row in rows:
                if dossier and row["customer_id"] != dossier[0]["customer_id"]:
                    yield CustomerId(intern(dossier[0]["customer_id"])), dossier
                    dossier = []
                dossier.append(row)
        if dossier:
            yield CustomerId(intern(dossier[0]["customer_id"])), dossier

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
            facts = Facts()
            for row in rows:
                event_id = row["event_id"]
                facts.remember(recorded(stored_event(row)))
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


async def _lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    return reader


async def serve() -> None:
    """Answer each part given on standard input until it ends.

    Cyclic garbage is collected between parts: what a part makes stays until it is written.
    """
    gc.disable()
    lines = await _lines()
    walk = msgspec.json.decode(await lines.readline(), type=Walk)
    async with await open_pool(walk.dsn, max_size=2) as pool:
        walker = Walker(walk, pool)
        while line := await lines.readline():
            walked = await walker.walk(msgspec.json.decode(line, type=Part))
            sys.stdout.buffer.write(msgspec.json.encode(walked) + b"\n")
            sys.stdout.buffer.flush()
            gc.collect()


def main() -> None:
    """Walk; what stops it is one line on standard error and the exit code."""
    configure_logging()
    try:
        uvloop.run(serve())
    except TouchstoneError as error:
        print(f"touchstone: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from error


if __name__ == "__main__":
    main()
