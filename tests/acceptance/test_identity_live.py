"""Scenario 7 of the domain rules, section 9, through the whole product, and what is like it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from events.envelope import CustomerId
from events.home import asked_about
from events.partitioning import partition_of
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from services.audit.explain import explain
from services.audit.replay import replay
from tests.support.given import Told, asked, invoice, minor, paid, told
from tests.support.live import House, in_every_way
from tests.support.value import ordered, tiers_published

pytestmark = [pytest.mark.acceptance, pytest.mark.postgres]

X, Y = CustomerId("C-X"), CustomerId("C-Y")


class Shown(NamedTuple):
    """What the platform says of a customer: money in the minor unit, and the tier."""

    score: int | None = None
    tier: str | None = None
    overdue: int = 0
    credit: int = 0


NOTHING = Shown()
BOTH = Shown(1_100_000, "gold", overdue=20_000)
BOTH_PAID = Shown(1_100_000, "gold", overdue=15_000)
X_ALONE = Shown(600_000, "iron", overdue=30_000)
Y_ALONE = Shown(500_000, "iron", credit=10_000)
Y_ALONE_PAID = Shown(500_000, "iron", credit=15_000)


async def live(house: House, customer: str) -> Shown:
    """What the rows say of a customer now."""
    pool = house.platform.pool
    account = await pool.fetchrow(
        "SELECT sum(overdue_minor) AS overdue,"
        " sum(credit_minor) AS credit FROM receivables_v5_accounts WHERE customer_id = $1",
        customer,
    )
    standing = await pool.fetchrow(
        "SELECT * FROM value_tiers_v5_standings WHERE customer_id = $1", customer
    )
    assert account is not None
    score, tier = (None, None) if standing is None else (standing["score_minor"], standing["tier"])
    return Shown(score, tier, int(account["overdue"] or 0), int(account["credit"] or 0))


def test_the_two_lie_in_different_partitions() -> None:
    assert partition_of(X) != partition_of(Y)


async def replayed(
    house: House, customer: CustomerId, at: str, known: str | None = None
) -> tuple[str, Shown]:
    """Whose rows a customer's are as of an instant, and what they say, from its events."""
    found = await replay(
        house.platform, customer, asked(at), None if known is None else asked(known)
    )
    rows = {name: rows for one in found.projections for name, rows in one.tables.items()}
    accounts: list[Any] = list(rows["accounts"])
    standings: list[Any] = list(rows["standings"])
    return found.customer_id, Shown(
        standings[0].score_minor if standings else None,
        standings[0].tier if standings else None,
        sum(row.overdue_minor for row in accounts),
        sum(row.credit_minor for row in accounts),
    )


async def read(house: House, customer: str, at: str) -> tuple[str, Shown]:
    """The same by the read API."""
    parameters = {"as_of": asked(at).isoformat()}
    owed = await house.reads(f"/api/v1/customers/{customer}/receivables", **parameters)
    worth = await house.reads(f"/api/v1/customers/{customer}/value", **parameters)
    accounts = owed["accounts"]
    standing = worth["value"]
    return owed["customer"], Shown(
        standing["score"]["minor"] if standing else None,
        standing["tier"] if standing else None,
        sum(one["overdue"]["minor"] for one in accounts),
        sum(one["credit"]["minor"] for one in accounts),
    )


def merged(*, on: str, into: str = X, event: str = "merge") -> Told:
    """A customer was found to be another."""
    return told(CustomerMerged(into=into), on, event)


def unmerged(*, on: str, out_of: str = X, event: str = "unmerge") -> Told:
    """And was found not to be."""
    return told(CustomerUnmerged(out_of=out_of), on, event)


TIERS = tiers_published(("gold", "10,000.00"), ("iron", "2,000.00"), ("lead", "0.00"))


async def hear_of_both(house: House) -> None:
    """What X and Y did before anybody thought that they are the same."""
    await house.hears(
        ordered("O-1", "6,000.00", on="2026-01-10"),
        invoice("X-1", "6,000.00", due="2026-02-10", on="2026-01-11", order="O-1"),
        paid("P-1", "6,000.00", on="2026-01-20", invoices=("X-1",)),
        about=X,
    )
    await house.hears(
        ordered("O-2", "5,000.00", on="2026-01-10"),
        invoice("Y-1", "5,000.00", due="2026-02-10", on="2026-01-11", order="O-2"),
        paid("P-2", "5,100.00", on="2026-02-20", invoices=("Y-1",)),
        about=Y,
    )
    await house.hears(
        ordered("O-3", "300.00", on="2026-02-01", cost="300.00"),
        invoice("X-2", "300.00", due="2026-03-01", on="2026-02-02", order="O-3"),
        about=X,
    )


async def test_7_merge_unmerge(postgres_server: str, migrated: str) -> None:
    async def scenario(house: House) -> None:
        await house.rules(TIERS)
        await hear_of_both(house)
        in_order = not house.is_late
        if in_order:
            await house.passes("2026-03-31 12:00")
            assert (await live(house, X), await live(house, Y)) == (X_ALONE, Y_ALONE)
        await house.hears(merged(on="2026-04-01 09:00"), about=Y)
        if in_order:
            await house.passes("2026-04-01 09:00")
            assert (await live(house, X), await live(house, Y)) == (BOTH, NOTHING)
        await house.hears(paid("P-3", "50.00", on="2026-04-05 09:00"), about=Y)
        if in_order:
            await house.passes("2026-04-05 09:00")
            assert (await live(house, X), await live(house, Y)) == (BOTH_PAID, NOTHING)
        await house.hears(unmerged(on="2026-04-10 09:00"), about=Y)
        await house.passes("2026-04-11 12:00")
        await house.delivers()

        assert (await live(house, X), await live(house, Y)) == (X_ALONE, Y_ALONE_PAID)
        for shown in (replayed, read):
            assert await shown(house, X, "2026-03-31") == (X, X_ALONE)
            assert await shown(house, Y, "2026-03-31") == (Y, Y_ALONE)
            assert await shown(house, X, "2026-04-01") == (X, BOTH)
            assert await shown(house, Y, "2026-04-01") == (X, BOTH)
            assert await shown(house, Y, "2026-04-06") == (X, BOTH_PAID)
            assert await shown(house, X, "2026-04-10") == (X, X_ALONE)
            assert await shown(house, Y, "2026-04-10") == (Y, Y_ALONE_PAID)
        if in_order:
            assert await replayed(house, X, "2026-04-06", "2026-04-06") == (X, BOTH_PAID)
            assert await replayed(house, Y, "2026-04-06", "2026-04-06") == (X, BOTH_PAID)
            assert await replayed(house, Y, "2026-04-01", "2026-03-31") == (Y, Y_ALONE)
        explained = await explain(house.platform, Y, asked_about("2026-04-06"), None, entries=50)
        assert explained.receivables.customer_id == X
        assert [(edge.member, edge.into) for edge in explained.merges] == [(Y, X)]
        assert {entry.amount.minor for entry in explained.timeline if entry.amount} == {
            minor(x) for x in ("6,000.00", "5,000.00", "5,100.00", "300.00", "50.00")
        }

    await in_every_way(postgres_server, migrated, scenario)
