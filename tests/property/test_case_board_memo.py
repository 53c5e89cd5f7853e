"""Going on from a memo gives what beginning anew gives, at every step and in every way."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from events.facts import Fact
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import CaseOpened, ComplaintFiled
from events.touchpoints.policy import AlertAcknowledged
from projections.case_board.projection import CaseBoard
from projections.facts import Facts
from projections.protocol import Alert, AlertKey, Assessment, Row, RowKey
from tests.support.case_streams import FIRST, case_rules, case_streams, openings, steps
from tests.support.given import CUSTOMER
from tests.support.keeping import assess, kept_and_back
from tests.support.streams import event

CASE_BOARD = CaseBoard()
Rows = Mapping[str, Mapping[RowKey, Row]]

arrivals = st.sampled_from(["in order", "some late", "any order"])
askings = st.sampled_from(["arriving", "now and then back", "all at once"])


Batch = tuple[Sequence[Fact], datetime, Reference]


def by_key(assessment: Assessment) -> Rows:
    return {
        table.name: {table.key_of(row): row for row in assessment.rows[table.name]}
        for table in CASE_BOARD.tables
    }


def applied(rows: Rows, stamp: object, now: Assessment) -> Rows:
    """Return the rows that somebody has who holds those of `stamp` and is told what differs."""
    told = now.differences
    if told is None or told.since is not stamp:
        return by_key(now)
    found = {}
    for table in CASE_BOARD.tables:
        merged = {**rows[table.name], **told.rows[table.name]}
        found[table.name] = {key: row for key, row in merged.items() if row is not None}
    return found


def delivered(events: Sequence[Fact], arrival: str, dice: random.Random) -> list[Fact]:
    """Return the events as they arrive: some twice, and if so told some or all out of order."""
    stream = sorted(events, key=lambda event: event.fact_key)
    if arrival == "any order":
        dice.shuffle(stream)
    elif arrival == "some late" and stream:
        late = stream.pop(dice.randrange(len(stream)))
        stream.insert(dice.randint(0, len(stream)), late)
    for again in dice.sample(stream, len(stream) // 5):
        stream.insert(dice.randint(stream.index(again), len(stream)), again)
    return stream


def asked_at(batch: Sequence[Fact], before: datetime, asking: str, dice: random.Random) -> datetime:
    """Return an instant to ask for: equal, later, at a fact, or earlier."""
    if asking == "all at once":
        return FIRST + timedelta(days=15)
    if asking == "now and then back" and dice.random() < 0.2:
        return before - timedelta(minutes=dice.choice([15, 600, 3000]))
    newest = max((event.effective_at for event in batch), default=before)
    ahead = timedelta(minutes=dice.choice([0, 0, 0, 15, 30, 240, 3000]))
    return max(before, newest - timedelta(hours=dice.choice([0, 0, 0, 24]))) + ahead


def follow(
    batches: Iterable[Batch],
    dice: random.Random,
) -> Iterator[Assessment]:
    """Yield the assessment of one kept dossier after each batch, held against a fresh one.

    Now and then what was worked out is kept outside of memory until the next.
    """
    kept = Facts()
    told: list[Fact] = []
    stamp: object = None
    rows = None
    stood: set[AlertKey] = set()
    for events, at, reference in batches:
        for one in events:
            kept.remember(one)
            told.append(one)
        kept, now = assess(CASE_BOARD, kept, told, at, reference)
        anew = CASE_BOARD.assess(CUSTOMER, Facts(told), at, reference)
        assert anew.differences is None
        expected = by_key(anew)
        rows = expected if rows is None else applied(rows, stamp, now)
        assert rows == expected
        assert by_key(now) == expected
        assert {a.alert_id: a for a in now.alerts} == {a.alert_id: a for a in anew.alerts}
        assert now.next_change_at == anew.next_change_at
        assert dict(now.cleared) == dict(anew.cleared)
        for key in stood:
            assert now.cleared.get(key) == anew.cleared.get(key)
        stood |= {alert.key for alert in now.alerts}
        stamp = now.stamp
        yield now
        if dice.random() < 0.3:
            kept = kept_and_back(kept, CASE_BOARD, reference)
            stamp = kept.memo and kept.memo.stamp


@given(case_streams(), case_rules(), case_rules(), arrivals, askings, st.integers(0, 2**32))
def test_however_facts_arrive_going_on_equals_beginning_anew(
    events: Sequence[Fact],
    reference: Reference,
    later_rules: Reference,
    arrival: str,
    asking: str,
    seed: int,
) -> None:
    dice = random.Random(seed)
    stream = delivered(events, arrival, dice)
    at = FIRST
    batches = []
    while stream:
        size = dice.choice((0, 1, 1, 2, 3, 7))
        batch, stream = stream[:size], stream[size:]
        at = asked_at(batch, at, asking, dice)
        if later_rules.count and dice.random() < 0.1:
            reference = reference.remember(later_rules.events)
        batches.append((batch, at, reference))
    for _ in follow(batches, dice):
        pass


ACKNOWLEDGED = "the alert that stands first is acknowledged"
OPENINGS = (
    ComplaintFiled(severity="high", agent="ann", department="sales"),
    CaseOpened(
        case_id="X-1", priority="low", owner="bob", department="service",
        response_minutes=30, solution_minutes=120,
    ),
    CaseOpened(
        case_id="X-2", priority="urgent", owner="ann", department="sales",
        response_minutes=0, solution_minutes=480,
    ),
)  # fmt: skip
pauses = st.sampled_from([0, 0, 1, 15, 30, 60, 240, 1440]).map(lambda m: timedelta(minutes=m))
happenings = st.tuples(pauses, st.one_of(st.just(ACKNOWLEDGED), *6 * [steps], openings))


@given(
    st.permutations(OPENINGS),
    st.lists(happenings, min_size=8, max_size=30),
    case_rules(),
    st.randoms(),
)
def test_as_life_goes_on_it_equals_beginning_anew(
    begun: Sequence[Touchpoint],
    lived: Sequence[tuple[timedelta, Touchpoint | str]],
    reference: Reference,
    dice: random.Random,
) -> None:
    """Facts arrive as they happen, and what is asked is asked at once or a little later."""
    events: list[Fact] = []
    standing: Sequence[Alert] = ()

    def life() -> Iterator[Batch]:
        at = FIRST
        for pause, happened in [*((timedelta(), data) for data in begun), *lived]:
            data = happened
            if isinstance(data, str):
                if not standing:
                    continue
                data = AlertAcknowledged(alert_id=standing[0].alert_id, by="ann")
            events.append(event(data, len(events), at, "/branches/B-1/a"))
            yield events[-1:], at, reference
            if pause:
                at += pause
                yield (), at, reference

    for now in follow(life(), dice):
        standing = now.alerts
