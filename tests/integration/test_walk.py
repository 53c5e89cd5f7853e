"""Walks of the whole company give the same on one core and on several, and in any parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from events.envelope import CustomerId
from events.facts import Fact
from events.touchpoints.policy import AlertsPolicy, TierLine, TierPolicy
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.rows import STANDINGS
from services.audit.company_sums import CompanySums
from services.audit.comparison import Verification
from services.audit.digest import digest
from services.audit.reports import AgeingReport, AlertsReport, report_ageing, report_alerts
from services.audit.texts import verification_lines
from services.audit.verify import verify
from services.errors import TouchstoneError, Unavailable
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.platform import Platform
from services.policies.calibration import Calibration, calibrate, portions
from services.policies.candidate import Candidate
from services.policies.publishing import publish_policy
from services.policies.trial import Trial, try_policy
from services.rows.row_tables import tables_of
from services.settings import Settings
from services.simulator.load import ensure_history
from services.walk.company import Everybody, extent_now
from services.walk.engine import PartRefused
from services.walk.known import asking
from services.walk.parts import Extent, Part, divide

pytestmark = pytest.mark.postgres

CUSTOMERS = 25

Done = Callable[[int], None]
Walking = Callable[[Platform, int, Done], Awaitable[object]]


@pytest.fixture
async def company(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Platform]:
    async with open_platform(Settings(dsn=database, data=tmp_path)) as platform:
        await ensure_history(platform, customers=CUSTOMERS)
        await Projector(platform).catch_up()
        defaults = divide.__defaults__
        monkeypatch.setattr(divide, "__defaults__", (100,))
        assert defaults is not None
        yield platform


async def test_a_digest_is_the_same_in_one_process_and_in_several(company: Platform) -> None:
    at = company.clock.now()
    told: list[int] = []
    one = await digest(company, at, None, told.append, processes=1)
    several = await digest(company, at, None, told.append, processes=2)
    assert one == several
    assert sum(told) == 2 * one.customers >= 2 * CUSTOMERS


async def ageing_of(company: Platform, processes: int, done: Done) -> AgeingReport:
    day = date(2026, 6, 1)
    return await report_ageing(company, day, None, None, done, processes=processes)


async def ageing_as_known(company: Platform, processes: int, done: Done) -> AgeingReport:
    day = date(2026, 6, 1)
    return await report_ageing(company, day, None, day, done, processes=processes)


async def alerts_of(company: Platform, processes: int, done: Done) -> AlertsReport:
    at = datetime(2026, 8, 1, tzinfo=UTC)
    return await report_alerts(company, at, at, done, listed=True, processes=processes)


async def calibration_of(company: Platform, processes: int, done: Done) -> Calibration:
    wanted = portions("20,30,30", "platinum,gold,iron")
    day = date(2026, 6, 1)
    return await calibrate(company, day, wanted, None, done, processes=processes)


async def trial_of(company: Platform, processes: int, done: Done) -> Trial:
    at = datetime(2026, 8, 1, tzinfo=UTC)
    lines = TierPolicy(tiers=(TierLine(name="gold", line_minor=2_000_00),))
    meant = Candidate("tiers", datetime(2025, 1, 1, tzinfo=UTC), lines)
    return await try_policy(company, meant, at, None, no_matter, done, processes=processes)


WALKS: list[Walking] = [ageing_of, ageing_as_known, alerts_of, calibration_of, trial_of]


def no_matter(done: int) -> None:
    pass


async def test_a_report_is_the_same_of_one_part_and_of_many_in_several_processes(
    company: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts: dict[Walking, tuple[bytes, int]] = {}
    for walking in WALKS:
        told: list[int] = []
        found = msgspec.json.encode(await walking(company, 2, told.append))
        assert len(told) > 3, walking
        assert msgspec.json.encode(await walking(company, 1, no_matter)) == found, walking
        in_parts[walking] = (found, sum(told))
    monkeypatch.setattr(divide, "__defaults__", (1_000_000,))
    for walking, (found, customers) in in_parts.items():
        in_one_piece: list[int] = []
        assert msgspec.json.encode(await walking(company, 1, in_one_piece.append)) == found, walking
        assert in_one_piece == [customers], walking


async def test_an_ageing_report_is_what_the_rows_add_up_to(company: Platform) -> None:
    now = company.clock.now()
    found = await report_ageing(company, now, None, None, no_matter, processes=2)
    [cny] = [one for one in found.currencies if one.currency == "CNY"]
    items, accounts = (tables_of(Receivables())[one].name for one in ("items", "accounts"))
    row = await company.pool.fetchrow(f"""
        SELECT sum(balance_minor) FILTER (WHERE status = 'open') AS outstanding,
            count(*) FILTER (WHERE status = 'open') AS items,
            count(*) FILTER (WHERE status = 'open' AND disputed) AS disputed,
            sum(amount_minor) FILTER (WHERE kind = 'invoice' AND status <> 'cancelled'
                AND issued_on > '{found.day}'::date - 90) AS invoiced
        FROM {items} WHERE currency = 'CNY'
    """)
    assert row is not None
    assert (cny.ageing.outstanding_minor, cny.ageing.items) == (row["outstanding"], row["items"])
    assert (cny.disputed_items, cny.invoiced_90_days_minor) == (row["disputed"], row["invoiced"])
    account = await company.pool.fetchrow(
        f"SELECT sum(settled_items) AS settled, sum(days_late_sum) AS late, "
        f"count(*) FILTER (WHERE overdue_items > 0) AS overdue, sum(credit_minor) AS credit "
        f"FROM {accounts} WHERE currency = 'CNY'"
    )
    assert account is not None
    assert (cny.settled_items, cny.customers_overdue) == (account["settled"], account["overdue"])
    assert cny.credit_minor == account["credit"]
    mean = Decimal(int(account["late"])) / int(account["settled"])
    assert cny.mean_days_late == mean.quantize(Decimal("0.0001"))


async def test_a_rule_published_during_a_walk_is_in_no_part_of_it(company: Platform) -> None:
    question = await asking(company, company.clock.now(), None)
    before = await Everybody(question.extent, company.pool).reference()
    await publish_policy(company, Candidate("alerts", company.clock.now(), AlertsPolicy()), "HQ")
    after = await Everybody(question.extent, company.pool).reference()
    assert (after.count, after.events) == (before.count, before.events)
    later = await asking(company, company.clock.now(), None)
    assert (await Everybody(later.extent, company.pool).reference()).count == before.count + 1


async def test_a_verification_in_several_processes_finds_each_difference_once(
    company: Platform,
) -> None:
    sound = await verify(company, lambda done: None, processes=2)
    assert (sound.differences, sound.named) == (0, [])
    table = tables_of(ValueTiers())[STANDINGS.name].name
    await company.pool.execute(f"UPDATE {table} SET orders = orders + 1")
    for processes in (1, 2):
        found = await verify(company, lambda done: None, processes=processes)
        assert found.differences == await company.pool.fetchval(f"SELECT count(*) FROM {table}")
        assert found.customers == sound.customers


async def test_sums_are_read_again_where_anything_was_written_since_the_walk_began(
    company: Platform,
) -> None:
    async def compared(sums: CompanySums) -> int:
        found = Verification(position="")
        await sums.compare(found)
        assert {one.where for one in found.named} <= {"totals"}
        return found.differences

    nothing_told = CompanySums(company)
    await nothing_told.begin()
    assert await compared(nothing_told) > 0
    await company.pool.execute("UPDATE checkpoints SET updated_at = now()")
    assert await compared(nothing_told) == 0
    await company.pool.execute("UPDATE totals SET count = count + 1, amount_minor = 7")
    assert await compared(nothing_told) > 0


async def test_rows_of_a_customer_without_events_belong_to_the_sums(company: Platform) -> None:
    table = tables_of(ValueTiers())[STANDINGS.name].name
    moved = f"UPDATE {table} SET customer_id = 'C999999' WHERE customer_id = $1"
    customer = await company.pool.fetchval(f"SELECT min(customer_id) FROM {table}")
    await company.pool.execute(moved, customer)
    for processes in (1, 2):
        found = await verify(company, no_matter, processes=processes)
        told = {(one.customer_id, one.where, one.live) for one in found.named}
        assert told == {(customer, STANDINGS.name, "no row")}


async def test_a_verification_says_what_it_could_not_compare_yet(
    database: str, tmp_path: Path
) -> None:
    async with open_platform(Settings(dsn=database, data=tmp_path)) as platform:
        await ensure_history(platform, customers=CUSTOMERS)
        before = await verify(platform, lambda done: None)
        assert before.waiting == before.events > 0
        told = "\n".join(verification_lines(before))
        assert f"{before.waiting:,} events not taken in yet" in told
        await Projector(platform).catch_up()
        after = await verify(platform, lambda done: None)
        assert (after.waiting, after.events) == (0, before.events)
        assert "not taken in" not in "\n".join(verification_lines(after))


async def test_each_projection_is_compared_by_what_it_has_taken_in(company: Platform) -> None:
    rows = await company.pool.fetchval(
        f"SELECT count(*) FROM {tables_of(ValueTiers())[STANDINGS.name].name}"
    )
    alerts = await company.pool.fetchval(
        "SELECT count(*) FROM alerts WHERE projection = 'value_tiers'"
    )
    await company.pool.execute("UPDATE checkpoints SET next = 0 WHERE projection = 'value_tiers'")
    for processes in (1, 2):
        found = await verify(company, no_matter, processes=processes)
        assert found.waiting == found.events > 0
        assert {one.projection for one in found.named} == {"value_tiers"}
        assert found.differences == rows + alerts


async def test_places_of_an_earlier_generation_bound_a_walk_too(company: Platform) -> None:
    extent = await extent_now(company)
    half = tuple(n // 2 for n in extent.positions)
    numbers = list(range(len(half)))
    expected = await company.pool.fetch(
        "SELECT customer_id, count(*) AS events FROM events JOIN unnest($1::int[], $2::bigint[]) "
        "AS ends (partition, n) USING (partition) WHERE events.n < ends.n "
        "AND customer_id IS NOT NULL GROUP BY 1",
        numbers,
        half,
    )
    later = Extent(
        extent.generation + 1, half, generations=(extent.generation,) * len(extent.positions)
    )
    for one in (Extent(extent.generation, half), later):
        found: dict[str, int] = {}

        def count(
            customer: CustomerId,
            facts: Sequence[Fact],
            at: datetime | None,
            told: dict[str, int] = found,
        ) -> None:
            told[customer] = len(facts)

        everybody = Everybody(one, company.pool)
        await everybody.each(
            Part(0, None, None), lambda facts: datetime.max.replace(tzinfo=UTC), count
        )
        assert found == {row["customer_id"]: row["events"] for row in expected}


async def test_an_event_that_cannot_be_read_ends_a_digest_with_its_name(
    company: Platform,
) -> None:
    await company.pool.execute("ALTER TABLE events DISABLE TRIGGER ALL")
    await company.pool.execute(
        r"UPDATE events SET data = '\xc3010000' WHERE customer_id = 'C000005'"
    )
    for processes in (1, 2):
        with pytest.raises(TouchstoneError, match="C000005 cannot be read"):
            await digest(company, company.clock.now(), None, lambda done: None, processes=processes)
    for walking in WALKS:
        with pytest.raises(TouchstoneError, match="C000005 cannot be read"):
            await walking(company, 1, no_matter)
    with pytest.raises(PartRefused) as refused:
        await trial_of(company, 2, no_matter)
    assert refused.value.exit_code != 0


async def test_a_process_that_is_killed_ends_the_walk(
    company: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.walk.engine._PROCESS", "abc")
    with pytest.raises(TouchstoneError, match="ended before its parts were done"):
        await digest(company, company.clock.now(), None, lambda done: None, processes=2)


async def test_a_process_that_cannot_reach_the_database_says_so(company: Platform) -> None:
    away = replace(company, dsn="postgresql://nobody@127.0.0.1:9/nothing")
    with pytest.raises(PartRefused, match="the database cannot be reached") as refused:
        await digest(away, company.clock.now(), None, lambda done: None, processes=2)
    assert refused.value.exit_code == Unavailable.exit_code
