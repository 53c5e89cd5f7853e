"""`python -m tests.bench.trying`: what it costs to try one command on ten thousand cases.

Over a simulated company: the seconds until everybody knows who would be refused and why, by the
clock and of processor time; then the processor time of the difference per customer, beside
reading and assessing each of the same customers once, in turns. Both count PostgreSQL's. What is
answered is encoded as it would be sent. The last line is one line of JSON.

    python -m tests.bench.trying --customers 2000 --cases 10000
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct

from events.cases.asking import Rules
from events.cases.commands import (
    Assign,
    Close,
    Command,
    Open,
    SetPriority,
    TellCustomer,
    Wait,
)
from events.cases.staff import BY_ITSELF, Staff, staff_in_force
from events.envelope import CustomerId
from events.policy import Reference
from events.streams import case_stream
from projections import PROJECTIONS
from projections.together import Together
from services.casework.bulk.asking import MOST_ITEMS, AskedOfMany, Found, Item
from services.casework.bulk.cases import ManyCases
from services.casework.bulk.lines import ChangesLine, Decided, Line, encoded
from services.casework.bulk.running import FACTS_BLOCK, Run, tried
from services.casework.bulk.telling import Telling
from services.casework.customers import Customers
from services.casework.executing import Stream, Streams
from services.casework.memory import CasesInMemory, Ordered, record
from services.casework.ordering import CommandOn
from services.casework.rulebook import Rulebook
from services.casework.undoing import undo_of
from services.hosts.bootstrap import open_platform
from services.local_postgres.postmaster import find_postmaster
from services.local_postgres.server import EmbeddedServer
from services.log.filling import end_filling
from services.people.principal import Scope
from services.platform import Platform
from services.settings import Settings
from services.simulator.load import ensure_history
from services.web.refusal_words import refusal_teller
from tests.bench.machine import Measurement
from tests.bench.processor import server_cpu_s

_STAFF = "HQ-H1"
_TOGETHER = Together(PROJECTIONS)


class Spread(Struct, frozen=True):
    """The median of the rounds, and between which they lay."""

    median: float
    least: float
    most: float


class Figures(Struct, frozen=True, kw_only=True):
    """What trying one command on many cases cost."""

    cases: int
    events_of_cases: int
    customers: int  # of whom something would change
    rounds: int
    verdicts_s: Spread  # by the clock, until the last one was known
    verdicts_cpu_s: Spread
    difference_us: Spread  # of processor time per customer
    assessment_us: Spread  # of reading and assessing each once
    ratio: Spread  # of the two, round by round
    target: float
    reached: bool


class Company(NamedTuple):
    """A simulated company, and the server that it lies on."""

    platform: Platform
    reference: Reference
    pid: int

    def cpu_s(self) -> float:
        """Return the processor time so far, of this process and of the server."""
        return time.process_time() + server_cpu_s(self.pid)


class Round(NamedTuple):
    """What one round cost."""

    verdicts_s: float
    verdicts_cpu_s: float
    difference_s: float
    customers: Sequence[CustomerId]


@asynccontextmanager
async def company(
    customers: int, cases: int, say: Callable[[str], None]
) -> AsyncIterator[tuple[Company, Sequence[Item], int]]:
    """Give a company that lies in the log, its cases, and how many events these have."""
    with _server() as (dsn, data, pid):
        async with open_platform(Settings(dsn=dsn, data=data)) as platform:
            say(f"inventing a company of {customers:,} customers")
            await ensure_history(platform, customers=customers, seed=7)
            await end_filling(platform.pool)
            reference = await Rulebook(platform.pool).reference()
            say(f"opening {cases:,} cases")
            items, events = await _opened(platform, reference, cases)
            await platform.pool.execute("VACUUM ANALYZE")
            yield Company(platform, reference, pid), items, events


@contextmanager
def _server() -> Iterator[tuple[str, Path, int]]:
    """Give a server of its own: its address, its folder and its process."""
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        data = home / "data"
        with EmbeddedServer(data) as embedded:
            postmaster = find_postmaster(data / "cluster")
            assert postmaster is not None, "the server was just started"
            yield embedded.dsn, data, postmaster.pid


async def _opened(
    platform: Platform, reference: Reference, count: int
) -> tuple[Sequence[Item], int]:
    """Open cases of all customers in turn: worked on, and every fourth closed again."""
    rows = await platform.pool.fetch(
        "SELECT DISTINCT ON (customer_id) customer_id, branch_id FROM events "
        "WHERE customer_id IS NOT NULL"
    )
    now = platform.clock.now()
    department = min(reference.departments_at(now))
    boss = _staff(reference, now)
    held, ordered = CasesInMemory(), []
    for n in range(count):
        row = rows[n % len(rows)]
        case_id = str(uuid5(NAMESPACE_URL, f"case {n}"))
        stream = Stream(case_stream(case_id), row["customer_id"], row["branch_id"])
        opening = Open(case_id=case_id, severity="medium", received_at=now, department=department)
        story: list[tuple[Command, Staff]] = [
            (opening, BY_ITSELF),
            (Assign(agent=_STAFF), boss),
            (TellCustomer(step="received"), boss),
            (Close(reason="done"), boss) if n % 4 == 0 else (Wait(), boss),
        ]
        for step, (command, by) in enumerate(story):
            asked = CommandOn(
                on=case_id, command=command, by=by, key=f"{case_id} {step}", opens=stream
            )
            done = held.execute(asked, now, Rules(reference))
            assert isinstance(done, Ordered), done
            ordered.append(done)
    for start in range(0, len(ordered), 1_000):
        await record(platform.log, platform.vault, ordered[start : start + 1_000])
    return [Item(case_id) for case_id in held.cases], sum(len(one.events) for one in ordered)


def _staff(reference: Reference, now: datetime) -> Staff:
    found = staff_in_force(reference, _STAFF, now)
    assert found is not None, "the company has its headquarters"
    return found


async def try_all(company: Company, items: Sequence[Item]) -> Round:
    """Try a command on all cases; return what that cost."""
    platform, reference = company.platform, company.reference
    by = _staff(reference, platform.clock.now())
    command: Command = SetPriority(priority="urgent")
    asked = AskedOfMany(command=command, by=by, scope=Scope(), reference=reference)
    streams = Streams(platform.streams, platform.vault, platform.clock)
    run = Run(
        subjects=ManyCases(platform, streams, asked),
        found=Found(items, None),
        telling=Telling(refusal_teller("en", reference.zone_of(None)), "en", reference),
        undo=undo_of(SetPriority, "en"),
    )
    customers: list[CustomerId] = []
    verdicts_s = verdicts_cpu_s = 0.0
    started, cpu = time.perf_counter(), company.cpu_s()
    async for lines in tried(run, Customers(platform.log, platform.pool), reference):
        encoded(lines)
        if _ends_verdicts(lines):
            verdicts_s = time.perf_counter() - started
            verdicts_cpu_s, cpu = company.cpu_s() - cpu, company.cpu_s()
        customers += _customers(lines)
    return Round(verdicts_s, verdicts_cpu_s, company.cpu_s() - cpu, customers)


def _ends_verdicts(lines: Sequence[Line]) -> bool:
    return any(isinstance(line, Decided) for line in lines)


def _customers(lines: Sequence[Line]) -> list[CustomerId]:
    """Return whom differences are about."""
    found: list[CustomerId] = []
    for line in lines:
        if isinstance(line, ChangesLine) and line.changes is not None:
            found += {row.customer_id for row in line.changes.rows}
    return found


async def assess_all(company: Company, customers: Sequence[CustomerId]) -> float:
    """Read customers' facts and assess each once, all projections together; return the cost."""
    reading = Customers(company.platform.log, company.platform.pool)
    at = company.platform.clock.now()
    before = company.cpu_s()
    for start in range(0, len(customers), FACTS_BLOCK):
        groups = await reading.read_each(customers[start : start + FACTS_BLOCK])
        for customer in customers[start : start + FACTS_BLOCK]:
            told = groups[customer].told(customer, at) or ()
            for _, projection, facts in _TOGETHER.asked(told):
                said = projection.assess(customer, facts, at, company.reference)
                for table in projection.tables:
                    list(said.rows.get(table.name, ()))
    return company.cpu_s() - before


async def bench(customers: int, cases: int, rounds: int, say: Callable[[str], None]) -> None:
    """Measure, and say a line of JSON at the end."""
    measurement = Measurement("trying")
    say(measurement.beginning())
    async with company(customers, cases, say) as (ready, items, events):
        gc.collect()
        gc.freeze()
        found: list[Round] = []
        once: list[float] = []
        for number in range(rounds):
            found.append(await try_all(ready, items))
            once.append(await assess_all(ready, found[-1].customers))
            one = found[-1]
            say(
                f"round {number + 1}: verdicts of {len(items):,} cases in {one.verdicts_s:.2f} s "
                f"({one.verdicts_cpu_s:.2f} s of processor time); of {len(one.customers):,} "
                f"customers the difference {one.difference_s:.2f} s, assessed once {once[-1]:.2f} s"
            )
        version = await ready.platform.pool.fetchval("SHOW server_version")
    pairs = zip(found, once, strict=True)
    ratios = [one.difference_s / alone for one, alone in pairs]
    concerned = len(found[0].customers)
    figures = Figures(
        cases=len(items),
        events_of_cases=events,
        customers=concerned,
        rounds=rounds,
        verdicts_s=_spread([one.verdicts_s for one in found]),
        verdicts_cpu_s=_spread([one.verdicts_cpu_s for one in found]),
        difference_us=_spread([1e6 * one.difference_s / concerned for one in found]),
        assessment_us=_spread([1e6 * one / concerned for one in once]),
        ratio=_spread(ratios),
        target=2.0,
        reached=median(ratios) <= 2.0,
    )
    say(measurement.line(figures, version))


def _spread(found: Sequence[float]) -> Spread:
    return Spread(round(median(found), 3), round(min(found), 3), round(max(found), 3))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--cases", type=int, default=MOST_ITEMS)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args(arguments)
    asyncio.run(
        bench(asked.customers, asked.cases, asked.rounds, lambda text: print(text, flush=True))
    )


if __name__ == "__main__":
    main()
