"""Going on from what was packed in between says what going on without packing says."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from events.envelope import CustomerId, Position, RecordedEvent
from events.facts import Fact, fact_of
from events.policy import Reference
from projections import PROJECTIONS
from projections.protocol import Facts, Projection
from services.projector.lane import Lane
from services.projector.memory import Memory, Remembered
from services.projector.snapshots import Snapshots
from services.rows.written import Written
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


def lane_of(projection: Projection) -> Lane:
    snapshots = Snapshots(cast(Any, None), projection, (projection.name, 1), 1)
    return Lane(projection, 0, cast(Any, SimpleNamespace()), snapshots, Memory(1 << 60))


async def take_in(lane: Lane, batch: Batch, reference: Reference) -> None:
    at, facts = batch
    for customer in await lane.forgotten(facts):
        nobody = Remembered(Facts(handles=lane.projection.handles), Written())
        lane.memory.put(customer, nobody)
    changes = await lane.assess(facts, {}, at, reference)
    assert not changes.parked
    assert not changes.incomplete
    await lane.memory.release()


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.name)
async def test_rows_are_the_same(
    projection: Projection, company: tuple[list[Batch], Reference]
) -> None:
    batches, reference = company
    kept, packed = lane_of(projection), lane_of(projection)
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
        assert {t: dict(rows) for t, rows in other.written.rows.items()} == one.written.rows
        assert other.written.alerts == one.written.alerts
        assert len(other.facts) == len(one.facts)
