"""Random streams of everything that means something for the case board: valid, but arbitrary.

Few cases, few obligations and few instants, so that facts meet: words about cases that nothing
opened yet, facts of one instant, deadlines hit exactly, cases of our own and external ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import strategies as st

from events.business_time import STANDARD_HOURS
from events.cases.terms import escalation_id, native_case_id
from events.facts import Fact
from events.policy import Reference
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
    ServiceRequested,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised
from events.touchpoints.policy import (
    AlertAcknowledged,
    AlertDelegated,
    AlertSnoozed,
    BranchSet,
    CalendarSet,
    EscalationPolicy,
    EscalationPolicyPublished,
    EscalationStep,
    ReferenceTouchpoint,
    ServiceLevel,
    ServiceLevelPolicy,
    ServiceLevelPolicyPublished,
)
from tests.support.given import event_id, instant
from tests.support.streams import event, recorded

FIRST = instant("2026-03-02 09:00")
_quarters = st.integers(0, 14 * 96).map(lambda q: FIRST + timedelta(minutes=15 * q))
instants = st.one_of(_quarters, st.integers(0, 60).map(lambda q: FIRST + timedelta(minutes=30 * q)))

OWN = [native_case_id(event_id(f"stream {n}")) for n in range(3)]
"""The cases that the first events of a stream open, if they are complaints without a number."""

cases = st.sampled_from([*4 * OWN[:1], *4 * ["X-1"], *OWN[1:], "X-2"])
severities = st.sampled_from(["low", "medium", "high", "urgent"])
agents = st.sampled_from(["ann", "bob", "eve"])
departments = st.sampled_from(["sales", "logistics"])
some_agent = st.one_of(st.none(), agents)
some_department = st.one_of(st.none(), departments)
obligations = st.sampled_from(["o1", "o2", "o3"])
minutes = st.sampled_from([0, 30, 60, 120, 480, 1440])
references_of_cases = st.sampled_from([None, None, "X-1", "X-2"])
_escalations = st.builds(
    escalation_id,
    cases,
    st.integers(1, 2),
    st.sampled_from(["response", "solution"]),
    st.sampled_from([50, 75, 100, 150]),
)

openings: st.SearchStrategy[Touchpoint] = st.one_of(
    st.builds(
        ComplaintFiled,
        severity=severities,
        agent=some_agent,
        department=some_department,
        case_ref=references_of_cases,
    ),
    st.builds(
        ServiceRequested,
        kind=st.sampled_from(["enquiry", "immediate_need"]),
        severity=severities,
        agent=some_agent,
        wanted_by=st.one_of(st.none(), instants),
        case_ref=references_of_cases,
    ),
    st.builds(
        CaseOpened,
        case_id=cases,
        priority=severities,
        owner=agents,
        department=departments,
        response_minutes=minutes,
        solution_minutes=minutes,
    ),
)
steps: st.SearchStrategy[Touchpoint] = st.one_of(
    st.builds(CaseAssigned, case_id=cases, agent=agents, department=some_department),
    st.builds(CaseReplied, case_id=cases, agent=some_agent),
    st.builds(
        CaseHandedOff,
        case_id=cases,
        obligation_id=obligations,
        department=departments,
        owes=st.just("something"),
        due_minutes=minutes,
    ),
    st.builds(ObligationFulfilled, case_id=cases, obligation_id=obligations),
    st.builds(CaseWaitingStarted, case_id=cases, agent=some_agent, department=some_department),
    st.builds(CaseWaitingEnded, case_id=cases),
    st.builds(CustomerTold, case_id=cases, step=st.sampled_from(["received", "done"])),
    st.builds(CaseResolved, case_id=cases, agent=some_agent, department=some_department),
    st.builds(CaseResolved, case_id=cases),
    st.builds(CaseClosed, case_id=cases, confirmed=st.booleans()),
    st.builds(CaseReopened, case_id=cases),
    st.builds(
        CaseEscalated,
        case_id=cases,
        cycle=st.integers(1, 2),
        clock=st.sampled_from(["response", "solution", "obligation"]),
        percent=st.sampled_from([75, 100]),
        to_role=st.just("owner"),
    ),
    st.builds(EscalationAcknowledged, case_id=cases, escalation_id=_escalations, agent=agents),
    st.builds(AlertAcknowledged, alert_id=st.just("unknown"), by=agents),
    st.builds(
        AlertSnoozed,
        alert_id=_escalations,
        by=agents,
        until=instants,
    ),
    st.builds(AlertDelegated, alert_id=_escalations, by=agents, to=agents),
    st.builds(ObligationWithdrawn, case_id=cases, obligation_id=obligations),
    st.builds(CaseNoted, case_id=cases),
    st.builds(
        CasePrioritySet,
        case_id=cases,
        priority=severities,
        response_minutes=minutes,
        solution_minutes=minutes,
    ),
    st.builds(CaseDeclined, case_id=cases, reason=st.just("no")),
    st.builds(CaseDuplicateFound, case_id=cases, duplicate_of=cases),
    st.builds(CasePutOff, case_id=cases, until=instants),
    st.builds(CaseBroughtBack, case_id=cases),
    st.builds(CaseReferred, case_id=cases, referral_case_id=cases, department=departments),
    st.builds(
        CallbackPromised,
        callback_id=st.sampled_from(["c1", "c2"]),
        purpose=st.just("satisfaction"),
        due_at=instants,
        case_id=st.one_of(st.none(), cases),
    ),
    st.builds(
        CallbackMade,
        callback_id=st.sampled_from(["c1", "c2"]),
        outcome=st.sampled_from(["satisfied", "dissatisfied", "unreachable"]),
        case_id=st.one_of(st.none(), cases),
    ),
)


@st.composite
def case_streams(draw: st.DrawFn, max_size: int = 20) -> Sequence[Fact]:
    """The events of one customer's cases; the first ones mostly open some."""
    size = draw(st.integers(0, max_size))
    known = [
        (ComplaintFiled(severity="high", agent="ann", department="sales"), FIRST),
        (ComplaintFiled(severity="medium", agent="bob", case_ref="X-1"), FIRST),
    ]
    told = []
    for n in range(size):
        data: Touchpoint
        if n < len(known) and draw(st.booleans()):
            data, at = known[n]
        else:
            data = draw(openings if n < 2 else st.one_of(steps, steps, steps, openings))
            at = draw(instants)
        source = draw(st.sampled_from(["/branches/B-1/a", "/branches/B-2/b"]))
        told.append(event(data, n, at, source))
    return told


_percents = st.lists(
    st.sampled_from([50, 75, 100, 150, 200]), max_size=4, unique=True
).map(lambda ps: tuple(EscalationStep(percent=p, role=f"role {p}") for p in ps))  # fmt: skip

rules: st.SearchStrategy[ReferenceTouchpoint] = st.one_of(
    st.builds(
        CalendarSet,
        effective_from=instants,
        calendar_id=st.just("service"),
        hours=st.sampled_from([STANDARD_HOURS, STANDARD_HOURS[:4], ()]),
        country=st.sampled_from([None, "CN"]),
    ),
    st.builds(
        BranchSet,
        effective_from=st.one_of(st.just(instant("2020-01-01")), instants),
        branch_id=st.just("B-1"),
        name=st.just("Branch"),
        zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]),
        calendar_id=st.just("service"),
    ),
    st.builds(
        EscalationPolicyPublished,
        effective_from=instants,
        policy=st.builds(EscalationPolicy, steps=_percents),
    ),
    st.builds(
        ServiceLevelPolicyPublished,
        effective_from=instants,
        policy=st.builds(
            ServiceLevelPolicy,
            levels=st.lists(
                st.builds(
                    ServiceLevel,
                    severity=severities,
                    response_minutes=minutes,
                    solution_minutes=minutes,
                ),
                max_size=3,
            ).map(tuple),
            callback_business_days=st.integers(0, 3),
            callback_attempts=st.integers(0, 3),
        ),
    ),
)


@st.composite
def case_rules(draw: st.DrawFn) -> Reference:
    """Rules published before and during the stream."""
    found: list[tuple[ReferenceTouchpoint, datetime]] = draw(
        st.lists(st.tuples(rules, instants), max_size=4)
    )
    return Reference(recorded(data, n, at, "/hq/policies") for n, (data, at) in enumerate(found))
