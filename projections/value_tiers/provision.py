"""Provision for bad debt on what is open, by the ageing policy in force at each instant."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime

from events.touchpoints.policy import AgeingPolicy
from projections.books.ageing import bucket_index
from projections.books.days import ENDING, Days
from projections.value_tiers.kept import KeptProvision
from projections.value_tiers.rules import ValueRules
from projections.value_tiers.shares import BASIS, share


class Provision:
    """What is set aside for one currency at the instant at which it stands.

    The sums of the buckets hold until an item crosses to another or a policy comes into force.
    `sound` says that no day ever had less than nothing open that was due on it.
    """

    __slots__ = (
        "_buckets", "_days", "_oldest", "_open", "_policy", "_rules", "_stale", "_whole",
        "amount", "next_at", "sound",
    )  # fmt: skip

    def __init__(self, rules: ValueRules, days: Days, policy: AgeingPolicy) -> None:
        self.amount = 0
        self._rules = rules
        self._days = days
        self._open: dict[int, int] = {}  # by due day
        self._whole = 0  # of all that is open
        self._oldest = 0  # the first day on which something open was due
        self._stale = True  # whether the buckets must be filled anew
        self._policy = policy
        self._buckets: list[int] = []
        self.next_at = ENDING
        self.sound = True

    def owe(self, today: int, due: int, change: int) -> None:
        """Let more, or less, be open that is due on a day."""
        known = self._open
        left = known.get(due, 0) + change
        self._whole += change
        if left:
            if not known or due < self._oldest:
                self._oldest = due
            known[due] = left
            if left < 0:
                self.sound = False
        else:
            known.pop(due, None)
            if due == self._oldest and known:
                self._oldest = min(known)
        if not self._stale:
            self._move(today, due, left, change)

    def _move(self, today: int, due: int, left: int, change: int) -> None:
        """Let the sums be those of what is open now."""
        past = today - due
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
            self._stale = True

    def skip(self) -> None:
        """Let the sums wait: what crossed up to now was not looked at."""
        self._stale = True

    def close(self, at: datetime) -> None:
        """Work out what is set aside, once all of an instant is known."""
        if not self._stale:
            return
        self._stale = False
        policy = self._policy = self._rules.ageing_policy(at)
        self.next_at = self._rules.reference.next_version_after(AgeingPolicy, at) or ENDING
        buckets = self._buckets = [0] * (len(policy.upper_days) + 1)
        self.amount = 0
        if not self._open:
            return
        today = self._days.today(at)
        for due, amount in self._open.items():
            buckets[bucket_index(today - due, policy)] += amount
            self.next_at = min(self.next_at, self._crosses_at(due, today - due))
        for amount, rate in zip(buckets, policy.provision, strict=False):
            if amount and rate:
                self.amount += share(amount, rate, BASIS)

    def at_most(self, day: int) -> int:
        """Return what is never more than set aside through a day, if it is sound."""
        if not self._open:
            return 0
        whole = self._whole * self._rules.worst_rate(day - self._oldest)
        return whole // BASIS + len(self._rules.ageing_uppers) + 2  # each bucket is rounded

    def _crosses_at(self, due: int, past: int) -> datetime:
        """Return when what is due on a day comes to another bucket of any policy."""
        uppers = self._rules.ageing_uppers
        i = bisect_left(uppers, past)
        return self._days.start(due + uppers[i] + 1) if i < len(uppers) else ENDING

    def kept(self) -> KeptProvision:
        """Return it as it is kept."""
        return KeptProvision(
            policy=[term.policy for term in self._rules.ageing].index(self._policy),
            open=self._open,
            whole=self._whole,
            oldest=self._oldest,
            stale=self._stale,
            buckets=self._buckets,
            amount=self.amount,
            next_at=self.next_at,
            sound=self.sound,
        )

    def fill(self, kept: KeptProvision) -> None:
        """Let one of the same policy be what was kept."""
        self._open, self._whole, self._oldest = kept.open, kept.whole, kept.oldest
        self._stale, self._buckets = kept.stale, kept.buckets
        self.amount, self.next_at, self.sound = kept.amount, kept.next_at, kept.sound

    def ahead(self) -> Provision:
        """Return one that may pass on while nothing is owed anew in either."""
        copy = Provision(self._rules, self._days, self._policy)
        copy._open, copy._whole, copy._oldest = self._open, self._whole, self._oldest
        copy._stale, copy._buckets, copy.sound = self._stale, self._buckets, self.sound
        copy.amount, copy.next_at = self.amount, self.next_at
        return copy

    def copy(self) -> Provision:
        """Return one that may go on by itself."""
        copy = self.ahead()
        copy._open, copy._buckets = dict(self._open), list(self._buckets)
        return copy
