"""What holds for cases whatever happens, in whatever order it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given, note
from hypothesis import strategies as st

from events.calendars import INSTANT
from events.facts import Fact
from events.policy import Reference
from events.touchpoints.complaint import CaseOpened
from events.touchpoints.contact import CallbackPromised
from events.touchpoints.policy import AlertSnoozed
from projections.case_board.explain import explain_case
from projections.case_board.ladder import recipients
from projections.case_board.projection import CaseBoard
from projections.case_board.replay import Board
from projections.case_board.rows import CaseRow, CycleRow, DepartmentRow, ObligationRow
from projections.facts import Facts
from projections.protocol import Alert, Assessment
from tests.support.case_streams import case_rules, case_streams, instants
from tests.support.given import CUSTOMER, assessed_however_delivered, digest_of
from tests.support.streams import event

Stream = Sequence[Fact]
CASE_BOARD = CaseBoard()


def assess(events: Stream, at: datetime, reference: Reference) -> Assessment:
    return CASE_BOARD.assess(CUSTOMER, Facts(events), at, reference)


def cases(assessment: Assessment) -> list[CaseRow]:
    return [row for row in assessment.rows["cases"] if isinstance(row, CaseRow)]


def cycles(assessment: Assessment) -> list[CycleRow]:
    return [row for row in assessment.rows["cycles"] if isinstance(row, CycleRow)]


@given(case_streams(), instants, case_rules())
def test_rows_agree_with_each_other(events: Stream, at: datetime, reference: Reference) -> None:
    assessment = assess(events, at, reference)
    for row in cases(assessment):
        mine = [cycle for cycle in cycles(assessment) if cycle.case_id == row.case_id]
        assert [cycle.cycle for cycle in mine] == list(range(1, row.cycle + 1))
        assert row.reopened == row.cycle - 1
        assert (row.status == "closed") == (row.closed_at is not None)
        assert (row.status == "waiting") == (row.waiting_since is not None)
        assert row.closed_at is None or row.confirmed is not None
        for cycle in mine:
            assert not (cycle.solution_met_at and cycle.solution_breached_at)
            assert not (cycle.response_met_at and cycle.response_breached_at)
            for moment in (cycle.solution_breached_at, cycle.response_breached_at):
                assert moment is None or cycle.opened_at <= moment <= at
        if row.solution_breached_at is None and row.solution_due_at is not None:
            assert row.solution_due_at > at or row.status != "open"
        owed = [
            o
            for o in assessment.rows["obligations"]
            if isinstance(o, ObligationRow) and o.case_id == row.case_id and o.status == "open"
        ]
        assert len(owed) == row.open_obligations
        stays = [
            d
            for d in assessment.rows["departments"]
            if isinstance(d, DepartmentRow) and d.case_id == row.case_id
        ]
        in_hand = {o.department for o in owed}
        if row.status in ("open", "waiting") and row.department:
            in_hand.add(row.department)
        assert {d.department for d in stays if d.since is not None} == in_hand
        assert all(d.held_s >= 0 for d in stays)
    for table in CASE_BOARD.tables:
        keys = [table.key_of(row) for row in assessment.rows[table.name]]
        assert len(set(keys)) == len(keys)


@given(case_streams(), instants, case_rules(), st.integers(0, 2**16))
def test_order_repetition_and_batches_change_nothing(
    events: Stream, at: datetime, reference: Reference, seed: int
) -> None:
    assessed_however_delivered(CASE_BOARD, events, at, reference, seed=seed, rounds=2)


@given(case_streams(), instants, case_rules())
def test_facts_of_the_future_do_not_matter(
    events: Stream, at: datetime, reference: Reference
) -> None:
    past = [event for event in events if event.effective_at <= at]
    now, then = assess(events, at, reference), assess(past, at, reference)
    assert digest_of(now, CASE_BOARD) == digest_of(then, CASE_BOARD)


@given(case_streams(), instants, case_rules(), st.integers(0, 20 * 86_400))
def test_nothing_changes_before_the_next_change(
    events: Stream, at: datetime, reference: Reference, ahead: int
) -> None:
    assessment = assess(events, at, reference)
    end = assessment.next_change_at
    later = at + timedelta(seconds=ahead)
    if end is not None:
        assert end > at
        note(f"next change at {end}")
        later = min(later, end - INSTANT)
    again = assess(events, later, reference)
    assert again.rows == assessment.rows
    assert set(again.alerts) == set(assessment.alerts)
    assert again.next_change_at == end


@given(case_streams(), instants, case_rules())
def test_an_alert_stands_from_its_exact_instant_and_never_from_before(
    events: Stream, at: datetime, reference: Reference
) -> None:
    """Stepping from change to change meets every alert at the instant that it names."""
    if not events:
        return
    # What pins other minutes, promises a call for an instant that is past, or puts off an alert,
    # works backwards.
    backwards = any(
        isinstance(e.data, CaseOpened | CallbackPromised | AlertSnoozed) for e in events
    )
    now: datetime | None = min(event.effective_at for event in events)
    before: set[Alert] = set()
    while now is not None and now <= at:
        assessment = assess(events, now, reference)
        standing = set(assessment.alerts)
        for alert in standing:
            assert alert.since <= now
        if not backwards:
            assert {alert.since for alert in standing - before} <= {now}
        before = standing
        now = assessment.next_change_at


@given(case_streams(), instants, case_rules(), st.integers(0, 5), st.integers(1, 3_000))
def test_an_alert_that_is_put_off_is_silent_until_its_instant_and_stands_as_without(
    events: Stream, at: datetime, reference: Reference, which: int, minutes: int
) -> None:
    """Unless what it is about ends; step by step, as a worker goes on, and all at once."""
    standing = assess(events, at, reference).alerts
    if not standing:
        return
    alert = standing[which % len(standing)]
    if alert.kind == "callback_overdue":
        return  # it stands on, with what was done about it
    until = at + timedelta(minutes=minutes)
    data = AlertSnoozed(alert_id=alert.alert_id, by="ann", until=until)
    told = [*events, event(data, 99, at, "/customers/C-1")]
    facts = Facts(told)
    now: datetime | None = at
    while now is not None and now < until:
        off = CASE_BOARD.assess(CUSTOMER, facts, now, reference)
        assert alert.alert_id not in {one.alert_id for one in off.alerts}
        afresh = assess(told, now, reference)
        assert digest_of(off, CASE_BOARD) == digest_of(afresh, CASE_BOARD)
        assert off.next_change_at == afresh.next_change_at
        now = off.next_change_at
    again = CASE_BOARD.assess(CUSTOMER, facts, until, reference)
    assert digest_of(again, CASE_BOARD) == digest_of(assess(events, until, reference), CASE_BOARD)


@given(case_streams(), instants, case_rules())
def test_every_alert_has_somebody_to_tell_and_every_other_a_cause(
    events: Stream, at: datetime, reference: Reference
) -> None:
    assessment = assess(events, at, reference)
    board = Board(Facts(events), at, reference, tell=False)
    for alert in assessment.alerts:
        assert recipients(board, alert)
    for key, cause in assessment.cleared.items():
        assert cause.reason, key
    standing = {alert.key for alert in assessment.alerts}
    assert not standing & set(assessment.cleared)
    assert len({alert.alert_id for alert in assessment.alerts}) == len(assessment.alerts)


@given(case_streams(), instants, case_rules())
def test_an_explanation_says_what_the_rows_say(
    events: Stream, at: datetime, reference: Reference
) -> None:
    assessment = assess(events, at, reference)
    facts = Facts(events)
    for row in cases(assessment):
        explained = explain_case(CUSTOMER, facts, at, reference, row.case_id)
        assert explained is not None
        assert explained.case == row
        moments = [told.at for told in explained.history]
        assert moments == sorted(moments)
        assert all(moment <= at for moment in moments)
    assert explain_case(CUSTOMER, facts, at, reference, "nobody's") is None
