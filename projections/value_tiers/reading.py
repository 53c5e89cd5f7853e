"""A customer's value read at an instant: what counts, what it sums to, which tier it earns.

Days are those of the zone of the home branch as of the asked instant (as in receivables).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from events.calendars import INSTANT
from events.policy import Reference
from projections.protocol import Facts
from projections.receivables.rules import Days
from projections.value_tiers.books import ValueBooks
from projections.value_tiers.capital import FLAT, Line, day_costs, line_on, lines
from projections.value_tiers.contributions import BalanceChange, Contribution
from projections.value_tiers.provision import Provision
from projections.value_tiers.rules import Span, ValueRules, value_rules
from projections.value_tiers.tiers import Point, Walk
from projections.value_tiers.wallet import model_value


class Owing(NamedTuple):
    """What open items in one currency cost, up to the asked instant."""

    lines: Sequence[Line]
    provision: Provision | None


class Dated(NamedTuple):
    """A contribution with the time [begins, ends) in which it counts."""

    contribution: Contribution
    day: int
    begins: datetime
    ends: datetime


class Reading:
    """One customer's value at an instant."""

    def __init__(self, facts: Facts, at: datetime, reference: Reference) -> None:
        self.at = at
        self.rules: ValueRules = value_rules(reference)
        self.books = ValueBooks(facts, at, self.rules)
        self.branch_id = self.books.branch_id
        self.days = Days(reference.zone_of(self.branch_id))
        self.today = self.days.today(at)
        self.policy = self.rules.tier_policy(at)
        self.contributions = self.books.contributions
        self._costs: dict[tuple[str, int], Owing] = {}
        self._day_of: dict[datetime, int] = {}
        self._start_of: dict[int, datetime] = {}

    # --- what counts ---

    def day_of(self, instant: datetime) -> int:
        """Return the local day of an instant of the past."""
        day = self._day_of.get(instant)
        if day is None:
            day = self._day_of[instant] = self.days.of(instant)
        return day

    def dated(self, contribution: Contribution, window: int) -> Dated:
        """Return when a contribution counts, over a window."""
        day = self.day_of(contribution.on)
        ends = self._start_of.get(day + window)
        if ends is None:
            ends = self._start_of[day + window] = self.days.start(day + window)
        if contribution.until is not None and contribution.until < ends:
            ends = contribution.until
        return Dated(contribution, day, contribution.at, ends)

    def counting(self) -> Iterator[tuple[Contribution, int]]:
        """Yield what counts now, in the currency of the tiers, with its local day."""
        window, currency = self.policy.window_days, self.policy.currency
        first = self.today - window + 1
        for contribution in self.contributions:
            if contribution.until is None and contribution.currency == currency:
                day = self.day_of(contribution.on)
                if day >= first:
                    yield contribution, day

    def owing(self, currency: str, window: int) -> Owing:
        """Return what open items in a currency cost, over a window."""
        found = self._costs.get((currency, window))
        if found is None:
            changes = self.books.ledger.balances.get(currency, ())
            found = self._costs[currency, window] = self._owing(changes, window)
        return found

    def _owing(self, changes: Sequence[BalanceChange], window: int) -> Owing:
        rules = self.rules
        drift: Sequence[Line] = ()
        provision = None
        if changes and rules.has_capital:
            drift = lines(day_costs(changes, rules.costs, self.days, self.at), window)
        if changes and rules.has_provision:
            provision = Provision(changes, rules.ageing, self.days, self.at)
        return Owing(drift, provision)

    # --- tiers ---

    def corrections(self) -> list[datetime]:
        """Return, sorted, when something that had counted was corrected."""
        return sorted({c.until for c in self.contributions if c.corrected and c.until})

    def walk(self, until: datetime) -> Walk:
        """Return the way through the tiers up to now, with what was corrected by `until`
        never counted."""
        walk = Walk(self.days)
        first = self.books.first
        if first is None or not self.rules.has_tiers:
            return walk
        born = first.envelope.effective_at
        for span in self.rules.spans:
            if span.end > born and span.start <= self.at:
                points = self._points(span, max(span.start, born), until)
                walk.go(sorted(points, key=lambda point: point.at), fresh=True)
        walk.wait(self.at + INSTANT)
        return walk

    def _points(self, span: Span, start: datetime, until: datetime) -> Iterator[Point]:
        last = min(self.at, span.end - INSTANT)
        in_force = [(s, ladder) for s, ladder in span.terms if s <= start][-1][1]
        yield Point(start, ladder=in_force)
        for since, ladder in span.terms:
            if start < since <= last:
                yield Point(since, ladder=ladder)
        for c in self.contributions:
            if not c.amount or c.currency != span.currency:
                continue
            if c.corrected and c.until is not None and c.until <= until:
                continue
            _, _, begins, ends = self.dated(c, span.window)
            if begins < start:
                begins = start
            if begins <= last and begins < ends:
                yield Point(begins, c.amount)
                if ends <= last:
                    yield Point(ends, -c.amount)
        yield from self._owed(span, start, last)
        if self.rules.weighs_model:
            yield from self._models(span, start, last)

    def _owed(self, span: Span, start: datetime, last: datetime) -> Iterator[Point]:
        owing = self.owing(span.currency, span.window)
        line = FLAT
        for following in owing.lines:
            turns = self.days.start(following.day)
            if turns <= start:
                line = following
            elif turns <= last:
                yield Point(turns, line=following)
        yield Point(start, line=line)
        provided = 0
        for step in owing.provision.steps if owing.provision else ():
            if step.at <= start:
                provided = step.amount
            elif step.at <= last:
                yield Point(step.at, provision=step.amount)
        yield Point(start, provision=provided)

    def _models(self, span: Span, start: datetime, last: datetime) -> Iterator[Point]:
        books, days = self.books, self.days
        turns = {start}
        turns.update(t for t, _ in books.segments)
        turns.update(term.start for term in self.rules.costs)
        for sighting in books.sightings:
            turns.add(sighting.at)
            turns.add(days.start(days.of(sighting.at) + span.window))
        for now in sorted(t for t in turns if start <= t <= last):
            value = model_value(books, days, now, span.window, span.currency)
            yield Point(now, model=value or 0)

    def line(self) -> tuple[Line, Line | None]:
        """Return the line of the cost of capital now, and the next one."""
        owing = self.owing(self.policy.currency, self.policy.window_days)
        return line_on(owing.lines, self.today)
