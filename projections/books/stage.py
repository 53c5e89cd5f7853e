"""The stage of the books: one walk of a customer's books for all projections of a pass.

Whoever notes most walks; the others read the ledger it has walked. The ledger is that of the
asked instant and goes on no further: nobody keeps a memo of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from events.policy import Reference
from projections.books.ledger import Ledger
from projections.protocol import Facts

BOOKS: Final = "books"


class WalkedBooks:
    """The books at an instant, with all receivables' facts in them; `notes` are the walker's.

    Each is taken once: whoever asks again may have gone on with it, and walks for itself.
    """

    __slots__ = ("_ledger", "_notes")

    def __init__(self, ledger: Ledger, notes: object) -> None:
        self._ledger: Ledger | None = ledger
        self._notes: object = notes

    def take_ledger(self) -> Ledger | None:
        """Return the ledger for who only reads it."""
        ledger, self._ledger = self._ledger, None
        return ledger

    def take_notes(self) -> object:
        """Return what the walker noted."""
        notes, self._notes = self._notes, None
        return notes


def walked_books(facts: Facts, at: datetime, reference: Reference) -> WalkedBooks | None:
    """Return the books that were walked for all; None: everybody walks for itself."""
    found = None if facts.staged is None else facts.staged.walked(facts, at, reference)
    return found if isinstance(found, WalkedBooks) else None
