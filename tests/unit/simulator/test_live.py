"""A live session ends at any moment; the next one goes on with what it left."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from events.cases.asking import Rules
from events.cases.commands import Command
from events.codec import encode
from events.envelope import Position
from events.partitioning import partition_of
from events.refusals import Refused
from services.casework.memory import CasesInMemory, Ordered
from services.casework.ordering import CommandOn
from services.intake.draft import Draft
from services.ports import StoredEvent
from services.simulator.devices import Recording
from services.simulator.live import world_after
from services.simulator.plan import Plan
from services.simulator.recall import recall
from services.simulator.world import World

NOON = datetime(2026, 6, 10, 4, tzinfo=UTC)
PLAN = Plan.ending_today(NOON, customers=150)


class KeptLog:
    """A log that holds what a session reported, and what casework recorded."""

    def __init__(self, lived: Sequence[Recording | Draft]) -> None:
        self._events = [
            StoredEvent(
                one.envelope,
                Position(1, partition_of(one.envelope.subject or ""), n),
                one.envelope.effective_at,
                encode(one.data),
            )
            for n, one in enumerate(lived)
        ]

    async def read(self, partition: int, start: int, limit: int) -> list[StoredEvent]:
        mine = [e for e in self._events if e.position.partition == partition]
        return [e for e in mine if e.position.n >= start][:limit]


def lived(world: World, session: int, events: int) -> list[Recording | Draft]:
    """Let a company live, its cases opened as they are commanded, and return all that it did."""
    world.go_live(session)
    now = NOON + timedelta(hours=session)
    found: list[Recording | Draft] = []
    opening = CasesInMemory.execute

    def kept(
        self: CasesInMemory, asked: CommandOn[Command], at: datetime, rules: Rules
    ) -> Ordered | Refused:
        done = opening(self, asked, at, rules)
        if isinstance(done, Ordered):
            found.extend(done.events)
        return done

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(CasesInMemory, "execute", kept)
        while len(found) < events:
            now += timedelta(seconds=1)
            found += world.step(now)
    return found


async def test_cases_of_an_earlier_session_are_finished_in_the_next() -> None:
    first = world_after(PLAN)
    before = {case_id for case_id, case in first.cases.cases.items() if case.status == "closed"}
    done = lived(first, 1, 1_500)
    left = {case_id for case_id, case in first.cases.cases.items() if case.status != "closed"}
    assert left - world_after(PLAN).cases.cases.keys()
    world = world_after(PLAN)
    assert await recall(world, KeptLog(done)) == len(done)  # type: ignore[arg-type]
    assert {c: case.version for c, case in world.cases.cases.items()} == {
        c: case.version for c, case in first.cases.cases.items()
    }
    lived(world, 2, 4_000)
    ended = {case_id for case_id, case in world.cases.cases.items() if case.status == "closed"}
    new = left - world_after(PLAN).cases.cases.keys()
    assert new <= ended
    assert before <= ended
