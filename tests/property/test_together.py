"""Projections that are assessed together answer what each does by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.facts import Fact, fact_of
from events.policy import Reference
from projections import PROJECTIONS
from projections.books.stage import BOOKS
from projections.case_board.projection import CaseBoard
from projections.facts import Facts, Memo, Stage
from projections.protocol import Assessment, Projection
from projections.receivables.projection import Receivables
from projections.together import Together
from projections.value_tiers.projection import ValueTiers
from tests.support.given import CUSTOMER, invoice, recorded_events
from tests.support.value_streams import asked, value_references, value_streams

INVOICE = [invoice("I-1", "100.00", due="2026-04-01")]
ORDERS = tuple(permutations(PROJECTIONS))


def told(assessment: Assessment) -> tuple[object, ...]:
    """What an assessment says; what it used is held by itself."""
    rows = {table: list(found) for table, found in assessment.rows.items()}
    return rows, assessment.alerts, dict(assessment.cleared), assessment.next_change_at


def alone(
    projection: Projection, events: Sequence[Fact], at: datetime, reference: Reference
) -> Assessment | None:
    facts = Facts(events, projection.handles)
    return projection.assess(CUSTOMER, facts, at, reference) if len(facts) else None


def hold(
    projection: Projection,
    found: Assessment,
    events: Sequence[Fact],
    at: datetime,
    reference: Reference,
) -> None:
    """Hold an answer to the one alone; who shares a walk may have used what others needed of it."""
    expected = alone(projection, events, at, reference)
    assert expected is not None
    assert told(found) == told(expected)
    others = [alone(one, events, at, reference) for one in PROJECTIONS if one.stage is not None]
    used = expected.uses.union(*(one.uses for one in others if one is not None))
    assert expected.uses <= found.uses <= used


@given(value_streams(), asked, value_references(), st.sampled_from(ORDERS))
def test_each_answers_what_it_does_alone_whatever_their_order(
    events: Sequence[Fact],
    at: datetime,
    reference: Reference,
    projections: Sequence[Projection],
) -> None:
    asked_of = Together(projections).asked(events)
    for place, projection, facts in asked_of:
        found = projection.assess(CUSTOMER, facts, at, reference)
        hold(projections[place], found, events, at, reference)
    answered = {projections[place].name for place, _, _ in asked_of}
    expected = {one.name for one in projections if alone(one, events, at, reference) is not None}
    assert answered == expected


@given(
    value_streams(), asked, value_references(), st.sampled_from(ORDERS), value_references(),
    st.integers(-20, 20),
)  # fmt: skip
def test_asked_again_of_another_instant_or_under_other_rules_they_answer_that(
    events: Sequence[Fact],
    at: datetime,
    reference: Reference,
    projections: Sequence[Projection],
    others: Reference,
    hours: int,
) -> None:
    """As a trial of a policy does; and nobody goes on with books that another has walked."""
    everybody = Together(projections).asked(events)
    later = at + timedelta(hours=hours)
    for instant, rules in ((at, reference), (later, reference), (at, others), (later, others)):
        for _, projection, facts in everybody:
            found = projection.assess(CUSTOMER, facts, instant, rules)
            hold(projection, found, events, instant, rules)


def _fails(facts: Facts, memo: Memo | None, at: datetime, reference: Reference) -> Memo:
    raise ZeroDivisionError


class Broken(ValueTiers):
    """One whose walk of the books cannot be trusted."""

    stage: ClassVar[Stage | None] = Stage(BOOKS, _fails)


@given(value_streams(), asked, value_references())
def test_a_walk_that_fails_is_the_walkers_own_fault(
    events: Sequence[Fact], at: datetime, reference: Reference
) -> None:
    walker, other = Broken(), Receivables()
    everybody = Together([other, walker]).asked(events)
    for _, projection, facts in everybody:
        if projection is walker and len(everybody) > 1:
            with pytest.raises(ZeroDivisionError):
                projection.assess(CUSTOMER, facts, at, reference)
        else:
            found = projection.assess(CUSTOMER, facts, at, reference)
            hold(projection, found, events, at, reference)


def test_one_projection_shares_nothing() -> None:
    told_of = [fact_of(one) for one in recorded_events(INVOICE)]
    for projection in (Receivables(), ValueTiers()):
        ((_, _, facts),) = Together([projection, CaseBoard()]).asked(told_of)
        assert facts.sharing is None
    both = Together([Receivables(), ValueTiers()]).asked(told_of)
    assert both[0].facts is both[1].facts
