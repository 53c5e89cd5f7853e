"""Scenarios 8, 9 and 12 of the domain rules, section 9, through commands."""

import pytest

from events.cases.commands import (
    Fulfil,
    HandOff,
    RecordCallback,
    Reopen,
    Reply,
    Resolve,
    Resume,
    Take,
    Wait,
)
from events.refusals import Owing, Refused
from events.touchpoints.complaint import CaseAssigned, ComplaintFiled, CustomerTold
from projections.case_board.ladder import Ladder, recipients
from projections.case_board.replay import Board
from projections.case_board.rows import CycleRow
from projections.facts import Facts
from tests.support.decisions import Desk
from tests.support.given import CUSTOMER, instant

pytestmark = pytest.mark.acceptance


def complaint(severity: str) -> ComplaintFiled:
    return ComplaintFiled(severity=severity, agent="ann", department="service")  # type: ignore[arg-type]


def weekend() -> Desk:
    desk = Desk()
    desk.opens(complaint("high"), "2026-03-06 16:30")
    desk.does("ann", Reply(), "2026-03-06 17:00")
    desk.does("ann", Wait(reason="photo_of_damage"), "2026-03-06 17:00")
    desk.does("ann", Resume(), "2026-03-09 10:00")
    desk.does("ann", Wait(), "2026-03-09 11:00")
    desk.does("ann", Resume(), "2026-03-09 11:30")
    return desk


def test_8_pauses_move_the_deadline_and_a_dissatisfied_customer_resumes_it() -> None:
    desk = weekend()
    row = desk.row("2026-03-09 11:30")
    assert row.response_met_at == instant("2026-03-06 17:00")
    assert row.solution_due_at == instant("2026-03-09 15:00")
    desk.does("ann", Resolve(), "2026-03-09 14:50")
    assert desk.row("2026-03-09 14:50").callback_due_at == instant("2026-03-11 18:00")
    desk.does("cat", RecordCallback(outcome="dissatisfied"), "2026-03-10 09:20")
    row = desk.row("2026-03-10 09:20")
    assert (row.status, row.solution_due_at) == ("open", instant("2026-03-10 09:30"))
    desk.does("ann", Resolve(), "2026-03-10 09:40")
    assert desk.row("2026-03-10 12:00").solution_breached_at == instant("2026-03-10 09:30")


def test_8_reopened_after_closing_is_a_second_cycle_and_the_first_stays_breached() -> None:
    desk = weekend()
    desk.does("ann", Resolve(), "2026-03-09 15:10")
    desk.does("cat", RecordCallback(outcome="satisfied"), "2026-03-10 11:00")
    desk.does("liz", Reopen(reason="it came back"), "2026-03-11 09:00")
    assessed = desk.assessed("2026-03-11 09:00")
    first, second = (row for row in assessed.rows["cycles"] if isinstance(row, CycleRow))
    assert first.solution_breached_at == instant("2026-03-09 15:00")
    assert (second.cycle, second.solution_breached_at) == (2, None)
    row = desk.row("2026-03-11 09:00")
    assert row.response_due_at == instant("2026-03-11 10:00")
    assert row.solution_due_at == instant("2026-03-11 14:00")


def test_9_two_departments_owe_and_each_has_its_own_clock() -> None:
    desk = Desk()
    desk.opens(complaint("medium"), "2026-03-09 09:00")
    note = HandOff(department="sales", owes="a credit note", due_minutes=8 * 60)
    desk.does("ann", note, "2026-03-09 09:00")
    fetch = HandOff(department="logistics", owes="to fetch the goods", due_minutes=4 * 60)
    desk.does("ann", fetch, "2026-03-09 15:00")
    by_sales, by_logistics = (one.obligation_id for one in desk.stands.owed)
    row = desk.row("2026-03-09 15:00")
    assert (row.owner, row.solution_due_at) == ("ann", instant("2026-03-11 18:00"))
    desk.does("liz", Fulfil(obligation_id=by_logistics), "2026-03-10 09:30")

    refused = desk.refuses("ann", Resolve(), "2026-03-10 10:00")
    assert refused.rule == "obligation_open"
    assert refused.named["owed"] == (Owing("sales", "a credit note", instant("2026-03-09 18:00")),)
    alerts = [a for a in desk.assessed("2026-03-10 10:00").alerts if a.kind == "case_obligation"]
    assert [(a.subject, a.since) for a in alerts] == [
        (f"{desk.case_id}/{by_sales}", instant("2026-03-09 18:00"))
    ]
    board = Board(Facts(desk.facts), instant("2026-03-10 10:00"), desk.reference, tell=False)
    assert [one.agent for one in recipients(board, alerts[0])] == ["head of sales", "ann"]
    assert Ladder(CUSTOMER, board).customer == CUSTOMER

    desk.does("bob", Fulfil(obligation_id=by_sales), "2026-03-10 11:00")
    desk.does("ann", Resolve(), "2026-03-10 11:30")
    row = desk.row("2026-03-10 11:30")
    assert (row.status, row.told, row.open_obligations) == ("resolved", 6, 0)
    assert row.callback_due_at == instant("2026-03-12 18:00")
    told = [one.step for one in desk.stream if isinstance(one, CustomerTold)]
    assert told == ["received", "handed_on", "handed_on", "done", "done", "resolved"]


def test_12_of_two_departments_that_take_over_at_once_one_wins() -> None:
    """The loser decides again on the stream that the winner's unit is in."""
    desk = Desk()
    desk.opens(complaint("medium"), "2026-03-09 09:00")
    for department in ("sales", "logistics"):
        work = HandOff(department=department, owes="help", due_minutes=60)
        desk.does("ann", work, "2026-03-09 09:00")
    seen = desk.stands.version
    desk.does("bob", Take(), "2026-03-09 10:00")
    assert desk.stands.version == seen + 1  # whoever saw the earlier one is told what came
    assert (desk.stands.owner, desk.stands.department) == ("bob", "sales")
    late = desk.asks("bob", Take(), "2026-03-09 10:00")
    assert isinstance(late, Refused)
    assert late.rule == "yours_already"
    assert late.named["owner"] == "bob"
    assert late.named["since"] == instant("2026-03-09 10:00")
    takings = [one for one in desk.stream if isinstance(one, CaseAssigned)]
    assert [one.agent for one in takings] == ["bob"]
