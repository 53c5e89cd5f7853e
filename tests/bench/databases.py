"""One simulated company, the same events in a database of each build, in three states.

    log     every event, and nothing projected
    late    all projected but the last sixteenth of the events, which lie in the log
    live    everything projected

A measurement that writes works on a copy of one of them, so none finds what another left behind.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from msgspec import Struct

from services.local_postgres.postmaster import find_postmaster
from services.local_postgres.server import EmbeddedServer
from services.walk.engine import cores
from services.walk.parts import PART_EVENTS
from tests.bench.builds import Build
from tests.bench.processor import Cost, run, server_cpu_s

State = Literal["log", "late", "live"]
_STATES: tuple[State, ...] = ("log", "late", "live")
Say = Callable[[str], None]
T = TypeVar("T")

_LATE = 16
"""The share of the events that `late` has still to take in: one in so many."""

_TABLES = ("subject_keys", "branch_keys", "admissions", "events")
_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'
ORDER BY ordinal_position
"""
_HEADS = """
UPDATE log_heads AS h SET next_n = e.next_n, recorded_at = e.recorded_at
FROM (
    SELECT generation, partition, max(n) + 1 AS next_n, max(recorded_at) AS recorded_at
    FROM events GROUP BY generation, partition
) AS e
WHERE (h.generation, h.partition) = (e.generation, e.partition)
"""
_SPLIT = """
SELECT recorded_at FROM events ORDER BY recorded_at DESC
OFFSET (SELECT count(*) / $1 FROM events) LIMIT 1
"""
_COUNTED = """
SELECT count(*), count(*) FILTER (WHERE recorded_at > $1), max(recorded_at) FROM events
"""
_UNTIL_THEN = "recorded_at <= $1"
_SINCE_THEN = "recorded_at > $1"


class Company(Struct, frozen=True):
    """A simulated company: how large it is, and the last day of its history.

    `processes` walk it, where a command can be told how many.
    """

    customers: int
    processes: int
    events: int
    late_events: int
    last_day: date


class Server:
    """The PostgreSQL of a contest, with fsync on, and the databases of every build."""

    def __init__(self, dsn: str, pid: int, data: Path) -> None:
        self._dsn = dsn
        self.pid = pid
        self.data = data

    def version(self) -> str:
        """Return the server's version."""
        return str(asyncio.run(self._with(self._dsn, lambda c: c.fetchval("SHOW server_version"))))

    def fill(
        self, builds: Sequence[Build], customers: int, states: Container[State], say: Say
    ) -> Company:
        """Make every build's databases of a company that the first build invents.

        The events lie on disk in the order in which they came, for every build.
        """
        return asyncio.run(self._fill(builds, customers, states, say))

    def cost(
        self,
        build: Build,
        company: Company,
        state: State,
        commands: Sequence[Sequence[str]],
        *,
        copy: bool,
    ) -> tuple[Cost, list[str]]:
        """Run commands one after the other on a state, or a copy; return what all of them cost.

        What PostgreSQL keeps back until its next checkpoint is counted. Raises: CommandFailed.
        """
        name = _name(build, company.customers, state)
        if copy:
            asyncio.run(self._copy_database(name, "contest"))
        dsn = self.dsn_of("contest" if copy else name)
        before = server_cpu_s(self.pid)
        cost, said = Cost(), []
        for command in commands:
            one, output = run(command, build.environment(self.data, dsn), str(build.folder))
            cost += one
            said.append(output)
        self._execute(dsn, "CHECKPOINT")
        return cost + Cost(postgres_s=server_cpu_s(self.pid) - before), said

    def dsn_of(self, database: str) -> str:
        """Return the address of one of the server's databases."""
        return urlunsplit(urlsplit(self._dsn)._replace(path=f"/{database}"))

    def dsn_of_state(self, build: Build, customers: int, state: State) -> str:
        """Return the address of a state of a build's company of so many customers."""
        return self.dsn_of(_name(build, customers, state))

    # --- filling -------------------------------------------------------------------------------

    async def _fill(
        self, builds: Sequence[Build], customers: int, states: Container[State], say: Say
    ) -> Company:
        say(f"inventing a company of {customers:,} customers")
        source = await self._new_database(f"source_{customers}")
        self._command(builds[0], source, "simulate", "history", "--customers", str(customers))
        split = await self._with(source, lambda c: c.fetchval(_SPLIT, _LATE))
        for build in builds:
            say(f"projecting it with {build.name}")
            if "log" in states:
                log = await self._tables(build, _name(build, customers, "log"))
                await self._copy_log(source, log, "true")
            if "late" in states:
                late = await self._tables(build, _name(build, customers, "late"))
                await self._copy_log(source, late, _UNTIL_THEN, split)
                self._catch_up(build, late)
                await self._copy_log(source, late, _SINCE_THEN, split)
            if "live" in states:
                live = await self._tables(build, _name(build, customers, "live"))
                await self._copy_log(source, live, "true")
                self._catch_up(build, live)
            for state in _STATES:
                if state in states:
                    dsn = self.dsn_of(_name(build, customers, state))
                    await self._with(dsn, lambda c: c.execute("VACUUM ANALYZE"))
        [counted] = await self._with(source, lambda c: c.fetch(_COUNTED, split))
        events, late_events, last = counted
        return Company(
            customers=customers,
            processes=max(1, min(cores(), events // PART_EVENTS)),
            events=events,
            late_events=late_events,
            last_day=last.date() - timedelta(days=1),
        )

    async def _tables(self, build: Build, name: str) -> str:
        """Make a database with a build's tables; return its address."""
        dsn = await self._new_database(name)
        self._command(build, dsn, "status")
        return dsn

    def _command(self, build: Build, dsn: str, *words: str) -> None:
        run(build.touchstone(*words), build.environment(self.data, dsn), str(build.folder))

    def _catch_up(self, build: Build, dsn: str) -> None:
        run(build.driver("catch_up"), build.environment(self.data, dsn), str(build.folder))

    async def _copy_log(self, source: str, target: str, which: str, *given: object) -> None:
        """Copy the log of one build's database to another's: the columns that both have."""
        reader, writer = await asyncpg.connect(source), await asyncpg.connect(target)
        try:
            for table in _TABLES:
                if table != "events" and await writer.fetchval(f"SELECT count(*) FROM {table}"):
                    continue  # copied with the events before
                there = [row[0] for row in await reader.fetch(_COLUMNS, table)]
                here = {row[0] for row in await writer.fetch(_COLUMNS, table)}
                columns = [name for name in there if name in here]
                query = f"SELECT {', '.join(columns)} FROM {table}"
                with tempfile.TemporaryFile() as rows:
                    if table == "events":
                        query += f" WHERE {which} ORDER BY ctid"
                        await reader.copy_from_query(query, *given, output=rows)
                    else:
                        await reader.copy_from_query(query, output=rows)
                    rows.seek(0)
                    await writer.copy_to_table(table, source=rows, columns=columns)
            await writer.execute(_HEADS)
        finally:
            await reader.close()
            await writer.close()

    # --- databases -----------------------------------------------------------------------------

    async def _new_database(self, name: str) -> str:
        await self._with(self._dsn, lambda c: c.execute(f'CREATE DATABASE "{name}"'))
        return self.dsn_of(name)

    async def _copy_database(self, template: str, name: str) -> None:
        """Copy a database in place of the last one of that name."""
        drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
        # Copying files is quicker than writing each page to the log, as the default does.
        copy = f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'
        await self._with(self._dsn, lambda c: c.execute(drop))
        await self._with(self._dsn, lambda c: c.execute(copy))

    def _execute(self, dsn: str, statement: str) -> None:
        asyncio.run(self._with(dsn, lambda c: c.execute(statement)))

    async def _with(self, dsn: str, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        connection = await asyncpg.connect(dsn)
        try:
            return await work(connection)
        finally:
            await connection.close()


@contextmanager
def server() -> Iterator[Server]:
    """Give a server in a temporary folder, as the platform starts its own."""
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        data = home / "data"
        with EmbeddedServer(data) as embedded:
            postmaster = find_postmaster(data / "cluster")
            assert postmaster is not None, "the server was just started"
            yield Server(embedded.dsn, postmaster.pid, data)


def _name(build: Build, customers: int, state: State) -> str:
    return f"{'earlier' if build.earlier else 'this'}_{customers}_{state}"
