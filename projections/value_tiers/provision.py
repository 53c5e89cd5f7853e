"""Provision for bad debt on what is open, by the ageing policy in force at each instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from events.touchpoints.policy import AgeingPolicy
from projections.receivables.reports import Balance, ageing
from projections.receivables.rules import Days, Term
from projections.value_tiers.contributions import BalanceChange


class Step(NamedTuple):
    """From an instant on that much is set aside."""

    at: datetime
    amount: int


class Provision:
    """How the provision developed up to an instant, and when it changes next by itself."""

    def __init__(
        self,
        changes: Sequence[BalanceChange],
        terms: Sequence[Term[AgeingPolicy]],
        days: Days,
        at: datetime,
    ) -> None:
        self.steps: list[Step] = []
        self.next_at: datetime | None = None
        self._days = days
        self._open: dict[int, int] = {}
        known = [change for change in changes if change.at <= at]
        self._uppers = sorted({upper for term in terms for upper in term.policy.upper_days})
        self._sweep(known, [term for term in terms if term.start <= at], at)

    @property
    def amount(self) -> int:
        """Return what is set aside now."""
        return self.steps[-1].amount if self.steps else 0

    def _sweep(
        self, changes: Sequence[BalanceChange], terms: Sequence[Term[AgeingPolicy]], at: datetime
    ) -> None:
        turns = {change.at for change in changes} | {term.start for term in terms[1:]}
        for due in {change.due for change in changes}:
            turns.update(self._crossings(due))
        i = k = 0
        for now in sorted(turns):
            if now > at:
                if self._open:
                    self.next_at = min(
                        (t for due in self._open for t in self._crossings(due) if t > at),
                        default=None,
                    )
                break
            while i < len(changes) and changes[i].at <= now:
                _, due, change = changes[i]
                self._open[due] = self._open.get(due, 0) + change
                if not self._open[due]:
                    del self._open[due]
                i += 1
            while k + 1 < len(terms) and terms[k + 1].start <= now:
                k += 1
            amount = self._set_aside(terms[k].policy, now)
            if amount != self.amount:
                self.steps.append(Step(now, amount))

    def _crossings(self, due: int) -> list[datetime]:
        return [self._days.start(due + upper + 1) for upper in self._uppers]

    def _set_aside(self, policy: AgeingPolicy, now: datetime) -> int:
        if not self._open or not any(policy.provision):
            return 0
        today = date.fromordinal(self._days.today(now))
        balances = (Balance(due, amount) for due, amount in self._open.items())
        return ageing(balances, today, policy).provision_minor
