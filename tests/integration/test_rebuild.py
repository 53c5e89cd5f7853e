"""What a rebuild promises, shown on the smallest projection."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from events.partitioning import PARTITIONS
from projections import PROJECTIONS
from projections.protocol import Projection
from services.audit.verify import verify
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.platform import Platform
from services.projector.owner import NothingLive
from services.rebuild.builds import SHARED_TABLES, Build, RebuildRefused, plan
from services.rebuild.catching_up import Chase
from services.rebuild.rebuilding import Rebuilt, drop_retired, rebuild, walk_builds
from services.rebuild.switch import Switched, switch
from services.rebuild.walks import Begun, begin
from services.rebuild.writing import Walked
from services.rows.row_tables import ensure_tables
from services.settings import Settings
from services.simulator.load import ensure_history
from services.walk.engine import WalkBroken
from tests.support.counting import QUIET, Counting
from tests.support.log import START, SetClock, payment
from tests.support.modes import EITHER, catch_up, chosen_log
from tests.support.rebuilt import UNLUCKY_MINOR, CountingAnew, Squeamish, Tallying

pytestmark = pytest.mark.postgres

CUSTOMERS = [f"C-{n}" for n in range(40)]


class Unwatched:
    """Looks at nothing."""

    def stage(self, words: str) -> None:
        pass

    def parts(self, done: int, of: int) -> None:
        pass


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START + timedelta(hours=1))


class House:
    """A small company under the smallest projection, and a program that runs a version of it."""

    def __init__(self, platform: Platform, settings: Settings, clock: SetClock) -> None:
        self.platform = platform
        self._settings = settings
        self.pool = platform.pool
        self.clock = clock
        self._number = 0

    async def pay(self, customers: Sequence[str] = CUSTOMERS, minor: int = 60) -> None:
        events = []
        for customer in customers:
            self._number += 1
            events.append(payment(self._number, customer, minor=minor))
        await self.platform.log.append(events)

    async def project(self, projection: Projection | None = None) -> None:
        await catch_up(self.platform, self._settings, [projection or Counting()])

    async def project_all(self) -> None:
        await catch_up(self.platform, self._settings, list(THREE))

    async def rebuild(self, projection: Projection | None = None, processes: int = 1) -> Rebuilt:
        (found,) = await self.rebuild_all([projection or Counting()], processes)
        return found

    async def rebuild_all(
        self, projections: Sequence[Projection], processes: int = 1
    ) -> list[Rebuilt]:
        return await rebuild(self.platform, projections, processes=processes, watch=Unwatched())

    async def begin(self, *projections: Projection) -> Begun:
        async with self.pool.acquire() as connection:
            asked = [await plan(connection, one) for one in projections or [Counting()]]
            return await begin(connection, asked, self.clock)

    async def rows(self, version: int = 1) -> list[tuple[object, ...]]:
        return tuples(await self.pool.fetch(
            f"SELECT customer_id, partition, payments, paid_minor, quiet "
            f"FROM counting_v{version}_sums ORDER BY customer_id"
        ))  # fmt: skip

    async def totals(self, version: int = 1) -> list[tuple[object, ...]]:
        return tuples(await self.pool.fetch(
            "SELECT partition, measure, day, count, amount_minor FROM totals "
            "WHERE projection = 'counting' AND version = $1 ORDER BY partition", version
        ))  # fmt: skip

    async def heads(self, version: int = 1) -> list[tuple[object, ...]]:
        return tuples(await self.pool.fetch(
            "SELECT customer_id, partition, next_change_at, policy_count, parked_reason "
            "FROM projection_heads WHERE projection = 'counting' AND version = $1 "
            "ORDER BY customer_id", version
        ))  # fmt: skip

    async def journal(self) -> list[tuple[object, ...]]:
        return tuples(await self.pool.fetch(
            "SELECT action, customer_id, cause_reason FROM alert_journal ORDER BY ordinal"
        ))  # fmt: skip

    async def standing(self) -> list[tuple[object, ...]]:
        return tuples(await self.pool.fetch(
            "SELECT version, customer_id, amount_minor FROM alerts ORDER BY customer_id"
        ))  # fmt: skip

    async def everything(self, version: int = 1) -> list[object]:
        return [await self.rows(version), await self.totals(version), await self.heads(version),
                await self.standing(), await self.journal()]  # fmt: skip

    async def nothing_is_left_beside(self) -> None:
        for table in ("rebuild_walks", "rebuilds", "rebuild_parts", "rebuild_totals"):
            assert await self.pool.fetchval(f"SELECT count(*) FROM {table}") == 0
        for table in (*SHARED_TABLES, "rebuild_alerts"):
            left = f"SELECT count(*) FROM {table} WHERE projection LIKE '%_rebuild'"
            assert await self.pool.fetchval(left) == 0
        assert await self.pool.fetchval("SELECT to_regclass('counting_rebuild_v1_sums')") is None


def tuples(rows: Sequence[asyncpg.Record]) -> list[tuple[object, ...]]:
    return [tuple(row) for row in rows]


@pytest.fixture(params=EITHER)
async def house(
    request: pytest.FixtureRequest,
    database: str,
    clock: SetClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[House]:
    monkeypatch.setattr("services.rebuild.walks.PART_EVENTS", 10)
    async with (
        chosen_log(request, Settings(dsn=database, data=tmp_path)) as settings,
        open_platform(settings, clock=clock) as platform,
    ):
        async with platform.pool.acquire() as connection:
            await ensure_tables(connection, [Counting()])
        made = House(platform, settings, clock)
        await made.pay()
        await made.pay(CUSTOMERS[:20])
        await made.project()
        clock.move(2 * QUIET)
        await made.project()
        yield made


async def test_a_rebuild_of_what_is_sound_changes_and_tells_nothing(house: House) -> None:
    before = await house.everything()
    assert len(await house.journal()) == len(CUSTOMERS)
    found = await house.rebuild(processes=2)
    assert await house.everything() == before
    assert (found.customers, found.events, found.parts > 1) == (40, 60, True)
    assert (found.rows_replaced, found.rows_removed) == (0, 0)
    assert (found.alerts_raised, found.alerts_withdrawn, found.alerts_restated) == (0, 0, 0)
    await house.nothing_is_left_beside()


async def test_a_repair_leaves_no_snapshot_of_what_may_be_wrong(house: House) -> None:
    await house.pool.execute(
        "INSERT INTO dossier_snapshots"
        " SELECT projection, version, customer_id, 'code', 1, 1, assessed_at, 0, 1, 'content'"
        " FROM projection_heads"
    )
    await house.rebuild()
    assert await house.pool.fetchval("SELECT count(*) FROM dossier_snapshots") == 0


async def test_damage_of_every_kind_is_mended(house: House) -> None:
    before = await house.everything()
    damage = [
        "UPDATE counting_v1_sums SET paid_minor = 7 WHERE customer_id = 'C-1'",
        "DELETE FROM counting_v1_sums WHERE customer_id = 'C-2'",
        "INSERT INTO counting_v1_sums VALUES ('C-3', 0, 'XXX', 1, 1, false)",
        "INSERT INTO counting_v1_sums VALUES ('nobody', 0, 'CNY', 1, 1, false)",
        "UPDATE totals SET amount_minor = 3 WHERE partition < 6",
        "DELETE FROM totals WHERE partition > 8",
        "INSERT INTO totals VALUES ('counting', 1, 0, 'none', 'CNY', '', 0, 1, 1)",
        "DELETE FROM projection_heads WHERE customer_id = 'C-4'",
        "UPDATE projection_heads SET next_change_at = 'infinity' WHERE customer_id = 'C-5'",
        "INSERT INTO projection_heads VALUES ('counting', 1, 'nobody', 0, now(), null, 0)",
        "UPDATE alerts SET amount_minor = 1 WHERE customer_id = 'C-6'",
    ]
    for statement in damage:
        await house.pool.execute(statement)
    found = await house.rebuild()
    assert await house.everything() == before
    assert (found.rows_replaced, found.rows_removed, found.alerts_restated) == (2, 2, 1)


async def test_alerts_are_told_again_only_where_they_differ(house: House) -> None:
    await house.pool.execute("DELETE FROM alerts WHERE customer_id = 'C-7'")
    await house.pool.execute(
        "INSERT INTO alerts SELECT gen_random_uuid(), projection, version, customer_id, partition,"
        " kind, subject, 99, branch_id, since, currency, amount_minor, raised_at FROM alerts"
        " WHERE customer_id = 'C-8'"
    )
    await house.pool.execute(
        "UPDATE alerts SET state = 'acknowledged', state_by = 'x' WHERE customer_id = 'C-9'"
    )
    told = len(await house.journal())
    found = await house.rebuild()
    counts = found.alerts_raised, found.alerts_withdrawn, found.alerts_restated
    assert counts == (1, 1, 1)
    assert (await house.journal())[told:] == [
        ("withdrawn", "C-8", "rebuilt"), ("raised", "C-7", "rebuilt"),
    ]  # fmt: skip
    state = await house.pool.fetchrow(
        "SELECT state, state_by FROM alerts WHERE customer_id = 'C-9'"
    )
    assert state is not None
    assert tuple(state) == ("open", None), "no event says that anybody takes care of it"


async def test_a_new_version_takes_the_old_ones_place(house: House) -> None:
    async with house.pool.acquire() as connection:
        await ensure_tables(connection, [CountingAnew()])
    old = await house.everything()
    changes = "SELECT sum(change_no) FROM checkpoints WHERE projection = 'counting' AND version = "
    seen = await house.pool.fetchval(changes + "1")
    found = await house.rebuild(CountingAnew())
    assert (found.version_before, found.version) == (1, 2)
    assert await house.rows(2) == await house.rows(1) == old[0]
    assert await house.totals(2) == old[1]
    assert await house.heads(2) == old[2]
    mean = "SELECT mean_minor FROM counting_v2_sums WHERE customer_id = 'C-1'"
    assert await house.pool.fetchval(mean) == 60
    # Of 40 standing alerts, those of what is small by the new rule are withdrawn, the others stay.
    assert found.alerts_withdrawn == 20
    assert found.alerts_raised == 0
    assert {row[0] for row in await house.standing()} == {2}
    assert len(await house.standing()) == 20
    assert await house.pool.fetchval(changes + "2") > seen


async def test_after_the_switch_the_old_program_writes_nothing_and_the_new_one_goes_on(
    house: House,
) -> None:
    async with house.pool.acquire() as connection:
        await ensure_tables(connection, [CountingAnew()])
    with pytest.raises(NothingLive):
        await house.project(CountingAnew())  # not built yet: it must not begin from nothing
    await house.rebuild(CountingAnew())
    old = await house.rows(1)
    await house.pay(CUSTOMERS[:3])
    with pytest.raises(NothingLive):
        await house.project(Counting())
    assert await house.rows(1) == old
    await house.project(CountingAnew())
    payments = {row[0]: row[2] for row in await house.rows(2)}
    assert {payments[customer] for customer in CUSTOMERS[:3]} == {3}
    dropped = await drop_retired(house.platform, CountingAnew())
    assert dropped == ["counting_v1_sums"]
    assert await house.totals(1) == []
    with pytest.raises(RebuildRefused):
        await house.rebuild(Counting())


async def test_what_comes_meanwhile_is_in_the_rows_after_the_switch(house: House) -> None:
    await house.begin()  # positions are noted
    await house.pay(["C-1", "newcomer"])
    await house.project()
    await house.pool.execute("UPDATE counting_v1_sums SET paid_minor = 7")
    found = await house.rebuild()
    assert found.caught_up_events == 2
    sums = {row[0]: row[3] for row in await house.rows()}
    assert (sums["C-1"], sums["C-2"], sums["C-39"], sums["newcomer"]) == (180, 120, 60, 60)
    await house.project()
    assert {row[2] for row in await house.heads() if row[0] != "newcomer"} == {None}


async def test_events_that_the_live_rows_have_not_taken_in_are_left_to_them(house: House) -> None:
    before = await house.rows()
    await house.pay()
    await house.rebuild()
    assert await house.rows() == before
    await house.project()
    assert [row[2] for row in await house.rows()] != [row[2] for row in before]


async def test_no_deadline_is_judged_past_an_event_that_waits_unread(house: House) -> None:
    fresh = [f"F-{n}" for n in range(12)]
    await house.pay(fresh)
    await house.project()
    told = await house.journal()
    await house.pay(fresh)
    house.clock.move(3 * QUIET)
    await house.rebuild()
    assert await house.journal() == told


async def test_a_customer_that_cannot_be_assessed_keeps_its_rows_and_is_parked(
    house: House,
) -> None:
    await house.pool.execute("ALTER TABLE events DISABLE TRIGGER ALL")
    await house.pool.execute(r"UPDATE events SET data = '\xc3010000' WHERE customer_id = 'C-11'")
    before = await house.rows(), await house.standing()
    found = await house.rebuild()
    assert found.parked == 1
    assert (await house.rows(), await house.standing()) == before
    parked = [row[0] for row in await house.heads() if row[4] is not None]
    assert parked == ["C-11"]


async def test_a_rebuild_goes_on_with_the_parts_that_are_left(house: House) -> None:
    before = await house.everything()
    begun = await house.begin()
    done: list[Walked] = []

    def break_off(walked: Walked) -> None:
        done.append(walked)
        if len(done) == 2:
            raise WalkBroken("as if killed")

    with pytest.raises(WalkBroken):
        await walk_builds(house.platform, begun, 1, break_off)
    found = await house.rebuild()
    assert found.parts_done_before >= 2
    assert found.customers < len(CUSTOMERS)
    assert await house.everything() == before


async def test_other_code_starts_over(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = await house.begin()
    await walk_builds(house.platform, begun, 1, lambda walked: None)
    monkeypatch.setattr("services.rebuild.walks.code_digest", lambda: "other")
    found = await house.rebuild()
    assert found.parts_done_before == 0
    assert found.customers == len(CUSTOMERS)


async def test_what_was_never_projected_is_refused(house: House) -> None:
    await house.pool.execute("DELETE FROM live_versions")
    with pytest.raises(RebuildRefused, match="never projected"):
        await house.rebuild()


async def test_readers_see_the_old_rows_or_the_new_ones_and_wait_for_nothing(
    house: House,
) -> None:
    await house.pool.execute("UPDATE counting_v1_sums SET paid_minor = 7")
    async with (
        house.pool.acquire() as reading,
        reading.transaction(isolation="repeatable_read", readonly=True),
    ):
        at_first = await reading.fetchval("SELECT min(version) FROM checkpoints")
        assert at_first == 1
        await asyncio.wait_for(house.rebuild(), timeout=30)
        seen = await reading.fetchval("SELECT sum(paid_minor) FROM counting_v1_sums")
        assert seen == 7 * len(CUSTOMERS)
    assert await house.pool.fetchval("SELECT sum(paid_minor) FROM counting_v1_sums") == 3600


async def test_an_owner_is_told_that_its_rows_were_mended(house: House) -> None:
    epochs = "SELECT array_agg(epoch ORDER BY partition), sum(change_no) FROM checkpoints"
    before, changes = tuple(await house.pool.fetchrow(epochs))  # type: ignore[arg-type]
    await house.rebuild()
    after, later = tuple(await house.pool.fetchrow(epochs))  # type: ignore[arg-type]
    assert after == [epoch + 1 for epoch in before]
    assert later == changes + PARTITIONS


# --- several at once


@pytest.fixture
async def three(house: House) -> House:
    """The same house, in which two more projections are live."""
    async with house.pool.acquire() as connection:
        await ensure_tables(connection, [Tallying(), Squeamish()])
    await house.project_all()
    return house


THREE = (Counting(), Tallying(), Squeamish())


async def sums_of(house: House, name: str) -> list[tuple[object, ...]]:
    return tuples(await house.pool.fetch(
        f"SELECT customer_id, payments, paid_minor, quiet FROM {name}_v1_sums ORDER BY customer_id"
    ))  # fmt: skip


async def parked_of(house: House) -> set[tuple[str, str]]:
    rows = await house.pool.fetch(
        "SELECT projection, customer_id FROM projection_heads WHERE parked_reason IS NOT NULL"
    )
    return {(row["projection"], row["customer_id"]) for row in rows}


async def test_one_walk_builds_all_that_were_asked_for(three: House) -> None:
    for name in ("counting", "tallying", "squeamish"):
        await three.pool.execute(f"UPDATE {name}_v1_sums SET paid_minor = 7")
    found = await three.rebuild_all(THREE, processes=2)
    assert [one.projection for one in found] == ["counting", "tallying", "squeamish"]
    assert {(one.customers, one.events, one.rows_replaced) for one in found} == {(40, 60, 40)}
    sums = [await sums_of(three, one.projection) for one in found]
    assert sums[0] == sums[1] == sums[2]
    assert [row[2] for row in sums[0]].count(120) == 20
    await three.nothing_is_left_beside()


async def test_a_customer_is_parked_where_it_cannot_be_assessed_and_nowhere_else(
    three: House,
) -> None:
    await three.pay(["C-5"], minor=UNLUCKY_MINOR)
    await three.project_all()
    await three.pool.execute("UPDATE projection_heads SET parked_reason = NULL")
    await three.pool.execute("UPDATE tallying_v1_sums SET paid_minor = 7 WHERE customer_id = 'C-5'")
    kept = await sums_of(three, "squeamish")
    found = await three.rebuild_all(THREE)
    assert [one.parked for one in found] == [0, 0, 1]
    assert await parked_of(three) == {("squeamish", "C-5")}
    assert await sums_of(three, "squeamish") == kept
    assert ("C-5", 3, 120 + UNLUCKY_MINOR, True) in await sums_of(three, "tallying")


async def test_an_event_that_cannot_be_read_parks_its_customer_everywhere(three: House) -> None:
    await three.pool.execute("ALTER TABLE events DISABLE TRIGGER ALL")
    await three.pool.execute(r"UPDATE events SET data = '\xc3010000' WHERE customer_id = 'C-11'")
    found = await three.rebuild_all(THREE)
    assert [one.parked for one in found] == [1, 1, 1]
    assert await parked_of(three) == {(one.name, "C-11") for one in THREE}


async def test_what_was_switched_is_left_alone_when_the_rest_goes_on(
    three: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in THREE:
        await three.pool.execute(f"UPDATE {one.name}_v1_sums SET paid_minor = 7")

    async def switch_one(platform: Platform, walk_id: int, build: Build, chase: Chase) -> Switched:
        if build.projection.name == "tallying":
            raise WalkBroken("as if killed")
        return await switch(platform, walk_id, build, chase)

    with monkeypatch.context() as patched:
        patched.setattr("services.rebuild.rebuilding.switch", switch_one)
        with pytest.raises(WalkBroken):
            await three.rebuild_all(THREE)
    before = await sums_of(three, "counting")
    found = await three.rebuild_all(THREE)
    assert [one.projection for one in found] == ["tallying", "squeamish"]
    assert {(one.customers, one.parts_done_before > 1) for one in found} == {(0, True)}
    assert await sums_of(three, "tallying") == await sums_of(three, "squeamish") == before
    await three.nothing_is_left_beside()


async def test_a_walk_for_others_gives_way_to_what_is_asked_for(three: House) -> None:
    begun = await three.begin(*THREE)
    await walk_builds(three.platform, begun, 1, lambda walked: None)
    (found,) = await three.rebuild_all([Tallying()])
    assert (found.projection, found.parts_done_before) == ("tallying", 0)
    await three.nothing_is_left_beside()
    for one in THREE:
        kept_in = f"{one.name}_rebuild_v1_sums"
        assert await three.pool.fetchval("SELECT to_regclass($1::text)", kept_in) is None


async def test_projections_that_stand_at_different_places_are_built_by_one_walk(
    three: House,
) -> None:
    await three.pay(["C-1", "newcomer"])
    await three.project()  # the others have not taken these in
    for one in THREE:
        await three.pool.execute(f"UPDATE {one.name}_v1_sums SET paid_minor = 7")
    found = await three.rebuild_all(THREE)
    assert [one.caught_up_events for one in found] == [2, 0, 0]
    sums = {row[0]: row[2] for row in await sums_of(three, "counting")}
    assert (sums["C-1"], sums["C-2"], sums["newcomer"]) == (180, 120, 60)
    others = {row[0]: row[2] for row in await sums_of(three, "squeamish")}
    assert (others["C-1"], others["C-2"], others.get("newcomer")) == (120, 120, None)
    await three.project_all()
    assert await sums_of(three, "squeamish") == await sums_of(three, "counting")


async def test_every_projection_of_a_company_is_rebuilt_as_it_was(
    database: str, tmp_path: Path
) -> None:
    async with open_platform(Settings(dsn=database, data=tmp_path)) as platform:
        await ensure_history(platform, customers=25)
        await Projector(platform).catch_up()
        journal = await platform.pool.fetchval("SELECT count(*) FROM alert_journal")
        rebuilt = await rebuild(platform, PROJECTIONS, processes=1, watch=Unwatched())
        assert [one.projection for one in rebuilt] == [one.name for one in PROJECTIONS]
        for found in rebuilt:
            assert found.customers > 0
            assert (found.rows_replaced, found.rows_removed, found.alerts_restated) == (0, 0, 0)
        assert await platform.pool.fetchval("SELECT count(*) FROM alert_journal") == journal > 0
        seen = await verify(platform, lambda done: None)
        assert seen.differences == 0, seen.named
