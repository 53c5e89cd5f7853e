"""Provision for bad debt on what is open, by the ageing policy in force at each instant."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime

from events.touchpoints.policy import AgeingPolicy
from projections.receivables.reports import bucket_index
from projections.receivables.rules import ENDING, Days
from projections.value_tiers.rules import ValueRules
from projections.value_tiers.shares import BASIS, share


class Provision:
    """What is set aside for one currency at the instant at which it stands."""

    __slots__ = ("_days", "_open", "_rules", "_stale", "_uppers", "amount", "next_at")

    def __init__(self, rules: ValueRules, days: Days, at: datetime) -> None:
        self.amount = 0
        self._rules = rules
        self._days = days
        self._open: dict[int, int] = {}  # by due day
        self._uppers = rules.ageing_uppers
        self._stale = False
        self.next_at = self._next_term(at)

    def owe(self, due: int, change: int) -> None:
        """Let more, or less, be open that is due on a day."""
        left = self._open.get(due, 0) + change
        if left:
            self._open[due] = left
        else:
            self._open.pop(due, None)
        self._stale = True

    def pass_to(self, at: datetime) -> None:
        """Let items cross buckets, and policies come into force, up to an instant."""
        if self.next_at <= at:
            self.next_at = ENDING
            self._stale = True

    def close(self, at: datetime) -> None:
        """Work out what is set aside, once all of an instant is known."""
        if not self._stale:
            return
        self._stale = False
        self.next_at = self._next_term(at)
        self.amount = 0
        if self._open:
            today = self._days.today(at)
            self.amount = _set_aside(self._open, self._rules.ageing_policy(at), today)
            following = self._next_crossing(today)
            if following is not None:
                self.next_at = min(self.next_at, self._days.start(following))

    def _next_term(self, at: datetime) -> datetime:
        return self._rules.reference.next_version_after(AgeingPolicy, at) or ENDING

    def _next_crossing(self, today: int) -> int | None:
        uppers = self._uppers
        found: int | None = None
        for due in self._open:
            i = bisect_left(uppers, today - due)
            if i < len(uppers) and (found is None or due + uppers[i] + 1 < found):
                found = due + uppers[i] + 1
        return found

    def ahead(self) -> Provision:
        """Return one that may pass on while nothing is owed anew in either."""
        copy = Provision.__new__(Provision)
        copy._rules, copy._days, copy._uppers = self._rules, self._days, self._uppers
        copy._open, copy._stale = self._open, self._stale
        copy.amount, copy.next_at = self.amount, self.next_at
        return copy


def _set_aside(balances: dict[int, int], policy: AgeingPolicy, today: int) -> int:
    """Return the provision: of each bucket its amount times the rate, rounded half-even."""
    rates = policy.provision
    amounts = [0] * len(rates)
    for due, amount in balances.items():
        i = bucket_index(today - due, policy)
        if i < len(rates):
            amounts[i] += amount
    return sum(share(amount, rate, BASIS) for amount, rate in zip(amounts, rates, strict=True))
