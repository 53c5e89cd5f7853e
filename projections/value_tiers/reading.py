"""A customer's value read at an instant: what counts, what it sums to, which tier it earns.

Branch and days are those of the home as of the asked instant (events.home).
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from projections.value_tiers.contributions import Contribution
from projections.value_tiers.memo import ValueMemo
from projections.value_tiers.tiers import Move


class Dated(NamedTuple):
    """A contribution with the time [begins, ends) in which it counts."""

    contribution: Contribution
    day: int
    begins: datetime
    ends: datetime


class ValueAt:
    """One customer's value at an instant, of which there must be a fact."""

    def __init__(self, memo: ValueMemo, at: datetime) -> None:
        self.at = at
        self.memo = memo
        self.books = memo.books
        self.rules = self.books.rules
        self.contributions = self.books.contributions
        self.branch_id = memo.branch_id
        self.days = memo.days
        self.today = self.days.today(at)
        self.policy = self.rules.tier_policy(at)
        path = memo.history.path.look_ahead(at)
        self.meter = path.meter
        self.tiers = path.tiers
        self.tier_since = None if path.tiers.tier is None else memo.history.tier_since(path)

    def dated(self, contribution: Contribution, window: int) -> Dated:
        """Return when a contribution counts, over a window."""
        day = self.days.of(contribution.on)
        ends = self.days.start(day + window)
        if contribution.until is not None and contribution.until < ends:
            ends = contribution.until
        return Dated(contribution, day, contribution.at, ends)

    @property
    def corrections(self) -> list[datetime]:
        """Return, sorted, when something that bore on the score was corrected."""
        return self.memo.history.corrections

    def moves_shown(self) -> list[Move]:
        """Return every move up to now as it was shown, the oldest first."""
        return self.memo.history.moves_shown(self.at)
