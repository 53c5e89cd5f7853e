"""What must hold of cases after any amount of killing, from what staff were told and the log."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from events.cases.terms import native_case_id
from events.envelope import RecordedEvent
from events.streams import CASES
from events.touchpoints.complaint import (
    CaseEscalated,
    CaseOpened,
    CaseReferred,
)
from projections.case_board.projection import CaseBoard
from services.casework.by_itself import CaseworkByItself
from services.platform import Platform
from services.rows.row_tables import tables_of
from tests.faults.case_course import Course
from tests.faults.desk import Commands
from tests.faults.oracle import Findings

Streams = Mapping[str, Sequence[RecordedEvent]]

_BREACH = 100
_CLOCKS = {
    "case_response": "response",
    "case_solution": "solution",
    "case_obligation": "obligation",
}


def streams_of(events: Iterable[RecordedEvent]) -> Streams:
    """Return the streams of cases, each in the order of its numbers."""
    found: dict[str, list[RecordedEvent]] = defaultdict(list)
    for event in events:
        source = event.envelope.source
        if source.startswith(CASES):
            found[source.removeprefix(CASES)].append(event)
    for stream in found.values():
        stream.sort(key=lambda event: event.envelope.sequence)
    return found


def judge_streams(
    found: Findings, streams: Streams, commands: Commands, openers: Iterable[str]
) -> Mapping[str, Course]:
    """Hold streams against what staff were told; `openers` are the complaints acknowledged.

    Streams are gapless, each complaint and each need overheard has one that it opened, each
    command that was acknowledged is there once and whole, and no other is.
    """
    found.wrong += commands.wrong
    _opened_once(found, streams, set(openers))
    _what_was_told(found, streams, commands)
    courses = {}
    for case_id, stream in streams.items():
        course = courses[case_id] = Course()
        last = None
        for event in stream:
            course.take(event)
            at = event.envelope.effective_at
            found.expect(last is None or last <= at, f"{event.envelope.id} goes back in time")
            last = at
        found.wrong += [f"case {case_id}: {wrong}" for wrong in course.wrong]
        found.expect(
            len(course.promised) == course.resolves,
            f"case {case_id}: {course.resolves} resolves, {len(course.promised)} calls promised",
        )
    return courses


def _opened_once(found: Findings, streams: Streams, complaints: set[str]) -> None:
    for case_id, stream in streams.items():
        numbers = [event.envelope.sequence for event in stream]
        found.expect(numbers == list(range(1, len(numbers) + 1)), f"case {case_id} has {numbers}")
    overheard = {
        event.envelope.id: event.data.referral_case_id
        for stream in streams.values()
        for event in stream
        if isinstance(event.data, CaseReferred)
    }
    wanted = {event_id: native_case_id(event_id) for event_id in complaints} | overheard
    opened = {
        str(event.data.opened_by): case_id
        for case_id, stream in streams.items()
        for event in stream
        if isinstance(event.data, CaseOpened)
    }
    openings = sum(isinstance(e.data, CaseOpened) for s in streams.values() for e in s)
    found.expect(openings == len(streams), f"{openings} openings of {len(streams)} cases")
    missing = wanted.items() - opened.items()
    found.expect(not missing, f"{len(missing)} cases were not opened: {sorted(missing)[:3]}")
    strange = opened.items() - wanted.items()
    found.expect(not strange, f"{len(strange)} cases opened for nothing: {sorted(strange)[:3]}")


def _what_was_told(found: Findings, streams: Streams, commands: Commands) -> None:
    told = Counter(event_id for one in commands.done.values() for event_id in one.events.values())
    twice = sum(times > 1 for times in told.values())
    found.expect(not twice, f"{twice} events were acknowledged to two commands")
    for key, one in commands.done.items():
        held = {e.envelope.sequence: e.envelope.id for e in streams.get(one.case_id, ())}
        there = {number: held.get(number) for number in one.events}
        found.expect(there == dict(one.events), f"{key} was told {one}, the log holds {there}")
    for case_id, stream in streams.items():
        for event in stream:
            if event.envelope.id not in told and not _by_itself(event, stream[0]):
                found.wrong.append(
                    f"case {case_id}: {event.envelope.type} at {event.envelope.sequence} of "
                    f"{event.envelope.correlation_id} was acknowledged to nobody"
                )


def _by_itself(event: RecordedEvent, first: RecordedEvent) -> bool:
    """Return whether the platform did it: the opening and what goes with it, or an escalation."""
    if event.envelope.correlation_id == first.envelope.correlation_id:
        return True
    return isinstance(event.data, CaseEscalated) and event.data.by is None


async def nothing_left_to_do(platform: Platform) -> bool:
    """Return whether casework by itself has looked at all that there is."""
    by_itself = CaseworkByItself(platform)
    return not await by_itself.openings.behind() and not await by_itself.deadlines.behind()


async def judge_rows(found: Findings, platform: Platform, courses: Mapping[str, Course]) -> None:
    """Hold the case board and the alerts against the courses that were followed here."""
    cases = tables_of(CaseBoard())["cases"].name
    rows = await platform.pool.fetch(f"SELECT * FROM {cases}")
    shown = {
        row["case_id"]: (
            row["status"], row["owner"], row["cycle"], row["open_obligations"], row["resolves"]
        )
        for row in rows
        if not row["external"]
    }  # fmt: skip
    followed = {
        case_id: (one.status, one.owner, one.cycle, len(one.owed), one.resolves)
        for case_id, one in courses.items()
    }
    for case_id in shown.keys() | followed.keys():
        found.expect(
            shown.get(case_id) == followed.get(case_id),
            f"case {case_id}: the board shows {shown.get(case_id)}, it is {followed.get(case_id)}",
        )
    raised = await platform.pool.fetch(
        "SELECT DISTINCT kind, subject, threshold FROM alert_journal "
        "WHERE action = 'raised' AND kind = ANY ($1::text[])",
        list(_CLOCKS),
    )
    for row in raised:
        clock = _CLOCKS[row["kind"]]
        case_id, _, part = row["subject"].rpartition("/" if clock == "obligation" else "#")
        if case_id in courses:
            _told_or_settled(found, case_id, courses[case_id], clock, part, row["threshold"])


def _told_or_settled(
    found: Findings, case_id: str, course: Course, clock: str, part: str, percent: int
) -> None:
    """A level that an alert reached was told, unless the clock had ended or moved meanwhile.

    Somebody who has taken a clock up is told again only when the time is up.
    """
    if clock == "obligation":
        told = any(
            (name, level, owed) == (clock, percent, part)
            for name, _, level, owed in course.escalated
        )
    else:
        told = (clock, int(part), percent, "") in course.escalated
    needless = (clock, part) in course.settled or part in course.moved
    needless = needless or (percent != _BREACH and (clock, part) in course.taken_up)
    found.expect(
        told or needless,
        f"case {case_id}: {clock} {part} reached {percent} %, and nobody was told",
    )
