"""An assessment that goes on from a memo says what one that begins anew says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import event, given
from hypothesis import strategies as st

from events.facts import Fact
from events.policy import Reference
from projections.facts import Facts
from projections.protocol import Assessment, Row, RowKey
from tests.support.given import CUSTOMER, RECEIVABLES
from tests.support.keeping import assess, kept_and_back
from tests.support.streams import FIRST, references, streams

Rows = dict[str, dict[RowKey, Row]]


class Step(NamedTuple):
    """So many events arrive, then somebody asks for an instant under one of the rules."""

    arriving: int
    ahead: timedelta  # of the latest event and of the last instant asked
    back: bool  # then, in place of that, for half the way back to the beginning
    rules: int
    kept: bool  # and what was worked out is kept outside of memory until the next one


_hours = st.sampled_from([0, 0, 0, 1, 5, 24, 24, 72, 24 * 11, 24 * 40])
_steps = st.lists(
    st.builds(
        Step,
        st.integers(0, 3),
        st.builds(timedelta, hours=_hours),
        st.sampled_from([False] * 9 + [True]),
        st.sampled_from([0] * 19 + [1]),
        st.sampled_from([False, False, True]),
    ),
    min_size=4,
    max_size=16,
)


@st.composite
def arrivals(draw: st.DrawFn) -> Sequence[Fact]:
    """Events as they arrive: in fact order, but for some late ones and duplicates."""
    events = sorted(draw(streams(max_size=40)), key=lambda event: event.fact_key)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        if events:
            late = events.pop(draw(st.integers(0, len(events) - 1)))
            events.insert(draw(st.integers(0, len(events))), late)
            events.append(late)
    return events


@given(arrivals(), _steps, references(), references())
def test_going_on_and_beginning_anew_agree(
    events: Sequence[Fact], steps: Sequence[Step], one: Reference, other: Reference
) -> None:
    facts = Facts()
    rows: Rows = {}
    stamp: object = None
    at, latest = FIRST, FIRST
    told: list[Fact] = []
    for step in steps:
        arriving = events[len(told) : len(told) + step.arriving]
        told.extend(arriving)
        for arrived in arriving:
            facts.remember(arrived)
            latest = max(latest, arrived.effective_at)
        at = max(at, latest) + step.ahead
        asked = FIRST + (at - FIRST) / 2 if step.back else at
        reference = (one, other)[step.rules]
        facts, kept = assess(RECEIVABLES, facts, told, asked, reference)
        fresh = RECEIVABLES.assess(CUSTOMER, Facts(told), asked, reference)
        expected = by_key(fresh)
        if kept.differences is not None:
            event("went on")
            assert kept.differences.since is stamp
            for table, found in kept.differences.rows.items():
                for key, row in found.items():
                    if row is None:
                        rows.setdefault(table, {}).pop(key, None)
                    else:
                        rows.setdefault(table, {})[key] = row
            assert rows == expected
        rows, stamp = by_key(kept), kept.stamp
        assert rows == expected
        assert set(kept.alerts) == set(fresh.alerts)
        assert kept.next_change_at == fresh.next_change_at
        assert dict(kept.cleared) == dict(fresh.cleared)
        if step.kept:
            event("kept")
            facts = kept_and_back(facts, RECEIVABLES, reference)
            stamp = facts.memo and facts.memo.stamp


def by_key(assessment: Assessment) -> Rows:
    return {
        table.name: {table.key_of(row): row for row in assessment.rows.get(table.name, ())}
        for table in RECEIVABLES.tables
    }


@given(arrivals(), references())
def test_no_deadline_and_no_instant_is_passed_over(
    events: Sequence[Fact], reference: Reference
) -> None:
    """Asked at every instant of a fact and at every change between them, one event at a time."""
    facts = Facts()
    told: list[Fact] = []
    at: datetime = FIRST
    for arrived in events:
        told.append(arrived)
        facts.remember(arrived)
        for _ in range(3):
            at = max(at, arrived.effective_at)
            kept = RECEIVABLES.assess(CUSTOMER, facts, at, reference)
            fresh = RECEIVABLES.assess(CUSTOMER, Facts(told), at, reference)
            assert by_key(kept) == by_key(fresh)
            assert set(kept.alerts) == set(fresh.alerts)
            assert kept.next_change_at == fresh.next_change_at
            if fresh.next_change_at is None:
                break
            at = fresh.next_change_at
