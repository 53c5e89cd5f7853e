"""A live session ends at any moment; the next one goes on with what it left."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from events.codec import encode
from events.envelope import Position
from events.partitioning import partition_of
from events.touchpoints.complaint import CaseClosed, CaseOpened
from services.ports import StoredEvent
from services.simulator.devices import Recording
from services.simulator.live import world_after
from services.simulator.plan import Plan
from services.simulator.recall import recall
from services.simulator.world import World

NOON = datetime(2026, 6, 10, 4, tzinfo=UTC)
PLAN = Plan.ending_today(NOON, customers=150)


class KeptLog:
    """A log that holds what a session reported."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self._events = [
            StoredEvent(
                recording.envelope,
                Position(1, partition_of(recording.envelope.subject or ""), n),
                recording.recorded_at,
                encode(recording.data),
            )
            for n, recording in enumerate(recordings)
        ]

    async def read(self, partition: int, start: int, limit: int) -> list[StoredEvent]:
        mine = [e for e in self._events if e.position.partition == partition]
        return [e for e in mine if e.position.n >= start][:limit]


def lived(world: World, session: int, events: int) -> list[Recording]:
    world.go_live(session)
    now = NOON + timedelta(hours=session)
    found: list[Recording] = []
    while len(found) < events:
        now += timedelta(seconds=1)
        found += world.step(now)
    return found


def case_ids(recordings: Sequence[Recording], kind: type[CaseOpened | CaseClosed]) -> set[str]:
    return {r.data.case_id for r in recordings if isinstance(r.data, kind)}


async def test_cases_of_an_earlier_session_are_finished_in_the_next() -> None:
    first = lived(world_after(PLAN), 1, 1_500)
    left = case_ids(first, CaseOpened) - case_ids(first, CaseClosed)
    assert left
    world = world_after(PLAN)
    assert await recall(world, KeptLog(first)) == len(first)  # type: ignore[arg-type]
    again = lived(world, 2, 4_000)
    assert left <= case_ids(again, CaseClosed)
