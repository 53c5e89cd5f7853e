"""Going on from a memo gives what beginning anew gives, at every step and in every way."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from events.envelope import RecordedEvent
from events.policy import Reference
from projections.case_board.projection import CaseBoard
from projections.protocol import AlertKey, Assessment, Facts, Row, RowKey
from tests.support.case_streams import FIRST, case_rules, case_streams
from tests.support.given import CUSTOMER

CASE_BOARD = CaseBoard()
Rows = Mapping[str, Mapping[RowKey, Row]]

arrivals = st.sampled_from(["in order", "some late", "any order"])
steps_of_time = st.sampled_from(["arriving", "now and then back", "all at once"])


def by_key(assessment: Assessment) -> Rows:
    return {
        table.name: {table.key_of(row): row for row in assessment.rows[table.name]}
        for table in CASE_BOARD.tables
    }


def applied(rows: Rows, last: Assessment, now: Assessment) -> Rows:
    """Return the rows that somebody has who holds `last` and is told what differs."""
    told = now.differences
    if told is None or told.since is not last.stamp:
        return by_key(now)
    found = {}
    for table in CASE_BOARD.tables:
        merged = {**rows[table.name], **told.rows[table.name]}
        found[table.name] = {key: row for key, row in merged.items() if row is not None}
    return found


def delivered(
    events: Sequence[RecordedEvent], arrival: str, dice: random.Random
) -> list[RecordedEvent]:
    """Return the events as they arrive: some twice, and if so told some or all out of order."""
    stream = sorted(events, key=lambda event: event.fact_key)
    if arrival == "any order":
        dice.shuffle(stream)
    elif arrival == "some late" and stream:
        late = stream.pop(dice.randrange(len(stream)))
        stream.insert(dice.randint(0, len(stream)), late)
    for event in dice.sample(stream, len(stream) // 5):
        stream.insert(dice.randint(stream.index(event), len(stream)), event)
    return stream


def asked_at(
    batch: Sequence[RecordedEvent], before: datetime, steps: str, dice: random.Random
) -> datetime:
    """Return an instant to ask for: equal, later, at a fact, or earlier."""
    if steps == "all at once":
        return FIRST + timedelta(days=15)
    if steps == "now and then back" and dice.random() < 0.2:
        return before - timedelta(minutes=dice.choice([15, 600, 3000]))
    newest = max((event.envelope.effective_at for event in batch), default=before)
    ahead = timedelta(minutes=dice.choice([0, 0, 0, 15, 30, 240, 3000]))
    return max(before, newest - timedelta(hours=dice.choice([0, 0, 0, 24]))) + ahead


@given(
    case_streams(), case_rules(), case_rules(), arrivals, steps_of_time, st.integers(0, 2**32)
)  # fmt: skip
def test_going_on_equals_beginning_anew(
    events: Sequence[RecordedEvent],
    reference: Reference,
    later_rules: Reference,
    arrival: str,
    steps: str,
    seed: int,
) -> None:
    dice = random.Random(seed)
    stream = delivered(events, arrival, dice)
    kept, at, last, rows = Facts(), FIRST, None, None
    stood: set[AlertKey] = set()
    while stream:
        size = dice.choice((0, 1, 1, 2, 3, 7))
        batch, stream = stream[:size], stream[size:]
        at = asked_at(batch, at, steps, dice)
        if later_rules.count and dice.random() < 0.1:
            reference = reference.remember(later_rules.events)
        for event in batch:
            kept.remember(event)
        now = CASE_BOARD.assess(CUSTOMER, kept, at, reference)
        anew = CASE_BOARD.assess(CUSTOMER, Facts(kept), at, reference)
        expected = by_key(anew)
        assert anew.differences is None
        rows = expected if last is None or rows is None else applied(rows, last, now)
        assert rows == expected
        assert by_key(now) == expected
        assert {a.alert_id: a for a in now.alerts} == {a.alert_id: a for a in anew.alerts}
        assert now.next_change_at == anew.next_change_at
        for key in stood:
            assert now.cleared.get(key) == anew.cleared.get(key)
        assert dict(now.cleared) == dict(anew.cleared)
        stood |= {alert.key for alert in now.alerts}
        last = now
