"""Late-payment interest counted midnight by midnight, in fractions, from first principles.

Of the product only what it remembers of the past is used: the steps of an item's balance, the
notices about it, the policies by their instants, and when local days begin.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction

from events.policy import Reference
from events.touchpoints.policy import DayCount, FeesPolicy
from projections.books.days import Days
from projections.books.records import Item

ONE_DAY = timedelta(days=1)


def plain_interest(
    item: Item, reference: Reference, days: Days, at: datetime
) -> tuple[Fraction, Fraction]:
    """Return what is owed, and what is announced, in minor units."""
    owed = announced = Fraction(0)
    for midnight, begins in _midnights(item, days, at):
        step = [step for step in item.steps if step.at < midnight][-1]
        policy = reference.in_force(FeesPolicy, midnight)
        starts = _starts(item, step.due_on, policy, days)
        if starts is None or begins <= starts + ONE_DAY * policy.interest_free_days:
            continue
        rate = Fraction(policy.interest_per_year, 1_000_000)
        more = step.balance * rate * year_share(begins - ONE_DAY, policy.day_count)
        if policy.interest == "owed":
            owed += more
        else:
            announced += more
    return owed, announced


def _midnights(item: Item, days: Days, at: datetime) -> Iterator[tuple[datetime, date]]:
    """Yield every midnight since the item was there: the instant, and the day that begins."""
    day = days.today(item.steps[0].at) + 1
    while (midnight := days.start(day)) <= at:
        if item.steps[0].at < midnight:
            yield midnight, date.fromordinal(day)
        day += 1


def _starts(item: Item, due: date, policy: FeesPolicy, days: Days) -> date | None:
    """Return the day after which interest is charged, the free days apart."""
    if policy.interest_starts == "due_date":
        return due
    sent = [
        date.fromordinal(days.today(notice.at))
        for notice in item.notices
        if notice.level > 0
        and (not notice.shared or item.due_on < date.fromordinal(days.today(notice.at)))
    ]
    return max(due, min(sent)) if sent else None


def year_share(day: date, convention: DayCount) -> Fraction:
    """Return which part of a year the time from a day to the next is."""
    if convention == "actual/365":
        return Fraction(1, 365)
    if convention == "actual/360":
        return Fraction(1, 360)
    if convention == "actual/actual":
        return Fraction(1, 366 if isleap(day.year) else 365)
    of_month = monthrange(day.year, day.month)[1]
    if day.day < min(of_month, 30):
        return Fraction(1, 360)
    if day.day == 30 and of_month == 31:
        return Fraction(0)  # the 31st is a 30th, too
    return Fraction(1 + 30 - min(day.day, 30), 360)  # to the first of the next month
