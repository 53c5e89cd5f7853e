"""Projections that are assessed together answer what each does by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from events.facts import Fact
from events.policy import Reference
from projections import PROJECTIONS
from projections.protocol import Assessment, Facts, Projection
from projections.together import Together
from tests.support.given import CUSTOMER
from tests.support.value_streams import asked, value_references, value_streams

ORDERS = tuple(permutations(PROJECTIONS))


def told(assessment: Assessment) -> tuple[object, ...]:
    """All that an assessment says."""
    rows = {table: list(found) for table, found in assessment.rows.items()}
    cleared = dict(assessment.cleared)
    return rows, assessment.alerts, assessment.uses, cleared, assessment.next_change_at


def alone(
    projection: Projection, events: Sequence[Fact], at: datetime, reference: Reference
) -> tuple[object, ...] | None:
    facts = Facts(events, projection.handles)
    return told(projection.assess(CUSTOMER, facts, at, reference)) if len(facts) else None


@given(value_streams(), asked, value_references(), st.sampled_from(ORDERS))
def test_each_answers_what_it_does_alone_whoever_is_asked_first(
    events: Sequence[Fact],
    at: datetime,
    reference: Reference,
    projections: Sequence[Projection],
) -> None:
    for projection, facts in zip(projections, Together(projections).facts_of(events), strict=True):
        expected = alone(projection, events, at, reference)
        assert (expected is None) == (len(facts) == 0)
        if expected is not None:
            assert told(projection.assess(CUSTOMER, facts, at, reference)) == expected


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
    everybodys = Together(projections).facts_of(events)
    later = at + timedelta(hours=hours)
    for instant, rules in ((at, reference), (later, reference), (at, others), (later, others)):
        for projection, facts in zip(projections, everybodys, strict=True):
            if len(facts):
                found = told(projection.assess(CUSTOMER, facts, instant, rules))
                assert found == alone(projection, events, instant, rules)


def test_one_projection_keeps_its_own_facts_and_goes_on_from_its_memo() -> None:
    for projection in PROJECTIONS:
        (facts,) = Together([projection]).facts_of([])
        assert facts.staged is None
