"""Whose rows somebody may see: one condition for each table, written into questions by their reader
and kept a second time by the database, as row-level security.

A customer is seen where it is at home. Rows that carry the home are told by it; what hangs on a
customer, such as its cases, by where its standing has it, and of whoever has none by the row's own
branch. Who sees all asks the plain tables: nothing of this costs them anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence

import asyncpg
from msgspec import Struct

from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.rows import STANDINGS
from services.postgres.arrays import array_text
from services.postgres.pool import Connection
from services.rows.naming import stored_name

READER = "touchstone_reader"
"""The role in which rows are read for somebody who does not see all; it owns and writes nothing."""

_POLICY = "touchstone_scope"
_SETTING = "touchstone.branches"
# A subquery, so that the text is read once for a statement; a cast, so that it is one value.
_OURS = f"ANY ((SELECT nullif(current_setting('{_SETTING}', true), '')::text[])::text[])"
_HOMES = stored_name(ValueTiers.name, ValueTiers.version, STANDINGS.name)
_HOMELESS = (
    "BEGIN RETURN NOT EXISTS (SELECT 1 FROM projection_heads WHERE customer_id = of_customer "
    f"AND projection = '{ValueTiers.name}' AND version = {ValueTiers.version}); END"
)
_ROLE_SINCE = 160_000  # the server's version that tells who may take a role from who has it

Matches = Callable[[str], str]


class Guard(Struct, frozen=True):
    """A table of which somebody sees a part.

    `branch` is the column with a branch, which is the customer's home, or else only where the row
    came about. Without any, the customer's standing alone tells.
    """

    table: str
    branch: str | None = "branch_id"
    is_home: bool = False

    def condition(self, name: str, matches: Matches) -> str:
        """Return which rows are seen, of the table by a name; `matches` says what branches are."""
        own = "false" if self.branch is None else matches(f"{name}.{self.branch}")
        if self.is_home:
            return own
        at_home = (
            f"EXISTS (SELECT 1 FROM {_HOMES} AS home WHERE home.customer_id = {name}.customer_id "
            f"AND {matches('home.branch_id')})"
        )
        if self.branch is None:
            return at_home
        return f"({at_home} OR ({own} AND touchstone_has_no_home({name}.customer_id)))"

    def scoped(self, branches: Collection[str] | None) -> str:
        """Return what stands for the table in a question of who sees some branches; None: all."""
        if branches is None:
            return self.table
        return _seen(self.table, "*", self.condition("seen", in_branches(branches)))


class Part(Struct, frozen=True):
    """Columns of a table that tell of the platform, and of no customer."""

    table: str
    columns: tuple[str, ...]
    branch: str | None = None  # the column by which questions are kept to some branches


ALERTS = Guard("alerts")
JOURNAL = Guard("alert_journal")
TOTALS = Guard("totals", is_home=True)
SEARCHED = Guard("search_customers", is_home=True)
EVENTS = Part(
    "events",
    (
        "generation", "partition", "n", "event_id", "created_at", "sent_at", "collected_at",
        "recorded_at", "branch_id",
    ),
    branch="branch_id",
)  # fmt: skip
"""How many events come in, and when; what they say is read by no such role."""

ADMISSIONS = Part("admissions", ("source", "epoch", "sequence", "event_id"))
"""Which devices of branches publish, and their numbers."""

LOOKS = Guard("looks", branch=None)

_SHARED = (ALERTS, JOURNAL, TOTALS, SEARCHED, LOOKS)
_PARTS = (
    EVENTS,
    ADMISSIONS,
    Part(
        "projection_heads",
        ("projection", "version", "partition", "uses_id", "policy_count", "parked_reason"),
    ),
    Part("use_sets", ("uses_id", "uses")),
    Part(
        "log_runs",
        ("generation", "partition", "first_n", "events", "kept_generation", "kept_first_n"),
    ),
)


def shared_tables(branches: Collection[str] | None) -> dict[str, str]:
    """Return what stands for each table that projections share, as `scoped` says."""
    found = {guard.table: guard.scoped(branches) for guard in _SHARED}
    if branches is None:
        return found | {part.table: part.table for part in (EVENTS, ADMISSIONS)}
    of_branches = in_branches(branches)(f"seen.{EVENTS.branch}")
    return found | {
        EVENTS.table: _seen(EVENTS.table, ", ".join(EVENTS.columns), of_branches),
        ADMISSIONS.table: _seen(
            ADMISSIONS.table, ", ".join(ADMISSIONS.columns), _from(branches, "seen.source")
        ),
    }


def _seen(table: str, columns: str, condition: str) -> str:
    # What stands in braces is filled in by str.format, which takes what is filled in as it is.
    return f"(SELECT {columns} FROM {table} AS seen WHERE {condition})"


def _from(branches: Collection[str], source: str) -> str:
    """Return the condition that a device is one of some branches, found by the index of sources."""
    each = []
    for branch in sorted(branches):
        first, beyond = _quoted(f"/branches/{branch}/"), _quoted(f"/branches/{branch}0")
        within = f"{source} >= {first} AND {source} < {beyond}"
        each.append(f"({within} AND starts_with({source}, {first}))")
    return f"({' OR '.join(each)})" if each else "false"


def in_branches(branches: Collection[str]) -> Matches:
    """Return how a question says that a column is one of some branches.

    Written out, so that the walk of an index by branch may serve an order too.
    """
    written = ", ".join(_quoted(branch) for branch in sorted(branches))
    match len(branches):
        case 0:
            return lambda _: "false"
        case 1:
            return lambda column: f"{column} = {written}"
        case _:
            return lambda column: f"{column} IN ({written})"


def entering(branches: Collection[str]) -> str:
    """Return the statements by which a transaction goes on as one who sees some branches."""
    told = _quoted(array_text(sorted(branches)))
    return f"SET LOCAL {_SETTING} = {told}; SET LOCAL ROLE {READER}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


async def can_enter(connection: Connection) -> bool:
    """Return whether this database's user may read as the role that sees a part."""
    version = await connection.fetchval("SELECT current_setting('server_version_num')::integer")
    word = "SET" if version >= _ROLE_SINCE else "MEMBER"
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1) "
            "AND pg_has_role(current_user, (SELECT oid FROM pg_roles WHERE rolname = $1), $2)",
            READER,
            word,
        )
    )


async def protect(connection: Connection, guards: Sequence[Guard]) -> bool:
    """Have the database keep rows apart too, wherever that is not so yet; return whether it can.

    Where the database's user may not make the role, questions alone keep them apart. What hangs
    on standings is let be where there are none. Of processes that start together, one at a time.
    """
    await _tell_who_has_no_home(connection)
    if not await _role(connection):
        return False
    homes = any(guard.table == _HOMES for guard in guards)
    each = [*guards, *_SHARED] if homes else [guard for guard in guards if guard.is_home]
    await _keep_apart(connection, each)
    return True


async def _role(connection: Connection) -> bool:
    """Make the role, unless it is there, and have this user take it; return whether it can."""
    if await can_enter(connection):
        return True
    for statement in (
        f"CREATE ROLE {READER} NOLOGIN NOINHERIT",
        f"GRANT {READER} TO CURRENT_USER",
    ):
        try:
            async with connection.transaction():
                await connection.execute(statement)
        except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            continue  # another database of this server, just now
        except asyncpg.InsufficientPrivilegeError:
            return await can_enter(connection)
    return await can_enter(connection)


async def _keep_apart(connection: Connection, guards: Sequence[Guard]) -> None:
    """Give the role its part of each table, where it does not have just that."""
    done = {
        row["relname"]: row["told"]
        for row in await connection.fetch(
            "SELECT c.relname, obj_description(p.oid, 'pg_policy') AS told FROM pg_policy p "
            "JOIN pg_class c ON c.oid = p.polrelid "
            "WHERE p.polname = $1 AND c.relnamespace = current_schema()::regnamespace",
            _POLICY,
        )
    }
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relname = ANY($1) "
        "AND relnamespace = current_schema()::regnamespace",
        [guard.table for guard in guards],
    )
    there = {row["relname"] for row in rows}  # a migration brings the others, the next start this
    for guard in (one for one in guards if one.table in there):
        condition = guard.condition(guard.table, lambda column: f"{column} = {_OURS}")
        digest = hashlib.sha256(condition.encode()).hexdigest()
        if done.get(guard.table) != digest:
            await connection.execute(_policy(guard.table, condition, digest))
    for part in _PARTS:
        held = await connection.fetchval(
            "SELECT bool_and(has_column_privilege($1, $2, name, 'SELECT')) "
            "FROM unnest($3::text[]) AS name",
            READER,
            part.table,
            list(part.columns),
        )
        if not held:
            columns = ", ".join(part.columns)
            await connection.execute(f"GRANT SELECT ({columns}) ON {part.table} TO {READER}")


def _policy(table: str, condition: str, digest: str) -> str:
    return (
        f"DROP POLICY IF EXISTS {_POLICY} ON {table};"
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"CREATE POLICY {_POLICY} ON {table} FOR SELECT TO {READER} USING ({condition});"
        f"COMMENT ON POLICY {_POLICY} ON {table} IS '{digest}';"
        f"GRANT SELECT ON {table} TO {READER}"
    )


async def _tell_who_has_no_home(connection: Connection) -> None:
    """Make what tells that nothing says where a customer is at home.

    It runs as its owner: whoever sees some branches must not take a customer of another for one
    without a home.
    """
    known = "SELECT prosrc FROM pg_proc WHERE oid = to_regprocedure('touchstone_has_no_home(text)')"
    if await connection.fetchval(known) != _HOMELESS:
        await connection.execute(
            "CREATE OR REPLACE FUNCTION touchstone_has_no_home(of_customer text) RETURNS boolean "
            f"LANGUAGE plpgsql STABLE SECURITY DEFINER AS $${_HOMELESS}$$"
        )
