"""Provision for bad debt on what is open, by the ageing policy in force at each instant."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime

from events.touchpoints.policy import AgeingPolicy
from projections.books.ageing import bucket_index
from projections.books.days import ENDING, Days
from projections.value_tiers.rules import ValueRules
from projections.value_tiers.shares import BASIS, share


class Provision:
    """What is set aside for one currency at the instant at which it stands.

    The sums of the buckets hold until an item crosses to another or a policy comes into force.
    """

    __slots__ = (
        "_buckets", "_days", "_open", "_policy", "_rules", "_stale", "_uppers", "amount",
        "next_at",
    )  # fmt: skip

    def __init__(self, rules: ValueRules, days: Days, at: datetime) -> None:
        self.amount = 0
        self._rules = rules
        self._days = days
        self._open: dict[int, int] = {}  # by due day
        self._uppers = rules.ageing_uppers
        self._stale = True  # whether the buckets must be filled anew
        self._policy = rules.ageing_policy(at)
        self._buckets: list[int] = []
        self.next_at = ENDING

    def owe(self, at: datetime, due: int, change: int) -> None:
        """Let more, or less, be open that is due on a day."""
        left = self._open.get(due, 0) + change
        if left:
            self._open[due] = left
        else:
            self._open.pop(due, None)
        if self._stale:
            return
        past = self._days.today(at) - due
        crosses_at = self._crosses_at(due, past)
        if left:
            self.next_at = min(self.next_at, crosses_at)
        elif crosses_at == self.next_at:
            self._stale = True
        i = bucket_index(past, self._policy)
        rates = self._policy.provision
        if i < len(rates) and rates[i]:
            before = self._buckets[i]
            self._buckets[i] += change
            self.amount += share(before + change, rates[i], BASIS) - share(before, rates[i], BASIS)

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
        policy = self._policy = self._rules.ageing_policy(at)
        self.next_at = self._rules.reference.next_version_after(AgeingPolicy, at) or ENDING
        self._buckets = [0] * (len(policy.upper_days) + 1)
        if self._open:
            today = self._days.today(at)
            for due, amount in self._open.items():
                self._buckets[bucket_index(today - due, policy)] += amount
                self.next_at = min(self.next_at, self._crosses_at(due, today - due))
        self.amount = sum(
            share(amount, rate, BASIS)
            for amount, rate in zip(self._buckets, policy.provision, strict=False)
        )

    def _crosses_at(self, due: int, past: int) -> datetime:
        """Return when what is due on a day comes to another bucket of any policy."""
        i = bisect_left(self._uppers, past)
        return self._days.start(due + self._uppers[i] + 1) if i < len(self._uppers) else ENDING

    def ahead(self) -> Provision:
        """Return one that may pass on while nothing is owed anew in either."""
        copy = Provision.__new__(Provision)
        copy._rules, copy._days, copy._uppers = self._rules, self._days, self._uppers
        copy._open, copy._stale = self._open, self._stale
        copy._policy, copy._buckets = self._policy, self._buckets
        copy.amount, copy.next_at = self.amount, self.next_at
        return copy

    def copy(self) -> Provision:
        """Return one that may go on by itself."""
        copy = self.ahead()
        copy._open, copy._buckets = dict(self._open), list(self._buckets)
        return copy
