"""What finding customers costs: each kind of question, as the box asks, beside a bare query.

So many customers with sealed names and numbers are laid in by COPY, each with an invoice and an
order, and the index with them. Then the console is asked as the search box asks while somebody
types, one question after the other; beside it the rows found are asked for by primary key, with
nothing around it. The last line is one line of JSON.

    python -m tests.bench.search --customers 1000000
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

import asyncpg
import httpx2
from msgspec import Struct
from starlette.requests import Request

from events.codec import encode
from events.envelope import CustomerId
from events.money import Money
from events.partitioning import PARTITIONS, partition_of
from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.payment import InvoiceIssued
from events.touchpoints.policy import BranchSet
from services.console.app import create_console
from services.hosts.bootstrap import open_platform
from services.people.principal import ANYBODY, Principal, Scope
from services.platform import Platform
from services.postgres.pool import open_pool
from services.search.entries import Entry, Text
from services.search.letters import units_of
from services.search.tokens import Tokens, tokens_of
from services.settings import Settings
from services.simulator.people import firm, person
from services.vault.vault import PostgresVault
from services.walk.engine import cores
from tests.bench.machine import Measurement
from tests.support.log import submission

Say = Callable[[str], None]

GOAL_MS = 100.0
_LAID_AT_ONCE = 2_000
_BRANCHES = 12
_FIRMS = 0.3
_LATIN = 0.05
_CITIES = ("上海", "杭州", "南京", "宁波", "苏州", "青岛")
_FIRST_NAMES = ("James", "Maria", "José", "Anna", "Peter", "Wei", "Sofía", "Liam", "Noor", "Ivan")
_LAST_NAMES = ("Smith", "O'Brien", "García", "Müller", "Tan", "Ivanov", "Nguyen", "Rossi", "Khan")
_FROM = datetime(2024, 1, 1, tzinfo=UTC)
_DAYS = 700

_EVENT_COLUMNS = (
    "generation", "partition", "n", "event_id", "customer_id", "source", "type", "branch_id",
    "epoch", "sequence", "created_at", "effective_at", "recorded_at", "data",
)  # fmt: skip
_IDS = re.compile(r'href="/customers/([^"#]+)')
_BARE = "SELECT * FROM search_customers WHERE customer_id = ANY ($1)"
_SIZE = """
SELECT sum(pg_total_relation_size(t)) FROM unnest(
    ARRAY['search_customers', 'search_latest', 'search_references']::regclass[]) AS t
"""
_INDEXES = (
    "CREATE INDEX search_customers_tokens ON search_customers USING gin (tokens) "
    "WITH (fastupdate = off)",
    "CREATE INDEX search_references_ending ON search_references (ending, day DESC)",
    "CREATE INDEX search_latest_latest ON search_latest (latest DESC, customer_id)",
)


class Customer(NamedTuple):
    """One of the customers, the same whoever asks."""

    id: str
    name: str
    phone: str
    branch: str
    invoice: str
    order: str
    day: date

    @classmethod
    def at(cls, i: int) -> Customer:
        """Return the customer of a number."""
        dice = Random(i)
        kind = dice.random()
        if kind < _FIRMS:
            name = firm(dice, dice.choice(_CITIES))
        elif kind < _FIRMS + _LATIN:
            name = f"{dice.choice(_FIRST_NAMES)} {dice.choice(_LAST_NAMES)}"
        else:
            name = person(dice)
        return cls(
            f"C-{i:07}",
            name,
            f"1{dice.randrange(30, 99)}{dice.randrange(10**8):08}",
            f"B-{i % _BRANCHES}",
            f"INV-{2024 + i % 2}-{i:07}",
            f"O{dice.randrange(10**9):09}",
            (_FROM + timedelta(days=dice.randrange(_DAYS))).date(),
        )

    def entry(self) -> Entry:
        """Return what the customer is found by."""
        of = CustomerId(self.id)
        return Entry(
            of,
            [
                Text("id", self.id, of),
                Text("name", self.name, of),
                Text("phone", self.phone, of, region="CN"),
            ],
        )


class Found(Struct, frozen=True):
    """What one kind of question took, and the same rows asked for by primary key."""

    question: str
    asked: int
    p50_ms: float
    p95_ms: float
    bare_p50_ms: float
    bare_p95_ms: float
    hits: float  # on average, of those that are shown


class Figures(Struct, frozen=True):
    """What was laid in, and what each kind of question took."""

    customers: int
    tokens_of_each: float
    laid_in_s: float
    index_mb: float
    goal_ms: float
    worst_p95_ms: float
    questions: Sequence[Found]


# --- laying in ---------------------------------------------------------------------------


def _lay_in_part(dsn: str, data: Path, first: int, upto: int) -> int:
    """Lay in customers; return how many tokens they have together. In a process of its own."""
    return asyncio.run(_part(dsn, data, first, upto))


async def _part(dsn: str, data: Path, first: int, upto: int) -> int:
    from services.vault.master_key import master_key

    async with await open_pool(dsn, max_size=2) as pool:
        vault = PostgresVault(pool, master_key(Settings(data=data)))
        tokens = await tokens_of(vault)
        made = 0
        for start in range(first, upto, _LAID_AT_ONCE):
            some = [Customer.at(i) for i in range(start, min(upto, start + _LAID_AT_ONCE))]
            made += await _copy(pool, vault, tokens, some, start)
        return made


async def _copy(
    pool: asyncpg.Pool[asyncpg.Record],
    vault: PostgresVault,
    tokens: Tokens,
    some: Sequence[Customer],
    start: int,
) -> int:
    keys = await vault.prepare([one.id for one in some])
    events, customers, latest, references = [], [], [], []
    made = 0
    for i, one in enumerate(some, start):
        partition = partition_of(CustomerId(one.id))
        at = datetime.combine(one.day, datetime.min.time(), UTC)
        ids = [uuid5(NAMESPACE_URL, f"{one.id} {name}") for name in ("registered", "invoice")]
        fields = {"name": one.name, "phone": one.phone}
        sealed = keys[one.id].seal(str(ids[0]), fields)
        told = (
            CustomerRegistered(home_branch=one.branch, sealed=sealed),
            InvoiceIssued(
                invoice_id=one.invoice, order_id=one.order, amount=Money(100, "CNY"), due_on=one.day
            ),
        )
        for k, (event_id, data) in enumerate(zip(ids, told, strict=True)):
            events.append(
                (1, partition, 2 * i + k, event_id, one.id, f"/branches/{one.branch}/till",
                 data.event_type, one.branch, 0, 2 * i + k, at, at, at, encode(data))
            )  # fmt: skip
        own = tokens.of_entry(one.entry(), one.branch)
        made += len(own)
        customers.append((one.id, one.id, one.branch, True, own, None, at))
        latest.append((one.id, one.day))
        for plain in {one.invoice.lower().replace("-", ""), one.order.lower()}:
            token, ending = tokens.of_reference(plain)
            references.append((token, one.id, ending, ids[1], one.day))
    async with pool.acquire() as connection:
        await connection.copy_records_to_table("events", records=events, columns=_EVENT_COLUMNS)
        await connection.copy_records_to_table("search_customers", records=customers)
        await connection.copy_records_to_table("search_latest", records=latest)
        await connection.copy_records_to_table("search_references", records=references)
    return made


async def lay_in(platform: Platform, data: Path, customers: int, say: Say) -> tuple[int, float]:
    """Lay in all; return how many tokens they have together, and how long it took."""
    started = time.monotonic()
    branches = [
        BranchSet(effective_from=_FROM, branch_id=f"B-{n}", name=f"分公司{n}")
        for n in range(_BRANCHES)
    ]
    await platform.log.append([submission(n, one, None) for n, one in enumerate(branches, 1)])
    for index in _INDEXES:
        await platform.pool.execute(f"DROP INDEX {index.split()[2]}")
    loop = asyncio.get_running_loop()
    processes = cores()
    bounds = [customers * n // processes for n in range(processes + 1)]
    with ProcessPoolExecutor(processes) as workers:
        parts = [
            loop.run_in_executor(workers, _lay_in_part, platform.dsn, data, first, upto)
            for first, upto in pairwise(bounds)
        ]
        tokens = sum(await asyncio.gather(*parts))
    say(f"{customers:,} customers laid in after {time.monotonic() - started:.0f} s; indexing")
    async with platform.pool.acquire() as connection:
        await connection.execute("SET maintenance_work_mem = '512MB'")
        for index in _INDEXES:
            await connection.execute(index, timeout=3_000)
        await connection.execute("RESET maintenance_work_mem")
        await connection.execute(
            "UPDATE log_heads SET next_n = $1 WHERE partition < $2", 2 * customers, PARTITIONS
        )
        await connection.execute("VACUUM ANALYZE", timeout=3_000)
    return tokens, time.monotonic() - started


# --- asking ------------------------------------------------------------------------------

Ask = Callable[[Customer, Random], str]

QUESTIONS: Mapping[str, Ask] = {
    "a whole name": lambda one, _: one.name,
    "two characters that follow each other": lambda one, dice: _two(one.name, dice),
    "one character": lambda one, dice: dice.choice(one.name),
    "sounds": lambda one, _: _sounds(one.name, 9),
    "sounds, a few letters of them": lambda one, _: _sounds(one.name, 4),
    "first letters of sounds": lambda one, _: _initials(one.name),
    "a telephone number": lambda one, _: f"{one.phone[:3]} {one.phone[3:7]} {one.phone[7:]}",
    "its last four digits": lambda one, _: one.phone[-4:],
    "a character and the last four digits": lambda one, _: f"{one.name[0]} {one.phone[-4:]}",
    "an id": lambda one, _: one.id.lower(),
    "an invoice": lambda one, _: one.invoice,
    "an order": lambda one, _: one.order,
    "nobody": lambda one, dice: f"zq{dice.randrange(10**6)}",
}


def _two(name: str, dice: Random) -> str:
    at = dice.randrange(len(name) - 1)
    return name[at : at + 2]


def _sounds(name: str, letters: int) -> str:
    return "".join(unit.sounds[0] for unit in units_of(name))[:letters]


def _initials(name: str) -> str:
    return "".join(unit.sounds[0][0] for unit in units_of(name))[:4]


class _Door:
    """Lets one in whose scope a bench sets."""

    def __init__(self) -> None:
        self.principal: Principal = ANYBODY

    async def principal_of(self, request: Request) -> Principal:
        return self.principal


async def ask(platform: Platform, customers: int, times: int, say: Say) -> list[Found]:
    """Ask every kind of question, of the whole company and within one branch."""
    door = _Door()
    app = create_console(platform, doorkeeper=door)
    found = []
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for name, question in QUESTIONS.items():
            for scope, words in ((Scope(), ""), (Scope(frozenset({"B-3"})), ", of one branch")):
                door.principal = Principal("bench", scope)
                of = [Customer.at(i) for i in _chosen(customers, times, name, scope)]
                one = await _timed(platform, client, f"{name}{words}", question, of)
                found.append(one)
                say(
                    f"{one.question:<55} p50 {one.p50_ms:7.1f} ms  p95 {one.p95_ms:7.1f} ms  "
                    f"bare {one.bare_p50_ms:5.2f} / {one.bare_p95_ms:5.2f} ms  "
                    f"{one.hits:4.1f} hits"
                )
    return found


def _chosen(customers: int, times: int, name: str, scope: Scope) -> Iterator[int]:
    dice = Random(name)
    for _ in range(times):
        i = dice.randrange(customers)
        yield i if scope.branches is None else min(customers - 1, i - i % _BRANCHES + 3)


async def _timed(
    platform: Platform,
    client: httpx2.AsyncClient,
    name: str,
    question: Ask,
    of: Sequence[Customer],
) -> Found:
    dice = Random(0)
    took, bare, hits = [], [], 0
    await client.get("/search/suggest", params={"q": "warm"})
    for one in of:
        typed = question(one, dice)
        started = time.perf_counter()
        answer = await client.get("/search/suggest", params={"q": typed})
        took.append(1000 * (time.perf_counter() - started))
        assert answer.status_code == 200, answer.text
        ids = sorted(set(_IDS.findall(answer.text)))
        hits += len(ids)
        started = time.perf_counter()
        await platform.pool.fetch(_BARE, ids or [one.id])
        bare.append(1000 * (time.perf_counter() - started))
    return Found(
        question=name,
        asked=len(of),
        p50_ms=round(_percentile(took, 50), 2),
        p95_ms=round(_percentile(took, 95), 2),
        bare_p50_ms=round(_percentile(bare, 50), 2),
        bare_p95_ms=round(_percentile(bare, 95), 2),
        hits=round(hits / len(of), 1),
    )


def _percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]


async def measure(customers: int, times: int, say: Say) -> Figures:
    """Lay in and ask, on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-search-") as folder:
        data = Path(folder)
        async with open_platform(Settings(data=data)) as platform:
            tokens, laid_in_s = await lay_in(platform, data, customers, say)
            size = float(await platform.pool.fetchval(_SIZE))
            questions = await ask(platform, customers, times, say)
    return Figures(
        customers=customers,
        tokens_of_each=round(tokens / customers, 1),
        laid_in_s=round(laid_in_s, 1),
        index_mb=round(size / 1e6, 1),
        goal_ms=GOAL_MS,
        worst_p95_ms=max(one.p95_ms for one in questions),
        questions=questions,
    )


def main(arguments: Sequence[str] | None = None, say: Say = print) -> None:
    """Measure, and say a line of JSON at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=100, help="of each kind of question")
    asked = parser.parse_args(arguments)
    measurement = Measurement("search")
    say(measurement.beginning())
    figures = asyncio.run(measure(asked.customers, asked.times, say))
    say(measurement.line(figures))


if __name__ == "__main__":
    main()
