"""Company-wide figures from standings: RFM quintiles, tier moves, the pyramid and its lines. Pure.

Rows hold the three measures of RFM; a quintile is a place among others, and so a report over
a population at an instant (decision 27). 5 is best: bought last, most often, most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct, structs

from events.touchpoints.policy import TierLine, TierPolicy
from projections.protocol import Total
from projections.value_tiers.rows import TIER, StandingRow
from projections.value_tiers.shares import BASIS

QUINTILES = 5
_SHARE_STEP = Decimal("0.000001")

TieRule = Literal["ntile", "cume_dist"]
"""How equal values are scored.

ntile: five groups of equal size in the order (value, customer id); the first groups take the
remainder, and ties are broken by the id: SQL's NTILE(5).
cume_dist: ceil(5 * the share of the population that is not better); ties share a score: SQL's
CUME_DIST. Where many are equal, some scores are not given at all.
"""


class Measures(NamedTuple):
    """One customer's measures of RFM at an instant."""

    customer: str
    last_purchase_on: date
    purchase_days: int
    net_amount_minor: int


class Rfm(NamedTuple):
    """One customer's measures with their quintiles."""

    customer: str
    recency_days: int
    purchase_days: int
    net_amount_minor: int
    r: int
    f: int
    m: int

    @property
    def cell(self) -> str:
        """Return the three quintiles as they are written: "555" is best."""
        return f"{self.r}{self.f}{self.m}"


def measures(standings: Iterable[tuple[str, StandingRow]]) -> list[Measures]:
    """Return the measures of everybody who ever bought."""
    return [
        Measures(customer, row.last_purchase_on, row.purchase_days, row.net_amount_minor)
        for customer, row in standings
        if row.last_purchase_on is not None
    ]


def rfm(population: Iterable[Measures], on: date, ties: TieRule = "ntile") -> list[Rfm]:
    """Return everybody's quintiles on a day, by customer id.

    Recency is the number of days since the last purchase day; fewer is better.
    """
    people = sorted(population, key=lambda person: person.customer)
    recency = [(on - person.last_purchase_on).days for person in people]
    rule = _ntile if ties == "ntile" else _cume_dist
    r = rule([-days for days in recency])
    f = rule([person.purchase_days for person in people])
    m = rule([person.net_amount_minor for person in people])
    return [
        Rfm(person.customer, days, person.purchase_days, person.net_amount_minor, *scores)
        for person, days, *scores in zip(people, recency, r, f, m, strict=True)
    ]


def _ntile(values: Sequence[int]) -> list[int]:
    """`values` in the order of the customers' ids: sorting keeps it among equals."""
    size, larger = divmod(len(values), QUINTILES)
    scores = [0] * len(values)
    split = larger * (size + 1)  # up to here groups have one more
    for place, i in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        if place < split:
            scores[i] = place // (size + 1) + 1
        else:
            scores[i] = larger + (place - split) // size + 1
    return scores


def _cume_dist(values: Sequence[int]) -> list[int]:
    counts = Counter(values)
    scores: dict[int, int] = {}
    not_better = 0
    for value in sorted(counts):
        not_better += counts[value]
        scores[value] = -(-QUINTILES * not_better // len(values))
    return [scores[value] for value in values]


class Transitions(Struct, frozen=True):
    """How many customers went from each tier (row) to each tier (column)."""

    tiers: Sequence[str]
    counts: Sequence[Sequence[int]]

    @property
    def matrix(self) -> list[list[Decimal]]:
        """Return the counts as shares of their row, to six digits; an empty row is all 0."""
        return [[_share(count, sum(row)) for count in row] for row in self.counts]


def _share(part: int, whole: int) -> Decimal:
    return (Decimal(part) / (whole or 1)).quantize(_SHARE_STEP, ROUND_HALF_EVEN)


def transitions(moved: Mapping[tuple[str, str], int], tiers: Sequence[str]) -> Transitions:
    """Return the moves between two instants, of everybody in a tier at both.

    `moved` says how many went from one tier to another; tiers not listed are left out.
    """
    return Transitions(tiers, [[moved.get((start, end), 0) for end in tiers] for start in tiers])


class Level(Struct, frozen=True):
    """A tier of the pyramid: how many customers, and what they are worth together."""

    tier: str
    customers: int
    contemporary_minor: int


def pyramid(totals: Iterable[Total], currency: str, tiers: Sequence[str]) -> list[Level]:
    """Return the customer pyramid from company totals, one level per tier, in their order."""
    customers: Counter[str] = Counter()
    worth: Counter[str] = Counter()
    for total in totals:
        if total.currency == currency and total.measure.startswith(TIER):
            customers[total.measure] += total.items
            worth[total.measure] += total.amount_minor
    return [Level(tier, customers[TIER + tier], worth[TIER + tier]) for tier in tiers]


class Portion(NamedTuple):
    """A tier and what share of the customers, in basis points, it is to hold."""

    tier: str
    share: int


PYRAMID = (Portion("platinum", 2_000), Portion("gold", 3_000), Portion("iron", 3_000))
"""The default calibration: top 20, next 30, next 30 percent; the rest is lead."""


class Ranking(Protocol):
    """Scores from the highest down."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __getitem__(self, place: int, /) -> int:
        """Return the score at a place; the highest is at 0."""
        ...


def calibrated(
    ranked: Ranking, policy: TierPolicy, portions: Sequence[Portion] = PYRAMID
) -> TierPolicy:
    """Return the policy with lines drawn so that the tiers hold these shares of the scores.

    A line is the score of the last customer who belongs above it, so that equals are in one
    tier; and at least one minor unit, so that nobody is above the lowest tier for nothing. A tier
    whose line would be no lower than that of the tier above is left out: nobody would be in it.
    Published, the lines are frozen: nobody's tier moves because others bought.
    Source: domain rules, section 5.
    """
    lines: list[TierLine] = []
    share = 0
    for portion in portions:
        share += portion.share
        last = len(ranked) * share // BASIS
        if len(ranked):
            line = ranked[last - 1] if last else ranked[0] + 1
            if not lines or max(1, line) < lines[-1].line_minor:
                lines.append(TierLine(name=portion.tier, line_minor=max(1, line)))
    return structs.replace(policy, tiers=tuple(lines))
