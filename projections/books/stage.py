"""The stage of the books: one walk of a customer's books for all projections that read them.

Whoever notes most walks; the others read the ledger that it walks. They may be asked together or
each by itself, of any instants: the ledger goes on as far as anybody asked, and of what moved in
it each reader is told since it read last.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from events.policy import Reference
from projections.books.ledger import Ledger
from projections.facts import Facts, Memo

BOOKS: Final = "books"


class SharedBooks(Memo):
    """The walker's memo: the books, and what others made of them, by projection."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.stamp: object = None
        self.readings: dict[str, Memo] = {}

    @property
    def ledger(self) -> Ledger:
        """Return the books."""
        raise NotImplementedError


def shared_books(facts: Facts, at: datetime, reference: Reference) -> SharedBooks | None:
    """Return the books that were walked for all to an instant; None: everybody walks alone."""
    found = None if facts.sharing is None else facts.sharing.walked(facts, at, reference)
    assert found is None or isinstance(found, SharedBooks)
    return found
