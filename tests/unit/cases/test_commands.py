"""Every row of the table of commands: who may, what it comes to, what is refused, what helps.

The case is one of Monday 9 March 2026, 09:00, high: an answer within 1 h, a solution within 4 h.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from events.cases.asking import Rules
from events.cases.commands import (
    Acknowledge,
    AddNote,
    Assign,
    BringBack,
    Close,
    Command,
    Decline,
    Delegate,
    Escalate,
    Fulfil,
    HandOff,
    HoldDunning,
    MarkDuplicate,
    Open,
    PutOff,
    RecordCallback,
    Refer,
    Reopen,
    Reply,
    Resolve,
    Resume,
    SetPriority,
    Snooze,
    Take,
    TellCustomer,
    Wait,
    Withdraw,
)
from events.cases.decide import decide
from events.cases.staff import Staff, staff_in_force
from events.cases.state import part_id
from events.refusals import Department, Owing, Refused, Word
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseAssigned,
    CaseBroughtBack,
    CaseClosed,
    CaseDeclined,
    CaseDuplicateFound,
    CaseEscalated,
    CaseHandedOff,
    CaseNoted,
    CaseOpened,
    CasePrioritySet,
    CasePutOff,
    CaseReferred,
    CaseReopened,
    CaseReplied,
    CaseResolved,
    CaseWaitingEnded,
    CaseWaitingStarted,
    ComplaintFiled,
    CustomerTold,
    EscalationAcknowledged,
    ObligationFulfilled,
    ObligationWithdrawn,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised
from events.touchpoints.payment import DunningHeld
from events.touchpoints.policy import (
    AlertDelegated,
    AlertSnoozed,
    ServiceLevel,
    ServiceLevelPolicy,
    ServiceLevelPolicyPublished,
    StaffSet,
    TierLine,
    TierPolicy,
    TierPolicyPublished,
)
from tests.support.cases import CASE
from tests.support.decisions import RULES, Desk, opening, staff
from tests.support.given import instant, told

SOON, NOON, LATER, NEXT = (
    "2026-03-09 09:10", "2026-03-09 11:00", "2026-03-09 14:00", "2026-03-10 09:00",
)  # fmt: skip
OWED = part_id(CASE, "obligation", 1)
PUT_OFF = PutOff(until=instant(NEXT))
HEAD, MANAGER, HQ = "head of service", "max", "hans"


COMPLAINT = ComplaintFiled(severity="high", agent="ann", department="service")


def live() -> Desk:
    desk = Desk()
    desk.opens(COMPLAINT, "2026-03-09 09:00")
    return desk


def nobodys() -> Desk:
    desk = Desk()
    desk.opens(ComplaintFiled(severity="high"), "2026-03-09 09:00")
    return desk


def put_off() -> Desk:
    desk = nobodys()
    desk.does("ann", PUT_OFF, SOON)
    return desk


def put_off_till_noon() -> Desk:
    desk = nobodys()
    desk.does("ann", PutOff(until=instant(NOON)), SOON)
    return desk


def waiting() -> Desk:
    desk = live()
    desk.does("ann", Wait(), SOON)
    return desk


def owing() -> Desk:
    desk = live()
    desk.does("ann", HandOff(department="sales", owes="a credit note", due_minutes=60), SOON)
    return desk


def resolved() -> Desk:
    desk = live()
    desk.does("ann", Resolve(), SOON)
    return desk


def called(outcome: str, times: int = 1) -> Callable[[], Desk]:
    def given() -> Desk:
        desk = resolved()
        for _ in range(times):
            desk.does("cat", RecordCallback(outcome=outcome), NOON)  # type: ignore[arg-type]
        return desk

    given.__name__ = f"{outcome}_{times}"
    return given


def closed() -> Desk:
    desk = live()
    desk.does("ann", Close(reason="withdrawn by the customer"), SOON)
    return desk


def with_invoice() -> Desk:
    desk = live()
    desk.open_invoices = frozenset({"INV-1"})
    return desk


def told_at_the_breach() -> Desk:
    desk = live()
    desk.by_itself(TIME_IS_UP, LATER)
    return desk


def taken_up() -> Desk:
    desk = live()
    desk.does("ann", Acknowledge(clock="response", percent=75, cycle=1), NOON)
    return desk


HAND_OFF = HandOff(department="sales", owes="a credit note", due_minutes=60)
TIME_IS_UP = Escalate(clock="response", percent=100, cycle=1)
SNOOZE = Snooze(clock="response", percent=100, cycle=1, until=instant("2026-03-11"))
DELEGATE = Delegate(clock="response", percent=100, cycle=1, to="amy")
TAKE_UP = Acknowledge(clock="response", percent=100, cycle=1)


@pytest.mark.parametrize(
    ("given", "who", "command", "kinds"),
    [
        (live, "amy", Take(), [CaseAssigned]),
        (owing, "bob", Take(), [CaseAssigned]),
        (nobodys, "liz", Take(), [CaseAssigned]),
        (live, HEAD, Take(), [CaseAssigned]),
        (live, "ann", Assign(agent="amy"), [CaseAssigned]),
        (live, HEAD, Assign(agent="bob"), [CaseAssigned]),
        (live, MANAGER, Assign(agent="amy", department="sales"), [CaseAssigned]),
        (live, "ann", Reply(), [CaseReplied]),
        (owing, "bob", Reply(), [CaseReplied]),
        (waiting, "ann", Reply(), [CaseReplied]),
        (live, "ann", HAND_OFF, [CaseHandedOff, CustomerTold]),
        (live, HEAD, HAND_OFF, [CaseHandedOff, CustomerTold]),
        (waiting, HQ, HAND_OFF, [CaseHandedOff, CustomerTold]),
        (owing, "bob", Fulfil(obligation_id=OWED), [ObligationFulfilled, CustomerTold]),
        (owing, "ann", Fulfil(obligation_id=OWED), [ObligationFulfilled, CustomerTold]),
        (owing, "ann", Withdraw(obligation_id=OWED), [ObligationWithdrawn]),
        (live, "amy", TellCustomer(step="done"), [CustomerTold]),
        (owing, "bob", TellCustomer(step="done"), [CustomerTold]),
        (live, "ann", Wait(), [CaseWaitingStarted]),
        (waiting, "ann", Resume(), [CaseWaitingEnded]),
        (live, "amy", Refer(department="sales"), [CaseReferred]),
        (resolved, "ann", Refer(department="sales"), [CaseReferred]),
        (live, "ann", Resolve(), [CaseResolved, CallbackPromised, CustomerTold]),
        (waiting, "ann", Resolve(), [CaseResolved, CallbackPromised, CustomerTold]),
        (resolved, "cat", RecordCallback(outcome="satisfied"), [CallbackMade]),
        (live, "ann", Close(reason="a joke"), [CaseClosed]),
        (live, HEAD, Close(), [CaseClosed]),
        (closed, "liz", Reopen(reason="it came back"), [CaseReopened]),
        (resolved, "liz", Reopen(reason="it came back"), [CaseReopened]),
        (live, HEAD, TIME_IS_UP, [CaseEscalated]),
        (live, HEAD, TAKE_UP, [EscalationAcknowledged]),
        (told_at_the_breach, HEAD, TAKE_UP, [EscalationAcknowledged]),
        (taken_up, HEAD, TIME_IS_UP, [CaseEscalated]),
        (live, HEAD, SNOOZE, [AlertSnoozed]),
        (live, HEAD, DELEGATE, [AlertDelegated]),
        (with_invoice, "amy", HoldDunning(invoice_id="INV-1"), [DunningHeld]),
        (with_invoice, "ann", HoldDunning(), [DunningHeld]),
        (live, "ann", AddNote(), [CaseNoted]),
        (live, HEAD, SetPriority(priority="urgent"), [CasePrioritySet]),
        (live, HEAD, Decline(reason="out of warranty"), [CaseDeclined]),
        (owing, HEAD, MarkDuplicate(duplicate_of="another"), [CaseDuplicateFound]),
        (nobodys, "liz", PUT_OFF, [CasePutOff]),
        (put_off, "liz", PUT_OFF, [CasePutOff]),
        (put_off, "bob", BringBack(), [CaseBroughtBack]),
    ],
    ids=lambda one: one.__name__ if callable(one) else str(one)[:40],
)  # fmt: skip
def test_whoever_may_gets_it_done(
    given: Callable[[], Desk], who: str, command: Command, kinds: Sequence[type[Touchpoint]]
) -> None:
    desk = given()
    done = desk.does(who, command, LATER)
    assert [type(one) for one in done] == kinds
    by_name = [one.by for one in done if hasattr(one, "by")]
    assert set(by_name) == {who}
    desk.agrees(instant(LATER))


Remedy = Sequence[tuple[str, Command]]


@pytest.mark.parametrize(
    ("given", "who", "command", "rule", "remedy"),
    [
        (live, "liz", Take(), "not_yours", [("ann", Assign(agent="amy", department="logistics"))]),
        (closed, "amy", Take(), "not_live", [("amy", Reopen(reason="again"))]),
        (live, "ann", Take(), "yours_already", None),
        (live, "ann", Assign(agent="ann"), "yours_already", None),
        (live, "amy", Assign(agent="bob"), "not_yours", [("amy", Take())]),
        (live, "ann", Assign(agent="nobody"), "unknown_staff", None),
        (live, "ann", Assign(agent="amy", department="legal"), "unknown_department", None),
        (resolved, "ann", Assign(agent="amy"), "not_live", [("ann", Reopen(reason="no"))]),
        (live, "amy", Reply(), "not_yours", [("amy", Take())]),
        (resolved, "ann", Reply(), "not_live", [("ann", Reopen(reason="no"))]),
        (live, "amy", HAND_OFF, "not_yours", [("amy", Take())]),
        (closed, "ann", HAND_OFF, "not_live", [("ann", Reopen(reason="no"))]),
        (live, "ann", HandOff(department="legal", owes="x", due_minutes=9), "unknown_department",
         None),
        (live, "ann", HandOff(department="sales", owes="x"), "no_deadline", None),
        (live, "ann", HandOff(department="sales", owes="x", due_minutes=0), "no_deadline", None),
        (live, "bob", Fulfil(obligation_id=OWED), "nothing_owed", [("ann", HAND_OFF)]),
        (owing, "ann", Fulfil(obligation_id="other"), "not_owed", None),
        (owing, "liz", Fulfil(obligation_id=OWED), "not_your_debt", None),
        (owing, "amy", Fulfil(obligation_id=OWED), "not_your_debt", [("amy", Take())]),
        (live, "ann", Withdraw(obligation_id=OWED), "nothing_owed", [("ann", HAND_OFF)]),
        (owing, "bob", Withdraw(obligation_id=OWED), "not_yours", [("bob", Take())]),
        (live, "liz", TellCustomer(step="done"), "not_yours", None),
        (closed, "ann", TellCustomer(step="done"), "not_live", [("ann", Reopen(reason="no"))]),
        (waiting, "ann", Wait(), "waiting", [("ann", Resume())]),
        (live, "amy", Wait(), "not_yours", [("amy", Take())]),
        (resolved, "ann", Wait(), "not_live", [("ann", Reopen(reason="no"))]),
        (live, "ann", Resume(), "not_waiting", [("ann", Wait())]),
        (waiting, "amy", Resume(), "not_yours", [("amy", Take())]),
        (closed, "ann", Resume(), "not_live", None),
        (live, "ann", Refer(department="service"), "same_department", None),
        (live, "ann", Refer(department="legal"), "unknown_department", None),
        (live, "liz", Refer(department="sales"), "not_yours", None),
        (closed, "ann", Refer(department="sales"), "not_live", [("ann", Reopen(reason="no"))]),
        (owing, "ann", Resolve(), "obligation_open", [("bob", Fulfil(obligation_id=OWED))]),
        (owing, "ann", Resolve(), "obligation_open", [("ann", Withdraw(obligation_id=OWED))]),
        (live, "amy", Resolve(), "not_yours", [("amy", Take())]),
        (resolved, "ann", Resolve(), "not_live", [("ann", Reopen(reason="no"))]),
        (live, "cat", RecordCallback(outcome="satisfied"), "not_resolved", [("ann", Resolve())]),
        (resolved, "amy", RecordCallback(outcome="satisfied"), "not_yours", None),
        (called("satisfied"), "cat", RecordCallback(outcome="satisfied"), "not_resolved", None),
        (called("unreachable", 3), "cat", RecordCallback(outcome="unreachable"), "attempts_used",
         [("liz", Reopen(reason="the customer called")), ("ann", Resolve())]),
        (live, "amy", Close(reason="a joke"), "not_yours", [("amy", Take())]),
        (live, "ann", Close(), "reason_wanted", None),
        (owing, HEAD, Close(), "obligation_open", [("bob", Fulfil(obligation_id=OWED))]),
        (resolved, HEAD, Close(), "callback_due", [("ann", Reopen(reason="no"))]),
        (closed, HEAD, Close(), "not_live", [("ann", Reopen(reason="no"))]),
        (live, "ann", Reopen(reason="no"), "not_closed", [("ann", Resolve())]),
        (live, "ann", TIME_IS_UP, "not_yours", None),
        (live, HEAD, Escalate(clock="response", percent=60, cycle=1), "unknown_step", None),
        (live, HEAD, Escalate(clock="solution", percent=200, cycle=1), "not_reached", None),
        (resolved, HEAD, TIME_IS_UP, "settled", None),
        (live, HEAD, Escalate(clock="response", percent=100, cycle=2), "settled", None),
        (live, HEAD, Escalate(clock="obligation", percent=100, cycle=1, obligation_id="x"),
         "settled", None),
        (told_at_the_breach, HEAD, TIME_IS_UP, "escalated_already", None),
        (live, "ann", TAKE_UP, "not_yours", None),
        (live, "bob", Acknowledge(clock="response", percent=75, cycle=1), "not_yours", None),
        (taken_up, "ann", Acknowledge(clock="response", percent=75, cycle=1), "acknowledged",
         None),
        (live, "ann", SNOOZE, "not_yours", None),
        (live, "ann", DELEGATE, "not_yours", None),
        (resolved, HEAD, SNOOZE, "settled", None),
        (resolved, HEAD, DELEGATE, "settled", None),
        (live, "ann", HoldDunning(), "no_open_invoice", None),
        (with_invoice, "ann", HoldDunning(invoice_id="INV-2"), "nothing_open", None),
        (with_invoice, "bob", HoldDunning(), "not_yours", None),
        (closed, "ann", HoldDunning(), "not_live", None),
        (live, "liz", AddNote(), "not_yours", None),
        (closed, "ann", AddNote(), "not_live", [("ann", Reopen(reason="no"))]),
        (live, "ann", SetPriority(priority="low"), "not_yours", None),
        (live, HEAD, SetPriority(priority="high"), "same_priority", None),
        (closed, HEAD, SetPriority(priority="low"), "not_live", [("ann", Reopen(reason="no"))]),
        (live, "ann", Decline(reason="no"), "not_yours", None),
        (resolved, HEAD, Decline(reason="no"), "not_live", [("ann", Reopen(reason="no"))]),
        (live, "ann", MarkDuplicate(duplicate_of="another"), "not_yours", None),
        (live, HEAD, MarkDuplicate(duplicate_of=CASE), "itself", None),
        (closed, HEAD, MarkDuplicate(duplicate_of="another"), "not_live",
         [("ann", Reopen(reason="no"))]),
        (live, "ann", PUT_OFF, "owned", None),
        (live, "liz", PUT_OFF, "not_yours", None),
        (closed, "ann", PUT_OFF, "not_live", None),
        (nobodys, "ann", PutOff(until=instant(NOON)), "in_the_past", None),
        (nobodys, "ann", BringBack(), "not_put_off", [("ann", PUT_OFF)]),
        (put_off_till_noon, "ann", BringBack(), "not_put_off", [("ann", PUT_OFF)]),
    ],
    ids=lambda one: one.__name__ if callable(one) else str(one)[:40],
)  # fmt: skip
def test_a_refusal_changes_nothing_and_its_remedy_lets_it_pass(
    given: Callable[[], Desk], who: str, command: Command, rule: str, remedy: Remedy | None
) -> None:
    """Where the remedy is something done to the case, it is done; else there is none to do."""
    desk = given()
    before = desk.case
    assert desk.refuses(who, command, LATER).rule == rule
    assert desk.case is before
    if remedy is None:
        return
    for another, step in remedy:
        desk.does(another, step, LATER)
    desk.does(who, command, LATER)


def test_who_takes_a_case_or_ends_it_puts_it_off_no_longer() -> None:
    for who, command in (("ann", Take()), (HQ, Decline(reason="no"))):
        desk = put_off()
        assert desk.row(NOON).put_off_until == instant(NEXT)
        desk.does(who, command, LATER)
        assert desk.row(LATER).put_off_until is None
        desk.agrees(instant(LATER))


def test_nothing_may_be_done_with_a_case_that_nothing_opened() -> None:
    desk = Desk()
    by = Staff("ann", "service", "B-1", frozenset())
    decided = decide(None, Take(), by, instant(SOON), Rules(desk.reference))
    assert isinstance(decided, Refused)
    assert decided.rule == "unknown_case"


def test_the_platform_alone_opens_a_case_and_once() -> None:
    desk = live()
    again = opening(ComplaintFiled(severity="low"), instant(SOON))
    refused = desk.by_itself(again, SOON)
    assert isinstance(refused, Refused)
    assert refused.rule == "opened_once"
    assert refused.named == {"case": CASE, "since": instant("2026-03-09 09:00")}
    assert desk.refuses("ann", again, SOON).rule == "not_yours"


def test_an_opening_pins_what_was_in_force_when_the_complaint_came_in() -> None:
    """The platform was away for a day; meanwhile other service levels came into force."""
    levels = ServiceLevelPolicy(
        levels=(ServiceLevel(severity="high", response_minutes=1, solution_minutes=2),),
        callback_attempts=9,
    )
    newer = ServiceLevelPolicyPublished(effective_from=instant(NOON), policy=levels)
    desk = Desk((*RULES, told(newer, NOON, "levels")))
    complaint = ComplaintFiled(severity="high", agent="ann")
    desk.opens(complaint, "2026-03-09 09:00", at=NEXT)
    first, received = desk.stream
    assert isinstance(first, CaseOpened)
    assert (first.response_minutes, first.solution_minutes, first.callback_attempts) == (60, 240, 3)
    assert (first.owner, first.department) == ("ann", "service")
    assert first.received_at == instant("2026-03-09 09:00")
    assert received == CustomerTold(case_id=CASE, step="received")
    row = desk.row(NEXT)
    assert row.response_breached_at == instant("2026-03-09 10:00")
    assert row.solution_due_at == instant("2026-03-09 14:00")
    desk.agrees(instant(NEXT))


@pytest.mark.parametrize(("tier", "priority"), [("gold", "high"), ("diamond", "urgent")])
def test_the_highest_tier_is_one_step_more_pressing(tier: str, priority: str) -> None:
    lines = TierPolicy(
        tiers=(TierLine(name="diamond", line_minor=9), TierLine(name="gold", line_minor=5))
    )
    tiers = TierPolicyPublished(effective_from=instant("2020-01-01"), policy=lines)
    desk = Desk((*RULES, told(tiers, "2020-01-01", "tiers")))
    at = instant("2026-03-09 09:00")
    desk.complains(COMPLAINT, at)
    desk.by_itself(opening(COMPLAINT, at, tier), SOON)
    assert desk.stands.priority == desk.row(SOON).priority == priority


def test_what_is_handed_off_has_an_id_of_its_own_and_its_department() -> None:
    desk = owing()
    desk.does("ann", HandOff(department="logistics", owes="a van", due_minutes=30), SOON)
    ids = [one.obligation_id for one in desk.stands.owed]
    assert len(set(ids)) == 2
    refused = desk.refuses("ann", Resolve(), SOON)
    assert refused.named["owed"] == (
        Owing("logistics", "a van", instant("2026-03-09 09:40")),
        Owing("sales", "a credit note", instant("2026-03-09 10:10")),
    )


def test_whom_a_refusal_names() -> None:
    desk = live()
    taken = desk.refuses("ann", Take(), NOON)
    assert taken.named["owner"] == "ann"
    assert taken.named["since"] == instant("2026-03-09 09:00")
    stranger = desk.refuses("liz", Close(reason="x"), NOON)
    assert stranger.named["who"] == (Word("owner"), Word("above"))
    desk.does("ann", Resolve(), NOON)
    due = desk.refuses(HEAD, Close(), NOON)
    assert (due.named["due"], due.named["attempts"]) == (instant("2026-03-11 18:00"), 0)
    unknown = live().refuses("ann", Refer(department="service"), NOON)
    assert unknown.named["known"] == tuple(map(Department, ("calls", "logistics", "sales")))


def test_a_manager_of_another_branch_is_not_above_the_owner() -> None:
    assert live().refuses("moe", Close(), NOON).rule == "not_yours"
    assert live().refuses("head of sales", Close(), NOON).rule == "not_yours"


def test_the_owner_does_not_judge_the_own_work() -> None:
    desk = live()
    desk.does(HEAD, Assign(agent="cat"), SOON)
    desk.does("cat", Resolve(), NOON)
    assert desk.refuses("cat", RecordCallback(outcome="satisfied"), NOON).rule == "not_yours"


def test_a_call_ends_the_case_or_lets_it_go_on_by_itself() -> None:
    assert called("satisfied")().stands.status == "closed"
    assert called("satisfied")().stands.confirmed is True
    again = called("dissatisfied")().stands
    assert (again.status, again.cycle, again.callback_due_at) == ("open", 1, None)
    twice, thrice = called("unreachable", 2)().stands, called("unreachable", 3)().stands
    assert (twice.status, twice.attempts) == ("resolved", 2)
    assert (thrice.status, thrice.confirmed) == ("closed", False)


def test_an_escalation_is_refused_until_its_instant_and_names_it() -> None:
    desk = live()
    early = desk.refuses(HEAD, TIME_IS_UP, "2026-03-09 09:59:59.999999")
    assert early.rule == "not_reached"
    assert early.named["due"] == instant("2026-03-09 10:00")
    (escalated,) = desk.does(HEAD, TIME_IS_UP, "2026-03-09 10:00")
    assert isinstance(escalated, CaseEscalated)
    assert escalated.to_role == "department_head"


def test_what_is_taken_up_climbs_no_further_but_the_breach_is_told() -> None:
    desk = live()
    desk.does("ann", Acknowledge(clock="solution", percent=75, cycle=1), LATER)
    assert not isinstance(
        desk.by_itself(Escalate(clock="solution", percent=100, cycle=1), LATER), Refused
    )
    desk.does(HEAD, Acknowledge(clock="solution", percent=100, cycle=1), LATER)
    late = desk.refuses(MANAGER, Escalate(clock="solution", percent=150, cycle=1), NEXT)
    assert late.rule == "acknowledged"


def test_of_an_obligation_its_department_is_told_and_the_owner() -> None:
    for who in ("head of sales", "ann"):
        desk = owing()
        taking = Acknowledge(clock="obligation", percent=100, cycle=1, obligation_id=OWED)
        assert desk.refuses(HEAD, taking, LATER).rule == "not_yours"
        desk.does(who, taking, LATER)
        assert desk.refuses(who, taking, LATER).rule == "acknowledged"


def test_whoever_works_elsewhere_or_left_may_not_any_more() -> None:
    moved = Desk((*RULES, staff("amy", "sales")))
    moved.opens(COMPLAINT, "2026-03-09 09:00")
    assert moved.refuses("amy", Take(), SOON).rule == "not_yours"
    leaves = StaffSet(
        effective_from=instant(NOON), staff_id="amy", department_id="service", active=False
    )
    left = Desk((*RULES, told(leaves, NOON, "amy leaves")))
    assert staff_in_force(left.reference, "amy", instant(SOON)) is not None
    assert staff_in_force(left.reference, "amy", instant(NOON)) is None
    assert staff_in_force(left.reference, "nobody", instant(SOON)) is None


def test_a_referral_is_a_case_of_its_own_each_time() -> None:
    desk = live()
    first, second = (
        desk.does("ann", Refer(department="sales", severity="high"), SOON)[0] for _ in range(2)
    )
    assert isinstance(first, CaseReferred)
    assert isinstance(second, CaseReferred)
    assert first.referral_case_id != second.referral_case_id
    other = Open(
        case_id=first.referral_case_id,
        severity=first.severity,
        received_at=instant(SOON),
        department=first.department,
        referred_from=CASE,
    )
    decided = Desk().by_itself(other, SOON)
    assert not isinstance(decided, Refused)
    opened = decided[0]
    assert isinstance(opened, CaseOpened)
    assert (opened.owner, opened.department, opened.referred_from) == ("", "sales", CASE)
