"""Late-payment interest as a term over the history of an item's balance.

Each local midnight after an item's due date adds a day's worth of simple interest on what is open
of it at the end of the day before, at the rate in force at that midnight; so as many days are
charged as the item is past due, and a rate that changes with the half-year charges each day by its
own. Nothing is compounded. What a midnight added stays, whatever happens to the item later, unless
its invoice is cancelled, which then was never owed.

Rules where the rule book is silent: interest runs on invoices alone, neither on fees or interest
nor on what is owed back of a refund; a dispute, a promise or an agency does not stop it; the free
days of the version in force at a midnight say whether it is charged. With a start at the first
reminder it runs from the day on which a notice of level 1 or higher about the item first went out,
though never before the due date. Source: domain rules, section 11.12; for due date, reminder and
changing rates the German Civil Code, sections 286 to 289.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from events.policy import Reference
from events.touchpoints.policy import DayCount, DebtPart, FeesPolicy
from projections.books.day_counts import YEAR_PARTS, year_parts
from projections.books.days import BEGINNING, ENDING, Days
from projections.books.records import Item, Step
from projections.books.shares import divided
from projections.books.terms import Term, terms_of

UNIT: Final = 1_000_000 * YEAR_PARTS
"""How many exact parts make a minor unit: a millionth of it is a part of the rate, and the rest
a part of the year."""

_NEVER: Final = 3_650_000  # a day beyond all that can be asked for
_ALL: Final[tuple[DebtPart, ...]] = ("costs", "interest", "principal")


class FeeRules:
    """What the published fees mean; immutable."""

    def __init__(self, terms: tuple[Term[FeesPolicy], ...]) -> None:
        self.terms = terms
        self.starts = tuple(term.start for term in terms[1:])
        self.has_interest = any(term.policy.interest_per_year for term in terms)
        self._orders = [(term.start, _whole_order(term.policy.clearing)) for term in terms]

    def policy(self, at: datetime) -> FeesPolicy:
        """Return the version in force at an instant."""
        return self.term(at).policy

    def term(self, at: datetime) -> Term[FeesPolicy]:
        """Return the version in force at an instant, with its time."""
        return next(term for term in reversed(self.terms) if term.start <= at)

    def clearing(self, at: datetime) -> tuple[DebtPart, ...]:
        """Return in which order a debt is cleared at an instant; none: the oldest item first."""
        return next(order for start, order in reversed(self._orders) if start <= at)


def fee_rules(reference: Reference) -> FeeRules | None:
    """Return what was published of fees; None: nothing that charges or orders anything."""
    nothing = FeesPolicy()
    terms = terms_of(reference, FeesPolicy)
    if all(term.policy == nothing for term in terms):
        return None
    return FeeRules(terms)


def _whole_order(clearing: tuple[DebtPart, ...]) -> tuple[DebtPart, ...]:
    if not clearing:
        return ()
    return clearing + tuple(part for part in _ALL if part not in clearing)


class Interest(NamedTuple):
    """An item's interest: exact at the beginning of `day`, and how it goes on from there.

    While it runs, each later day adds `principal` times the rate times its part of a year, to
    what is owed or to what is announced. It does not run at a rate of 0.
    """

    owed: int
    announced: int
    day: int
    principal: int
    rate: int  # millionths a year
    day_count: DayCount
    is_owed: bool

    def on(self, day: int) -> Interest:
        """Return it at the beginning of a day, while nothing else changes."""
        if not self.rate or day <= self.day:
            return self
        span = year_parts(day, self.day_count) - year_parts(self.day, self.day_count)
        more = self.principal * self.rate * span
        if self.is_owed:
            return self._replace(owed=self.owed + more, day=day)
        return self._replace(announced=self.announced + more, day=day)


NO_INTEREST: Final = Interest(0, 0, 0, 0, 0, "actual/365", True)


def interest_of(item: Item, rules: FeeRules, days: Days, at: datetime) -> Interest:
    """Return an item's interest at an instant, exact, with how it goes on.

    It is told from the day on which balance, due date or policy last changed, or from which it
    runs, which may be a later day; so it is the same until one of them changes.
    """
    if item.invoice.cancelled or not item.invoice.sold or not rules.has_interest:
        return NO_INTEREST
    reminded = _reminded_on(item, days)
    step, term = item.steps[-1], rules.term(at)
    policy = term.policy
    begun = max(days.today(step.at), _last_before(term.start, days))
    runs_from = _runs_from(step, policy, reminded)
    runs = policy.interest_per_year > 0 and step.balance > 0 and runs_from < _NEVER
    day = max(begun, runs_from) if runs else begun
    owed = announced = 0
    for stretch in _stretches(item.steps, rules, days, at):
        told, charged = stretch.step, stretch.policy
        first = max(stretch.first, _runs_from(told, charged, reminded))
        last = min(stretch.last, day)
        if charged.interest_per_year and told.balance and first < last:
            span = year_parts(last, charged.day_count) - year_parts(first, charged.day_count)
            more = told.balance * charged.interest_per_year * span
            if charged.interest == "owed":
                owed += more
            else:
                announced += more
    return Interest(
        owed=owed,
        announced=announced,
        day=day,
        principal=step.balance if runs else 0,
        rate=policy.interest_per_year if runs else 0,
        day_count=policy.day_count,
        is_owed=policy.interest == "owed",
    )


class _Stretch(NamedTuple):
    """Days whose beginnings saw one balance and one policy: those after `first`, to `last`."""

    first: int
    last: int
    step: Step
    policy: FeesPolicy


def _stretches(steps: list[Step], rules: FeeRules, days: Days, at: datetime) -> Iterator[_Stretch]:
    ends = [days.today(step.at) for step in steps[1:]]
    terms = [
        (_last_before(term.start, days), _last_before(term.end, days), term.policy)
        for term in rules.terms
        if term.start <= at
    ]
    for step, end in zip(steps, (*ends, _NEVER), strict=True):
        begins = days.today(step.at)
        for starts, stops, policy in terms:
            first, last = max(begins, starts), min(end, stops)
            if first < last:
                yield _Stretch(first, last, step, policy)


def _last_before(at: datetime, days: Days) -> int:
    """Return the last day that begins before an instant."""
    if at == BEGINNING:
        return 0
    if at == ENDING:
        return _NEVER
    day = days.today(at)
    return day - 1 if days.start(day) == at else day


def _runs_from(step: Step, policy: FeesPolicy, reminded: int) -> int:
    """Return the day after which days past due are charged."""
    due = step.due_on.toordinal()
    if policy.interest_starts == "first_reminder":
        due = max(due, reminded)
    return due + policy.interest_free_days


def _reminded_on(item: Item, days: Days) -> int:
    """Return the day on which the first notice past the due date about it went out."""
    found = [days.today(notice.at) for notice in item.notices if notice.level and not notice.shared]
    for notice in item.notices:
        if notice.level and notice.shared:  # about those of its items that were past due
            day = days.today(notice.at)
            if item.due_on.toordinal() < day:
                found.append(day)
    return min(found, default=_NEVER)


def whole(exact: int) -> int:
    """Return exact parts in minor units, rounded half-even."""
    return divided(exact, UNIT)
