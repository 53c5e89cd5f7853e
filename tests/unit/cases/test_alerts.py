"""Alerts taken up, put off and passed on: who may, when not, and what the board makes of it."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

import pytest
from msgspec import structs

from events.alert_care import Care, care_after
from events.cases.alerts import (
    AcknowledgeAlert,
    AlertCommand,
    DelegateAlert,
    KnownAlert,
    SnoozeAlert,
    decide_alert,
)
from events.cases.commands import Acknowledge, Assign, Delegate, HandOff, Resolve, Snooze
from events.cases.recipients import ABOUT_NO_CLOCK, Reach, Recipient, reach_of, told_of_alert
from events.cases.staff import staff_in_force
from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from events.refusals import Refused
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.policy import (
    AlertAcknowledged,
    AlertDelegated,
    AlertSnoozed,
    DepartmentSet,
    Role,
    StaffSet,
)
from projections.case_board.ladder import recipients
from projections.case_board.replay import Board
from projections.facts import Facts
from projections.protocol import Alert, Assessment, Cause
from tests.support.decisions import CASE_BOARD, Desk, fact_in_stream
from tests.support.given import (
    CUSTOMER,
    Told,
    deliveries,
    digest_of,
    instant,
    recorded_events,
    told,
)

REACHED = (Recipient("department_head", "B-1", "sales", "head of sales"),)
STANDS = KnownAlert(alert_id="A-1", reached=REACHED)
NOW = instant("2026-03-09 12:00")
DESK = Desk()


def asked(who: str, command: AlertCommand, alert: KnownAlert = STANDS) -> object:
    by = staff_in_force(DESK.reference, who, NOW)
    assert by is not None
    decided = decide_alert(alert, command, by, NOW, DESK.reference)
    return decided.rule if isinstance(decided, Refused) else decided


def test_whom_an_alert_reached_takes_it_up_puts_it_off_or_passes_it_on() -> None:
    head, later = "head of sales", instant("2026-03-09 15:00")
    assert asked(head, AcknowledgeAlert()) == (AlertAcknowledged(alert_id="A-1", by=head),)
    assert asked(head, SnoozeAlert(until=later)) == (
        AlertSnoozed(alert_id="A-1", by=head, until=later),
    )
    assert asked(head, DelegateAlert(to="bob")) == (
        AlertDelegated(alert_id="A-1", by=head, to="bob"),
    )


def test_nobody_else_may_nor_anybody_once_it_is_withdrawn() -> None:
    assert asked("bob", AcknowledgeAlert()) == "alert_not_yours"
    over = KnownAlert("A-1", REACHED, withdrawn_at=NOW)
    assert asked("head of sales", AcknowledgeAlert(), over) == "withdrawn"
    assert asked("head of sales", SnoozeAlert(until=NOW)) == "in_the_past"
    assert asked("head of sales", DelegateAlert(to="nobody")) == "unknown_staff"


@pytest.mark.parametrize(
    ("recipient", "who", "reached"),
    [
        (Recipient("branch_manager", "B-1", None, None), "max", True),
        (Recipient("branch_manager", "B-1", None, None), "moe", False),
        (Recipient("headquarters", "B-1", None, None), "hans", True),
        (Recipient("department_head", "B-1", "sales", None), "head of sales", True),
        (Recipient("department_head", "B-1", "sales", None), "head of service", False),
        (Recipient("owner", "B-1", "service", None), "amy", True),
        (Recipient("owner", "B-1", "service", None), "bob", False),
        (Recipient("owner", "B-1", None, None), "bob", True),
        (Recipient("owner", "B-1", "service", "ann"), "amy", False),
    ],
)
def test_whom_an_alert_reaches(recipient: Recipient, who: str, reached: bool) -> None:
    by = staff_in_force(DESK.reference, who, NOW)
    assert by is not None
    assert recipient.is_of(by) is reached


def recipients_of(
    kind: str, branch: str, *, delegate: str | None = None, at: datetime = NOW
) -> list[str]:
    """Whom reference data have told of an alert: names, or roles at the branch."""
    recipients = told_of_alert(kind, branch, delegate, company(), at)
    assert {one.branch_id for one in recipients} == {branch}
    return [one.agent or one.role for one in recipients]


@cache
def company() -> Reference:
    """Two branches with a manager each, and one office that collects for both."""
    since = instant("2020-01-01")
    offices: tuple[tuple[str, str, Role], ...] = (
        ("mei", "B-1", "branch_manager"),
        ("may", "B-2", "branch_manager"),
        ("rob", "HQ", "receivables"),
        ("ray", "B-2", "receivables"),
        ("hugo", "HQ", "headquarters"),
    )
    staff = [
        StaffSet(effective_from=since, staff_id=name, branch_id=branch, roles=(role,))
        for name, branch, role in offices
    ]
    leaves = StaffSet(effective_from=instant("2026-04-01"), staff_id="rob", active=False)
    return Reference(recorded_events(told(one, "2020-01-01") for one in (*staff, leaves)))


def test_who_is_told_is_who_has_the_role_there_or_anywhere_or_headquarters() -> None:
    assert recipients_of("tier_warning", "B-1") == ["branch_manager"]
    assert recipients_of("overdue", "B-2") == ["receivables"]
    assert recipients_of("overdue", "B-1") == ["ray", "rob"], "nobody there has it"
    assert recipients_of("limit_exceeded", "B-1") == ["headquarters"], "nobody has it at all"
    later = instant("2026-04-02")
    assert recipients_of("overdue", "B-1", at=later) == ["ray"], "the other has left"
    assert recipients_of("overdue", "B-2", delegate="mei") == ["mei"]
    assert recipients_of("overdue", "B-2", delegate="rob", at=later) == ["receivables"], (
        "who left is not"
    )


@pytest.mark.parametrize("who", ["mei", "may", "rob", "ray", "hugo"])
def test_what_reaches_a_member_of_staff_is_what_he_or_she_is_told(who: str) -> None:
    """The list that is asked of the rows, held against the rule for every branch and kind."""
    by = staff_in_force(company(), who, NOW)
    assert by is not None
    reach = reach_of(by, company(), NOW)
    for kind in ABOUT_NO_CLOCK:
        for branch in ("B-1", "B-2", "B-3", "HQ"):
            recipients = told_of_alert(kind, branch, None, company(), NOW)
            expected = any(one.is_of(by) for one in recipients)
            assert _reaches(reach, kind, branch) == expected, (kind, branch)


def _reaches(reach: Reach, kind: str, branch: str) -> bool:
    if branch == reach.branch_id and kind in reach.here:
        return True
    return kind in reach.elsewhere and (kind, branch) not in reach.but_not


# --- who takes care of it ---


def test_who_took_it_up_is_the_only_one_to_put_it_off_until_he_or_she_leaves() -> None:
    head, later = "head of sales", instant("2026-03-09 15:00")
    alert = KnownAlert(
        "A-1",
        (*REACHED, Recipient("delegate", "B-1", None, "bob")),
        Care("acknowledged", "bob", NOW),
    )
    assert asked(head, AcknowledgeAlert(), alert) == "taken_up"
    assert asked("bob", AcknowledgeAlert(), alert) == "taken_up", "once is enough"
    assert asked(head, SnoozeAlert(until=later), alert) == "taken_up"
    assert asked(head, DelegateAlert(to="amy"), alert) == "taken_up"
    assert asked("bob", DelegateAlert(to="amy"), alert) == (
        AlertDelegated(alert_id="A-1", by="bob", to="amy"),
    )
    over = KnownAlert("A-1", REACHED, Care("acknowledged", head, NOW))
    assert asked("bob", AcknowledgeAlert(), over) == "taken_up", "whom it was passed on to before"
    gone = structs.replace(alert, care=Care("acknowledged", "who left", NOW))
    assert asked(head, AcknowledgeAlert(), gone) == (AlertAcknowledged(alert_id="A-1", by=head),)


def test_the_last_word_counts_and_what_was_put_off_opens_again() -> None:
    said = [
        AlertDelegated(alert_id="A", by="x", to="y"),
        AlertSnoozed(alert_id="A", by="y", until=instant("2026-03-10")),
        AlertAcknowledged(alert_id="A", by="y"),
        AlertSnoozed(alert_id="A", by="y", until=instant("2026-03-12")),
        AlertDelegated(alert_id="A", by="y", to="z"),
        AlertAcknowledged(alert_id="A", by="y"),
    ]
    care, seen = None, []
    for n, data in enumerate(said):
        care = care_after(care, fact_in_stream(data, instant(f"2026-03-09 0{n}:00"), "/x", n))
        seen.append((care.state, care.by, care.delegate))
    assert seen == [
        ("open", "x", "y"), ("snoozed", "y", "y"), ("acknowledged", "y", "y"),
        ("snoozed", "y", "y"), ("open", "y", "z"), ("acknowledged", "y", None),
    ]  # fmt: skip
    off = Care("snoozed", "y", NOW, instant("2026-03-12"), "y")
    assert off.as_of(instant("2026-03-11 23:59")) is off
    assert off.as_of(instant("2026-03-12")) == Care(delegate="y")


# --- on the board ---


def late() -> tuple[Desk, Alert]:
    """A case whose first answer is due at 10:00, and the alert of its breach."""
    desk = Desk()
    desk.opens(
        ComplaintFiled(severity="high", agent="ann", department="service"), "2026-03-09 09:00"
    )
    (alert,) = (a for a in desk.assessed("2026-03-09 10:00").alerts if a.kind == "case_response")
    return desk, alert


def told_of(desk: Desk, data: Touchpoint, on: str) -> None:
    desk.facts.append(fact_in_stream(data, instant(on), "/customers/C-1", len(desk.facts)))


def standing(desk: Desk, at: str) -> dict[str, int]:
    return {a.kind: a.threshold for a in desk.assessed(at).alerts}


def test_an_alert_that_is_put_off_stands_again_at_its_instant() -> None:
    desk, alert = late()
    snoozed = AlertSnoozed(alert_id=alert.alert_id, by="x", until=instant("2026-03-09 10:29"))
    told_of(desk, snoozed, "2026-03-09 10:05")
    assert standing(desk, "2026-03-09 10:04") == {"case_response": 100}
    off = desk.assessed("2026-03-09 10:05")
    assert not off.alerts
    assert off.next_change_at == instant("2026-03-09 10:29")
    cause = off.cleared[alert.key]
    assert cause == Cause("snoozed", desk.facts[-1].id)
    assert desk.row("2026-03-09 10:05").escalation is None
    again = desk.assessed("2026-03-09 10:29")
    assert [one.alert_id for one in again.alerts] == [alert.alert_id]


def test_what_is_put_off_climbs_all_the_same() -> None:
    desk, alert = late()
    far = AlertSnoozed(alert_id=alert.alert_id, by="x", until=instant("2026-03-20"))
    told_of(desk, far, "2026-03-09 10:05")
    assert standing(desk, "2026-03-09 10:29") == {}
    assert standing(desk, "2026-03-09 10:30") == {"case_response": 150}


def test_the_last_word_on_when_counts_and_so_does_an_end() -> None:
    desk, alert = late()
    for until, on in (("2026-03-20", "2026-03-09 10:05"), ("2026-03-09 10:10", "2026-03-09 10:06")):
        told_of(desk, AlertSnoozed(alert_id=alert.alert_id, by="x", until=instant(until)), on)
    assert standing(desk, "2026-03-09 10:09") == {}
    assert standing(desk, "2026-03-09 10:10") == {"case_response": 100}


def test_a_call_back_that_is_overdue_stands_with_what_was_done_about_it() -> None:
    desk, _ = late()
    desk.does("ann", Resolve(), "2026-03-09 10:00")
    (alert,) = desk.assessed("2026-03-12 09:00").alerts
    assert (alert.kind, alert.state) == ("callback_overdue", "open")
    until = instant("2026-03-13 09:00")
    snoozed = AlertSnoozed(alert_id=alert.episode_id, by="x", until=until)
    told_of(desk, snoozed, "2026-03-12 10:00")
    off = desk.assessed("2026-03-12 11:00")
    (put_off,) = off.alerts
    assert (put_off.state, put_off.until, put_off.alert_id) == ("snoozed", until, alert.alert_id)
    assert off.next_change_at == until
    (again,) = desk.assessed("2026-03-13 09:00").alerts
    assert again == alert
    told_of(desk, AlertAcknowledged(alert_id=alert.alert_id, by="x"), "2026-03-13 10:00")
    (taken_up,) = desk.assessed("2026-03-14 09:00").alerts
    assert (taken_up.state, taken_up.state_by) == ("acknowledged", "x")


def test_the_board_goes_on_from_where_it_was_to_the_same_rows() -> None:
    desk, alert = late()
    until = instant("2026-03-09 10:29")
    told_of(desk, AlertSnoozed(alert_id=alert.alert_id, by="x", until=until), "2026-03-09 10:05")
    told_of(desk, AlertDelegated(alert_id=alert.alert_id, by="x", to="amy"), "2026-03-09 10:06")
    at = instant("2026-03-09 10:40")
    expected = digest_of(desk.assessed(at), CASE_BOARD)
    for batches in deliveries(desk.facts, seed=7, rounds=20):
        assert digest_of(_in_batches(desk, batches, at), CASE_BOARD) == expected


def _in_batches(desk: Desk, batches: Sequence[Sequence[Fact]], at: datetime) -> Assessment:
    facts = Facts()
    for batch in batches:
        for one in batch:
            facts.remember(one)
        last = CASE_BOARD.assess(CUSTOMER, facts, at, desk.reference)
    return last


def test_what_is_done_about_a_clock_holds_whoever_its_customer_is_merged_into() -> None:
    """An alert's own id names the customer; the escalation's does not."""
    desk, alert = late()
    head, until = "head of service", instant("2026-03-09 10:29")
    early = Snooze(clock="response", percent=100, cycle=1, until=instant("2026-03-09 10:04"))
    assert desk.refuses(head, early, "2026-03-09 10:05").rule == "in_the_past"
    desk.does(head, structs.replace(early, until=until), "2026-03-09 10:05")
    passing = Delegate(clock="response", percent=100, cycle=1, to="amy")
    assert desk.refuses("amy", passing, "2026-03-09 10:05").rule == "not_yours"
    unknown = structs.replace(passing, to="nobody")
    assert desk.refuses(head, unknown, "2026-03-09 10:05").rule == "unknown_staff"
    desk.does(head, passing, "2026-03-09 10:05")
    root = CustomerId("C-2")
    off = CASE_BOARD.assess(root, Facts(desk.facts), instant("2026-03-09 10:10"), desk.reference)
    assert not off.alerts
    at = instant("2026-03-09 10:29")
    (again,) = CASE_BOARD.assess(root, Facts(desk.facts), at, desk.reference).alerts
    assert again.alert_id != alert.alert_id
    board = Board(Facts(desk.facts), at, desk.reference, tell=False)
    assert [one.agent for one in recipients(board, again)] == ["amy"]
    desk.does("amy", Acknowledge(clock="response", percent=100, cycle=1), "2026-03-09 10:29")
    assert not CASE_BOARD.assess(root, Facts(desk.facts), at, desk.reference).alerts
    settled = structs.replace(early, until=instant("2026-03-10"))
    assert desk.refuses(head, settled, "2026-03-09 10:29").rule == "acknowledged"


# --- who is told ---


def whom(desk: Desk, kind: str, at: str) -> list[tuple[str, str | None]]:
    board = Board(Facts(desk.facts), instant(at), desk.reference, tell=False)
    alert = next(a for a in desk.assessed(at).alerts if a.kind == kind)
    return [(one.role, one.agent) for one in recipients(board, alert)]


def test_who_is_told_follows_from_what_is_in_force_then() -> None:
    """A new head from noon on, told of early; a manager who comes to the branch, told of late."""
    desk, _ = late()
    heads = DepartmentSet(
        effective_from=instant("2026-03-09 11:00"), department_id="service", name="Service",
        head="new head",
    )  # fmt: skip
    desk.learns(Told(heads, instant("2026-03-01"), event="new head"))
    assert whom(desk, "case_response", "2026-03-09 10:10") == [
        ("department_head", "head of service")
    ]
    assert whom(desk, "case_solution", "2026-03-09 14:10") == [("department_head", "new head")]
    assert whom(desk, "case_response", "2026-03-09 10:30") == [("branch_manager", "max")]
    joins = StaffSet(
        effective_from=instant("2026-03-01"), staff_id="mia", branch_id="B-1",
        roles=("branch_manager",),
    )  # fmt: skip
    desk.learns(told(joins, "2026-03-20", "mia joins"))
    assert whom(desk, "case_response", "2026-03-09 10:30") == [
        ("branch_manager", "max"), ("branch_manager", "mia"),
    ]  # fmt: skip
    assert whom(desk, "case_response", "2026-03-09 11:00") == [("headquarters", "hans")]


def test_whoever_owns_the_case_now_is_told_and_the_department_that_owes() -> None:
    desk, _ = late()
    desk.does("ann", HandOff(department="sales", owes="x", due_minutes=60), "2026-03-09 09:10")
    desk.does("head of service", Assign(agent="liz"), "2026-03-09 09:20")
    assert whom(desk, "case_obligation", "2026-03-09 10:10") == [
        ("department_head", "head of sales"), ("owner", "liz"),
    ]  # fmt: skip
    assert whom(desk, "case_response", "2026-03-09 10:10") == [
        ("department_head", "head of logistics")
    ]


def test_what_was_passed_on_is_told_to_whom_it_was_passed() -> None:
    desk, alert = late()
    told_of(desk, AlertDelegated(alert_id=alert.alert_id, by="x", to="amy"), "2026-03-09 10:05")
    assert whom(desk, "case_response", "2026-03-09 10:10") == [("delegate", "amy")]
    assert whom(desk, "case_response", "2026-03-09 10:30") == [("branch_manager", "max")]
