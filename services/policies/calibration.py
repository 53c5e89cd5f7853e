"""Draws the lines of the customer pyramid from everybody's score at the end of a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from msgspec import Struct

from events.calendars import DAY, day_end, day_start
from events.facts import fact_of
from events.touchpoints.policy import TierPolicy
from projections.protocol import Facts
from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.reports import Portion, calibrated
from projections.value_tiers.rows import STANDINGS, StandingRow, figures_on
from services.errors import UsageError
from services.platform import Platform
from services.policies.candidate import Candidate
from services.walk.by_customer import picture


class TierCount(Struct, frozen=True):
    """A tier, the line that was drawn for it, and how many scores reach it and no higher."""

    tier: str
    line_minor: int | None  # None: the lowest, which needs nothing
    customers: int


class Calibration(Struct, frozen=True, kw_only=True):
    """Lines drawn from a population: what to publish, and how it divides these scores."""

    day: date
    position: str
    customers: int
    tiers: list[TierCount]
    meant: Candidate


def portions(shares: str, names: str) -> list[Portion]:
    """Return what "20,30,30" and "platinum,gold,iron" ask for. Raises: UsageError."""
    tiers = [name.strip() for name in names.split(",")]
    try:
        parts = [round(float(share) * 100) for share in shares.split(",")]
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--shares: {shares!r} is no list of percents such as 20,30,30") from error
    if len(parts) != len(tiers) or len(set(tiers)) != len(tiers) or "" in tiers:
        raise UsageError("--names and --shares: give each tier one share, from the highest down")
    if min(parts) <= 0 or sum(parts) > 10_000:
        raise UsageError(f"--shares: {shares!r} are not above 0 and 100 at most together")
    return [Portion(tier, part) for tier, part in zip(tiers, parts, strict=True)]


async def calibrate(
    platform: Platform,
    day: date,
    wanted: Sequence[Portion],
    effective_from: datetime | None,
    advance: Callable[[int], None],
) -> Calibration:
    """Return the tier policy of the day with lines by these shares.

    A score is that of the end of the day where the customer is at home. Without `effective_from`
    the policy is to count from the end of the company's day on. Raises: Unavailable; UsageError,
    where there is nobody to score.
    """
    async with picture(platform) as seen:
        reference = await seen.reference()
        tz = reference.zone_of(None)
        policy = reference.in_force(TierPolicy, day_end(day, tz))
        projection = ValueTiers()
        scores: list[int] = []
        async for customer, events in seen.dossiers():
            facts = Facts(map(fact_of, events), projection.handles)
            at = facts.home.end_of(day, reference)
            for row in projection.assess(customer, facts, at, reference).rows[STANDINGS.name]:
                assert isinstance(row, StandingRow)
                scores.append(figures_on(row, day, policy).score_minor)
            advance(1)
        if not scores:
            raise UsageError(f"nobody was a customer at the end of {day}: choose a later day")
        lines = calibrated(scores, policy, wanted)
        return Calibration(
            day=day,
            position=seen.heads.token(),
            customers=len(scores),
            tiers=_counts(lines, scores),
            meant=Candidate("tiers", effective_from or day_start(day + DAY, tz), lines),
        )


def _counts(policy: TierPolicy, scores: Sequence[int]) -> list[TierCount]:
    counts = []
    above = 0
    for tier in policy.tiers:
        reached = sum(score >= tier.line_minor for score in scores)
        counts.append(TierCount(tier.name, tier.line_minor, reached - above))
        above = reached
    return [*counts, TierCount(policy.lowest, None, len(scores) - above)]
