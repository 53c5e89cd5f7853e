"""Books that two projections share say what each says alone, whoever is asked, and of when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from events.facts import Fact
from events.policy import Reference
from events.uses import Use
from projections.books.stage import SharedBooks
from projections.facts import Facts, FactsLeftOut
from projections.protocol import Assessment, Projection, Row, RowKey
from services.projector.rules_read import RulesRead
from tests.property.test_uses import RECORDS
from tests.property.test_value_tiers_memo import arrivals, often_marked, waits
from tests.support.given import CUSTOMER
from tests.support.keeping import assert_same
from tests.support.sharing import (
    BOTH,
    HANDLED,
    READER,
    WALKER,
    shared_and_back,
    shared_facts,
    sharing_books,
)
from tests.support.streams import recorded, streams
from tests.support.value_streams import value_references, value_streams

Written = dict[str, dict[RowKey, Row]]


def said(told: Assessment) -> tuple[object, ...]:
    """Return all that an assessment says; no order is promised."""
    rows = {table: sorted(map(repr, found)) for table, found in told.rows.items()}
    alerts = sorted(map(repr, told.alerts))
    return rows, alerts, dict(told.cleared), told.next_change_at


def written_of(projection: Projection, before: Written, stamp: object, told: Assessment) -> Written:
    """Return the rows as they are written by now, of an assessment that tells differences."""
    tables = {table.name: table for table in projection.tables}
    if told.differences is None or told.differences.since is not stamp:
        return {
            name: {tables[name].key_of(row): row for row in rows}
            for name, rows in told.rows.items()
        }
    found = {name: dict(rows) for name, rows in before.items()}
    for name, rows in told.differences.rows.items():
        for key, row in rows.items():
            if row is None:
                found[name].pop(key, None)
            else:
                found[name][key] = row
    return found


class Shared:
    """Both projections, as a projector has them: each by the rules that it reads."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.sharing = sharing_books()
        self.facts = shared_facts(self.sharing)
        self.seen: list[Fact] = []
        self._rules = {one.name: RulesRead(one.reads) for one in BOTH}
        self._written: dict[str, Written] = {one.name: {} for one in BOTH}
        self._stamps: dict[str, object] = {}

    def told(self, batch: Sequence[Fact]) -> None:
        """Take in what is told."""
        for event in batch:
            self.facts.remember(event)
        self.seen.extend(batch)

    def rules_of(self, projection: Projection) -> Reference:
        """Return the rules as a projection reads them."""
        return self._rules[projection.name].of(self.reference)

    def assess(self, projection: Projection, at: datetime) -> None:
        """Ask one of them, and hold what it says, and would write, against what it says alone."""
        self.sharing.rules = self.rules_of(WALKER)
        try:
            told = projection.assess(CUSTOMER, self.facts, at, self.rules_of(projection))
        except FactsLeftOut:
            self.facts = Facts(self.seen, HANDLED)
            self.facts.sharing = self.sharing
            told = projection.assess(CUSTOMER, self.facts, at, self.rules_of(projection))
        alone = {
            one.name: one.assess(CUSTOMER, Facts(self.seen, one.handles), at, self.reference)
            for one in BOTH
        }
        assert said(told) == said(alone[projection.name])
        used = frozenset[Use]().union(*(one.uses for one in alone.values()))
        # One of them may have used what the other needed of the walk.
        assert alone[projection.name].uses <= told.uses <= used
        name = projection.name
        written = written_of(projection, self._written[name], self._stamps.get(name), told)
        self._written[name], self._stamps[name] = written, told.stamp
        for table, rows in told.rows.items():
            assert sorted(map(repr, written[table].values())) == sorted(map(repr, rows))

    def bring_back(self) -> None:
        """Let it all be kept and come back, without the facts that were walked."""
        memo = self.facts.memo
        if memo is not None:
            assert isinstance(memo, SharedBooks)
            before = memo.readings.get(READER.name)
            if before is not None and before.reference is not self.rules_of(READER):
                del memo.readings[READER.name]  # nobody goes on from what other rules made
            self.facts = shared_and_back(self.facts, self.rules_of(READER))
            assert_same(memo, self.facts.memo)
            back = self.facts.memo
            assert isinstance(back, SharedBooks)
            read = back.readings.get(READER.name)
            self._stamps[READER.name] = object() if read is None else read.stamp


turns: st.SearchStrategy[tuple[Projection, ...]] = st.sampled_from(
    [(WALKER,), (READER,), BOTH, BOTH[::-1]]
)


@often_marked
@settings(max_examples=80)
@given(
    arrivals(st.one_of(value_streams(max_size=25), streams(max_size=25))), st.data(),
    value_references(),
)  # fmt: skip
def test_each_says_what_it_says_alone(
    batches: Sequence[Sequence[Fact]], data: st.DataObject, reference: Reference
) -> None:
    """Whoever is asked, and of when; facts come late, rules for one alone, and all is put away."""
    both = Shared(reference)
    for n, batch in enumerate(batches):
        both.told(batch)
        latest = max(event.effective_at for event in both.seen)
        if data.draw(st.integers(0, 5)) == 0:
            record = recorded(data.draw(RECORDS), 1000 + n, latest, "/hq/policies")
            both.reference = both.reference.remember([record])
        for asked in data.draw(st.lists(turns, min_size=1, max_size=2)):
            at = latest + data.draw(waits)
            for projection in asked:
                both.assess(projection, at)
        if data.draw(st.integers(0, 2)) == 0:
            both.bring_back()


@given(arrivals(), st.integers(0, 2000))
def test_whoever_reads_seldom_is_told_all_that_moved_meanwhile(
    batches: Sequence[Sequence[Fact]], hours: int
) -> None:
    """One is asked after each fact, the other once at the end."""
    for often, seldom in (BOTH, BOTH[::-1]):
        both = Shared(Reference())
        at = None
        for event in (event for batch in batches for event in batch):
            both.told([event])
            at = event.effective_at if at is None else max(at, event.effective_at)
            both.assess(often, at)
        if at is not None:
            both.assess(seldom, at + timedelta(hours=hours))
