"""A clock for every obligation: what went wrong in other systems for years, each held here.

Times are local ones of Asia/Shanghai, 9 March 2026 is a Monday. Deadlines are reckoned by hand.
"""

from __future__ import annotations

from datetime import date

import pytest
from msgspec import structs

from events.business_time import STANDARD_HOURS
from events.cases.commands import (
    Assign,
    Close,
    Fulfil,
    HandOff,
    RecordCallback,
    Reopen,
    Reply,
    Resolve,
    Resume,
    SetPriority,
    Take,
    Wait,
    Withdraw,
)
from events.envelope import BranchId
from events.refusals import Owing
from events.touchpoints.complaint import ComplaintFiled, ServiceRequested, Severity
from events.touchpoints.policy import (
    CalendarSet,
    EscalationPolicy,
    EscalationPolicyPublished,
    EscalationStep,
    OpeningHours,
    ServiceLevel,
    ServiceLevelPolicy,
    ServiceLevelPolicyPublished,
    SpecialDay,
    WorkingHours,
)
from projections.case_board.rows import ObligationRow
from projections.facts import Facts
from tests.support.cases import CASE, complaint, replied, story, waited, waiting
from tests.support.decisions import CASE_BOARD, Desk
from tests.support.given import CUSTOMER, Told, instant, told

HEAD = "head of service"


def high(at: str = "2026-03-09 09:00") -> Desk:
    """An answer within 1 h of working time, a solution within 4 h."""
    desk = Desk()
    desk.opens(ComplaintFiled(severity="high", agent="ann", department="service"), at)
    return desk


def owed(desk: Desk, at: str) -> dict[str, ObligationRow]:
    rows = desk.assessed(at).rows["obligations"]
    return {row.department: row for row in rows if isinstance(row, ObligationRow)}


def hand_off(department: str, hours: int) -> HandOff:
    return HandOff(department=department, owes="its part", due_minutes=hours * 60)


def calendar(start: str, hours: tuple[OpeningHours, ...] = STANDARD_HOURS, **more: object) -> Told:
    """The branch's calendar from a day on, whenever it is learnt."""
    data = CalendarSet(effective_from=instant(start), calendar_id="service", hours=hours)
    return told(structs.replace(data, **more), start, f"calendar {start} {hours} {more}")


# --- waiting ---


def test_waiting_on_the_customer_pauses_the_solution_clock_alone() -> None:
    """An obligation's breach was missed because its case waited."""
    desk = high()
    desk.does("ann", hand_off("sales", 2), "2026-03-09 09:10")
    desk.does("ann", Wait(), "2026-03-09 09:20")
    row = desk.row("2026-03-09 17:00")
    assert (row.solution_due_at, row.solution_left_s) == (None, (3 * 60 + 40) * 60)
    assert row.response_breached_at == instant("2026-03-09 10:00")
    assert owed(desk, "2026-03-09 17:00")["sales"].breached_at == instant("2026-03-09 11:10")
    kinds = {alert.kind for alert in desk.assessed("2026-03-09 11:10").alerts}
    assert kinds == {"case_response", "case_obligation"}
    desk.agrees(instant("2026-03-09 17:00"))


def test_a_date_that_the_customer_asked_for_is_paused_by_nothing() -> None:
    desk = Desk()
    wanted = ServiceRequested(
        kind="enquiry", severity="high", agent="ann", wanted_by=instant("2026-03-10 10:00")
    )
    desk.opens(wanted, "2026-03-09 09:00")
    desk.does("ann", Wait(), "2026-03-09 09:30")
    assert desk.row("2026-03-09 12:00").solution_due_at == instant("2026-03-10 10:00")
    desk.agrees(instant("2026-03-09 14:00"))


def test_pauses_are_working_time_over_nights_and_weekends() -> None:
    desk = high("2026-03-06 16:30")
    desk.does("ann", Wait(), "2026-03-06 17:30")
    desk.does("ann", Resume(), "2026-03-09 09:30")
    row = desk.row("2026-03-09 09:30")
    assert row.paused_s == 3600  # half an hour on Friday, half an hour on Monday
    assert row.solution_due_at == instant("2026-03-09 13:30")


# --- the level changes ---


def test_a_pause_is_kept_when_the_service_level_changes() -> None:
    """1 h was spent and 2 h were waited; urgent has 2 h in all: 1 h is left."""
    desk = high()
    desk.does("ann", Wait(), "2026-03-09 10:00")
    desk.does("ann", Resume(), "2026-03-09 13:00")
    assert desk.row("2026-03-09 13:00").solution_due_at == instant("2026-03-09 16:00")
    desk.does(HEAD, SetPriority(priority="urgent"), "2026-03-09 13:15")
    row = desk.row("2026-03-09 13:15")
    assert row.solution_due_at == instant("2026-03-09 14:00")
    assert row.paused_s == 2 * 3600
    desk.does(HEAD, SetPriority(priority="medium"), "2026-03-09 13:30")  # 24 h
    assert desk.row("2026-03-09 13:30").solution_due_at == instant("2026-03-12 11:00")
    desk.agrees(instant("2026-03-09 13:30"))


def test_a_level_set_while_the_case_waits_counts_from_the_same_opening() -> None:
    desk = high()
    desk.does("ann", Wait(), "2026-03-09 10:00")
    desk.does(HEAD, SetPriority(priority="urgent"), "2026-03-09 11:00")
    assert desk.row("2026-03-09 11:00").solution_left_s == 3600
    desk.does("ann", Resume(), "2026-03-09 13:00")
    assert desk.row("2026-03-09 13:00").solution_due_at == instant("2026-03-09 14:00")


def test_nobody_is_late_before_the_level_was_set_that_makes_it_late() -> None:
    desk = high()
    desk.does(HEAD, SetPriority(priority="urgent"), "2026-03-09 14:00")
    row = desk.row("2026-03-09 14:00")  # 4 h were spent, urgent has 2
    assert row.solution_breached_at == instant("2026-03-09 14:00")
    assert row.response_breached_at == instant("2026-03-09 10:00")  # an answer within the hour
    alert = next(a for a in desk.assessed("2026-03-09 14:00").alerts if a.kind == "case_solution")
    assert (alert.threshold, alert.since) == (200, instant("2026-03-09 14:00"))


@pytest.mark.parametrize("priority", ["urgent", "medium", "low"])
def test_a_deadline_that_was_broken_stays_where_it_was_whatever_the_level_becomes(
    priority: Severity,
) -> None:
    desk = high()
    desk.does(HEAD, SetPriority(priority=priority), "2026-03-09 16:00")
    desk.does(HEAD, SetPriority(priority="high"), "2026-03-09 16:30")
    desk.does(HEAD, SetPriority(priority=priority), "2026-03-09 17:00")
    row = desk.row("2026-03-09 17:00")
    assert row.response_breached_at == instant("2026-03-09 10:00")
    assert row.solution_breached_at == instant("2026-03-09 14:00")
    alerts = {
        alert.threshold: alert.since
        for alert in desk.assessed("2026-03-09 17:00").alerts
        if alert.kind == "case_response"
    }
    assert alerts[max(alerts)] == instant("2026-03-09 11:00")  # twice the hour, on that clock
    desk.agrees(instant("2026-03-09 17:00"))


def test_time_that_is_not_up_can_still_be_given() -> None:
    desk = high()
    desk.does(HEAD, SetPriority(priority="low"), "2026-03-09 10:00")  # just when an answer is due
    row = desk.row("2026-03-09 16:00")
    assert (row.response_breached_at, row.solution_breached_at) == (None, None)


def test_an_answer_that_was_in_time_stays_so_whatever_the_level_becomes() -> None:
    desk = high()
    desk.does("ann", Reply(), "2026-03-09 09:50")
    desk.does(HEAD, SetPriority(priority="urgent"), "2026-03-09 10:00")  # an answer in half an hour
    row = desk.row("2026-03-09 10:00")
    assert row.response_met_at == instant("2026-03-09 09:50")
    assert row.response_breached_at is None


def test_the_times_of_a_level_are_those_in_force_when_it_is_set() -> None:
    levels = ServiceLevelPolicy(
        levels=(ServiceLevel(severity="urgent", response_minutes=5, solution_minutes=180),)
    )
    newer = ServiceLevelPolicyPublished(effective_from=instant("2026-03-09 10:00"), policy=levels)
    desk = high()
    desk.learns(told(newer, "2026-03-09 10:00", "levels"))
    assert desk.row("2026-03-09 10:00").solution_due_at == instant("2026-03-09 14:00")
    desk.does(HEAD, SetPriority(priority="urgent"), "2026-03-09 10:30")
    assert desk.row("2026-03-09 10:30").solution_due_at == instant("2026-03-09 12:00")


# --- departments ---


def test_a_department_has_its_time_from_when_it_was_asked() -> None:
    """A second department was given no time, because all counted from the case's creation."""
    desk = high()
    desk.does("ann", hand_off("sales", 8), "2026-03-09 09:00")
    desk.does("ann", hand_off("logistics", 4), "2026-03-11 16:00")
    rows = owed(desk, "2026-03-11 16:00")
    assert rows["sales"].due_at == instant("2026-03-09 18:00")
    assert rows["logistics"].due_at == instant("2026-03-12 11:00")
    assert rows["logistics"].breached_at is None


def test_the_same_department_asked_again_has_a_second_clock() -> None:
    desk = high()
    desk.does("ann", hand_off("sales", 1), "2026-03-09 09:00")
    first = desk.stands.owed[0].obligation_id
    desk.does("bob", Fulfil(obligation_id=first), "2026-03-09 09:30")
    desk.does("ann", hand_off("sales", 1), "2026-03-09 15:00")
    found = [
        (row.due_at, row.status)
        for row in desk.assessed("2026-03-09 15:00").rows["obligations"]
        if isinstance(row, ObligationRow)
    ]
    assert sorted(found, key=str) == [
        (instant("2026-03-09 10:00"), "done"),
        (instant("2026-03-09 16:00"), "open"),
    ]


def test_what_is_withdrawn_is_void_and_nobody_is_late_with_it() -> None:
    desk = high()
    desk.does("ann", hand_off("sales", 1), "2026-03-09 09:00")
    (one,) = desk.stands.owed
    desk.does("ann", Withdraw(obligation_id=one.obligation_id), "2026-03-09 09:59")
    row = owed(desk, "2026-03-09 17:00")["sales"]
    assert (row.status, row.breached_at, row.done_at) == ("void", None, None)
    cleared = desk.assessed("2026-03-09 17:00").cleared
    (cause,) = {cause.reason for key, cause in cleared.items() if key.kind == "case_obligation"}
    assert cause == "withdrawn"


def test_neither_a_new_owner_nor_a_new_department_moves_a_clock() -> None:
    desk = high()
    desk.does("ann", hand_off("sales", 2), "2026-03-09 09:10")
    before = desk.row("2026-03-09 09:10")
    desk.does("ann", Assign(agent="liz"), "2026-03-09 09:20")
    desk.does("bob", Take(), "2026-03-09 09:30")
    after = desk.row("2026-03-09 09:30")
    assert (after.owner, after.department) == ("bob", "sales")
    assert after.solution_due_at == before.solution_due_at == instant("2026-03-09 14:00")
    assert after.response_due_at == before.response_due_at == instant("2026-03-09 10:00")
    assert owed(desk, "2026-03-09 09:30")["sales"].due_at == instant("2026-03-09 11:10")


# --- again ---


def test_a_reopened_case_has_fresh_clocks_of_its_latest_level() -> None:
    desk = high()
    desk.does(HEAD, SetPriority(priority="urgent"), "2026-03-09 09:10")
    desk.does("ann", Wait(), "2026-03-09 09:30")
    desk.does("ann", Close(reason="no answer"), "2026-03-09 10:00")
    desk.does("ann", Reopen(reason="it came back"), "2026-03-10 09:00")
    row = desk.row("2026-03-10 09:00")
    assert row.response_due_at == instant("2026-03-10 09:30")
    assert row.solution_due_at == instant("2026-03-10 11:00")
    assert (row.paused_s, row.waiting_since, row.cycle) == (0, None, 2)
    desk.agrees(instant("2026-03-10 09:00"))


def test_a_case_that_goes_on_after_a_call_has_what_was_left() -> None:
    desk = high()
    desk.does("ann", Resolve(), "2026-03-09 11:00")
    desk.does("cat", RecordCallback(outcome="dissatisfied"), "2026-03-11 09:00")
    assert desk.row("2026-03-11 09:00").solution_due_at == instant("2026-03-11 11:00")


def test_a_merge_of_customers_moves_no_clock() -> None:
    """What is assessed then are the facts of both, at the root, from two branches."""
    desk = high()
    desk.does("ann", hand_off("sales", 2), "2026-03-09 09:10")
    desk.does("ann", Wait(), "2026-03-09 09:30")
    other = high("2026-03-09 10:00")
    renamed = [
        structs.replace(one, id="another", source="/branches/B-2/x", branch_id=BranchId("B-2"))
        for one in other.facts[:1]
    ]
    at = instant("2026-03-09 13:00")
    alone = CASE_BOARD.assess(CUSTOMER, Facts(desk.facts), at, desk.reference)
    together = CASE_BOARD.assess(CUSTOMER, Facts([*desk.facts, *renamed]), at, desk.reference)
    for table in ("cases", "cycles", "obligations", "departments"):
        rows = {str(row) for row in together.rows[table]}
        assert {str(row) for row in alone.rows[table]} <= rows
    assert len(together.rows["cases"]) == 2


# --- calendars ---


def test_a_calendar_learnt_late_counts_at_once_and_everywhere() -> None:
    """That Tuesday is a holiday is learnt on Wednesday; the pause was over it."""
    desk = high("2026-03-09 16:00")
    desk.does("ann", hand_off("sales", 4), "2026-03-09 16:00")
    desk.does("ann", Wait(), "2026-03-09 17:00")
    desk.does("ann", Resume(), "2026-03-11 09:00")
    assert desk.row("2026-03-11 09:00").solution_due_at == instant("2026-03-11 12:00")
    assert desk.row("2026-03-11 09:00").paused_s == 9 * 3600
    assert owed(desk, "2026-03-11 09:00")["sales"].due_at == instant("2026-03-10 11:00")
    desk.learns(calendar("2026-03-10", holidays=(date(2026, 3, 10),)))
    row = desk.row("2026-03-11 09:00")
    assert (row.solution_due_at, row.paused_s) == (instant("2026-03-11 12:00"), 3600)
    assert owed(desk, "2026-03-11 09:00")["sales"].due_at == instant("2026-03-11 11:00")
    desk.agrees(instant("2026-03-11 09:00"))
    refused = desk.refuses("ann", Resolve(), "2026-03-11 09:00")
    assert refused.named["owed"] == (Owing("sales", "its part", instant("2026-03-11 11:00")),)


def test_a_clock_runs_in_every_period_of_a_day_and_over_midnight() -> None:
    """Shifts from 06 to 08, 10 to 12, and from 22 until 02 of the next day."""
    shifts = tuple(
        OpeningHours(weekday=day, opens=opens * 60, closes=closes * 60)
        for day in range(1, 8)
        for opens, closes in ((6, 8), (10, 12), (22, 26))
    )
    desk = Desk()
    desk.learns(calendar("2026-03-01", shifts))
    desk.opens(ComplaintFiled(severity="high", agent="ann"), "2026-03-09 11:00")
    row = desk.row("2026-03-09 11:00")
    assert row.response_due_at == instant("2026-03-09 12:00")
    assert row.solution_due_at == instant("2026-03-10 01:00")
    desk.does("ann", hand_off("sales", 8), "2026-03-10 01:30")
    assert owed(desk, "2026-03-10 02:00")["sales"].due_at == instant("2026-03-11 01:30")
    desk.agrees(instant("2026-03-10 03:00"))


def test_half_a_holiday_gives_half_a_day() -> None:
    half = SpecialDay(day=date(2026, 3, 9), hours=(WorkingHours(opens=9 * 60, closes=12 * 60),))
    desk = Desk()
    desk.learns(calendar("2026-03-01", special_days=(half,)))
    desk.opens(ComplaintFiled(severity="high", agent="ann"), "2026-03-09 11:00")
    assert desk.row("2026-03-09 11:00").solution_due_at == instant("2026-03-10 12:00")


# --- learnt late ---


def test_a_pause_learnt_late_moves_the_deadline_and_takes_the_breach_back() -> None:
    """A branch that was offline reports its wait after the case was shown as late."""
    facts = (complaint("high", on="2026-03-09 09:00"), replied(on="2026-03-09 09:30"))
    pause = (
        waiting(on="2026-03-09 10:00").recorded_on("2026-03-10 09:00"),
        waited(on="2026-03-09 15:00").recorded_on("2026-03-10 09:00"),
    )
    shown = story(*facts).at("2026-03-09 17:00")
    shown.then(solution_breached_at="2026-03-09 14:00")
    known = story(*facts, *pause).at("2026-03-09 17:00")
    known.then(solution_breached_at=None, solution_due_at="2026-03-09 18:00", paused_s=4 * 3600)
    as_known = story(*facts, *pause).known("2026-03-09 17:00").at("2026-03-09 17:00")
    as_known.then(solution_breached_at="2026-03-09 14:00")


def test_a_ladder_learnt_late_is_climbed_as_if_it_had_been_known() -> None:
    steps = EscalationPolicy(steps=(EscalationStep(percent=50, role="headquarters"),))
    ladder = EscalationPolicyPublished(effective_from=instant("2026-03-01"), policy=steps)
    desk = high()
    assert desk.row("2026-03-09 09:40").escalation is None
    desk.learns(told(ladder, "2026-03-20", "ladder"))
    assert desk.row("2026-03-09 09:30").escalation == 50
    assert desk.row("2026-03-09 10:30").escalation == 100  # a breach is always a step


def test_a_service_level_learnt_late_does_not_touch_what_the_opening_pinned() -> None:
    levels = ServiceLevelPolicy(
        levels=(ServiceLevel(severity="high", response_minutes=5, solution_minutes=10),),
        callback_business_days=1,
    )
    late = told(
        ServiceLevelPolicyPublished(effective_from=instant("2026-03-01"), policy=levels),
        "2026-03-20", "levels",
    )  # fmt: skip
    desk = high()
    desk.learns(late)
    assert desk.row("2026-03-09 09:00").solution_due_at == instant("2026-03-09 14:00")
    unpinned = story(complaint("high", on="2026-03-09 09:00"), rules=(late,))
    unpinned.at("2026-03-09 09:00").then(case_id=CASE, solution_due_at="2026-03-09 09:10")
