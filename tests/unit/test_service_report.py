"""The report on service, case by case: deadlines, hand-overs, first contact, what customers say."""

from __future__ import annotations

from datetime import date
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from events.cases.commands import (
    Assign,
    Close,
    Command,
    Decline,
    Fulfil,
    HandOff,
    MarkDuplicate,
    RecordCallback,
    Reopen,
    Reply,
    Resolve,
    Withdraw,
)
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.contact import CallbackMade, CallbackPromised, DriverScore
from projections.case_board.sums import GroupService, Kept, StageService, StageSums
from services.audit.service_parts import PartService, ServiceOf, ServiceParts
from services.audit.service_report import ServiceReport
from services.audit.service_texts import service_lines
from services.postgres.pool import Pool
from services.walk.known import Asking, Told
from services.walk.parts import Extent
from tests.support.decisions import Desk
from tests.support.given import CUSTOMER, asked

OPENED = "2026-03-09 09:00"
LATER = "2026-03-20"


def desk() -> Desk:
    """Return a case of Monday 09:00, high: an answer within 1 h, a solution within 4 h."""
    found = Desk()
    found.opens(ComplaintFiled(severity="high", agent="ann", department="service"), OPENED)
    return found


def called(found: Desk, outcome: str, on: str, *scores: DriverScore) -> None:
    call = RecordCallback(outcome=outcome, scores=scores)  # type: ignore[arg-type]
    found.does("cat", call, on)


def counted(
    *desks: Desk, first: str = "2026-03-01", last: str = "2026-03-31", branch: str | None = None
) -> PartService:
    at = asked(LATER)
    what = ServiceOf(
        Asking(Extent(1, (0,) * 13), at.isoformat()),
        date.fromisoformat(first),
        date.fromisoformat(last),
        branch,
    )
    worker, whole = ServiceParts(what, cast(Pool, None)), PartService()
    for one in desks:
        part = PartService()
        worker.add(part, CUSTOMER, Told(one.facts, one.reference, at))
        whole.take_in(part)
    return whole


def solved_at_once() -> Desk:
    found = desk()
    found.does("ann", Reply(), "2026-03-09 09:30")
    found.does("ann", Resolve(), "2026-03-09 10:00")
    called(found, "satisfied", "2026-03-10 09:00", DriverScore(driver="speed", score=9))
    return found


def passed_round() -> Desk:
    """Answered late, given to another agent and back, owed by two departments, solved too late."""
    found = desk()
    found.does("ann", Assign(agent="amy"), "2026-03-09 11:00")
    found.does("amy", Assign(agent="ann"), "2026-03-09 11:10")
    found.does("ann", HandOff(department="sales", owes="note", due_minutes=60), "2026-03-09 13:00")
    found.does("ann", HandOff(department="sales", owes="call", due_minutes=60), "2026-03-09 13:00")
    found.does(
        "ann", HandOff(department="logistics", owes="it", due_minutes=60), "2026-03-09 13:00"
    )
    assert found.case is not None
    note, call, van = (one.obligation_id for one in found.case.owed)
    found.does("bob", Fulfil(obligation_id=note), "2026-03-09 13:30")
    found.does("ann", Withdraw(obligation_id=call), "2026-03-09 13:30")
    found.does("liz", Fulfil(obligation_id=van), "2026-03-09 16:00")
    found.does("ann", Resolve(), "2026-03-10 10:00")
    called(found, "dissatisfied", "2026-03-10 11:00", DriverScore(driver="speed", score=2))
    return found


def test_a_case_solved_by_its_first_contact() -> None:
    sums = counted(solved_at_once()).departments["service"]
    assert (sums.cases, sums.under_way, sums.first_contact) == (1, 0, 1)
    assert sums.answers == sums.solutions == Kept(in_time=1)
    assert (sums.handovers, sums.returns, sums.satisfied) == (0, 0, 1)


@pytest.mark.parametrize(
    ("command", "by", "moved"),
    [
        (Close(reason="gone"), "head of service", 1),
        (Decline(reason="not ours"), "head of service", 1),
        (MarkDuplicate(duplicate_of="other"), "head of service", 1),
        (Close(reason="gone"), "ann", 0),
    ],
)
def test_who_ends_a_case_by_command_had_it_in_hand(command: Command, by: str, moved: int) -> None:
    found = desk()
    found.does(by, command, "2026-03-09 10:00")
    sums = counted(found).departments["service"]
    assert (sums.cases, sums.under_way, sums.handovers, sums.returns) == (1, 0, moved, 0)


def test_a_case_that_went_round_and_was_late() -> None:
    found = counted(passed_round())
    sums = found.branches["B-1"]
    assert (sums.cases, sums.under_way, sums.first_contact) == (1, 1, 0)
    assert sums.answers == sums.solutions == Kept(late=1)
    assert (sums.handovers, sums.returns, sums.dissatisfied) == (2, 1, 1)
    assert list(found.each_stage()) == [
        ("", "", "sales", StageSums(Kept(in_time=1), not_needed=1)),
        ("", "", "logistics", StageSums(Kept(late=1), late_s=2 * 3600)),
    ]


def test_what_a_customer_said_stays_when_the_case_goes_on_and_when_it_is_reopened() -> None:
    found = passed_round()
    found.does("ann", Resolve(), "2026-03-10 14:00")
    called(found, "unreachable", "2026-03-11 09:00")
    called(found, "satisfied", "2026-03-11 10:00")
    found.does("ann", Reopen(reason="broken again"), "2026-03-12 09:00")
    for again in (found, twice(found)):
        sums = counted(again).branches["B-1"]
        assert (sums.satisfied, sums.dissatisfied, sums.unreachable) == (1, 1, 1)


def twice(desk: Desk) -> Desk:
    """Return the same, with every event delivered twice."""
    again = Desk()
    again.facts = [*desk.facts, *desk.facts]
    return again


SLOW = (DriverScore(driver="speed", score=0),)


def test_a_call_reported_after_the_case_was_closed_decides_nothing() -> None:
    found = solved_at_once()
    late = CallbackMade(
        callback_id="K-9", outcome="dissatisfied", case_id=found.case_id, scores=SLOW
    )
    found.hears(late, asked("2026-03-12 09:00"))
    told = counted(found)
    sums = told.branches["B-1"]
    assert (sums.satisfied, sums.dissatisfied, told.drivers["speed"].total) == (1, 0, 9)


def test_a_call_reported_while_the_case_is_worked_on_decides_nothing() -> None:
    found = desk()
    early = CallbackMade(callback_id="K-9", outcome="satisfied", case_id=found.case_id, scores=SLOW)
    found.hears(early, asked("2026-03-09 10:00"))
    told = counted(found)
    assert (told.branches["B-1"].satisfied, told.drivers) == (0, {})


def test_a_call_that_names_its_promise_alone_decides_about_the_promises_case() -> None:
    found = desk()
    resolved = found.does("ann", Resolve(), "2026-03-09 10:00")
    [promise] = [one for one in resolved if isinstance(one, CallbackPromised)]
    made = CallbackMade(callback_id=promise.callback_id, outcome="satisfied")
    found.hears(made, asked("2026-03-10 09:00"))
    assert counted(found).branches["B-1"].satisfied == 1


def test_sums_are_those_of_all_cases() -> None:
    found = counted(solved_at_once(), passed_round(), desk())
    sums = found.departments["service"]
    assert (sums.cases, sums.under_way, sums.first_contact) == (3, 2, 1)
    assert sums.solutions == Kept(in_time=1, late=2)
    speed = found.drivers["speed"]
    assert (speed.answers, speed.total) == (2, 11)


@pytest.mark.parametrize(
    ("first", "last", "branch", "cases"),
    [
        ("2026-03-09", "2026-03-09", None, 1),
        ("2026-03-10", "2026-03-31", None, 0),
        ("2026-03-01", "2026-03-08", None, 0),
        ("2026-03-09", "2026-03-09", "B-1", 1),
        ("2026-03-09", "2026-03-09", "B-2", 0),
    ],
)
def test_only_cases_of_the_days_and_the_branch_count(
    first: str, last: str, branch: str | None, cases: int
) -> None:
    found = counted(solved_at_once(), first=first, last=last, branch=branch)
    assert sum(sums.cases for sums in found.departments.values()) == cases
    assert bool(found.hours) == bool(cases)


def test_the_text_says_each_figure() -> None:
    found = counted(solved_at_once(), passed_round())
    report = ServiceReport(
        first=date(2026, 3, 1),
        last=date(2026, 3, 31),
        at=date(2026, 3, 31),
        known_at=None,
        branch_id=None,
        position="p",
        company=found.branches["B-1"],
        departments=[GroupService(*pair) for pair in found.departments.items()],
        branches=[],
        stages=[StageService(*one) for one in found.each_stage()],
        hours=[],
        drivers=[],
    )
    said = "\n".join(" ".join(line.split()) for line in service_lines(report, ZoneInfo("UTC")))
    assert "service 2 1 1 of 2 1 of 2 1 2+" in said
    assert "handed off, logistics 0 1 0 0 2.0" in said
