"""Policies in a real log: published once, tried before, swept over older rows."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import pytest

from events.calendars import zone
from events.envelope import BranchId
from events.policy import Reference
from events.touchpoints.policy import AgeingPolicy, TierPolicy
from services.audit.digest import Digest, digest
from services.audit.status import status
from services.audit.verify import verify
from services.errors import UsageError
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.intake.draft import Scope
from services.intake.soundness import check_data
from services.platform import Platform
from services.policies.calibration import calibrate, portions
from services.policies.candidate import Candidate, candidate, given
from services.policies.publishing import PolicyRefused, publish_policy
from services.policies.texts import calibration_lines
from services.policies.trial import try_policy
from services.settings import Settings
from services.walk.by_customer import picture
from tests.support.gateway import payment_event
from tests.support.postgres import fresh_database

pytestmark = pytest.mark.postgres

CUSTOMERS = 10
AT = datetime(2026, 4, 1, tzinfo=UTC)
GOLD = 'tiers=[{"name": "gold", "line_minor": 600000}]'


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Platform]:
    settings = Settings(dsn=dsn, master_key=base64.b64encode(bytes(32)).decode())
    async with open_platform(settings) as platform:
        yield platform


@pytest.fixture
async def platform(database: str) -> AsyncIterator[Platform]:
    async with opened(database) as platform:
        yield platform


async def reference(platform: Platform) -> Reference:
    async with picture(platform) as seen:
        return await seen.reference()


async def sell(platform: Platform) -> None:
    """Let customer number k pay k thousand, on 27 February 2026."""
    events = []
    for k in range(1, CUSTOMERS + 1):
        amount = {"minor": k * 100_000, "currency": "CNY"}
        issued = {"invoice_id": f"I-{k}", "amount": amount, "due_on": "2026-02-25"}
        paid = {"payment_id": f"P-{k}", "amount": amount}
        events += [
            payment_event(2 * k, subject=f"C-{k}", type="payment.invoice_issued", data=issued),
            payment_event(2 * k + 1, subject=f"C-{k}", data=paid),
        ]
    answers = await platform.intake.submit(Scope(BranchId("SH-01")), events)
    assert {answer.status for answer in answers} == {"accepted"}


async def tiers(
    platform: Platform, *changes: str, kind: str = "tiers", starts: str = "2026-01-01"
) -> Candidate:
    now = platform.clock.now()
    return candidate(given(kind), changes, starts, now, await reference(platform))


async def figures(platform: Platform) -> Digest:
    return await digest(platform, AT, None, lambda done: None)


async def under_older_policies(platform: Platform) -> set[tuple[int, int]]:
    found = await status(platform, platform.clock.now())
    return {(one.under_older_policies, one.parked) for one in found.projections}


async def test_a_policy_is_published_once_and_what_replaced_it_can_be_replaced(
    platform: Platform,
) -> None:
    gold, iron = await tiers(platform, GOLD), await tiers(platform, GOLD.replace("gold", "iron"))
    first = await publish_policy(platform, gold, "HQ")
    again = await publish_policy(platform, gold, "HQ")
    assert (first.status, again.status) == ("accepted", "duplicate")
    assert again.event_id == first.event_id
    assert [change.field for change in first.changes] == ["tiers"]
    await publish_policy(platform, iron, "HQ")
    back = await publish_policy(platform, gold, "HQ")
    assert back.status == "accepted"
    known = await reference(platform)
    assert known.count == 3
    assert known.in_force(TierPolicy, AT) == gold.policy
    assert (await publish_policy(platform, gold, "HQ", back.event_id)).status == "duplicate"


async def test_the_gateways_rules_hold_for_policies(platform: Platform) -> None:
    unsound = Candidate("ageing", AT, AgeingPolicy(upper_days=(0, 30)))
    with pytest.raises(PolicyRefused, match=r"data\.policy\.provision"):
        await publish_policy(platform, unsound, "HQ")


async def test_a_late_policy_reassesses_older_rows_as_if_it_had_always_been_there(
    platform: Platform, postgres_server: str, migrated: str
) -> None:
    await sell(platform)
    await Projector(platform).catch_up()
    assert await under_older_policies(platform) == {(0, 0)}
    late = await tiers(platform, GOLD)
    await publish_policy(platform, late, "HQ")
    # Every projection knows these customers but the case board, which has no case of theirs.
    assert await under_older_policies(platform) == {(CUSTOMERS, 0), (0, 0)}
    await Projector(platform).catch_up()
    assert await under_older_policies(platform) == {(0, 0)}
    found = await verify(platform, lambda done: None)
    assert (found.customers > 0, found.named) == (True, [])
    gold = await platform.pool.fetch(
        "SELECT customer_id FROM value_tiers_v5_standings WHERE tier = 'gold'"
    )
    assert {row["customer_id"] for row in gold} == {"C-6", "C-7", "C-8", "C-9", "C-10"}
    async with fresh_database(postgres_server, migrated) as dsn, opened(dsn) as other:
        await publish_policy(other, late, "HQ")
        await sell(other)
        assert (await figures(other)).digest == (await figures(platform)).digest


async def test_who_is_parked_does_not_hold_a_sweep_open(platform: Platform) -> None:
    await sell(platform)
    await Projector(platform).catch_up()
    await platform.pool.execute(
        "UPDATE projection_heads SET parked_reason = 'shown in a test', parked_at = now() "
        "WHERE customer_id = 'C-1'"
    )
    await publish_policy(platform, await tiers(platform, GOLD), "HQ")
    await Projector(platform).catch_up()
    assert await under_older_policies(platform) == {(0, 1), (0, 0)}


async def test_a_trial_tells_what_publishing_then_does_and_writes_nothing(
    platform: Platform,
) -> None:
    await sell(platform)
    await publish_policy(platform, await tiers(platform, GOLD), "HQ")
    await Projector(platform).catch_up()
    before = await figures(platform)
    stricter = await tiers(platform, GOLD.replace("600000", "800000"))
    seen: list[int] = []
    trial = await try_policy(platform, stricter, AT, None, seen.append, seen.append)
    assert seen[0] == sum(seen[1:]) == CUSTOMERS
    assert await figures(platform) == before
    value = next(one for one in trial.projections if one.projection == "value_tiers")
    assert value.customers_changed == 2
    assert [(t.table, t.changed, t.new, t.gone) for t in value.tables] == [("standings", 2, 0, 0)]
    assert {(s.measure, s.count_before, s.count_after) for s in value.sums} == {
        ("tier:gold", 5, 3),
        ("tier:lead", 5, 7),
    }
    assert (trial.tier_moves.tiers, trial.tier_moves.counts) == (["gold", "lead"], [[3, 2], [0, 5]])
    assert [one.customers_changed for one in trial.projections if one is not value] == [0, 0]
    await publish_policy(platform, stricter, "HQ")
    await Projector(platform).catch_up()
    gold = await platform.pool.fetchval(
        "SELECT count(*) FROM value_tiers_v5_standings WHERE tier = 'gold'"
    )
    assert gold == 3


async def test_a_trial_of_alerts_counts_what_is_raised_and_cleared_of_a_sample(
    platform: Platform,
) -> None:
    amount = {"minor": 100, "currency": "CNY"}
    due = {"amount": amount, "due_on": "2026-02-20"}
    events = [
        payment_event(
            k, subject=f"C-{k}", type="payment.invoice_issued", data=due | {"invoice_id": f"I-{k}"}
        )
        for k in range(1, CUSTOMERS + 1)
    ]
    await platform.intake.submit(Scope(BranchId("SH-01")), events)
    policy = await tiers(platform, "overdue_days=2", kind="alerts")
    trial = await try_policy(platform, policy, AT, 4, lambda total: None, lambda done: None)
    assert (trial.customers, trial.of_customers) == (4, CUSTOMERS)
    [receivables] = [one for one in trial.projections if one.projection == "receivables"]
    assert [(a.kind, a.threshold, a.raised, a.cleared) for a in receivables.alerts] == [
        ("overdue", 2, 4, 0),
        ("overdue", 31, 0, 4),
    ]


async def test_lines_are_drawn_by_shares_and_freeze_when_published(platform: Platform) -> None:
    await sell(platform)
    wanted = portions("20,30,30", "platinum,gold,iron")
    found = await calibrate(platform, date(2026, 3, 1), wanted, None, lambda done: None)
    assert [(t.tier, t.line_minor, t.customers) for t in found.tiers] == [
        ("platinum", 900_000, 2),
        ("gold", 600_000, 3),
        ("iron", 300_000, 3),
        ("lead", None, 2),
    ]
    assert found.meant.effective_from == datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert (await publish_policy(platform, found.meant, "HQ")).status == "accepted"
    await Projector(platform).catch_up()
    counted = await platform.pool.fetch(
        "SELECT tier, count(*) AS customers FROM value_tiers_v5_standings GROUP BY tier"
    )
    assert {row["tier"]: row["customers"] for row in counted} == {
        "platinum": 2, "gold": 3, "iron": 3, "lead": 2,
    }  # fmt: skip


async def test_a_tier_without_a_line_of_its_own_is_left_out_and_said(platform: Platform) -> None:
    await sell(platform)
    wanted = portions("10,5,30", "platinum,gold,iron")
    found = await calibrate(platform, date(2026, 3, 1), wanted, None, lambda done: None)
    assert ([t.tier for t in found.tiers], found.left_out) == (
        ["platinum", "iron", "lead"],
        ["gold"],
    )
    [told] = [line for line in calibration_lines(found, zone("UTC")) if "left out" in line]
    assert told.split()[0] == "gold"
    check_data(found.meant.touchpoint)


async def test_a_day_before_everybody_gives_no_lines(platform: Platform) -> None:
    await sell(platform)
    with pytest.raises(UsageError, match="nobody was a customer"):
        await calibrate(platform, date(2020, 3, 1), portions("20", "gold"), None, lambda done: None)
