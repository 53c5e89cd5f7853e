"""The fold of a case's own stream says what the case board says, whatever is asked of it when."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.business_time import STANDARD_HOURS
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
from events.cases.staff import BY_ITSELF, Staff
from events.cases.state import part_id
from events.refusals import Refused
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import ComplaintFiled, ServiceRequested
from events.touchpoints.policy import (
    CalendarSet,
    Flow,
    FlowPolicy,
    FlowPolicyPublished,
    OpeningHours,
    Stage,
)
from tests.support.case_streams import FIRST, openings, rules, steps
from tests.support.cases import CASE
from tests.support.decisions import LONG_AGO, RULES, Desk, opening
from tests.support.given import SHANGHAI, Told, instant, told

ANN = Staff("ann", "service", "B-1", frozenset())
OWNER = Staff("the owner, whoever that is then", None, None, frozenset())
ABOVE = Staff("boss", "calls", None, frozenset({"headquarters", "call_centre"}))
PEOPLE = st.sampled_from(
    [
        *6 * [OWNER],
        *4 * [ABOVE],
        ANN,
        Staff("bob", "sales", "B-1", frozenset()),
        Staff("head of service", "service", None, frozenset({"department_head"})),
        BY_ITSELF,
    ]
)
LEVELS = {"urgent": 120, "high": 240, "medium": 1440}
severities = st.sampled_from(["low", "medium", "high", "urgent"])
owed_ids = st.integers(1, 3).map(lambda n: part_id(CASE, "obligation", n))
clocks = st.sampled_from(["response", "solution", "obligation"])
percents = st.sampled_from([50, 75, 100, 150, 200])
some_id = st.one_of(st.none(), owed_ids)
_callbacks = st.builds(
    RecordCallback, outcome=st.sampled_from(["satisfied", "dissatisfied", "unreachable"])
)
_commands: tuple[st.SearchStrategy[Command], ...] = (
    st.builds(Take),
    st.builds(Assign, agent=st.sampled_from(["ann", "bob", "amy"])),
    st.builds(Reply),
    st.builds(
        HandOff,
        department=st.sampled_from(["sales", "logistics"]),
        owes=st.just("something"),
        due_minutes=st.sampled_from([0, 30, 60, 120, 480]),
    ),
    st.builds(Fulfil, obligation_id=owed_ids),
    st.builds(Withdraw, obligation_id=owed_ids),
    st.builds(TellCustomer, step=st.just("done")),
    st.builds(Wait),
    st.builds(Resume),
    st.builds(Refer, department=st.sampled_from(["sales", "logistics"])),
    st.builds(Resolve),
    _callbacks,
    st.builds(Close, reason=st.sampled_from([None, "a reason"])),
    st.builds(Reopen, reason=st.just("it came back")),
    st.builds(
        Escalate, clock=clocks, percent=percents, cycle=st.integers(1, 2), obligation_id=some_id
    ),
    st.builds(
        Acknowledge, clock=clocks, percent=percents, cycle=st.integers(1, 2), obligation_id=some_id
    ),
    st.builds(
        Snooze,
        clock=clocks,
        percent=percents,
        cycle=st.just(1),
        obligation_id=some_id,
        until=st.integers(0, 300).map(lambda h: FIRST + timedelta(hours=h)),
    ),
    st.builds(
        Delegate, clock=clocks, percent=percents, cycle=st.just(1), to=st.sampled_from(["amy"])
    ),
    st.builds(HoldDunning),
    st.builds(AddNote),
    st.builds(SetPriority, priority=severities),
    st.builds(Decline, reason=st.just("no")),
    st.builds(MarkDuplicate, duplicate_of=st.sampled_from([CASE, "another"])),
    st.builds(PutOff, until=st.integers(0, 300).map(lambda h: FIRST + timedelta(hours=h))),
    st.builds(BringBack),
)
commands = st.sampled_from(_commands).flatmap(lambda one: one)
later = st.one_of(
    st.integers(-300, 600).map(lambda m: timedelta(minutes=m)),
    st.integers(0, 5).map(lambda d: timedelta(days=d)),
)
NIGHTS = tuple(OpeningHours(weekday=day, opens=22 * 60, closes=30 * 60) for day in range(1, 7))
calendars = st.builds(
    CalendarSet,
    effective_from=st.integers(0, 14).map(lambda d: FIRST + timedelta(days=d)),
    calendar_id=st.just("service"),
    hours=st.sampled_from([STANDARD_HOURS, STANDARD_HOURS[:3], NIGHTS, ()]),
)
asked_for = st.one_of(
    st.builds(
        ComplaintFiled,
        severity=severities,
        agent=st.sampled_from([None, "ann"]),
        department=st.sampled_from([None, "service"]),
    ),
    st.builds(
        ServiceRequested,
        kind=st.sampled_from(["enquiry", "enquiry", "membership"]),
        severity=severities,
        agent=st.just("ann"),
        department=st.just("service"),
        wanted_by=st.integers(0, 400).map(lambda h: FIRST + timedelta(hours=h)),
    ),
)
_STAGES = tuple(
    Stage(stage=name, department=department, owes=name, minutes=minutes, after=after)
    for name, department, minutes, after in (
        ("offer", "sales", 60, ()),
        ("stock", "logistics", 480, ()),
        ("delivery", "logistics", 240, ("offer", "stock")),
    )
)
_FLOW = Flow(flow="an enquiry", kind="enquiry", stages=_STAGES)
FLOWS = told(
    FlowPolicyPublished(effective_from=instant(LONG_AGO), policy=FlowPolicy(flows=(_FLOW,))),
    LONG_AGO,
    "flows",
)
reported = st.one_of(steps, openings).filter(lambda data: getattr(data, "case_id", None) != CASE)


@st.composite
def happenings(draw: st.DrawFn) -> list[object]:
    """Mostly commands; now and then a rule is learnt, or a branch reports something else."""
    found: list[object] = []
    least = draw(st.sampled_from([0, 8, 20, 20]))  # left alone, lists of commands stay short
    for kind in draw(st.lists(st.integers(0, 11), min_size=least, max_size=30)):
        match kind:
            case 0:
                found.append(draw(st.one_of(rules, calendars)))
            case 1:
                found.append(draw(st.tuples(reported, later)))
            case 2:  # few come to their end by chance
                found.append((OWNER, Resolve(), draw(later)))
                calls = draw(st.lists(_callbacks, min_size=1, max_size=3))
                found += [(ABOVE, call, draw(later)) for call in calls]
            case _:
                found.append(draw(st.tuples(PEOPLE, commands, later)))
    return found


@settings(max_examples=150)
@given(asked_for, st.integers(0, 300), happenings(), st.integers(0, 400))
def test_the_fold_of_the_stream_says_what_the_board_says(
    asked: ComplaintFiled | ServiceRequested, late: int, happens: list[object], ahead: int
) -> None:
    """Whatever the clock does, whichever policies and calendars are learnt meanwhile, and whatever
    branches report of the customer's other cases, early or late.
    """
    desk = Desk((*RULES, FLOWS))
    desk.open_invoices = frozenset({"INV-1"})
    desk.complains(asked, FIRST)
    now: datetime = FIRST + timedelta(minutes=late)
    desk.decides(opening(asked, FIRST), BY_ITSELF, now)
    desk.agrees(now)
    for n, one in enumerate(happens):
        if isinstance(one, tuple) and isinstance(one[0], Touchpoint):
            desk.hears(one[0], now + one[1])
        elif isinstance(one, tuple):
            by, command, step = one
            if by is OWNER:
                by = replace(ANN, agent=desk.stands.owner or "ann")
            now += step
            version = desk.stands.version
            decided = desk.decides(command, by, now)
            event(type(command).__name__ + (" refused" if isinstance(decided, Refused) else ""))
            done = 0 if isinstance(decided, Refused) else len(decided)
            assert desk.stands.version == version + done
        else:
            desk.learns(Told(one, instant("2026-03-02"), event=f"rule {n}"))  # type: ignore[arg-type]
        desk.agrees(max(now, desk.stands.last_at))
    desk.agrees(max(now, desk.stands.last_at) + timedelta(hours=ahead))


MINUTE = timedelta(minutes=1)
SHIFTS = tuple(
    OpeningHours(weekday=day, opens=opens * 60, closes=closes * 60)
    for day in range(1, 6)
    for opens, closes in ((6, 8), (10, 12), (22, 26))
)


def works(at: datetime) -> bool:
    """Whether that minute is worked: Monday to Friday 06-08, 10-12 and from 22 until 02."""
    local = at.astimezone(SHANGHAI)
    night = local - timedelta(hours=2)  # what is left of the shift of the day before
    if local.hour < 2 or local.hour >= 22:
        return night.isoweekday() < 6 if local.hour < 2 else local.isoweekday() < 6
    return local.isoweekday() < 6 and (6 <= local.hour < 8 or 10 <= local.hour < 12)


def counted_up(
    switches: list[tuple[datetime, bool]], levels: list[tuple[datetime, int]]
) -> datetime | None:
    """When a level's minutes are spent, no earlier than it was set, minute by minute.

    It is the first level whose minutes were up before another was set, else the last.
    A clock that stops exactly then has not overrun: it must run on.
    """
    up = None
    for n, (set_at, budget) in enumerate(levels):
        up = spent_at(switches, set_at, budget)
        if up is not None and n + 1 < len(levels) and up < levels[n + 1][0]:
            break
    return up


def spent_at(
    switches: list[tuple[datetime, bool]], set_at: datetime, budget: int
) -> datetime | None:
    spent, at = 0, FIRST
    while at < FIRST + timedelta(days=40):
        runs = next((on for moment, on in reversed(switches) if moment <= at), True)
        if runs and spent >= budget:
            return max(at, set_at)
        if runs and works(at):
            spent += 1
        at += MINUTE
    return None


@example([(900, "wait")])
@given(st.lists(st.tuples(st.integers(1, 900), st.sampled_from(["wait", *LEVELS])), max_size=8))
def test_pauses_and_levels_give_the_deadline_that_minutes_counted_up_give(
    happens: list[tuple[int, str]],
) -> None:
    """In shifts over midnight; the deadline is that of a case that goes on running at the end."""
    desk = Desk()
    shifts = CalendarSet(effective_from=instant("2020-01-01"), calendar_id="service", hours=SHIFTS)
    desk.learns(Told(shifts, instant("2020-01-01"), event="shifts"))
    complaint = ComplaintFiled(severity="high", agent="ann", department="service")
    desk.complains(complaint, FIRST)
    desk.decides(opening(complaint, FIRST), BY_ITSELF, FIRST)
    head = Staff("head of service", "service", None, frozenset({"department_head"}))
    now, waits = FIRST, False
    switches, levels = [(FIRST, True)], [(FIRST, 240)]
    for minutes, what in (
        *happens,
        *([(7, "wait")] if [w for _, w in happens].count("wait") % 2 else []),
    ):
        now += minutes * MINUTE
        if what == "wait":
            desk.decides(Resume() if waits else Wait(), ANN, now)
            waits = not waits
            switches.append((now, not waits))
        elif not isinstance(desk.decides(SetPriority(priority=what), head, now), Refused):  # type: ignore[arg-type]
            levels.append((now, LEVELS[what]))
    assert desk.row(now).solution_due_at == counted_up(switches, levels)
    desk.agrees(now)
