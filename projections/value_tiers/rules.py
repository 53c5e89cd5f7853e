"""The policies of customer value, prepared once per state of the reference stream.

Each dated consequence uses the version in force at its own instant (decision 9): a visit is
charged at the rate of its instant, a day's capital at the rate of the day's end, a tier is
judged by the lines, window and days in force when it is judged.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from events.money import Money
from events.policy import Reference
from events.touchpoints.policy import (
    AgeingPolicy,
    CostPolicy,
    CreditPolicy,
    FeesPolicy,
    TierPolicy,
)
from events.uses import COMPANY, HOME_READS, policy_use, publication_of
from projections.books.ageing import bucket_index
from projections.books.rules import book_rules
from projections.books.terms import terms_of
from projections.value_tiers.shares import BASIS

_KINDS = (AgeingPolicy, CostPolicy, CreditPolicy, FeesPolicy, TierPolicy)
RULES_USED = frozenset((COMPANY, *map(policy_use, _KINDS)))  # whose currency buying is in
READS = HOME_READS.union(publication_of(kind) for kind in _KINDS)


class Ladder:
    """The tiers of a policy by rank: 0 is the lowest, which needs nothing.

    The keep line is the policy's share of the line, and never above the line: of a line below
    zero a smaller share would be more.
    """

    __slots__ = ("drop_days", "keeps", "lines", "names", "plain", "policy")

    def __init__(self, policy: TierPolicy) -> None:
        tiers = sorted(policy.tiers, key=lambda tier: tier.line_minor)
        self.policy = policy
        self.names = (policy.lowest, *(tier.name for tier in tiers)) if tiers else ()
        self.lines = tuple(tier.line_minor for tier in tiers)
        # Compared in basis points of the minor unit, so that nothing is rounded.
        self.keeps = tuple(min(line * policy.keep_share, line * BASIS) for line in self.lines)
        self.drop_days = policy.drop_days
        # The score is the contemporary value.
        self.plain = policy.weight_contemporary == BASIS and not policy.weight_model

    def earned(self, score: int) -> int:
        """Return the highest rank whose line the score reaches."""
        rank = 0
        for line in self.lines:
            if score < line:
                break
            rank += 1
        return rank

    def exceeded(self, rank: int, score: int) -> bool:
        """Return whether the score earns a higher rank."""
        return rank < len(self.lines) and score >= self.lines[rank]

    def kept(self, rank: int, score: int) -> bool:
        """Return whether the score keeps a customer in a rank."""
        return rank == 0 or score * BASIS >= self.keeps[rank - 1]

    def keep_line(self, rank: int) -> int:
        """Return the least score, in minor units, that keeps a rank above the lowest."""
        return -(-self.keeps[rank - 1] // BASIS)


class LadderTerm(NamedTuple):
    """From an instant on a ladder is in force."""

    start: datetime
    ladder: Ladder


class ValueRules:
    """What the published policies mean for customer value; immutable."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.ledger = book_rules(reference)
        self.tiers = terms_of(reference, TierPolicy)
        self.costs = terms_of(reference, CostPolicy)
        self.ageing = terms_of(reference, AgeingPolicy)
        self.has_capital = any(term.policy.capital_per_day for term in self.costs)
        self.has_provision = any(any(term.policy.provision) for term in self.ageing)
        self.weighs_debt = self.has_capital or self.has_provision
        self.weighs_model = any(term.policy.weight_model for term in self.tiers)
        self.ladders = tuple(LadderTerm(term.start, Ladder(term.policy)) for term in self.tiers)
        self.currencies = frozenset(term.policy.currency for term in self.tiers)
        self.ageing_uppers = sorted({u for term in self.ageing for u in term.policy.upper_days})
        self._worst_rates = self._worst()

    def _worst(self) -> tuple[int, ...]:
        """Return the highest rate of any policy up to each of the ageing's ends, and beyond."""
        found = []
        for past in (*self.ageing_uppers, None):
            rates = [0]
            for term in self.ageing:
                policy = term.policy
                known = len(policy.provision) if past is None else bucket_index(past, policy) + 1
                rates += policy.provision[:known]
            found.append(max(rates))
        return tuple(found)

    def worst_rate(self, past: int) -> int:
        """Return the highest rate of provision that what is so many days past due ever had."""
        return self._worst_rates[bisect_left(self.ageing_uppers, past)]

    def tier_policy(self, at: datetime) -> TierPolicy:
        """Return the customer pyramid in force at an instant."""
        return self.reference.in_force(TierPolicy, at)

    def cost_policy(self, at: datetime) -> CostPolicy:
        """Return the cost rates in force at an instant."""
        return self.reference.in_force(CostPolicy, at)

    def ageing_policy(self, at: datetime) -> AgeingPolicy:
        """Return the provision rates in force at an instant."""
        return self.reference.in_force(AgeingPolicy, at)

    def changes_after(self, at: datetime) -> Iterator[datetime]:
        """Yield when the next version of each policy comes into force."""
        for kind in (TierPolicy, CostPolicy, AgeingPolicy):
            following = self.reference.next_version_after(kind, at)
            if following is not None:
                yield following


def cost(rate: Money | None, units: int) -> Money | None:
    """Return what that many units cost at a rate; None: the rate is not published."""
    return None if rate is None else Money(rate.minor * units, rate.currency)


@lru_cache(maxsize=16)
def value_rules(reference: Reference) -> ValueRules:
    """Return the prepared rules of a reference; references never change."""
    return ValueRules(reference)
