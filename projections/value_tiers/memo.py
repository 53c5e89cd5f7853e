"""What was worked out of a customer's facts, to go on from when more of them come."""

from __future__ import annotations

from datetime import datetime

from events.policy import Reference
from projections.books.days import Days, days_in
from projections.books.stage import SharedBooks, shared_books
from projections.facts import Facts, Memo
from projections.value_tiers.books import ValueBooks
from projections.value_tiers.collected import CollectedLedger
from projections.value_tiers.history import History
from projections.value_tiers.rules import value_rules
from projections.value_tiers.sales import Bought


class ValueMemo(SharedBooks):
    """A customer's books with all that is summed up of them, in the local days of its home.

    Walked `for_all` the books may stand later than what was summed up.
    """

    def __init__(self, reference: Reference, for_all: bool = False) -> None:
        super().__init__(reference)
        self.books = ValueBooks(value_rules(reference), for_all)
        self.branch_id: str | None = None
        self.read: tuple[Days, History, Bought] | None = None

    @property
    def walked(self) -> int:
        """Return how many of the facts its books have taken in."""
        return self.books.ledger.walked

    @property
    def ledger(self) -> CollectedLedger:
        """Return the books of receivables, with what was collected."""
        return self.books.ledger

    @property
    def days(self) -> Days:
        """Return the local days; there must be a fact."""
        return self._reading[0]

    @property
    def history(self) -> History:
        """Return the path through the tiers; there must be a fact."""
        return self._reading[1]

    @property
    def bought(self) -> Bought:
        """Return what was bought; there must be a fact."""
        return self._reading[2]

    @property
    def _reading(self) -> tuple[Days, History, Bought]:
        assert self.read is not None
        return self.read

    def sum_up(self, facts: Facts, at: datetime) -> None:
        """Take in what moved in the books, which stand at an instant."""
        books = self.books
        if books.first is None:
            return
        ledger = books.ledger
        self.branch_id = facts.home.branch_at(at)
        zone = self.reference.zone_of(self.branch_id)
        subjects = list(ledger.resold)
        if self.read is None or self.read[0].tz is not zone:
            days = days_in(zone)
            if self.read is not None:
                subjects = self.bought.subjects + subjects
            self.read = (days, History(books, days), Bought(days))
        self.bought.take(ledger, subjects)
        ledger.resold.clear()
        self.history.advance()


def walk_for_all(facts: Facts, memo: Memo | None, at: datetime, reference: Reference) -> ValueMemo:
    """Return the books walked to an instant for value and receivables."""
    return _walked(facts, memo, at, reference, for_all=True)


def memo_of(facts: Facts, at: datetime, reference: Reference) -> ValueMemo:
    """Return the facts worked out up to an instant, from their memo where that reaches it.

    They do without a memo until whoever asks gives it back to them.
    """
    shared = shared_books(facts, at, reference)
    if shared is None:
        memo = _walked(facts, facts.memo, at, reference, for_all=False)
    else:
        assert isinstance(shared, ValueMemo)
        memo = shared
    facts.memo = None
    memo.sum_up(facts, at)
    return memo


def _walked(
    facts: Facts, memo: Memo | None, at: datetime, reference: Reference, *, for_all: bool
) -> ValueMemo:
    facts.memo = None
    if not (
        isinstance(memo, ValueMemo)
        and memo.books.for_all == for_all
        and memo.reference is reference
        and memo.books.reach(facts, at)
    ):
        memo = ValueMemo(reference, for_all)
    memo.books.advance(facts, at)
    return memo
