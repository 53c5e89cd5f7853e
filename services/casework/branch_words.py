"""Headquarters' words for a branch: tiers, credit and rules, for when it cannot ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

import msgspec
from msgspec import Struct

from events.envelope import BranchId
from events.money import Money
from events.policy import Reference
from events.touchpoints.policy import CostPolicy, CreditPolicy, FeesPolicy
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from services.casework.parts import CaseworkPlatform
from services.errors import Unavailable
from services.postgres.pool import Connection, retried
from services.postgres.statements import sql
from services.rows.row_tables import tables_of

KIND = "touchstone words v1"

_STANDINGS = tables_of(ValueTiers())["standings"].name
_ACCOUNTS = tables_of(Receivables())["accounts"].name
_READ_FROM = (Receivables.name, ValueTiers.name)
_MOST = 500_000
"""Rows of one branch: 60 MB."""


class AccountWord(Struct, frozen=True):
    """How a customer's account stands in a currency."""

    currency: str
    exposure: int  # minor units, without interest that runs
    limit: int | None  # None: not limited
    gate: str | None  # why the credit gate is shut
    oldest_due: date | None  # of what is open


class CustomerWord(Struct, frozen=True):
    """What is said about a customer."""

    id: str
    tier: str | None
    accounts: list[AccountWord]


class Rules(Struct, frozen=True):
    """What a branch decides by; rates are parts per million."""

    zone: str
    max_days_overdue: int
    default_limit: Money | None
    capital_per_day: int
    interest_per_year: int
    interest_free_days: int


class Words(Struct, frozen=True):
    """What is said to one branch: true of everything that was recorded before `through`."""

    branch_id: BranchId
    through: datetime
    issued: datetime
    rules: Rules
    customers: Sequence[CustomerWord]

    def lines(self) -> Iterator[str]:
        """Yield the lines of the note that says it, without its origin."""
        yield KIND
        yield f"branch {self.branch_id}"
        yield f"through {self.through:%Y-%m-%dT%H:%M:%S.%fZ}"
        yield f"issued {self.issued:%Y-%m-%dT%H:%M:%S.%fZ}"
        yield f"rules {_json(self.rules)}"
        for one in self.customers:
            yield f"customer {_json(one)}"


async def words_of(platform: CaseworkPlatform, branch_id: BranchId, reference: Reference) -> Words:
    """Return what is said to a branch about its own customers now. Raises: Unavailable."""
    now = platform.clock.now()
    heads = await platform.log.heads()

    async def read() -> tuple[datetime, list[CustomerWord]]:
        async with (
            platform.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return (
                await _through(connection, heads.generation, heads.counts, now),
                await _customers(connection, branch_id),
            )

    through, customers = await retried(read)
    return Words(branch_id, through, now, _rules(reference, branch_id, now), customers)


async def _through(
    connection: Connection, generation: int, heads: Sequence[int], now: datetime
) -> datetime:
    """Return up to when the rows know everything: now, or since when an event waits."""
    rows = await connection.fetch(sql("operating_lags"), generation, now)
    waited_s = [
        row["waited_s"]
        for row in rows
        if row["projection"] in _READ_FROM and row["next"] < heads[row["partition"]]
    ]
    return now - timedelta(seconds=max(0.0, *waited_s)) if waited_s else now


async def _customers(connection: Connection, branch_id: BranchId) -> list[CustomerWord]:
    statement = sql("words_of_branch").format(standings=_STANDINGS, accounts=_ACCOUNTS)
    rows = await connection.fetch(statement, branch_id, _MOST)
    if len(rows) == _MOST:
        raise Unavailable(f"branch {branch_id} has more customers than words can be said of")
    found: list[CustomerWord] = []
    for row in rows:
        if not found or found[-1].id != row["customer_id"]:
            found.append(CustomerWord(row["customer_id"], row["tier"], []))
        if row["currency"] is not None:
            found[-1].accounts.append(
                AccountWord(
                    row["currency"], row["exposure_minor"], row["limit_minor"],
                    row["gate_refusal"], row["oldest_due_on"],
                )
            )  # fmt: skip
    return found


def _rules(reference: Reference, branch_id: BranchId, now: datetime) -> Rules:
    credit = reference.in_force(CreditPolicy, now)
    fees = reference.in_force(FeesPolicy, now)
    return Rules(
        zone=reference.zone_of(branch_id).key,
        max_days_overdue=credit.max_days_overdue,
        default_limit=credit.default_limit,
        capital_per_day=reference.in_force(CostPolicy, now).capital_per_day,
        interest_per_year=fees.interest_per_year,
        interest_free_days=fees.interest_free_days,
    )


def _json(value: Struct) -> str:
    """Return a value as JSON in a line: what is no printable text is escaped."""
    return msgspec.json.encode(value).decode("utf-8")
