"""Cases where the rule book leaves room: imports, early words, acknowledgements, wishes."""

from datetime import timedelta

import pytest

from events.cases.terms import escalation_id, native_case_id
from events.touchpoints.complaint import (
    CaseAssigned,
    CaseClosed,
    CaseOpened,
    CaseReferred,
    CaseResolved,
    CaseWaitingStarted,
    ComplaintFiled,
    EscalationAcknowledged,
    ServiceRequested,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised
from events.touchpoints.policy import (
    AlertAcknowledged,
    EscalationPolicy,
    EscalationPolicyPublished,
    EscalationStep,
    ServiceLevelPolicy,
    ServiceLevelPolicyPublished,
)
from projections.case_board.ladder import recipients
from projections.case_board.parts import Route
from projections.case_board.rows import BREACHED, CaseRow, ReferralRow
from projections.protocol import Cause
from tests.support.cases import (
    CASE,
    CASE_BOARD,
    SERVICE_DESK,
    called_back,
    closed,
    complaint,
    fulfilled,
    handed_off,
    opened,
    replied,
    resolved,
    story,
    waited,
    waiting,
)
from tests.support.given import Told, event_id, instant, told

HIGH = complaint("high", on="2026-03-09 09:00")  # response 10:00, solution 14:00


def test_a_case_opened_by_casework_has_the_minutes_that_it_pins() -> None:
    story(HIGH, opened("urgent", 30, 120, on="2026-03-09 09:01")).at("2026-03-09 09:10").then(
        priority="urgent",
        severity="high",
        response_due_at="2026-03-09 09:30",
        solution_due_at="2026-03-09 11:00",
    )


def test_a_policy_published_later_does_not_touch_a_case() -> None:
    policy = ServiceLevelPolicyPublished(
        effective_from=instant("2026-03-09 09:30"), policy=ServiceLevelPolicy(levels=())
    )
    ladder = EscalationPolicyPublished(
        effective_from=instant("2026-03-09 08:00"),
        policy=EscalationPolicy(steps=(EscalationStep(percent=50, role="owner"),)),
    )
    later = (told(policy, "2026-03-09"), told(ladder, "2026-03-09"))
    stands = story(HIGH, rules=(*SERVICE_DESK, *later)).at("2026-03-09 11:30")
    stands.then(solution_due_at="2026-03-09 14:00")
    assert stands.alerts() == {"case_response": 100, "case_solution": 50}


def test_a_date_that_the_customer_asked_for_is_the_deadline_and_pauses_do_not_move_it() -> None:
    wish = ServiceRequested(
        kind="new_connection", severity="low", wanted_by=instant("2026-03-11 12:00")
    )
    request = told(wish, "2026-03-09 09:00", "complaint")
    given = story(request, waiting(on="2026-03-09 10:00"), waited(on="2026-03-10 10:00"))
    stands = given.at("2026-03-10 12:00").then(
        kind="new_connection", solution_due_at="2026-03-11 12:00"
    )
    assert stands.assessment.next_change_at is not None
    given.at("2026-03-11 12:00").then(solution_breached_at="2026-03-11 12:00")


def test_only_the_highest_step_of_a_clock_stands() -> None:
    given = story(HIGH, replied(on="2026-03-09 09:10"))
    assert given.at("2026-03-09 11:59").alerts() == {}
    assert given.at("2026-03-09 12:00").alerts() == {"case_solution": 75}
    overrun = given.at("2026-03-09 17:00")
    assert overrun.alerts() == {"case_solution": 150}
    assert overrun.cleared("case_solution", 100) == Cause("superseded")
    assert overrun.cleared("case_response", 100) == Cause(
        "replied", event_id("replied 2026-03-09 09:10")
    )
    told_to = recipients(overrun.board, overrun.alert("case_solution"))
    assert [r.role for r in told_to] == ["branch_manager"]
    overrun.then(escalation=150)


def acknowledged(percent: int, *, on: str) -> Told:
    data = EscalationAcknowledged(
        case_id=CASE, escalation_id=escalation_id(CASE, 1, "solution", percent), agent="boss"
    )
    return told(data, on, f"acknowledged {percent}")


def test_what_is_acknowledged_climbs_no_further_but_a_breach_is_always_told() -> None:
    early = (HIGH, replied(on="2026-03-09 09:10"), acknowledged(75, on="2026-03-09 12:30"))
    assert story(*early).at("2026-03-09 13:30").alerts() == {}
    assert story(*early).at("2026-03-09 14:00").alerts() == {"case_solution": 100}
    both = story(*early, acknowledged(100, on="2026-03-09 14:30"))
    silent = both.at("2026-03-10 18:00")
    assert silent.alerts() == {}
    cause = Cause("acknowledged", event_id("acknowledged 100"))
    assert silent.cleared("case_solution", 100) == cause
    assert silent.cleared("case_solution", 200) == cause, "it does not climb"
    assert story(*early).at("2026-03-09 16:00").alerts() == {"case_solution": 150}


def test_an_alert_may_be_acknowledged_by_its_own_id() -> None:
    before = story(HIGH).at("2026-03-09 12:00")
    seen = AlertAcknowledged(alert_id=before.alert("case_solution").alert_id, by="boss")
    given = story(HIGH, replied(on="2026-03-09 09:10"), told(seen, "2026-03-09 12:05", "seen"))
    after = given.at("2026-03-09 12:05")
    assert after.alerts() == {}
    assert after.cleared("case_solution", 75) == Cause("acknowledged", event_id("seen"))


def test_an_alert_that_becomes_true_again_is_a_new_episode() -> None:
    given = story(
        HIGH,
        resolved(on="2026-03-09 13:30"),
        called_back("dissatisfied", on="2026-03-10 10:00"),
    )
    first = given.at("2026-03-09 13:00").alert("case_solution")
    assert given.at("2026-03-09 17:00").alerts() == {}
    second = given.at("2026-03-10 10:00").alert("case_solution")
    assert (first.threshold, second.threshold) == (75, 75)
    assert second.since == instant("2026-03-10 10:00")
    assert first.alert_id != second.alert_id


def test_a_call_back_is_overdue_at_the_end_of_the_second_working_day() -> None:
    given = story(HIGH, resolved(on="2026-03-09 10:00"))
    quiet = given.at("2026-03-11 17:59")
    assert quiet.alerts() == {}
    assert quiet.assessment.next_change_at == instant("2026-03-11 18:00")
    assert given.at("2026-03-11 18:00").alerts() == {"callback_overdue": 0}
    called = story(
        HIGH, resolved(on="2026-03-09 10:00"), called_back("satisfied", on="2026-03-12 09:00")
    ).at("2026-03-12 09:00")
    assert called.cleared("callback_overdue", 0) == Cause(
        "closed", event_id("called 2026-03-12 09:00")
    )


def test_three_calls_that_reach_nobody_close_it_unconfirmed() -> None:
    calls = [called_back("unreachable", on=f"2026-03-10 {hour}:00") for hour in (10, 14, 16)]
    given = story(HIGH, resolved(on="2026-03-09 10:00"), *calls)
    given.at("2026-03-10 15:00").then(status="resolved", callback_attempts=2)
    given.at("2026-03-10 16:00").then(
        status="closed", confirmed=False, closed_at="2026-03-10 16:00", callback_attempts=3
    )


def test_a_call_back_may_be_promised_for_another_time_and_name_its_case_through_that() -> None:
    promise = CallbackPromised(
        callback_id="c", purpose="satisfaction", due_at=instant("2026-03-13 10:00"), case_id=CASE
    )
    call = CallbackMade(callback_id="c", outcome="satisfied")
    given = story(
        HIGH,
        resolved(on="2026-03-09 10:00"),
        told(promise, "2026-03-10 09:00"),
        told(call, "2026-03-13 09:00"),
    )
    given.at("2026-03-12 19:00").then(callback_due_at="2026-03-13 10:00")
    given.at("2026-03-13 09:00").then(status="closed", confirmed=True, callback_due_at=None)


def test_a_second_call_back_about_another_case_is_that_cases() -> None:
    for_other = CallbackPromised(
        callback_id="c", purpose="news", due_at=instant("2026-03-09 12:00"), case_id="other"
    )
    for_this = CallbackPromised(
        callback_id="c", purpose="news", due_at=instant("2026-03-12 12:00"), case_id=CASE
    )
    story(
        HIGH,
        told(for_other, "2026-03-09 09:30"),
        resolved(on="2026-03-09 10:00"),
        told(for_this, "2026-03-09 11:00"),
    ).at("2026-03-09 12:00").then(callback_due_at="2026-03-12 12:00")


def test_what_a_fast_clock_dates_before_the_opening_counts_at_the_opening() -> None:
    early = replied(on="2026-03-09 08:55")
    story(early, HIGH).at("2026-03-09 09:00").then(
        replied_at="2026-03-09 09:00", response_met_at="2026-03-09 09:00"
    )
    assert story(early).at("2026-03-09 09:00").assessment.rows["cases"] == []


def test_an_obligation_reported_done_before_it_was_handed_on_is_done_at_once() -> None:
    stands = story(
        HIGH, fulfilled("sales", on="2026-03-09 09:05"),
        handed_off("sales", "a credit note", 2, on="2026-03-09 09:10"),
    ).at("2026-03-09 10:00")  # fmt: skip
    owed = stands.obligation("sales")
    assert (owed.status, owed.done_at, owed.late_s) == ("done", instant("2026-03-09 09:10"), 0)


def test_closing_voids_what_is_still_owed() -> None:
    stands = story(
        HIGH, handed_off("sales", "a credit note", 2, on="2026-03-09 09:10"),
        closed(on="2026-03-09 09:30"),
    ).at("2026-03-09 17:00").then(open_obligations=0)  # fmt: skip
    owed = stands.obligation("sales")
    assert (owed.status, owed.breached_at, owed.done_at) == ("void", None, None)
    assert stands.alerts() == {}


def test_a_need_overheard_becomes_a_linked_case() -> None:
    other = native_case_id(event_id("television"))
    broken = told(ServiceRequested(kind="immediate_need"), "2026-03-09 11:00", "television")
    referred = CaseReferred(case_id=CASE, referral_case_id=other, department="television")
    stands = story(HIGH, broken, told(referred, "2026-03-09 11:00")).at("2026-03-09 11:00")
    (link,) = stands.assessment.rows["referrals"]
    assert isinstance(link, ReferralRow)
    assert (link.case_id, link.referral_case_id, link.department) == (CASE, other, "television")
    rows = {row.case_id: row for row in stands.assessment.rows["cases"] if isinstance(row, CaseRow)}
    assert rows[other].referred_from == CASE
    assert rows[CASE].referred_from is None


def test_of_cases_that_overheard_the_same_need_the_one_opened_first_is_named() -> None:
    """Whichever said so first; a case with a complaint comes before one without."""
    first, later, without, need = (
        ComplaintFiled(severity="low", case_ref="A"),
        ComplaintFiled(severity="low", case_ref="B"),
        CaseOpened(
            case_id="0", priority="low", owner="ann", department="service",
            response_minutes=60, solution_minutes=120,
        ),
        ComplaintFiled(severity="low", case_ref="C"),
    )  # fmt: skip
    told_of = [
        told(CaseReferred(case_id=case, referral_case_id="C", department="service"), on)
        for case, on in (("0", "2026-03-09 10:01"), ("B", "2026-03-09 10:02"))
    ]
    opened = [
        told(data, f"2026-03-09 09:0{n}") for n, data in enumerate((without, first, later, need))
    ]
    assert overheard_on(*opened, *told_of) == "B"
    told_last = CaseReferred(case_id="A", referral_case_id="C", department="service")
    assert overheard_on(*opened, *told_of, told(told_last, "2026-03-09 10:03")) == "A"


def overheard_on(*facts: Told) -> str | None:
    rows = story(*facts).at("2026-03-09 11:00").assessment.rows["cases"]
    return next(r.referred_from for r in rows if isinstance(r, CaseRow) and r.case_id == "C")


def test_a_case_of_which_only_the_opening_is_known_is_there_all_the_same() -> None:
    data = CaseOpened(
        case_id="C", priority="low", owner="ann", department="sales", response_minutes=60,
        solution_minutes=120, referred_from="D",
    )  # fmt: skip
    story(told(data, "2026-03-09 09:00")).at("2026-03-09 09:00").then(
        case_id="C", kind="case", owner="ann", referred_from="D", solution_due_at="2026-03-09 11:00"
    )


# --- cases that another system keeps ---

IMPORTED = told(
    ComplaintFiled(severity="high", agent="ann", department="one", case_ref="T-1"),
    "2026-03-09 09:00",
)


def step(data: CaseAssigned | CaseResolved | CaseClosed | CaseWaitingStarted, on: str) -> Told:
    return told(data, on)


def taken(agent: str, on: str, department: str | None = None) -> Told:
    activity = f"work of {agent}"
    return step(
        CaseAssigned(case_id="T-1", agent=agent, department=department, activity=activity), on
    )


def test_an_imported_case_is_what_its_system_says() -> None:
    waits = step(CaseWaitingStarted(case_id="T-1", agent="bob"), "2026-03-09 10:00")
    given = story(
        IMPORTED, waits, taken("ann", "2026-03-09 11:00"),
        step(CaseResolved(case_id="T-1", agent="ann"), "2026-03-09 12:00"),
        taken("bob", "2026-03-09 13:00", "two"),
        step(CaseResolved(case_id="T-1", agent="bob"), "2026-03-09 14:00"),
        step(CaseClosed(case_id="T-1", agent="robot", confirmed=False), "2026-03-20 00:00"),
        taken("ann", "2026-03-20 10:00", "one"),
    )  # fmt: skip
    given.at("2026-03-09 10:30").then(case_id="T-1", external=True, status="waiting")
    given.at("2026-03-09 11:00").then(status="open", paused_s=3600, activity="work of ann")
    given.at("2026-03-09 12:30").then(status="resolved", callback_due_at=None)
    given.at("2026-03-09 13:00").then(status="open", resumed=1, department="two")
    given.at("2026-03-20").then(
        status="open", cycle=2, reopened=1, resolves=2, resumed=1, handovers=5, returns=2,
        department_handovers=2, department_returns=1, resolved_at="2026-03-09 14:00",
    )  # fmt: skip


def test_a_case_of_our_own_goes_on_after_a_resolve_only_by_its_rules() -> None:
    again = CaseAssigned(case_id=CASE, agent="eve")
    waits = CaseWaitingStarted(case_id=CASE)
    given = story(
        HIGH,
        resolved(on="2026-03-09 10:00"),
        told(again, "2026-03-09 11:00"),
        told(waits, "2026-03-09 11:30"),
    )
    given.at("2026-03-09 12:00").then(status="resolved", owner="eve", resumed=0, waiting_since=None)


@pytest.mark.parametrize(
    ("hands", "moves", "returns"),
    [("", 0, 0), ("A", 0, 0), ("AAB", 1, 0), ("ABA", 2, 1), ("ABBAB", 3, 2), ("ABCA", 3, 0)],
)
def test_moves_and_returns(hands: str, moves: int, returns: int) -> None:
    route = Route()
    for holder in hands:
        route.pass_to(holder)
        route.pass_to(None)
    assert (route.moves, route.returns) == (moves, returns)


def test_the_company_counts_cases_by_status_branch_and_day() -> None:
    row = story(HIGH).at("2026-03-09 15:00").case
    day = instant("2026-03-09 09:00").date().toordinal()
    assert [(t.measure, t.branch_id, t.day, t.items) for t in CASE_BOARD.totals(row)] == [
        ("open", "B-1", day, 1),
        (BREACHED, "B-1", day, 1),
    ]
    settled = story(HIGH, closed(on="2026-03-09 16:00")).at("2026-03-09 17:00").case
    assert [t.measure for t in CASE_BOARD.totals(settled)] == ["closed"]


def test_time_in_hand_stops_with_the_resolve_and_counts_every_reason_once() -> None:
    stands = story(
        HIGH,
        handed_off("service", "a visit", 2, on="2026-03-09 10:00"),
        fulfilled("service", on="2026-03-09 11:00"),
        resolved(on="2026-03-09 12:00"),
    ).at("2026-03-10 12:00")
    assert stands.department("service").held_s == timedelta(hours=3).total_seconds()
    assert stands.department("service").since is None
