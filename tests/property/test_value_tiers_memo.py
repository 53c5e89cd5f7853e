"""Going on from a memo gives what beginning anew does, whatever arrives and whenever asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from events.facts import Fact
from events.policy import Reference
from projections.facts import Facts
from projections.protocol import Alert, AlertKey, Assessment, Cause, Row
from projections.value_tiers import history
from projections.value_tiers.memo import ValueMemo
from projections.value_tiers.reading import ValueAt
from tests.support.given import CUSTOMER
from tests.support.keeping import assess, kept_and_back
from tests.support.value import VALUE_TIERS
from tests.support.value_streams import value_references, value_streams

Answer = tuple[
    Mapping[str, Sequence[Row]], Sequence[Alert], datetime | None, Mapping[AlertKey, Cause]
]


def answer(facts: Facts, at: datetime, reference: Reference) -> Answer:
    """What is said of the customer, and why what does not stand does not."""
    return said(VALUE_TIERS.assess(CUSTOMER, facts, at, reference))


def said(told: Assessment) -> Answer:
    """What an assessment says."""
    return told.rows, told.alerts, told.next_change_at, dict(told.cleared)


@st.composite
def arrivals(
    draw: st.DrawFn, streams: st.SearchStrategy[Sequence[Fact]] | None = None
) -> Sequence[Sequence[Fact]]:
    """A stream as it comes in: mostly in fact order, some of it late or twice, in batches."""
    stream = draw(value_streams(max_size=25) if streams is None else streams)
    arriving = sorted(stream, key=lambda event: event.fact_key)
    for _ in range(draw(st.integers(0, 3))):
        if arriving:
            i, j = draw(st.integers(0, len(arriving) - 1)), draw(st.integers(0, len(arriving)))
            moved = arriving[i]
            arriving.insert(j, moved)
    batches, i = [], 0
    while i < len(arriving):
        size = draw(st.sampled_from([1, 1, 1, 2, 3, 7]))
        batches.append(arriving[i : i + size])
        i += size
    return batches


waits = st.one_of(
    st.just(0), st.integers(-72, 0), st.integers(0, 72), st.integers(0, 40).map(lambda d: 24 * d)
).map(lambda hours: timedelta(hours=hours))
"""How long after the latest fact is asked; now and then before it."""


often_marked = patch.object(history, "STRIDE", 3)
"""So that a correction in a short stream goes back to a mark and not to the beginning."""


@often_marked
@settings(max_examples=60)  # each of them assesses twice after every batch
@given(arrivals(), st.data(), st.lists(value_references(), min_size=1, max_size=2))
def test_going_on_is_as_good_as_beginning_anew(
    batches: Sequence[Sequence[Fact]], data: st.DataObject, references: list[Reference]
) -> None:
    kept = Facts()
    seen: list[Fact] = []
    reference = references[0]
    for batch in batches:
        for event in batch:
            kept.remember(event)
        seen.extend(batch)
        if data.draw(st.integers(0, 9)) == 0:
            reference = data.draw(st.sampled_from(references))
        for _ in range(data.draw(st.sampled_from([1, 1, 2]))):
            latest = max(event.effective_at for event in seen)
            at = latest + data.draw(waits)
            kept, told = assess(VALUE_TIERS, kept, seen, at, reference)
            assert said(told) == answer(Facts(seen), at, reference)
        if data.draw(st.integers(0, 2)) == 0:
            kept = kept_and_back(kept, VALUE_TIERS, reference)


@often_marked
@settings(max_examples=40)
@given(arrivals(), st.data(), value_references())
def test_what_was_shown_is_the_same_after_going_on(
    batches: Sequence[Sequence[Fact]], data: st.DataObject, reference: Reference
) -> None:
    """The history that a memo holds is the one of all facts read at once."""
    kept = Facts()
    for batch in batches:
        for event in batch:
            kept.remember(event)
        at = max(event.effective_at for event in kept) + data.draw(waits)
        VALUE_TIERS.assess(CUSTOMER, kept, at, reference)
        course = kept.memo
        fresh = Facts(list(kept))
        VALUE_TIERS.assess(CUSTOMER, fresh, at, reference)
        assert (course is None) == (fresh.memo is None)
        if course is not None:
            assert isinstance(course, ValueMemo)
            assert isinstance(fresh.memo, ValueMemo)
            anew = ValueAt(fresh.memo, at)
            assert ValueAt(course, at).moves_shown() == anew.moves_shown()
