"""Customers whom merges connect: each root is assessed as one customer who did all of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import assume, given, note
from hypothesis import strategies as st
from msgspec import structs

from events.customers.identity import Identity
from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from projections.facts import Facts
from projections.merged import Merged
from projections.protocol import Assessment, Projection
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from tests.support.merging import Dossiers, chain, parents
from tests.support.merging import move as moved
from tests.support.streams import instants, references, streams

THREE = (CustomerId("C-1"), CustomerId("C-2"), CustomerId("C-3"))
PROJECTIONS: tuple[Projection, ...] = (Receivables(), ValueTiers())
_SOON = timedelta(hours=1)

projections = st.sampled_from(PROJECTIONS)


@st.composite
def families(draw: st.DrawFn) -> Dossiers:
    """What three customers did, and merges and unmerges among them."""
    told: Dossiers = {one: [] for one in THREE}
    customers = st.sampled_from(THREE)
    for fact in draw(streams(max_size=20)):
        told[draw(customers)].append(fact)
    for n in range(draw(st.integers(1, 6))):
        other = draw(customers)
        merges = draw(st.sampled_from([True, True, False]))
        data = CustomerMerged(into=other) if merges else CustomerUnmerged(out_of=other)
        told[draw(customers)].append(moved(n, draw(instants), data))
    return told


def rows(assessment: Assessment) -> tuple[object, ...]:
    """All that an assessment says of a customer: rows in any order, and alerts."""
    found = {name: sorted(map(repr, some)) for name, some in assessment.rows.items() if some}
    return found, sorted(map(repr, assessment.alerts))


def alone(
    projection: Projection,
    customer: CustomerId,
    facts: Sequence[Fact],
    at: datetime,
    reference: Reference,
) -> Assessment:
    """A customer assessed by these facts."""
    return projection.assess(customer, Facts(facts, projection.handles), at, reference)


@given(families(), instants, references(), projections)
def test_a_root_is_what_one_customer_would_be_who_did_all_of_it_and_a_member_is_nothing(
    told: Dossiers, at: datetime, reference: Reference, projection: Projection
) -> None:
    group, parent = Merged(told), parents(told, at)
    for customer in THREE:
        found = group.assessed(projection, customer, at, reference)
        if customer in parent:
            assert rows(found) == ({}, [])
            continue
        members = [one for one in THREE if chain(parent, one)[-1] == customer]
        union = [fact for one in members for fact in told[one]]
        note(f"{customer}: {members}")
        assert rows(found) == rows(alone(projection, customer, union, at, reference))


@given(families(), instants, references(), projections)
def test_after_all_are_unmerged_each_is_what_it_would_be_alone(
    told: Dossiers, at: datetime, reference: Reference, projection: Projection
) -> None:
    identity = Identity(told)
    at = identity.no_earlier_than(at)
    for n, customer in enumerate(THREE, 100):
        edge = identity.edge_at(customer, at)
        if edge is not None:
            told[customer].append(moved(n, at, CustomerUnmerged(out_of=edge.into)))
    group = Merged(told)
    for customer in THREE:
        found = group.assessed(projection, customer, at, reference)
        assert rows(found) == rows(alone(projection, customer, told[customer], at, reference))


@given(families(), instants, references(), projections)
def test_nothing_of_a_group_changes_before_it_says(
    told: Dossiers, at: datetime, reference: Reference, projection: Projection
) -> None:
    group = Merged(told)
    found = {one: group.assessed(projection, one, at, reference) for one in THREE}
    until = min((f.next_change_at for f in found.values() if f.next_change_at), default=None)
    assume(until is None or until > at)
    later = at + _SOON if until is None else min(at + _SOON, until - timedelta.resolution)
    for customer in THREE:
        again = group.assessed(projection, customer, later, reference)
        assert rows(again) == rows(found[customer])


@given(families(), instants)
def test_whoever_asks_a_projection_of_a_group_counts_every_fact_once(
    told: Dossiers, at: datetime
) -> None:
    group = Merged(told)
    counted = [fact.id for one in THREE for fact in group.told(one, at) or ()]
    assert sorted(counted) == sorted(fact.id for facts in told.values() for fact in facts)


def test_a_change_of_a_groups_shape_is_the_cause_of_alerts_that_nothing_else_explains() -> None:
    at = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
    merge = moved(0, at, CustomerMerged(into="C-1"))
    group = Merged({THREE[0]: [], THREE[1]: [merge]})
    before, after = at - _SOON, at + _SOON
    cause = group.cause(after, before, ())
    assert cause is not None
    assert structs.astuple(cause) == ("merged", merge.id)
    assert group.cause(after, at, ()) is None  # it was known, and in force, already
    assert group.cause(after, after, {merge.id}) == cause  # learnt late
    assert group.cause(before, None, {merge.id}) is None  # still to come
