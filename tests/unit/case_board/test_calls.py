"""A call that was promised without naming a case is followed up like any other."""

from msgspec import structs

from events.facts import fact_of
from events.policy import Reference
from events.touchpoints.contact import CallbackMade, CallbackPromised
from events.touchpoints.policy import ServiceLevelPolicy, ServiceLevelPolicyPublished
from projections.case_board.calls import call_subject
from projections.case_board.explain import explain_callbacks
from projections.case_board.rows import CallbackRow
from projections.facts import Facts
from projections.protocol import AlertKey, Cause
from tests.support.cases import CASE, SERVICE_DESK, Stand, complaint, resolved, story
from tests.support.given import Told, asked, event_id, instant, recorded_events, told

OVERDUE = AlertKey("callback_overdue", call_subject("B-1"), 0)


def promised(*, on: str, due: str, case: str | None = None) -> Told:
    data = CallbackPromised(
        callback_id="B-1", purpose="a quotation", due_at=instant(due), case_id=case
    )
    return told(data, on, f"promised {on}")


def called(outcome: str, *, on: str, case: str | None = None) -> Told:
    data = CallbackMade(callback_id="B-1", outcome=outcome, case_id=case)  # type: ignore[arg-type]
    return told(data, on, f"called {on}")


def call(stands: Stand) -> CallbackRow:
    [row] = stands.assessment.rows["callbacks"]
    assert isinstance(row, CallbackRow)
    return row


def overdue(stands: Stand) -> list[AlertKey]:
    return [alert.key for alert in stands.assessment.alerts]


PROMISE = promised(on="2026-03-09 09:00", due="2026-03-10 15:00")


def test_it_is_owed_from_its_promise_on_and_overdue_at_its_instant() -> None:
    before = story(PROMISE).at("2026-03-10 14:59")
    row = call(before)
    assert (row.status, row.purpose, row.branch_id) == ("open", "a quotation", "B-1")
    assert (row.promised_at, row.due_at) == (
        instant("2026-03-09 09:00"),
        instant("2026-03-10 15:00"),
    )
    assert overdue(before) == []
    assert before.assessment.next_change_at == instant("2026-03-10 15:00")
    late = story(PROMISE).at("2026-03-10 15:00")
    assert overdue(late) == [OVERDUE]
    assert late.alert("callback_overdue").since == instant("2026-03-10 15:00")
    assert late.alert("callback_overdue").branch_id == "B-1"
    assert late.assessment.next_change_at is None


def test_a_call_in_time_ends_it_and_whatever_comes_after_changes_nothing() -> None:
    made = called("dissatisfied", on="2026-03-10 14:00")
    stands = story(PROMISE, made).at("2026-03-11")
    assert overdue(stands) == []
    row = call(stands)
    assert (row.status, row.outcome, row.attempts, row.late) == ("made", "dissatisfied", 1, False)
    assert row.ended_by == event_id("called 2026-03-10 14:00")
    again = story(PROMISE, made, called("satisfied", on="2026-03-10 16:00")).at("2026-03-11")
    assert call(again) == row


def test_a_late_call_withdraws_the_alert_and_is_named_as_the_cause() -> None:
    stands = story(PROMISE, called("satisfied", on="2026-03-10 16:00")).at("2026-03-11")
    assert call(stands).late
    assert stands.assessment.cleared[OVERDUE] == Cause(
        "called_back", event_id("called 2026-03-10 16:00")
    )


def test_nobody_reached_is_tried_again_as_often_as_the_policy_says() -> None:
    policy = ServiceLevelPolicyPublished(
        effective_from=instant("2026-01-01"), policy=ServiceLevelPolicy(callback_attempts=2)
    )
    rules = (*SERVICE_DESK, told(policy, "2026-01-01"))
    first = called("unreachable", on="2026-03-10 10:00")
    once = story(PROMISE, first, rules=rules).at("2026-03-10 16:00")
    assert (call(once).status, call(once).attempts) == ("open", 1)
    assert overdue(once) == [OVERDUE]
    second = called("unreachable", on="2026-03-10 16:00")
    twice = story(PROMISE, first, second, rules=rules).at("2026-03-10 16:00")
    assert (call(twice).status, call(twice).attempts) == ("unreachable", 2)
    assert overdue(twice) == []


def test_promised_again_it_is_due_as_said_last() -> None:
    again = promised(on="2026-03-10 09:00", due="2026-03-12 09:00")
    stands = story(PROMISE, again).at("2026-03-11")
    assert call(stands).due_at == instant("2026-03-12 09:00")
    assert call(stands).promised_at == instant("2026-03-09 09:00")
    assert overdue(stands) == []


def test_a_call_that_a_fast_clock_put_before_its_promise_counts() -> None:
    stands = story(called("satisfied", on="2026-03-09 08:59"), PROMISE).at("2026-03-11")
    assert call(stands).status == "made"
    assert overdue(stands) == []


def test_a_call_about_no_promise_is_no_row() -> None:
    stands = story(called("satisfied", on="2026-03-09 09:00")).at("2026-03-11")
    assert stands.assessment.rows["callbacks"] == []


def test_a_call_promised_about_a_case_stays_the_cases_own() -> None:
    facts = (
        complaint("high", on="2026-03-09 09:00"),
        resolved(on="2026-03-09 10:00"),
        promised(on="2026-03-09 11:00", due="2026-03-10 09:00", case=CASE),
    )
    stands = story(*facts).at("2026-03-10 10:00")
    assert stands.assessment.rows["callbacks"] == []
    assert [key.subject for key in overdue(stands)] == [f"{CASE}#1"]
    # One that was promised without it and is made about it counts for both.
    both = (*facts[:2], PROMISE, called("satisfied", on="2026-03-10 09:00", case=CASE))
    after = story(*both).at("2026-03-11")
    after.then(status="closed", callback_outcome="satisfied")
    assert call(after).status == "made"


def test_they_are_explained_the_next_due_first() -> None:
    other = structs.replace(PROMISE.data, callback_id="B-2", due_at=instant("2026-03-10 09:00"))
    facts = (
        PROMISE,
        told(other, "2026-03-09 10:00", "other"),
        called("satisfied", on="2026-03-09 12:00"),
    )
    rules = Reference(recorded_events(SERVICE_DESK))
    found = explain_callbacks(
        Facts(map(fact_of, recorded_events(facts))), asked("2026-03-20"), rules
    )
    assert [(row.callback_id, row.status) for row in found] == [("B-2", "open"), ("B-1", "made")]
