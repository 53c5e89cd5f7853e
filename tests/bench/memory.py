"""How much memory a walk takes, of companies of several sizes: it is to be flat.

Each command works on a company of few customers and on larger ones; measured are the largest
resident size of the process that was started and of the largest of those that it started, and of
PostgreSQL's largest. Companies are one simulated one, multiplied (`tests.bench.large.company`).
The last line is one line of JSON.

    python -m tests.bench.memory --customers 3000 30000
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import asyncpg
import psutil
from msgspec import Struct

from services.local_postgres.postmaster import find_postmaster
from services.local_postgres.server import EmbeddedServer
from services.native import choose
from tests.bench.builds import Build, this_build
from tests.bench.large.company import AT_THE_END, Large, multiply
from tests.bench.machine import Measurement
from tests.bench.processor import CommandFailed, run
from tests.support.postgres import execute, with_database

Say = Callable[[str], None]

_BASE = 500  # customers of the company that is multiplied
_LOOK_EVERY_S = 0.05
_DAY = "{day}"  # the last whole one of history
_WORKS: dict[str, tuple[str, ...]] = {
    "rebuild": ("rebuild",),
    "verify": ("verify",),
    "digest": ("digest", "--at", _DAY),
    "report ageing": ("report", "ageing", "--as-of", _DAY),
    "report alerts": ("report", "alerts", "--as-of", _DAY),
    "policy try": ("policy", "try", "tiers", "--set", "drop_days=60"),
    "policy calibrate": ("policy", "calibrate", "tiers", "--at", _DAY),
}


class Peaks(Struct, frozen=True, kw_only=True):
    """Megabytes of the largest processes while a command worked."""

    work: str
    customers: int
    events: int
    command_mb: float  # the process that was started
    largest_child_mb: float  # of all that it started; 0: it started none
    postgres_mb: float  # with what PostgreSQL's processes share
    seconds: float


class Figures(Struct, frozen=True, kw_only=True):
    """What the last line says."""

    peaks: Sequence[Peaks]
    grown: dict[str, float]  # of the largest company beside the smallest, by the larger process


class _Watch(threading.Thread):
    """Looks at the processes of a command, and of the server, until it is told to end."""

    def __init__(self, command: int, server: int) -> None:
        super().__init__(daemon=True)
        self.command_mb = self.child_mb = self.postgres_mb = 0.0
        self._command = command
        self._server = server
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            try:
                started = psutil.Process(self._command)
                children = started.children(recursive=True)
                server = psutil.Process(self._server).children()
            except psutil.NoSuchProcess:
                continue
            self.command_mb = max(self.command_mb, _peak_mb(self._command))
            self.child_mb = max([self.child_mb, *(_peak_mb(one.pid) for one in children)])
            self.postgres_mb = max([self.postgres_mb, *(_peak_mb(one.pid) for one in server)])

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()


def _peak_mb(pid: int) -> float:
    """Return the largest resident size that a process has had; 0: it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0.0


def _watched(
    build: Build, home: Path, dsn: str, server: int, words: Sequence[str]
) -> tuple[_Watch, float]:
    """Run a command of the build to its end. Raises: CommandFailed."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as complaint:
        process = subprocess.Popen(
            build.touchstone(*words), env=build.environment(home, dsn), cwd=build.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaint,
        )  # fmt: skip
        watch = _Watch(process.pid, server)
        watch.start()
        try:
            process.wait()
        finally:
            process.kill()
            watch.end()
        if process.returncode:
            complaint.seek(0)
            said = complaint.read()[-2000:].decode("utf-8", "replace")
            raise CommandFailed(f"{' '.join(words)} ended with {process.returncode}: {said}")
    return watch, time.monotonic() - started


def _measured(home: Path, customers: int, works: Sequence[str], say: Say) -> list[Peaks]:
    """Make a company of so many customers, and measure each work on it."""
    build = this_build(native=bool(choose().parts))
    found = []
    with EmbeddedServer(home) as server:
        postmaster = find_postmaster(home / "cluster")
        assert postmaster is not None, "the server was just started"
        dsn = with_database(server.dsn, f"of_{customers}")
        made = asyncio.run(_made(build, home, server.dsn, dsn, customers, say))
        day = asyncio.run(_value(dsn, "SELECT max(recorded_at)::date - 1 FROM events"))
        for work in works:
            words = [word.format(day=day) for word in _WORKS[work]]
            watch, seconds = _watched(build, home, dsn, postmaster.pid, words)
            peaks = Peaks(
                work=work,
                customers=made.customers,
                events=made.events,
                command_mb=round(watch.command_mb, 1),
                largest_child_mb=round(watch.child_mb, 1),
                postgres_mb=round(watch.postgres_mb, 1),
                seconds=round(seconds, 1),
            )
            say(
                f"{made.customers:>9,} customers  {work:18} {peaks.command_mb:6.0f} MB, its "
                f"largest child {peaks.largest_child_mb:6.0f} MB, PostgreSQL's largest "
                f"{peaks.postgres_mb:6.0f} MB; {peaks.seconds:,.0f} s"
            )
            found.append(peaks)
    return found


async def _made(build: Build, home: Path, server: str, dsn: str, customers: int, say: Say) -> Large:
    """Make a company whose rows, but for a rebuild, are as if they had all been lost."""
    base = min(customers, _BASE)
    source = with_database(server, "source")
    await execute(server, "DROP DATABASE IF EXISTS source")
    await execute(server, "CREATE DATABASE source")
    await execute(server, f"CREATE DATABASE of_{customers}")
    environment = build.environment(home, source)
    history = build.touchstone("simulate", "history", "--customers", str(base))
    run(history, environment, str(build.folder))
    run(build.touchstone("project", "--once"), build.environment(home, dsn), str(build.folder))
    events = await _value(source, "SELECT count(*) FROM events")
    assert isinstance(events, int)
    made = await multiply(source, dsn, base, events * customers // base, say)
    await execute(dsn, AT_THE_END)
    return made


async def _value(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def bench(sizes: Sequence[int], works: Sequence[str], say: Say) -> Figures:
    """Measure, and say a line of JSON. Raises: CommandFailed."""
    measurement = Measurement("memory")
    say(measurement.beginning())
    peaks: list[Peaks] = []
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-memory-") as name:
        home = Path(name)
        home.chmod(0o755)
        for customers in sizes:
            peaks += _measured(home, customers, works, say)
    figures = Figures(peaks=peaks, grown=_grown(peaks))
    for work, times in figures.grown.items():
        say(f"{work}: {times} times as much for the largest company as for the smallest")
    say(measurement.line(figures))
    return figures


def _grown(peaks: Sequence[Peaks]) -> dict[str, float]:
    found = {}
    for work in dict.fromkeys(one.work for one in peaks):
        own = sorted((one for one in peaks if one.work == work), key=lambda one: one.customers)
        least, most = (max(one.command_mb, one.largest_child_mb) for one in (own[0], own[-1]))
        found[work] = round(most / least, 2)
    return found


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.memory", description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=[3_000, 30_000])
    parser.add_argument("--only", nargs="+", default=list(_WORKS), choices=_WORKS)
    given = parser.parse_args()
    for ended in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ended, signal.default_int_handler)  # ends the server, too
    works = [work for work in _WORKS if work in given.only]  # a rebuild first: verify needs rows
    try:
        bench(given.customers, works, partial(print, flush=True))
    except CommandFailed as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
