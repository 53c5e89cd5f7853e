"""The policies of receivables, prepared once per state of the reference stream.

A dated consequence uses the version in force at its own instant (decision 9):

- an alert's threshold counts if the version in force when the item crosses it names it, so
  that a new policy raises nothing about days that are past;
- an item is due soon, and a dunning level falls due, at the first instant at which the
  version then in force says so;
- the credit gate is a decision of the asked instant and uses the version in force then.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from events.policy import Reference
from events.touchpoints.policy import AlertsPolicy, CreditPolicy, DunningPolicy, FeesPolicy
from events.uses import HOME_READS, policy_use, publication_of
from projections.books.days import Days
from projections.books.rules import BookRules
from projections.books.terms import terms_of

_KINDS = (AlertsPolicy, CreditPolicy, DunningPolicy, FeesPolicy)
RULES_USED = frozenset(policy_use(kind) for kind in _KINDS)
READS = HOME_READS.union(publication_of(kind) for kind in _KINDS)


class Rules(BookRules):
    """What the published policies mean for receivables; immutable.

    `offsets` are the days past due at which something about an open item can change;
    `alerts_starts` and `dunning_starts` the instants at which another version begins.
    """

    def __init__(self, reference: Reference) -> None:
        super().__init__(reference)
        self.alerts = terms_of(reference, AlertsPolicy)
        self.dunning = terms_of(reference, DunningPolicy)
        days = {day for term in self.alerts for day in term.policy.overdue_days}
        self.thresholds = tuple(sorted(days, reverse=True))
        self.soon_days = tuple(sorted({term.policy.due_soon_days for term in self.alerts}))
        self.alerts_starts = tuple(term.start for term in self.alerts[1:])
        self.dunning_starts = tuple(term.start for term in self.dunning[1:])
        self.offsets = tuple(sorted(self._offsets()))
        self.notice_days = max(term.policy.notice_days_before_due for term in self.dunning)

    def _offsets(self) -> set[int]:
        offsets = {1, *self.thresholds, *(-days for days in self.soon_days)}
        for dunning in self.dunning:
            offsets.add(-dunning.policy.notice_days_before_due)
            offsets.add(dunning.policy.level_1_days_past_due)
            offsets.add(dunning.policy.level_2_days_past_due)
        offsets.update(term.policy.max_days_overdue + 1 for term in self.credit)
        return offsets

    def threshold(self, due: int, today: int, days: Days) -> int | None:
        """Return the highest days past due at which an item due then has alerted, if any."""
        for threshold in self.thresholds:
            if due + threshold <= today and self.names(due, threshold, days):
                return threshold
        return None

    def names(self, due: int, threshold: int, days: Days) -> bool:
        """Return whether the version in force at the crossing names the threshold."""
        if len(self.alerts) == 1:
            return threshold in self.alerts[0].policy.overdue_days
        crossing = days.start(due + threshold)
        return threshold in self.reference.in_force(AlertsPolicy, crossing).overdue_days

    def soon_from(self, due: int, days: Days) -> datetime | None:
        """Return when an item due then begins to be due soon, if any version says so."""
        for start, end, policy in self.alerts:
            first = max(start, days.start(due - policy.due_soon_days))
            if first < end:
                return first
        return None

    def dunning_from(
        self, level: int, due: int, days: Days, sent_day: int | None
    ) -> datetime | None:
        """Return when a level falls due for an item due then; `sent_day`: of the level before.

        Level 3 counts from the day on which level 2 was sent, the others from the due date.
        None: there is no such level.
        """
        for start, end, policy in self.dunning:
            if level == 0:
                ready = days.start(due - policy.notice_days_before_due)
            elif level == 1:
                ready = days.start(due + policy.level_1_days_past_due)
            elif level == 2:
                ready = days.start(due + policy.level_2_days_past_due)
            elif level == 3 and sent_day is not None:
                ready = days.start(sent_day + policy.level_3_days_after_level_2)
            else:
                return None
            first = max(start, ready)
            if first < end:
                return first
        return None


@lru_cache(maxsize=16)
def rules_of(reference: Reference) -> Rules:
    """Return the prepared rules of a reference; references never change."""
    return Rules(reference)
