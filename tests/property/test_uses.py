"""Assessing again only whom a record concerns gives the rows of assessing everybody again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.business_time import STANDARD_HOURS
from events.envelope import RecordedEvent
from events.facts import Fact
from events.money import Money
from events.policy import Reference
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.contact import CallbackPromised
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from events.touchpoints.payment import RefundPaid
from events.touchpoints.policy import (
    BranchSet,
    CalendarSet,
    CompanySet,
    DepartmentSet,
    PolicyRecord,
    PublicDaysSet,
    ReferenceTouchpoint,
    ServiceLevelPolicy,
    StaffSet,
)
from events.uses import Use, branch_use, policy_use, publication_of, use_of
from projections import PROJECTIONS
from projections.case_board.projection import CaseBoard
from projections.digest import customer_lines
from projections.facts import Facts
from projections.protocol import Assessment, Projection
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from services.projector.rules_read import RulesRead
from tests.support.case_streams import case_streams
from tests.support.case_streams import rules as case_rules
from tests.support.given import CUSTOMER, instant
from tests.support.streams import event, instants, recorded, streams
from tests.support.streams import rules as receivables_rules
from tests.support.value_streams import published_rules, value_streams

ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/Santiago", "Asia/Kolkata"])
CALENDARS = st.sampled_from(["service", "night"])
RECORDS: st.SearchStrategy[ReferenceTouchpoint] = st.one_of(
    receivables_rules,
    case_rules,
    published_rules(instants),
    st.builds(StaffSet, effective_from=instants, staff_id=st.sampled_from(["ann", "s2"])),
    st.builds(
        DepartmentSet,
        effective_from=instants,
        department_id=st.sampled_from(["sales", "logistics"]),
        name=st.just("Department"),
        head=st.sampled_from([None, "ann"]),
    ),
    st.builds(
        BranchSet,
        effective_from=instants,
        branch_id=st.sampled_from(["B-1", "B-2", "B-9"]),
        name=st.just("Branch"),
        zone=ZONES,
        calendar_id=st.one_of(st.none(), CALENDARS),
    ),
    st.builds(
        CalendarSet,
        effective_from=instants,
        calendar_id=CALENDARS,
        hours=st.sampled_from([STANDARD_HOURS, STANDARD_HOURS[:3], ()]),
        country=st.sampled_from([None, "CN", "chn"]),
    ),
    st.builds(
        PublicDaysSet,
        effective_from=instants,
        country=st.sampled_from(["CN", "CHN", "DE"]),
        year=st.just(2026),
        holidays=st.sampled_from([(), (date(2026, 3, 3), date(2026, 3, 4))]),
        makeup_workdays=st.sampled_from([(), (date(2026, 3, 7),)]),
    ),
    st.builds(
        CompanySet,
        effective_from=instants,
        name=st.just("Company"),
        zone=ZONES,
        currency=st.sampled_from(["CNY", "USD"]),
    ),
)
STREAMS: dict[str, st.SearchStrategy[Sequence[Fact]]] = {
    Receivables.name: streams(max_size=15),
    ValueTiers.name: value_streams(max_size=15),
    CaseBoard.name: case_streams(max_size=15),
}


class Step(NamedTuple):
    """What comes next: a fact, or a record of the reference stream; and when it is looked at."""

    fact: Fact | None
    record: ReferenceTouchpoint | None
    at: datetime


@st.composite
def courses(draw: st.DrawFn, projection: Projection) -> list[Step]:
    """Facts and records as they come, one by one; now goes on from each to the next."""
    facts = draw(STREAMS[projection.name])
    records = draw(st.lists(RECORDS, min_size=1, max_size=6))
    told: list[tuple[Fact | None, ReferenceTouchpoint | None]] = [
        *((fact, None) for fact in facts),
        *((None, record) for record in records),
    ]
    hours = st.integers(0, 200).map(lambda n: timedelta(hours=n))
    at = instant("2026-03-02 09:00")
    steps = []
    for fact, record in draw(st.permutations(told)):
        at += draw(hours)
        steps.append(Step(fact, record, at))
    return steps


def said(projection: Projection, assessment: Assessment) -> tuple[list[bytes], datetime | None]:
    return sorted(customer_lines(projection, CUSTOMER, assessment)), assessment.next_change_at


def follow(projection: Projection, steps: Iterable[Step]) -> None:
    """Be a projector for one customer, and hold it against beginning anew after every step."""
    facts, reference = Facts(), Reference()
    rules = RulesRead(projection.reads)
    uses: frozenset[Use] = frozenset()
    shown: tuple[list[bytes], datetime | None] = ([], None)
    for n, (fact, record, at) in enumerate(steps):
        if record is not None:
            reference = reference.remember([recorded(record, 1000 + n, at, "/hq/policies")])
        elif fact is not None:
            facts.remember(fact)
        due = shown[1] is not None and shown[1] <= at
        if fact is not None or due or (record is not None and use_of(record) in uses):
            found = projection.assess(CUSTOMER, facts, at, rules.of(reference))
            uses, shown = found.uses, said(projection, found)
        anew = projection.assess(CUSTOMER, Facts(facts), at, Reference(reference.events))
        if len(facts):
            assert shown == said(projection, anew)
            assert uses >= anew.uses


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.name)
@settings(max_examples=60)
@given(st.data())
def test_who_is_not_concerned_need_not_be_assessed_again(
    projection: Projection, data: st.DataObject
) -> None:
    follow(projection, data.draw(courses(projection)))


class Noting(Reference):
    """A reference that notes which kinds of policy it was asked for."""

    def __init__(self, events: Iterable[RecordedEvent] = ()) -> None:
        super().__init__(events)
        self.asked: set[type[PolicyRecord]] = set()

    def in_force(self, kind, at):  # type: ignore[no-untyped-def]
        self.asked.add(kind)
        return super().in_force(kind, at)

    def versions(self, kind):  # type: ignore[no-untyped-def]
        self.asked.add(kind)
        return super().versions(kind)

    def next_version_after(self, kind, at):  # type: ignore[no-untyped-def]
        self.asked.add(kind)
        return super().next_version_after(kind, at)


@pytest.mark.plain
@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.name)
@settings(max_examples=60)
@given(st.data())
def test_what_was_asked_for_is_among_the_uses_and_what_the_projection_reads(
    projection: Projection, data: st.DataObject
) -> None:
    facts = data.draw(STREAMS[projection.name])
    asked = Noting()
    found = projection.assess(CUSTOMER, Facts(facts), instant("2026-04-01"), asked)
    assert {policy_use(kind) for kind in asked.asked} <= found.uses
    assert {publication_of(kind) for kind in asked.asked} <= projection.reads


def test_a_branch_that_was_asked_and_not_found_is_used() -> None:
    complaint = event(ComplaintFiled(severity="high"), 0, instant("2026-03-02 10:00"), "/b")
    found = CaseBoard().assess(CUSTOMER, Facts([complaint]), instant("2026-03-03"), Reference())
    later = BranchSet(
        effective_from=instant("2026-06-01"), branch_id="B-1", name="Branch", calendar_id="night"
    )
    assert use_of(later) in found.uses
    staff = StaffSet(effective_from=instant("2026-03-01"), staff_id="ann", branch_id="B-1")
    assert use_of(staff) not in found.uses


def test_a_call_that_was_promised_without_a_case_uses_the_service_levels() -> None:
    """They say how often it is tried."""
    at = instant("2026-03-02 10:00")
    promise = CallbackPromised(callback_id="C-1", purpose="query", due_at=at)
    found = CaseBoard().assess(CUSTOMER, Facts([event(promise, 0, at, "/b")]), at, Reference())
    assert policy_use(ServiceLevelPolicy) in found.uses


@pytest.mark.parametrize("projection", [Receivables(), ValueTiers()], ids=lambda one: one.name)
def test_the_branch_whose_day_a_refund_is_owed_back_from_is_used(projection: Projection) -> None:
    """Also when the customer is at home elsewhere by now."""
    told = [
        CustomerRegistered(home_branch="B-OLD"),
        RefundPaid(refund_id="R", amount=Money(300_00, "CNY")),
        CustomerProfileChanged(home_branch="B-NEW"),
    ]
    at = instant("2026-03-02 10:00")
    facts = Facts(event(one, n, at + timedelta(days=n), "/b") for n, one in enumerate(told))
    found = projection.assess(CUSTOMER, facts, at + timedelta(days=5), Reference())
    for branch_id in ("B-OLD", "B-NEW"):
        assert branch_use(branch_id) in found.uses
