"""Lanes that remember customers together write what each would write by itself."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest

from events.envelope import CustomerId
from events.partitioning import partition_of
from events.policy import Reference
from events.touchpoints.policy import (
    AlertsPolicy,
    AlertsPolicyPublished,
    CostPolicy,
    CostPolicyPublished,
)
from projections import PROJECTIONS
from projections.facts import Facts
from projections.protocol import Assessment, Projection
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from services.log.dossiers import PostgresDossiers
from services.log.embedded.event_log import EmbeddedEventLog
from services.ports import Submission
from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool
from services.postgres.statements import sql
from services.projector.memory import Memory
from services.projector.owner import PartitionOwner
from services.projector.reference_feed import ReferenceFeed
from services.rows.row_tables import ensure_tables
from services.simulator.devices import Recording
from services.simulator.history import history, open_books
from services.simulator.plan import Plan
from tests.support.log import START, SetClock, submission
from tests.support.remembered import (
    assert_remembered_is_written,
    assert_written_is_what_facts_say,
)

PARTITION = partition_of("C000012")  # who has the longest dossier


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database) as pool:
        await migrate(pool)
        async with pool.acquire() as connection:
            await ensure_tables(connection, PROJECTIONS)
        yield pool


def lives(dice: random.Random) -> list[Recording]:
    """What happened to the customers of one partition, some of it told late."""
    events = history(open_books(Plan.ending_today(START, customers=12)))
    lived = [
        e for e in events if e.envelope.subject and partition_of(e.envelope.subject) == PARTITION
    ]
    for place in dice.sample(range(len(lived) - 60), len(lived) // 20):
        lived.insert(place + dice.randint(1, 50), lived.pop(place))
    return lived


class Course:
    """A partition as it is projected while its customers live on."""

    def __init__(self, pool: Pool, log: EmbeddedEventLog, clock: SetClock) -> None:
        self.pool = pool
        self.log = log
        self.clock = clock
        self.owner: PartitionOwner
        self._feed = ReferenceFeed(pool)
        self.reference = Reference()
        self._published = 0

    async def begin(self, projections: Sequence[Projection], facts: int = 100_000) -> None:
        """Have another worker take the partition, that remembers so many facts."""
        self.owner = PartitionOwner(
            PARTITION, projections, self.pool, self.log, PostgresDossiers(self.pool), 1,
            Memory(facts),
        )  # fmt: skip
        await self.owner.take()

    async def live(self, some: Sequence[Recording]) -> None:
        """Append what happened, and take it in."""
        self.clock.at = max(self.clock.at, *(event.recorded_at for event in some))
        await self.log.append(
            [Submission(e.envelope, e.data, e.envelope.id.encode().ljust(32)[:32]) for e in some]
        )
        while await self.owner.step(self.reference, 100):
            pass

    async def publish(self, dice: random.Random) -> None:
        """Publish rules that concern one projection alone, and sweep some of it or all."""
        self._published += 1
        at = self.clock.at
        data = dice.choice([
            AlertsPolicyPublished(effective_from=at, policy=AlertsPolicy(due_soon_days=4)),
            CostPolicyPublished(effective_from=at, policy=CostPolicy()),
        ])  # fmt: skip
        await self.log.append([submission(900_000 + self._published, data, None)])
        self.reference = await self._feed.refresh()
        await self.sweep(dice.choice([1, 100]))

    async def sweep(self, limit: int) -> None:
        """Assess customers again whom new rules concern."""
        now = self.clock.at
        await self.owner.sweep(self.reference, now, caught_up=True, limit=limit)

    async def wait(self, hours: int) -> None:
        """Let time pass, and assess whom that changes."""
        self.clock.move(timedelta(hours=hours))
        await self.owner.due(self.reference, self.clock.at, caught_up=True)


def cut(dice: random.Random, lived: list[Recording]) -> list[list[Recording]]:
    """Cut a history into batches at random."""
    batches = []
    while lived:
        size = dice.randint(1, 12)
        batches.append(lived[:size])
        lived = lived[size:]
    return batches


@pytest.mark.postgres
@pytest.mark.parametrize("seed", [1, 2])
async def test_rows_are_those_of_all_facts_read_at_once(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Whatever is forgotten, put away or swept alone, and whoever goes on with it."""
    monkeypatch.setattr("services.projector.team.LONG_EVENTS", 20)
    dice = random.Random(seed)
    batches = cut(dice, lives(dice))
    clock = SetClock(batches[0][0].recorded_at)
    async with EmbeddedEventLog(pool, clock) as log:
        course = Course(pool, log, clock)
        await course.begin(PROJECTIONS)
        for some in batches:
            await course.live(some)
            if dice.random() < 0.3:
                await course.wait(dice.choice([1, 30, 200]))
            if dice.random() < 0.05:
                await course.publish(dice)
            if dice.random() < 0.1:
                await course.begin(PROJECTIONS, facts=dice.choice([30, 300, 100_000]))
            await assert_remembered_is_written(pool, course.owner)
        while not course.owner.reflects(course.reference):
            await course.sweep(100)
        found = await assert_written_is_what_facts_say(pool, course.owner, course.reference)
    assert found > len(PROJECTIONS)
    assert await pool.fetchval("SELECT count(parked_reason) FROM projection_heads") == 0


@pytest.mark.postgres
async def test_one_of_both_catches_up_by_itself_and_joins(pool: Pool) -> None:
    """As after a rebuild: its rows begin anew while the other's stand."""
    dice = random.Random(3)
    batches = cut(dice, lives(dice))
    clock = SetClock(batches[0][0].recorded_at)
    half = len(batches) // 2
    async with EmbeddedEventLog(pool, clock) as log:
        course = Course(pool, log, clock)
        await course.begin(PROJECTIONS)
        for some in batches[:half]:
            await course.live(some)
        for one in (ValueTiers(), Receivables()):
            async with pool.acquire() as connection, connection.transaction():
                for table in one.tables:
                    name = f"{one.name}_v{one.version}_{table.name}"
                    await connection.execute(f"DELETE FROM {name}")
                for name in ("projection_heads", "alerts", "totals"):
                    await connection.execute(f"DELETE FROM {name} WHERE projection = $1", one.name)
                await connection.execute(
                    "UPDATE checkpoints SET next = 0 WHERE projection = $1", one.name
                )
            await course.begin(PROJECTIONS)
            assert [len(team.lanes) for team in course.owner._teams.all()] == [1, 1, 1]
            while await course.owner.step(course.reference, 20):
                await assert_remembered_is_written(pool, course.owner)
            assert [len(team.lanes) for team in course.owner._teams.all()] == [1, 1, 1, 2]
            await assert_written_is_what_facts_say(pool, course.owner, course.reference)
        for some in batches[half:]:
            await course.live(some)
            await assert_remembered_is_written(pool, course.owner)
        await assert_written_is_what_facts_say(pool, course.owner, course.reference)


class Failing(ValueTiers):
    """One that cannot assess a customer as of an instant."""

    def __init__(self, customer: CustomerId) -> None:
        self.customer: CustomerId | None = customer

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Return the standing. Raises: ZeroDivisionError."""
        found = super().assess(customer, facts, at, reference)
        if customer == self.customer:
            raise ZeroDivisionError
        return found


@pytest.mark.postgres
@pytest.mark.parametrize("order", [1, -1])
async def test_whom_one_of_both_parked_the_other_goes_on_with(pool: Pool, order: int) -> None:
    dice = random.Random(4)
    batches = cut(dice, lives(dice))
    clock = SetClock(batches[0][0].recorded_at)
    parked = "SELECT projection FROM projection_heads WHERE parked_reason IS NOT NULL"
    third = len(batches) // 3
    async with EmbeddedEventLog(pool, clock) as log:
        course = Course(pool, log, clock)
        failing = Failing(CustomerId("C000012"))
        both = (failing, Receivables())[::order]
        await course.begin(both)
        for some in batches[:third]:
            await course.live(some)
            await assert_remembered_is_written(pool, course.owner)
        assert [row["projection"] for row in await pool.fetch(parked)] == ["value_tiers"]
        failing.customer = None
        await course.begin(both)
        for some in batches[third : 2 * third]:
            await course.live(some)
            await assert_remembered_is_written(pool, course.owner)
        assert [row["projection"] for row in await pool.fetch(parked)] == ["value_tiers"]
        await pool.execute(sql("retry_parked"), None)
        await course.wait(1)
        assert await pool.fetch(parked) == []
        for some in batches[2 * third :]:
            await course.live(some)
            await assert_remembered_is_written(pool, course.owner)
        await assert_written_is_what_facts_say(pool, course.owner, course.reference)
