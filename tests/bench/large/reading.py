"""In which order events are read best by customer, the table cold on its disk.

    index      each part of the customers by the index, as a small company is walked
    bitmap     the same with the pages of a part sorted first, which lets the server read ahead
    copy       the table read from end to end and sorted into a copy, then parts of that
    clustered  each part by the index, the table itself in the customers' order

Before each the server is started anew and the files of the database are dropped from the page
cache, which needs no privilege. A sample of the parts is read; a part costs the same everywhere.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from msgspec import Struct

from services.local_postgres.postmaster import find_postmaster
from services.local_postgres.server import EmbeddedServer
from services.ports import Dossier
from services.postgres.pool import Connection, open_pool
from services.postgres.statements import sql
from services.walk.parts import Extent, Part, copied_dossiers, divide
from services.walk.spool import EVENTS, spool
from tests.bench.processor import server_cpu_s
from tests.support.postgres import execute

Say = Callable[[str], None]

_WALK = 1_000_000_000  # no walk has this number
_SEED = 7
_CLUSTER = (
    "CREATE INDEX in_order ON events (customer_id)",
    "CLUSTER events USING in_order",
    "DROP INDEX in_order",
    "ANALYZE events",
)


class Read(Struct, frozen=True, kw_only=True):
    """What reading in one order cost, per event, and what making that order cost before."""

    order: str
    sampled_events: int
    wall_us: float
    client_us: float
    postgres_us: float
    read_bytes: float  # from the disk
    making_wall_us: float = 0.0  # of each event of the table
    making_postgres_us: float = 0.0
    bytes_besides: int = 0  # on disk, of the whole copy


class _Spent(Struct, frozen=True):
    wall_s: float
    client_s: float
    postgres_s: float
    read_bytes: int


class Cold:
    """A server whose data lie cold whenever it is asked for."""

    def __init__(self, home: Path, dsn_of: Callable[[str], str]) -> None:
        self._home = home
        self._dsn_of = dsn_of

    @contextmanager
    def server(self) -> Iterator[tuple[str, int]]:
        """Start the server over cold files; yield the database's address and the process."""
        drop_from_cache(self._home)
        with EmbeddedServer(self._home) as started:
            postmaster = find_postmaster(self._home / "cluster")
            assert postmaster is not None, "the server was just started"
            yield self._dsn_of(started.dsn), postmaster.pid


def drop_from_cache(folder: Path) -> None:
    """Have the system forget the contents of files that nobody writes just now."""
    for path in folder.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            try:
                os.fsync(file)
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(file)


async def measured(cold: Cold, parts: int, orders: Sequence[str], say: Say) -> list[Read]:
    """Read a sample of so many parts in each order. Raises: KeyError, for an unknown one."""
    found = []
    for order in orders:
        one = await _ORDERS[order](cold, parts)
        say(
            f"{order:10} {one.wall_us:7.1f} us by the clock, {one.client_us:.1f} + PostgreSQL "
            f"{one.postgres_us:.1f} us, {one.read_bytes:,.0f} bytes read per event; made before in "
            f"{one.making_wall_us:.1f} us by the clock, PostgreSQL {one.making_postgres_us:.1f}"
        )
        found.append(one)
    return found


async def _index(cold: Cold, parts: int) -> Read:
    with cold.server() as (dsn, pid):
        return await _sampled("index", dsn, pid, parts, EVENTS)


async def _bitmap(cold: Cold, parts: int) -> Read:
    with cold.server() as (dsn, pid):
        return await _sampled("bitmap", dsn, pid, parts, EVENTS, "SET enable_indexscan = off")


async def _copy(cold: Cold, parts: int) -> Read:
    async def make(connection: Connection) -> int:
        table = await spool(connection, _WALK, await _extent(connection))
        size: int = await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", table)
        return size

    with cold.server() as (dsn, pid):
        made, events, size = await _made(dsn, pid, make)
        table = f"walk_spool_{_WALK}"
    with cold.server() as (dsn, pid):
        read = await _sampled("copy", dsn, pid, parts, table)
        await execute(dsn, f"DROP TABLE {table}")
    return _with_making(read, made, events, size)


async def _clustered(cold: Cold, parts: int) -> Read:
    async def make(connection: Connection) -> int:
        await connection.execute("SET maintenance_work_mem = '256MB'")
        for statement in _CLUSTER:
            await connection.execute(statement, timeout=24 * 3600.0)
        return 0

    with cold.server() as (dsn, pid):
        made, events, size = await _made(dsn, pid, make)
    with cold.server() as (dsn, pid):
        return _with_making(
            await _sampled("clustered", dsn, pid, parts, EVENTS), made, events, size
        )


_ORDERS: dict[str, Callable[[Cold, int], Awaitable[Read]]] = {
    "index": _index,
    "bitmap": _bitmap,
    "copy": _copy,
    "clustered": _clustered,
}
ORDERS = tuple(_ORDERS)


def _with_making(read: Read, made: _Spent, events: int, size: int) -> Read:
    return Read(
        order=read.order,
        sampled_events=read.sampled_events,
        wall_us=read.wall_us,
        client_us=read.client_us,
        postgres_us=read.postgres_us,
        read_bytes=read.read_bytes,
        making_wall_us=round(1e6 * made.wall_s / events, 2),
        making_postgres_us=round(1e6 * made.postgres_s / events, 2),
        bytes_besides=size,
    )


async def _made(
    dsn: str, pid: int, make: Callable[[Connection], Awaitable[int]]
) -> tuple[_Spent, int, int]:
    """Make something of all events; return what it cost, of how many, and its size."""
    async with await open_pool(dsn) as pool, pool.acquire() as connection:
        events = (await _extent(connection)).events
        spent = _Spending(pid)
        size = await make(connection)
        return spent.now(), events, size


async def _sampled(
    order: str, dsn: str, pid: int, parts: int, table: str, setting: str = "SELECT 1"
) -> Read:
    """Read a sample of parts as a walk does, decoded and all."""
    async with await open_pool(dsn) as pool, pool.acquire() as connection:
        await connection.execute(setting)
        extent = await _extent(connection)
        all_parts: Sequence[Part] = await divide(connection, extent)
        sample = random.Random(_SEED).sample(all_parts, min(parts, len(all_parts)))
        events = 0

        def take(dossier: Dossier) -> None:
            nonlocal events
            events += len(dossier.facts)

        spent = _Spending(pid)
        for part in sample:
            await copied_dossiers(connection, part, extent, take, table)
        took = spent.now()
    return Read(
        order=order,
        sampled_events=events,
        wall_us=round(1e6 * took.wall_s / events, 2),
        client_us=round(1e6 * took.client_s / events, 2),
        postgres_us=round(1e6 * took.postgres_s / events, 2),
        read_bytes=round(took.read_bytes / events, 1),
    )


class _Spending:
    """Measures from its making on."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._since = self._instant()

    def _instant(self) -> tuple[float, float, float, int]:
        times = time.perf_counter(), time.process_time(), server_cpu_s(self._pid)
        return *times, _disk_bytes(self._pid)

    def now(self) -> _Spent:
        """Return what was spent since."""
        wall, client, postgres, read = (
            b - a for a, b in zip(self._since, self._instant(), strict=True)
        )
        return _Spent(wall, client, postgres, int(read))


async def _extent(connection: Connection) -> Extent:
    rows = await connection.fetch(sql("readable_heads"), 1)
    return Extent(1, tuple(row["next_n"] for row in rows))


def _disk_bytes(pid: int) -> int:
    """Return what the server's processes of now have read from the disk."""
    total = 0
    for process in psutil.Process(pid).children(recursive=True):
        try:
            total += process.io_counters().read_bytes
        except psutil.NoSuchProcess:
            continue
    return total
