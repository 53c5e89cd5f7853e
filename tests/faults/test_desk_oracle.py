"""The oracle of commands on cases: it must notice what would be wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from events.cases.terms import escalation_id, native_case_id
from events.envelope import BranchId, Envelope, EventId, Position, RecordedEvent
from events.streams import case_stream
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseAssigned,
    CaseEscalated,
    CaseHandedOff,
    CaseOpened,
    CaseReopened,
    CaseResolved,
    CustomerTold,
    ObligationFulfilled,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised
from tests.faults.desk import Commands, Told
from tests.faults.desk_oracle import judge_streams, streams_of
from tests.faults.oracle import Findings
from tests.support.given import event_id

NOW = datetime(2026, 6, 10, 4, tzinfo=UTC)
COMPLAINT = event_id("complaint")
CASE = native_case_id(COMPLAINT)
BY_ITSELF = "the platform"


def units() -> Sequence[tuple[str, Sequence[Touchpoint]]]:
    """A whole case, unit by unit: who did it, and what."""
    return [
        (
            BY_ITSELF,
            (
                CaseOpened(
                    case_id=CASE, priority="high", owner="ann", department="service",
                    response_minutes=60, solution_minutes=240, opened_by=COMPLAINT,
                    received_at=NOW, callback_attempts=3,
                ),
                CustomerTold(case_id=CASE, step="received"),
            ),
        ),
        (
            "#escalated",
            (CaseEscalated(case_id=CASE, cycle=1, clock="response", percent=75, to_role="owner"),),
        ),
        ("take", (CaseAssigned(case_id=CASE, agent="bob", department="service", by="bob"),)),
        (
            "hand-off",
            (
                CaseHandedOff(
                    case_id=CASE, obligation_id="o1", department="sales", owes="a visit",
                    due_minutes=60, by="bob",
                ),
                CustomerTold(case_id=CASE, step="handed_on", obligation_id="o1", by="bob"),
            ),
        ),
        ("fulfil", (ObligationFulfilled(case_id=CASE, obligation_id="o1", agent="eve", by="eve"),)),
        (
            "resolve",
            (
                CaseResolved(case_id=CASE, agent="bob", by="bob"),
                CallbackPromised(
                    callback_id="c1", purpose="satisfaction", due_at=NOW + timedelta(days=2),
                    case_id=CASE,
                ),
                CustomerTold(case_id=CASE, step="resolved", by="bob"),
            ),
        ),
        (
            "called",
            (CallbackMade(callback_id="c1", outcome="satisfied", case_id=CASE, by="joe"),),
        ),
        ("reopen", (CaseReopened(case_id=CASE, reason="again", by="bob"),)),
    ]  # fmt: skip


class Said(NamedTuple):
    """A log of one case, and what staff were told of it."""

    log: list[RecordedEvent]
    commands: Commands

    def judged(self) -> Findings:
        found = Findings()
        judge_streams(found, streams_of(self.log), self.commands, [COMPLAINT])
        return found

    def renumber(self) -> None:
        """Let streams be gapless again, whatever was done to them."""
        for n, event in enumerate(self.log):
            envelope = replace(event.envelope, sequence=n + 1)
            self.log[n] = replace(event, envelope=envelope)


def recorded(data: Touchpoint, number: int, key: str) -> RecordedEvent:
    name = EventId(event_id(f"{number} {data.event_type}"))
    if isinstance(data, CaseEscalated):
        name = EventId(escalation_id(CASE, data.cycle, data.clock, data.percent))
    envelope = Envelope(
        id=name, source=case_stream(CASE), type=data.event_type, subject=None,
        branch_id=BranchId("B-1"), epoch=0, sequence=number, created_at=NOW,
        effective_at=NOW + timedelta(minutes=number), correlation_id=key,
    )  # fmt: skip
    return RecordedEvent(envelope, Position(1, 0, number), NOW, data)


@pytest.fixture
def said() -> Said:
    log: list[RecordedEvent] = []
    commands = Commands()
    for key, unit in units():
        own = [recorded(data, len(log) + n, key) for n, data in enumerate(unit, 1)]
        log += own
        if key not in (BY_ITSELF, "#escalated"):
            events = {event.envelope.sequence: event.envelope.id for event in own}
            commands.done[key] = Told(CASE, key, events)
    return Said(log, commands)


def test_a_case_without_fault_has_no_findings(said: Said) -> None:
    assert said.judged().wrong == []


def at(said: Said, kind: type[Touchpoint]) -> int:
    return next(n for n, event in enumerate(said.log) if isinstance(event.data, kind))


def lose_the_last(said: Said) -> None:
    said.log.pop()


def lose_one_between(said: Said) -> None:
    del said.log[at(said, CaseHandedOff)]


def lose_the_case(said: Said) -> None:
    said.log.clear()
    said.commands.done.clear()


def open_it_twice(said: Said) -> None:
    first = said.log[0]
    envelope = replace(
        first.envelope, id=EventId(event_id("other")), source=case_stream("other")
    )  # fmt: skip
    said.log.append(replace(first, envelope=envelope))


def do_a_command_twice(said: Said) -> None:
    one = said.log[at(said, CaseAssigned)]
    envelope = replace(one.envelope, id=EventId(event_id("again")), sequence=len(said.log) + 1)
    said.log.append(replace(one, envelope=envelope))


def do_what_was_acknowledged_to_nobody(said: Said) -> None:
    del said.commands.done["take"]


def tell_two_of_one_event(said: Said) -> None:
    said.commands.done["other"] = said.commands.done["take"]


def fulfil_before_it_is_owed(said: Said) -> None:
    owed, done = at(said, CaseHandedOff), at(said, ObligationFulfilled)
    said.log[owed], said.log[done] = said.log[done], said.log[owed]
    said.renumber()


def resolve_while_something_is_owed(said: Said) -> None:
    del said.log[at(said, ObligationFulfilled)]
    said.renumber()


def promise_no_call(said: Said) -> None:
    del said.log[at(said, CallbackPromised)]
    said.renumber()


def promise_two_calls(said: Said) -> None:
    n = at(said, CallbackPromised)
    said.log.insert(n + 1, said.log[n])
    said.renumber()


def escalate_twice(said: Said) -> None:
    n = at(said, CaseEscalated)
    said.log.insert(n + 1, said.log[n])
    said.renumber()


def escalate_what_is_closed(said: Said) -> None:
    escalated = said.log.pop(at(said, CaseEscalated))
    said.log.insert(at(said, CaseReopened), escalated)
    said.renumber()


def let_time_go_back(said: Said) -> None:
    last = said.log[-1]
    said.log[-1] = replace(last, envelope=replace(last.envelope, effective_at=NOW))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lose_the_last, "the log holds"),
        (lose_one_between, "the log holds"),
        (lose_the_case, "were not opened"),
        (open_it_twice, "opened for nothing"),
        (do_a_command_twice, "acknowledged to nobody"),
        (do_what_was_acknowledged_to_nobody, "acknowledged to nobody"),
        (tell_two_of_one_event, "to two commands"),
        (fulfil_before_it_is_owed, "obligation_fulfilled while open"),
        (resolve_while_something_is_owed, "resolved while open, owing 1"),
        (promise_no_call, "0 calls promised"),
        (promise_two_calls, "callback.promised while"),
        (escalate_twice, "escalated while"),
        (escalate_what_is_closed, "escalated while closed"),
        (let_time_go_back, "goes back in time"),
    ],
)
def test_any_damage_is_found(said: Said, damage: Callable[[Said], None], words: str) -> None:
    damage(said)
    assert any(words in wrong for wrong in said.judged().wrong), said.judged().wrong
