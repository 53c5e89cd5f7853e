"""Which ages of open items are meant, each counted from its branch's own local today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from events.calendars import DAY, local_day
from events.policy import Reference
from events.touchpoints.policy import AgeingPolicy
from services.postgres.question import Question

Ends = tuple[int | None, int | None]
"""The first and the last day past due of a span; None where it has no end."""


class NoSuchBucket(Exception):
    """The ageing policy in force has fewer buckets."""

    def __init__(self, last: int) -> None:
        super().__init__(f"the ageing policy in force has buckets 0 to {last}")
        self.last = last


class Todays(NamedTuple):
    """Branches, their local days as ordinals, and the day of all others."""

    branches: list[str]
    days: list[int]
    elsewhere: int

    @property
    def latest(self) -> date:
        """Return the latest day that it is anywhere."""
        return date.fromordinal(max([self.elsewhere, *self.days]))

    @property
    def earliest(self) -> date:
        """Return the earliest day that it is anywhere."""
        return date.fromordinal(min([self.elsewhere, *self.days]))


def todays(reference: Reference, at: datetime) -> Todays:
    """Return which day it is at each branch."""

    def today(branch_id: str | None) -> int:
        return local_day(at, reference.zone_of(branch_id)).toordinal()

    branches = list(reference.branches)
    return Todays(branches, [today(one) for one in branches], today(None))


def bucket_ends(policy: AgeingPolicy) -> tuple[Ends, ...]:
    """Return each bucket's first and last day past due; None where it has no end.

    >>> bucket_ends(AgeingPolicy(upper_days=(0, 30)))
    ((None, 0), (1, 30), (31, None))
    """
    uppers: list[int | None] = [*policy.upper_days, None]
    lowers = [None, *(upper + 1 for upper in policy.upper_days)]
    return tuple(zip(lowers, uppers, strict=True))


def spans_of(
    buckets: Sequence[int], reference: Reference, at: datetime, *, overdue: bool
) -> tuple[Ends, ...] | None:
    """Return the spans of days past due that are asked about; None: any age. May be empty.

    Raises: NoSuchBucket.
    """
    ends = bucket_ends(reference.in_force(AgeingPolicy, at))
    if any(not 0 <= one < len(ends) for one in buckets):
        raise NoSuchBucket(len(ends) - 1)
    asked: Sequence[Ends] = [ends[one] for one in sorted(set(buckets))]
    if not overdue:
        return tuple(asked) or None
    late = [(max(low or 1, 1), high) for low, high in asked or [(1, None)]]
    return tuple((low, high) for low, high in late if high is None or low <= high)


def keep_ages(
    question: Question, spans: Sequence[Ends] | None, now: Todays, *, promise_due: bool
) -> None:
    """Keep items `i` of some ages, and of promises that are due: days for the index come first."""
    if not spans and not promise_due:
        question.conditions.append("false")
        return
    question.joins = (
        f"LEFT JOIN unnest({question.add(now.branches)}::text[],"
        f" {question.add(now.days)}::integer[]) AS b (branch_id, today)"
        " ON b.branch_id = i.branch_id"
    )
    today = f"coalesce(b.today, {question.add(now.elsewhere)}::integer)"
    if promise_due:
        question.conditions.append(f"i.promised_on <= {question.add(now.latest)}")
        question.conditions.append(f"i.promised_on - DATE '0001-01-01' + 1 <= {today}")
    if spans is None:
        return
    age = f"({today} - (i.due_on - DATE '0001-01-01' + 1))"
    each = ["false"]
    for low, high in spans:
        within = []
        if high is not None:
            within += [f"i.due_on >= {question.add(now.earliest - DAY * high)}"]
            within += [f"{age} <= {question.add(high)}::integer"]
        if low is not None:
            within += [f"i.due_on <= {question.add(now.latest - DAY * low)}"]
            within += [f"{age} >= {question.add(low)}::integer"]
        each.append(" AND ".join(within))
    question.conditions.append(each[1] if len(each) == 2 else f"({' OR '.join(each)})")
    if len(each) > 2:
        _within_all(question, spans, now)


def _within_all(question: Question, spans: Sequence[Ends], now: Todays) -> None:
    """Bound the due days of several spans together, so that an index leads to them."""
    lows, highs = [low for low, _ in spans], [high for _, high in spans]
    if None not in highs:
        oldest = now.earliest - DAY * max(high for high in highs if high is not None)
        question.conditions.append(f"i.due_on >= {question.add(oldest)}")
    if None not in lows:
        newest = now.latest - DAY * min(low for low in lows if low is not None)
        question.conditions.append(f"i.due_on <= {question.add(newest)}")
