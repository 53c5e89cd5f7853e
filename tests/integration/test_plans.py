"""Every named statement reads what it needs of 200,000 events, and walks no large table.

Each is executed once, in a transaction that is rolled back, with parameters such as the product
gives; the plan says how many rows of each table it looked at. Who adds a statement gives its
parameters in tests/support/plans, or the reason why it is to read everything.
"""

from __future__ import annotations

import json
from asyncio import Runner
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg
import pytest

from events.envelope import PositionVector
from events.policy import Reference
from projections import PROJECTIONS
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from services.casework.filters import CaseFilter
from services.console.cases.worklist import cases
from services.console.customers.listing import CustomerFilter, listed, sums_of
from services.console.receivables.worklist import WorkFilter, open_items
from services.console.shared.cursor import CursorSigner
from services.console.shared.reading import Progress, Reader
from services.console.shared.statements import Statements
from services.people.principal import Principal, Scope
from services.rows.guards import entering
from services.rows.row_tables import tables_of
from tests.support.large_log import lay_in
from tests.support.plans import GIVEN
from tests.support.plans.parts import PARTS
from tests.support.plans.reading_everything import READ_EVERYTHING
from tests.support.plans.values import NOW
from tests.support.postgres import fresh_database

pytestmark = pytest.mark.postgres

LARGE = {
    "events", "admissions", "projection_heads", "totals", "alerts", "alert_journal",
    "subject_keys", "quarantine", "log_confirmed", "dossier_snapshots",
    "search_customers", "search_latest", "search_references",
    *(table.name for projection in PROJECTIONS for table in tables_of(projection).values()),
}  # fmt: skip
MOST_ROWS = 1_500
"""Rows of a large table that a statement may look at; each has 15,000 or more."""


def _statements() -> Iterator[tuple[str, Traversable]]:
    """Yield every named statement: those of the console by topic and name, the others by name."""
    folders = [(files("services"), "")]
    while folders:
        folder, room = folders.pop()
        for entry in folder.iterdir():
            if entry.is_dir() and entry.name != "migrations" and not entry.name.startswith("_"):
                of_console = folder.name == "console" and entry.name != "sql"
                folders.append((entry, f"{entry.name}/" if of_console else room))
            elif entry.name.endswith(".sql") and folder.name == "sql":
                yield room + entry.name.removesuffix(".sql"), entry


STATEMENTS = dict(_statements())


@pytest.fixture(scope="module")
def large(postgres_server: str) -> Iterator[str]:
    """The DSN of a database with 200,000 events."""
    with Runner() as runner:
        database = fresh_database(postgres_server)
        dsn = runner.run(database.__aenter__())
        try:
            runner.run(lay_in(dsn))
            yield dsn
        finally:
            runner.run(database.__aexit__(None, None, None))


ON_ROWS = frozenset(
    {
        "cases_found", "customers_found", "directory_open", "looks_listed", "open_invoices",
        "rows_of_cases", "sources_of_branches", "tier_of", "words_of_branch", "worklist_fitting",
    }
)  # fmt: skip
"""Statements outside the console that name tables of rows, which carry a version."""


def _text(name: str) -> str:
    text = STATEMENTS[name].read_text("utf-8")
    if "/" not in name and name not in ON_ROWS and name not in PARTS:
        return text
    tables = Statements(PROJECTIONS)
    return tables.filled(text.format_map(_Kept(PARTS.get(name, {}))))


class _Kept(dict[str, str]):
    """Leaves in braces what it does not know."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _nodes(plan: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    yield plan
    below = plan.get("Plans", [])
    assert isinstance(below, list)
    for one in below:
        yield from _nodes(one)


def _number(node: Mapping[str, object], name: str) -> float:
    value = node.get(name, 0)
    assert isinstance(value, int | float)
    return value


def _looked_at(node: Mapping[str, object]) -> float:
    """Return how many rows of its table a scan has looked at."""
    each = sum(
        _number(node, name)
        for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    )
    return each * _number(node, "Actual Loops")


async def plan_of(connection: asyncpg.Connection, name: str) -> Mapping[str, object]:
    """Return the plan by which a statement was executed."""
    if "rebuilt_customers" in _text(name):
        await connection.execute("CREATE TEMPORARY TABLE rebuilt_customers (customer_id text)")
    explained = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {_text(name)}", *GIVEN[name]
    )
    [found] = json.loads(explained)
    plan: Mapping[str, object] = found["Plan"]
    return plan


def too_much(plan: Mapping[str, object]) -> list[str]:
    """Return where a plan reads more of a large table than a statement should."""
    return [
        f"{node['Node Type']} of {node['Relation Name']}: {_looked_at(node):.0f} rows"
        for node in _nodes(plan)
        if node.get("Relation Name") in LARGE
        and str(node["Node Type"]).endswith("Scan")
        and ("Seq Scan" in str(node["Node Type"]) or _looked_at(node) > MOST_ROWS)
        and _number(node, "Actual Loops")
    ]


def test_each_named_statement_has_parameters_here() -> None:
    assert sorted(STATEMENTS) == sorted(GIVEN)
    assert sorted(READ_EVERYTHING) == sorted(READ_EVERYTHING.keys() & GIVEN.keys())


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - READ_EVERYTHING.keys()))
async def test_a_statement_reads_what_it_needs(large: str, name: str) -> None:
    connection = await asyncpg.connect(large)
    try:
        transaction = connection.transaction()
        await transaction.start()
        if name in UTILITIES:
            await connection.execute(_text(name))
        else:
            assert too_much(await plan_of(connection, name)) == []
        await transaction.rollback()
    finally:
        await connection.close()


OF_THE_PLATFORM = {
    "audit/event", "customers/timeline",
    "shared/filling", "shared/home", "shared/progress", "shared/delete_view",
    "shared/own_view", "shared/rename_view", "shared/save_view", "shared/visible_views",
}  # fmt: skip
"""Statements of the console that are asked for everybody alike."""

OF_A_BRANCH = {
    **READ_EVERYTHING,
    "alerts/count_standing_alerts": "takes down the branch's customers, to count up to the cap",
    "start/called": "takes down the branch's customers, to tell whose cases are the last",
}


@pytest.mark.parametrize(
    "name",
    sorted(n for n in STATEMENTS.keys() - OF_A_BRANCH.keys() - OF_THE_PLATFORM if "/" in n),
)
async def test_a_statement_of_one_branch_reads_what_it_needs(large: str, name: str) -> None:
    connection = await asyncpg.connect(large)
    try:
        homes = tables_of(ValueTiers())["standings"].name
        branch = await connection.fetchval(f"SELECT branch_id FROM {homes} LIMIT 1")
        words = STATEMENTS[name].read_text("utf-8").format_map(_Kept(PARTS.get(name, {})))
        statement = Statements(PROJECTIONS, {branch}).filled(words)
        async with connection.transaction():
            await connection.execute(entering({branch}))
            explained = await connection.fetchval(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *GIVEN[name]
            )
        assert too_much(json.loads(explained)[0]["Plan"]) == []
    finally:
        await connection.close()


async def test_currencies_of_branches_without_open_items_are_found_in_a_step(large: str) -> None:
    """Whoever sees some branches alone has no index walked for what only others owe."""
    connection = await asyncpg.connect(large)
    items = tables_of(Receivables())["items"].name
    try:
        owing = await connection.fetchval(
            f"SELECT count(*) FROM {items} WHERE status = 'open' AND branch_id IN ('B-1', 'B-3')"
        )
        name = "receivables/open_currencies"
        words = STATEMENTS[name].read_text("utf-8").format_map(_Kept(PARTS[name]))
        seen = {"B-1", "B-3"}
        statement = Statements(PROJECTIONS, seen).filled(words)
        async with connection.transaction():
            await connection.execute(entering(seen))
            explained = await connection.fetchval(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", sorted(seen)
            )
    finally:
        await connection.close()
    assert owing == 0
    looked = [_looked_at(one) for one in _nodes(json.loads(explained)[0]["Plan"])
              if one.get("Relation Name") == items]  # fmt: skip
    assert sum(looked) == 0


class _Explaining:
    """A connection that keeps what the plans of its questions read too much of."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.too_much: list[str] = []

    async def fetch(self, statement: str, *parameters: object) -> list[asyncpg.Record]:
        explained = await self._connection.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *parameters
        )
        self.too_much += too_much(json.loads(explained)[0]["Plan"])
        return await self._connection.fetch(statement, *parameters)


def _reader(explaining: _Explaining, scope: Scope) -> Reader:
    """Return what asks as a clerk of a scope."""
    heads = PositionVector(1, (0,) * 13)
    return Reader(
        explaining,  # type: ignore[arg-type]
        {one.name: one for one in PROJECTIONS},
        Statements(PROJECTIONS, scope.branches),
        {one.name: Progress(heads, heads, 0) for one in PROJECTIONS},
        Reference(),
        NOW,
        Principal("clerk", scope),
        None,
    )


async def test_lists_of_who_sees_some_branches_read_what_is_theirs(large: str) -> None:
    """Nobody asked for a branch; nothing open is B-1's or B-3's, and B-13 has no customer."""
    seen = frozenset({"B-1", "B-3", "B-13"})
    connection = await asyncpg.connect(large)
    explaining = _Explaining(connection)
    reader = _reader(explaining, Scope(seen))
    signer = CursorSigner(b"key")
    try:
        async with connection.transaction():
            await connection.execute(entering(seen))
            items = await open_items(reader, WorkFilter(), 50, signer, None)
            customers = await listed(reader, CustomerFilter(), 50, signer, None)
    finally:
        await connection.close()
    assert (len(items.entries), len(customers.entries)) == (0, 50)
    assert explaining.too_much == []


async def test_who_has_no_case_and_what_some_owe_is_found_without_a_walk(large: str) -> None:
    """The start page asks for the own cases, and the list of customers for what all owe."""
    connection = await asyncpg.connect(large)
    explaining = _Explaining(connection)
    reader = _reader(explaining, Scope())
    accounts = tables_of(Receivables())["accounts"].name
    try:
        async with connection.transaction():
            own = await cases(reader, CaseFilter(owner="nobody"), 6, CursorSigner(b"key"), None)
            walked = [one for one in explaining.too_much if "Seq Scan" in one or "pkey" in one]
            explaining.too_much.clear()
            sums = await sums_of(reader, CustomerFilter())
            walked += [one for one in explaining.too_much if f"Seq Scan of {accounts}" in one]
    finally:
        await connection.close()
    assert own.entries == ()
    assert sums.customers > 1_000
    assert walked == []


UTILITIES: frozenset[str] = frozenset()
"""What is no query and has no plan."""


async def test_a_walk_of_a_large_table_is_found(large: str) -> None:
    connection = await asyncpg.connect(large)
    try:
        for walk in (
            "SELECT count(*) FROM events WHERE branch_id = 'B-1'",
            "SELECT * FROM events WHERE customer_id || '' = 'C000013' ORDER BY event_id",
            "SELECT * FROM events WHERE (generation, partition) < (1, 6) AND data = ''",
        ):
            explained = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {walk}")
            assert too_much(json.loads(explained)[0]["Plan"]), walk
    finally:
        await connection.close()


OF_PAGES = {
    "alerts_newest": "the alerts' page without a branch",
}
"""Indexes of large tables that no statement uses as it is given here, and who does."""


async def test_each_index_of_a_large_table_is_used(large: str) -> None:
    """An index that no plan uses costs every event its writing: who needs it says so here."""
    connection = await asyncpg.connect(large)
    used: set[object] = set()
    try:
        for name in sorted(STATEMENTS.keys() - UTILITIES):
            transaction = connection.transaction()
            await transaction.start()
            for node in _nodes(await plan_of(connection, name)):
                arbiters = node.get("Conflict Arbiter Indexes", [])
                assert isinstance(arbiters, list)
                used.update((node.get("Index Name"), *arbiters))
            await transaction.rollback()
        rows = await connection.fetch(
            "SELECT indexname FROM pg_indexes WHERE tablename = ANY($1)", SHARED
        )
    finally:
        await connection.close()
    assert sorted({row["indexname"] for row in rows} - used) == sorted(OF_PAGES)


SHARED = sorted(name for name in LARGE if "_v" not in name)
"""Large tables that every event or customer adds to, whatever the projection."""
