"""`make bench-large`: twenty million events on disk, this build alone.

Makes a company of some hundred thousand customers, reads it cold in several orders, rebuilds all
three projections from nothing, and verifies them. What a year of the company that the platform
is meant for would take is reckoned from it: what the reckoning assumes is said beside it. The
last line is one line of JSON. It takes hours, and some 25 GB in the folder for temporary files.

    python -m tests.bench.large --events 1000000 --parts 5      # a quick look
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from services.local_postgres.server import EmbeddedServer
from services.native import choose
from services.walk.engine import cores
from tests.bench.builds import Build, this_build
from tests.bench.large.company import AT_THE_END, Large, multiply
from tests.bench.large.figures import ASSUMED, CORES, YEAR_EVENTS, Figures, Options, Work
from tests.bench.large.reading import ORDERS, Cold, Read, measured
from tests.bench.machine import Measurement
from tests.bench.processor import CommandFailed, Cost, run, server_cpu_s
from tests.support.postgres import execute, with_database

Say = Callable[[str], None]


class _Bench:
    """One run, in a folder of its own."""

    def __init__(self, home: Path, options: Options, say: Say) -> None:
        self._home = home
        self._options = options
        self._say = say
        self._build = this_build(native=bool(choose().parts))
        self._cold = Cold(home, partial(with_database, name="large"))

    def figures(self) -> Figures:
        """Measure everything."""
        made = self._made()
        self._say(f"{made.events:,} events of {made.customers:,} customers")
        orders = self._read(*ORDERS[:-1])
        works = [
            self._work(made.events, "rebuild", "--processes", str(cores())),
            self._work(made.events, "verify", "--format", "json"),
        ]
        orders += self._read(ORDERS[-1])  # the last, since it changes how the events lie
        return Figures(
            options=self._options,
            made=made,
            processes=cores(),
            orders=orders,
            year_hours_reading={
                one.order: _year_hours(one.wall_us + one.making_wall_us) for one in orders
            },
            works=works,
        )

    def _made(self) -> Large:
        options = self._options
        with EmbeddedServer(self._home) as server:
            source, target = with_database(server.dsn, "source"), with_database(server.dsn, "large")
            asyncio.run(execute(server.dsn, "CREATE DATABASE source"))
            asyncio.run(execute(server.dsn, "CREATE DATABASE large"))
            self._say(f"inventing a company of {options.base:,} customers")
            self._command(source, "simulate", "history", "--customers", str(options.base))
            self._command(target, "project", "--once")
            made = asyncio.run(multiply(source, target, options.base, options.events, self._say))
            # As if every row had been lost: what is live stands at the end of the log.
            asyncio.run(execute(target, AT_THE_END))
            asyncio.run(execute(server.dsn, "DROP DATABASE source"))
            return made

    def _read(self, *orders: str) -> list[Read]:
        return asyncio.run(measured(self._cold, self._options.parts, orders, self._say))

    def _work(self, events: int, *words: str) -> Work:
        with self._cold.server() as (dsn, pid):
            before = server_cpu_s(pid)
            cost, _ = self._command(dsn, *words)
            postgres_s = server_cpu_s(pid) - before
        work = Work(
            command=words[0],
            wall_s=round(cost.wall_s, 1),
            client_us=round(1e6 * cost.client_s / events, 2),
            postgres_us=round(1e6 * postgres_s / events, 2),
            peak_mb=round(cost.peak_mb),
            year_hours=_year_hours(1e6 * (cost.client_s + postgres_s) / events / CORES),
        )
        self._say(
            f"{work.command:10} {work.client_us:.1f} + PostgreSQL {work.postgres_us:.1f} us per "
            f"event, {work.wall_s:,.0f} s by the clock, {work.peak_mb} MB"
        )
        return work

    def _command(self, dsn: str, *words: str) -> tuple[Cost, str]:
        build: Build = self._build
        return run(build.touchstone(*words), build.environment(self._home, dsn), str(build.folder))


def _year_hours(us: float) -> float:
    return round(us * YEAR_EVENTS / 1e6 / 3600, 2)


def bench(options: Options, say: Say) -> Figures:
    """Measure in a temporary folder, and say a line of JSON. Raises: CommandFailed."""
    measurement = Measurement("large")
    say(measurement.beginning())
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-large-") as name:
        home = Path(name)
        home.chmod(0o755)
        figures = _Bench(home, options, say).figures()
    for order, hours in figures.year_hours_reading.items():
        say(f"{YEAR_EVENTS:,} events read in {hours:,.1f} h: {order}")
    for work in figures.works:
        say(f"{YEAR_EVENTS:,} events, {CORES} cores: {work.command} in {work.year_hours:,.1f} h")
    say(f"assumed: {'; '.join(ASSUMED)}")
    say(measurement.line(figures))
    return figures


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="make bench-large", description=__doc__)
    for field in msgspec.structs.fields(Options):
        parser.add_argument(f"--{field.name}", type=field.type, default=field.default)
    for ended in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ended, signal.default_int_handler)  # ends the server, too
    options = msgspec.convert(vars(parser.parse_args()), Options)
    try:
        bench(options, partial(print, flush=True))
    except CommandFailed as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
