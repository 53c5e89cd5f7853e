"""Going on from what was packed in between says what going on without packing says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from events.envelope import CustomerId, Position, RecordedEvent
from events.facts import Fact, fact_of
from events.policy import Reference
from projections import PROJECTIONS
from projections.protocol import Projection
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from services.projector.lane import Lane, Listeners
from services.projector.memory import Memory, Remembered
from services.projector.snapshots import Snapshots
from services.projector.team import Team
from services.rows.changes import Changes
from services.simulator.history import history, open_books
from services.simulator.plan import Plan

PLAN = Plan.ending_today(datetime(2026, 6, 10, 4, tzinfo=UTC), customers=60)
BATCH = 150

Batch = tuple[datetime, dict[CustomerId, list[Fact]]]


@pytest.fixture(scope="module")
def company() -> tuple[list[Batch], Reference]:
    """A company's facts in batches as they were recorded, and its rules."""
    rules: list[RecordedEvent] = []
    told: list[RecordedEvent] = []
    for n, one in enumerate(history(open_books(PLAN))):
        event = RecordedEvent(one.envelope, Position(1, 0, n), one.recorded_at, one.data)
        (rules if one.envelope.subject is None else told).append(event)
    batches = []
    for start in range(0, len(told), BATCH):
        some = told[start : start + BATCH]
        facts: dict[CustomerId, list[Fact]] = defaultdict(list)
        for event in some:
            assert event.envelope.subject is not None
            facts[event.envelope.subject].append(fact_of(event))
        batches.append((some[-1].recorded_at, dict(facts)))
    return batches, Reference(rules)


def team_of(projections: Sequence[Projection]) -> Team:
    stores = [SimpleNamespace(id=(one.name, one.version)) for one in projections]
    lanes = [Lane(one, 0, cast(Any, store)) for one, store in zip(projections, stores, strict=True)]
    told = Listeners(lanes)
    return Team(told, Snapshots(cast(Any, None), told, 1), Memory(1 << 60))


async def take_in(team: Team, batch: Batch, reference: Reference) -> None:
    at, facts = batch
    for customer in await team.forgotten(facts):
        team.memory.put(customer, Remembered(team._told.facts([]), [None] * len(team.lanes)))
    work = {lane: Changes() for lane in team.lanes}
    undone = await team.assess(facts, {}, at, reference, work)
    assert not any(changes.parked for changes in work.values())
    assert not undone.incomplete
    assert not undone.apart
    await team.memory.release()


TEAMS: list[Sequence[Projection]] = [*([one] for one in PROJECTIONS), [ValueTiers(), Receivables()]]


@pytest.mark.parametrize("projections", TEAMS, ids=lambda some: "+".join(one.name for one in some))
async def test_rows_are_the_same(
    projections: Sequence[Projection], company: tuple[list[Batch], Reference]
) -> None:
    batches, reference = company
    kept, packed = team_of(projections), team_of(projections)
    customers: set[CustomerId] = set()
    packed_at_all = 0
    for batch in batches:
        await take_in(kept, batch, reference)
        await take_in(packed, batch, reference)
        customers |= batch[1].keys()
        for customer in batch[1]:
            packed.memory.put_away(customer)  # or forgets who was new: as new again then
            packed_at_all += customer in packed.memory._packed
            if customer not in packed.memory._packed:
                found = kept.memory.get(customer)
                assert found is not None
                packed.memory.put(customer, found)
    assert packed_at_all > len(customers)
    for customer in customers:
        one, other = kept.memory.get(customer), packed.memory.get(customer)
        assert one is not None
        assert other is not None
        for ours, theirs in zip(one.written, other.written, strict=True):
            assert (ours is None) == (theirs is None)
            if ours is not None and theirs is not None:
                assert {t: dict(rows) for t, rows in theirs.rows.items()} == ours.rows
                assert theirs.alerts == ours.alerts
        assert len(other.facts) == len(one.facts)
