"""What everybody scores at the end of a day, from which the lines of a pyramid are drawn.

No score depends on lines: they are taken out of the rules, and nobody's way through the tiers is
followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import structs

from events.calendars import day_end
from events.envelope import RecordedEvent
from events.facts import Fact
from events.home import Home
from events.policy import Reference
from events.touchpoints.policy import TierPolicy, TierPolicyPublished
from projections.facts import Facts
from projections.value_tiers.books import HANDLED
from projections.value_tiers.memo import memo_of
from projections.value_tiers.reading import ValueAt
from projections.value_tiers.rows import figures_on
from projections.value_tiers.standing import Standing


class Scorer:
    """Scores customers at the end of a day, each where it is at home."""

    def __init__(self, reference: Reference, day: date) -> None:
        self._day = day
        # By the end of the company's day, whoever's day it is: the lines are drawn for it.
        self._policy = reference.in_force(TierPolicy, day_end(day, reference.zone_of(None)))
        self._rules = Reference(map(_without_lines, reference.events))

    def instant(self, known: Sequence[Fact]) -> datetime:
        """Return the end of the day where a customer is at home by its own facts."""
        return Home(known).end_of(self._day, self._rules)

    def score(self, known: Sequence[Fact], at: datetime | None = None) -> int | None:
        """Return a customer's score; None: it was not known by then.

        `at` is the day's end, where somebody asked for it already.
        """
        told = Facts(known, HANDLED)
        at = at or told.home.end_of(self._day, self._rules)
        memo = memo_of(told, at, self._rules)
        if memo.books.first is None:
            return None
        row = Standing(ValueAt(memo, at)).row()
        return figures_on(row, self._day, self._policy).score_minor


def _without_lines(event: RecordedEvent) -> RecordedEvent:
    data = event.data
    if not isinstance(data, TierPolicyPublished):
        return event
    policy = structs.replace(data.policy, tiers=())
    return structs.replace(event, data=structs.replace(data, policy=policy))
