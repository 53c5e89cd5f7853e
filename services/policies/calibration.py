"""Draws the lines of the customer pyramid from everybody's score at the end of a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from tempfile import SpooledTemporaryFile

from msgspec import Struct

from events.calendars import DAY, day_end, day_start
from events.envelope import CustomerId
from events.facts import Fact
from events.touchpoints.policy import TierPolicy
from projections.value_tiers.reports import Portion, calibrated
from projections.value_tiers.scores import Scorer
from services.errors import TouchstoneError, UsageError
from services.platform import Platform
from services.policies.candidate import Candidate
from services.policies.scores import Scores
from services.postgres.pool import Pool
from services.walk.company import Everybody, extent_now, walk_company
from services.walk.parts import Extent, Part

_IN_MEMORY_BYTES = 8 << 20
"""Scores beyond that, a million of them, are on disk."""


_LIMIT = 2**63


class ScoreRefused(TouchstoneError):
    """A customer's score is beyond what can be held."""


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
    left_out: list[str]  # tiers that were asked for, of which none has a line of its own
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


class ScoresOf(Struct, frozen=True):
    """What all parts of a calibration have in common."""

    extent: Extent
    day: date


class PartScores(Struct, frozen=True):
    """The scores of a part's customers: at most one of each."""

    customers: int
    scores: list[int]


class Scoring:
    """Scores parts of the company."""

    def __init__(self, argument: ScoresOf, pool: Pool) -> None:
        self._day = argument.day
        self._everybody = Everybody(argument.extent, pool)
        self._scorer: Scorer | None = None

    async def walk(self, part: Part) -> PartScores:
        """Score a part's customers. Raises: Unavailable, UnreadableEvent."""
        if self._scorer is None:
            self._scorer = Scorer(await self._everybody.reference(), self._day)
        scorer = self._scorer
        scores: list[int] = []
        customers = 0

        def add(customer: CustomerId, facts: Sequence[Fact], at: datetime | None) -> None:
            nonlocal customers
            customers += 1
            score = scorer.score(facts, at)
            if score is not None:
                scores.append(held(customer, score))

        await self._everybody.each(part, scorer.instant, add)
        return PartScores(customers, scores)


def held(customer: CustomerId, score: int) -> int:
    """Return a score that a row can hold. Raises: ScoreRefused."""
    if not -_LIMIT <= score < _LIMIT:
        raise ScoreRefused(
            f"the score of {customer} is {score}, which no row can hold, and the customer parked "
            "for it: correct the amounts of its touchpoints, then calibrate"
        )
    return score


async def calibrate(
    platform: Platform,
    day: date,
    wanted: Sequence[Portion],
    effective_from: datetime | None,
    advance: Callable[[int], None],
    *,
    processes: int | None = None,
) -> Calibration:
    """Return the tier policy of the day with lines by these shares.

    A score is that of the end of the day where the customer is at home. Without `effective_from`
    the policy is to count from the end of the company's day on. Raises: Unavailable,
    UnreadableEvent; PartRefused or ScoreRefused, for a score that no row can hold; UsageError,
    where there is nobody to score.
    """
    extent = await extent_now(platform)
    reference = await Everybody(extent, platform.pool).reference()
    tz = reference.zone_of(None)
    policy = reference.in_force(TierPolicy, day_end(day, tz))
    with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:
        scores = Scores(file)

        def done(part: PartScores) -> None:
            scores.add(part.scores)
            advance(part.customers)

        what = ScoresOf(extent, day)
        await walk_company(platform, extent, Scoring, what, PartScores, done, processes=processes)
        if not len(scores):
            raise UsageError(f"nobody was a customer at the end of {day}: choose a later day")
        lines = calibrated(scores, policy, wanted)
        return Calibration(
            day=day,
            position=extent.position,
            customers=len(scores),
            tiers=_counts(lines, scores),
            left_out=[one.tier for one in wanted if one.tier not in {t.name for t in lines.tiers}],
            meant=Candidate("tiers", effective_from or day_start(day + DAY, tz), lines),
        )


def _counts(policy: TierPolicy, scores: Scores) -> list[TierCount]:
    counts = []
    above = 0
    for tier in policy.tiers:
        reached = scores.reaching(tier.line_minor)
        counts.append(TierCount(tier.name, tier.line_minor, reached - above))
        above = reached
    return [*counts, TierCount(policy.lowest, None, len(scores) - above)]
