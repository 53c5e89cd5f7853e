"""What was worked out of a customer's facts, to go on from when more of them come."""

from __future__ import annotations

from datetime import datetime

from events.policy import Reference
from projections.books.days import Days, days_in
from projections.books.stage import walked_books
from projections.protocol import Facts, Memo
from projections.value_tiers.books import ValueBooks
from projections.value_tiers.history import History
from projections.value_tiers.rules import value_rules
from projections.value_tiers.sales import Bought


class ValueMemo(Memo):
    """A customer's books with all that is summed up of them, in the local days of its home."""

    def __init__(self, reference: Reference, books: ValueBooks | None = None) -> None:
        self.reference = reference
        self.stamp = None
        self.books = ValueBooks(value_rules(reference)) if books is None else books
        self.branch_id: str | None = None
        self.read: tuple[Days, History, Bought] | None = None

    @property
    def walked(self) -> int:
        """Return how many of the facts its books have taken in."""
        return self.books.ledger.walked

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

    def advance(self, facts: Facts, at: datetime) -> None:
        """Take in the facts up to an instant that the books reach."""
        books = self.books
        books.advance(facts, at)
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


def memo_of(facts: Facts, at: datetime, reference: Reference) -> ValueMemo:
    """Return the facts worked out up to an instant, from their memo where that reaches it."""
    memo, facts.memo = facts.memo, None
    if not (
        isinstance(memo, ValueMemo) and memo.reference is reference and memo.books.reach(facts, at)
    ):
        walked = walked_books(facts, at, reference)
        notes = None if walked is None else walked.take_notes()
        memo = ValueMemo(reference, notes if isinstance(notes, ValueBooks) else None)
    memo.advance(facts, at)
    return memo
