"""What comes of one command on many, as its lines are told, and how far it is."""

from __future__ import annotations

from collections import Counter
from html import escape

from services.casework.bulk.asking import Item
from services.casework.bulk.lines import (
    Begin,
    ChangesLine,
    Decided,
    End,
    ItemLine,
    Line,
    Progress,
)
from services.console.acting.difference import Difference, difference
from services.console.acting.person import Actor
from services.console.shared.i18n import speaker

SHOWN = 200
"""Refusals and differences of which the page tells; of the others it says how many."""


class Outcome:
    """What came of a bulk so far."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.others: list[ItemLine] = []
        self.would_be_done: list[Item] = []
        self.differences: list[Difference] = []
        self.customers = 0  # whose rows may change
        self.compared = 0  # of how many of them it is known how
        self.end: End | None = None
        self._is_tried = False
        self._is_decided = False
        self._percent = -1

    @property
    def shows_enough(self) -> bool:
        """Return whether no more differences are shown, however many there are."""
        return len(self.differences) >= SHOWN

    @property
    def is_whole(self) -> bool:
        """Return whether it got to where it was to get."""
        return self.shows_enough or (self.end is not None and self.end.complete)

    def take(self, line: Line, who: Actor) -> str | None:
        """Take a line in; return how far the bulk is, where that is news."""
        match line:
            case Begin(tried=tried):
                self._is_tried = tried
            case ItemLine():
                self.outcomes[line.outcome] += 1
                if line.outcome == "would_be_done":
                    self.would_be_done.append(Item(line.id, line.version))
                elif line.outcome not in ("done", "done_before"):
                    self.others.append(line)
            case Decided(customers=customers):
                self.customers, self._is_decided, self._percent = customers, True, -1
            case ChangesLine(changes=changes):
                if changes is not None and not self.shows_enough:
                    self.differences += difference(changes, who)
            case Progress(done=done, count=count):
                if self._is_decided:
                    self.compared = done
                return self._progress(done, count, who.visit.language)
            case End():
                self.end = line
        return None

    def _progress(self, done: int, count: int, language: str) -> str | None:
        """Return an entry of the list of how far it is; None: that is what the last one says."""
        percent = 100 * done // max(count, 1)
        if percent == self._percent:
            return None
        self._percent = percent
        say = speaker(language)
        numbers = {"done": say.number(done), "count": say.number(count)}
        if not self._is_tried:
            told = say.gettext("%(done)s of %(count)s") % numbers
        elif not self._is_decided:
            told = say.gettext("tried: %(done)s of %(count)s") % numbers
        else:
            told = say.gettext("compared: customers %(done)s of %(count)s") % numbers
        shown = escape(told)
        return f'<li><progress value="{done}" max="{count}">{shown}</progress> {shown}</li>\n'
