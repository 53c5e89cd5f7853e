"""Scenarios 8 and 9 of the domain rules, section 9, as far as events decide them.

Each `at` also delivers the facts shuffled, repeated up to five times and in several batch
sizes, and holds the digest equal (tests/support/cases.py).
"""

from datetime import timedelta

import pytest

from events.policy import Reference
from projections.case_board.ladder import recipients
from projections.protocol import Cause
from tests.support.cases import (
    CASE,
    called_back,
    closed,
    complaint,
    customer_told,
    fulfilled,
    handed_off,
    opened,
    reopened,
    replied,
    resolved,
    story,
    waited,
    waiting,
)
from tests.support.given import event_id, instant

pytestmark = pytest.mark.acceptance

WEEKEND = (complaint("high", on="2026-03-06 16:30"), replied(on="2026-03-06 17:00"))
PAUSED = (*WEEKEND, waiting(on="2026-03-06 17:00"), waited(on="2026-03-09 10:00"))
PAUSED_TWICE = (*PAUSED, waiting(on="2026-03-09 11:00"), waited(on="2026-03-09 11:30"))
DISSATISFIED = (
    *PAUSED_TWICE,
    resolved(on="2026-03-09 14:50"),
    called_back("dissatisfied", on="2026-03-10 09:20"),
)
RESOLVED_LATE = (*DISSATISFIED, resolved(on="2026-03-10 09:40"))


def test_8_clocks_run_in_business_time_over_the_weekend() -> None:
    given = story(complaint("high", on="2026-03-06 16:30"))
    given.at("2026-03-06 16:30").then(
        response_due_at="2026-03-06 17:30", solution_due_at="2026-03-09 11:30", status="open"
    )


def test_8_the_reply_meets_the_response_and_waiting_pauses_the_solution() -> None:
    story(*WEEKEND).at("2026-03-06 17:00").then(
        response_met_at="2026-03-06 17:00", response_breached_at=None
    )
    stands = story(*WEEKEND, waiting(on="2026-03-06 17:00")).at("2026-03-08")
    stands.then(status="waiting", solution_due_at=None, solution_left_s=3.5 * 3600)
    assert stands.assessment.next_change_at is None
    story(*PAUSED).at("2026-03-09 10:00").then(
        solution_due_at="2026-03-09 14:30", solution_left_s=None, paused_s=7200
    )
    story(*PAUSED_TWICE).at("2026-03-09 11:30").then(
        solution_due_at="2026-03-09 15:00", paused_s=9000
    )


def test_8_a_dissatisfied_customer_resumes_the_same_clock() -> None:
    done = story(*PAUSED_TWICE, resolved(on="2026-03-09 14:50")).at("2026-03-09 14:50")
    done.then(
        status="resolved",
        solution_met_at="2026-03-09 14:50",
        solution_left_s=600,
        callback_due_at="2026-03-11 18:00",
    )
    again = story(*DISSATISFIED).at("2026-03-10 09:20")
    again.then(
        status="open", solution_due_at="2026-03-10 09:30", solution_met_at=None, resumed=1, cycle=1
    )
    assert again.assessment.next_change_at == instant("2026-03-10 09:30")


def test_8_the_breach_is_stamped_at_its_instant_with_every_timer_down() -> None:
    given = story(*RESOLVED_LATE)
    given.at("2026-03-10 09:29:59.999999").then(solution_breached_at=None)
    at_the_instant = given.at("2026-03-10 09:30").then(solution_breached_at="2026-03-10 09:30")
    alert = at_the_instant.alert("case_solution")
    assert (alert.threshold, alert.since) == (100, instant("2026-03-10 09:30"))
    noon = given.at("2026-03-10 12:00").then(
        status="resolved", solution_breached_at="2026-03-10 09:30", solution_met_at=None
    )
    assert noon.alerts() == {}
    assert noon.cleared("case_solution", 100) == Cause(
        "resolved", event_id("resolved 2026-03-10 09:40")
    )


def test_8_reopened_after_closing_is_a_new_cycle_and_the_old_verdict_stays() -> None:
    closing = called_back("satisfied", on="2026-03-10 11:00")
    given = story(*RESOLVED_LATE, closing, reopened(on="2026-03-11 09:00"))
    given.at("2026-03-10 12:00").then(status="closed", confirmed=True, callback_due_at=None)
    stands = given.at("2026-03-11 10:00").then(
        cycle=2,
        reopened=1,
        status="open",
        response_due_at="2026-03-11 10:00",
        response_breached_at="2026-03-11 10:00",
        solution_due_at="2026-03-11 14:00",
        solution_breached_at=None,
    )
    assert stands.cycle(1).solution_breached_at == instant("2026-03-10 09:30")
    assert stands.cycle(1).response_met_at == instant("2026-03-06 17:00")
    assert stands.cycle(2).solution_breached_at is None


def test_8_the_history_tells_every_due_date() -> None:
    explained = story(*RESOLVED_LATE).at("2026-03-10 12:00").explained
    assert explained is not None
    assert [
        (told.what, told.solution_due_at or told.solution_left) for told in explained.history
    ] == [
        ("received", instant("2026-03-09 11:30")),
        ("replied", instant("2026-03-09 11:30")),
        ("waiting", timedelta(hours=3.5)),
        ("waiting_ended", instant("2026-03-09 14:30")),
        ("waiting", timedelta(hours=2.5)),
        ("waiting_ended", instant("2026-03-09 15:00")),
        ("case_solution 75%", None),
        ("resolved", timedelta(minutes=10)),
        ("called_back", instant("2026-03-10 09:30")),
        ("case_solution 100%", None),
        ("resolved", instant("2026-03-10 09:30")),
    ]


MONDAY = (
    complaint("medium", on="2026-03-09 09:00"),
    opened("medium", 480, 1440, on="2026-03-09 09:00"),
    customer_told("received", on="2026-03-09 09:05"),
    handed_off("sales", "a credit note", 8, on="2026-03-09 09:00"),
    customer_told("handed_on", on="2026-03-09 09:10"),
    handed_off("logistics", "to fetch the goods", 4, on="2026-03-09 15:00"),
    customer_told("handed_on", on="2026-03-09 15:05"),
    fulfilled("logistics", on="2026-03-10 09:30"),
    customer_told("done", on="2026-03-10 09:35"),
)
TUESDAY = (
    *MONDAY,
    fulfilled("sales", on="2026-03-10 11:00"),
    customer_told("done", on="2026-03-10 11:05"),
    resolved(on="2026-03-10 11:30"),
    customer_told("resolved", on="2026-03-10 11:35"),
)


def test_9_obligations_run_in_parallel_and_nothing_moves_the_customers_deadline() -> None:
    stands = story(*MONDAY).at("2026-03-09 15:00")
    stands.then(
        solution_due_at="2026-03-11 18:00", owner="agent-7", department="service",
        open_obligations=2,
    )  # fmt: skip
    assert stands.obligation("sales").due_at == instant("2026-03-09 18:00")
    assert stands.obligation("logistics").due_at == instant("2026-03-10 10:00")


def test_9_the_head_of_the_department_that_is_late_is_alerted_and_nobody_elses() -> None:
    given = story(*MONDAY)
    assert given.at("2026-03-09 17:59").alerts() == {"case_response": 75, "case_obligation": 75}
    stands = given.at("2026-03-10 10:00")
    assert stands.obligation("sales").breached_at == instant("2026-03-09 18:00")
    logistics = stands.obligation("logistics")
    assert (logistics.status, logistics.breached_at) == ("done", None)
    alert = stands.alert("case_obligation")
    assert alert.subject == f"{CASE}/sales-owes"
    assert (alert.threshold, alert.since) == (100, instant("2026-03-09 18:00"))
    told = recipients(stands.board, alert)
    assert [(r.role, r.department, r.agent) for r in told] == [
        ("department_head", "sales", "head of sales"),
        ("owner", "service", "agent-7"),
    ]


def test_9_late_by_two_business_hours_then_resolved_and_a_call_back_is_due() -> None:
    stands = story(*TUESDAY).at("2026-03-10 12:00").then(
        status="resolved", told=6, open_obligations=0, callback_due_at="2026-03-12 18:00",
        solution_met_at="2026-03-10 11:30",
    )  # fmt: skip
    assert stands.obligation("sales").late_s == 2 * 3600
    assert stands.obligation("logistics").late_s == 0
    assert stands.department("sales").held_s == 10 * 3600
    assert stands.department("logistics").held_s == 3.5 * 3600
    assert stands.cleared("case_obligation", 100, f"{CASE}/sales-owes") == Cause(
        "fulfilled", event_id("done by sales")
    )


def test_a_calendar_that_nobody_published_is_the_rule_books() -> None:
    stands = story(complaint("high", on="2026-03-06 16:30"), rules=()).at("2026-03-06 16:30")
    stands.then(solution_due_at="2026-03-09 11:30")
    assert stands.board.reference.calendars == Reference().calendars == {}


def test_closing_by_hand_is_the_same_as_by_a_satisfied_call() -> None:
    by_hand = story(*RESOLVED_LATE, closed(on="2026-03-10 11:00")).at("2026-03-10 12:00")
    by_hand.then(status="closed", confirmed=True, closed_at="2026-03-10 11:00")
