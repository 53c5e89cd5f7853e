"""What would change if a policy were published: customers assessed with and without it.

Nothing is written. Both assessments are of one instant, from the events themselves, so every
difference is the policy's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct, field

from events.calendars import local_day
from events.codec import decode, encode
from events.envelope import BranchId, CustomerId, Envelope, EventId, Position, RecordedEvent
from events.facts import Fact
from events.home import Asked, Home, asked_about
from events.partitioning import REFERENCE_PARTITION
from events.policy import Reference
from events.touchpoints.policy import FlowPolicy, TierPolicy
from projections import PROJECTIONS
from projections.case_board.projection import CaseBoard
from projections.protocol import Assessment, Projection
from projections.together import Together
from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.reports import Transitions, transitions
from projections.value_tiers.rows import StandingRow
from services.platform import Platform
from services.policies.candidate import Candidate
from services.policies.differences import Difference, ProjectionTrial
from services.policies.kinds import KINDS
from services.policies.listing import Version, follower
from services.policies.publishing import Changed, changes, policy_id
from services.policies.standing import FlowCounts, FlowStanding, count_standings, standings
from services.postgres.pool import Pool
from services.postgres.statements import sql
from services.walk.by_customer import picture
from services.walk.company import Everybody, extent_now, walk_company
from services.walk.known import instant_alike
from services.walk.parts import Extent, Part

NO_TIER = "none"
"""Who is in no tier, as none are in force."""

BY_HASH = "the customers whose ids have the lowest MD5 sums"
"""How a sample is drawn: no order of ids or of arrival is favoured, and it is always the same."""


class Trial(Struct, frozen=True, kw_only=True):
    """What a policy would change as things stand, or would stand, at an instant."""

    meant: Candidate
    changes: list[Changed]
    follower: Version | None  # the version that takes its place; before `at`, all stays as it is
    at: Asked
    position: str
    customers: int
    of_customers: int  # more than `customers`: a sample was assessed, and nothing is scaled up
    sampling: str | None  # how the sample was drawn; null: everybody was assessed
    projections: list[ProjectionTrial]
    tier_moves: Transitions
    flows: list[FlowStanding]  # where open cases would stand, if it is about flows


class TrialOf(Struct, frozen=True):
    """What all parts of a trial have in common: everybody, the instant, and the policy meant."""

    extent: Extent
    at: str
    now: datetime
    kind: str
    published: bytes  # the touchpoint that would publish it

    @property
    def meant(self) -> Candidate:
        """Return the policy, whole."""
        data = decode(self.published)
        assert isinstance(data, KINDS[self.kind].published)
        policy = data.policy  # type: ignore[attr-defined]
        return Candidate(self.kind, data.effective_from, policy)


class PartTrial(Struct):
    """A part's share of a trial, as large for many customers as for few."""

    customers: int = 0
    differences: dict[str, Difference] = field(default_factory=dict)  # by projection
    moves: dict[str, dict[str, int]] = field(default_factory=dict)  # from a tier to a tier
    flows: dict[str, FlowCounts] = field(default_factory=dict)

    def take_in(self, part: PartTrial) -> None:
        """Add another part's share."""
        self.customers += part.customers
        for name, difference in part.differences.items():
            self.differences.setdefault(name, Difference()).take_in(difference)
        for before, ends in part.moves.items():
            for after, customers in ends.items():
                self.move(before, after, customers)
        for flow, counts in part.flows.items():
            self.flows.setdefault(flow, FlowCounts()).take_in(counts)

    def move(self, before: str, after: str, customers: int = 1) -> None:
        """Count customers who would go from one tier to another, or stay."""
        ends = self.moves.setdefault(before, {})
        ends[after] = ends.get(after, 0) + customers


class Rehearsal:
    """Assesses customers with and without a policy.

    A projection that does not read its kind cannot differ, and is not asked; but for the tiers
    that everybody is in and, where it is about flows, the cases that would go through them.
    """

    def __init__(self, meant: Candidate, reference: Reference, asked: Asked, now: datetime) -> None:
        kind = KINDS[meant.kind].published
        self._asked = asked
        self._alike = instant_alike(asked)
        self.before = reference
        self._after = reference.remember([_recorded(meant, reference, now)])
        self._differing = [one for one in PROJECTIONS if kind in one.reads]
        self._flows = meant.policy if isinstance(meant.policy, FlowPolicy) else None
        shown = (ValueTiers,) if self._flows is None else (ValueTiers, CaseBoard)
        also = [one for one in PROJECTIONS if isinstance(one, shown)]
        self._with = Together(self._differing)
        self._without = Together(dict.fromkeys((*self._differing, *also)))
        company_at = Home().instant_of(asked, reference)
        self.tiers = _names(company_at, self.before, self._after)

    def instant(self, facts: Sequence[Fact]) -> datetime:
        """Return the instant that is asked about, by a customer's own facts."""
        return self._alike or Home(facts).instant_of(self._asked, self.before)

    def take(
        self,
        found: PartTrial,
        customer: CustomerId,
        facts: Sequence[Fact],
        at: datetime | None = None,
    ) -> None:
        """Assess a customer by the facts that count for it, as of the instant asked about."""
        found.customers += 1
        at = at or self.instant(facts)
        today = local_day(at, Home(facts).zone_at(at, self.before))
        befores = self._assessed(self._without, customer, facts, at, self.before)
        afters = self._assessed(self._with, customer, facts, at, self._after)
        for projection, before in befores.items():
            after = afters.get(projection, before)
            if after is not before:
                difference = found.differences.setdefault(projection.name, Difference())
                difference.compare(projection, before, after, today)
            for one, other in zip(_tiers(before), _tiers(after), strict=False):
                found.move(one, other)
            if self._flows is not None and isinstance(projection, CaseBoard):
                count_standings(found.flows, self._flows, before.rows)

    def _assessed(
        self,
        together: Together,
        customer: CustomerId,
        facts: Sequence[Fact],
        at: datetime,
        reference: Reference,
    ) -> dict[Projection, Assessment]:
        return {
            projection: projection.assess(customer, told, at, reference)
            for _, projection, told in together.asked(facts)
        }


def _tiers(assessment: Assessment) -> Iterator[str]:
    """Yield the tier that a customer is in, if any could be earned yet."""
    for rows in assessment.rows.values():
        for row in rows:
            if isinstance(row, StandingRow):
                yield row.tier or NO_TIER


class Trying:
    """Tries a policy on parts of the company."""

    def __init__(self, argument: TrialOf, pool: Pool) -> None:
        self._argument = argument
        self._everybody = Everybody(argument.extent, pool)
        self._rehearsal: Rehearsal | None = None

    async def rehearsal(self) -> Rehearsal:
        """Return what assesses customers under the rules of the walk. Raises: Unavailable."""
        if self._rehearsal is None:
            what = self._argument
            reference = await self._everybody.reference()
            self._rehearsal = Rehearsal(what.meant, reference, asked_about(what.at), what.now)
        return self._rehearsal

    async def walk(self, part: Part) -> PartTrial:
        """Assess a part's customers. Raises: Unavailable, UnreadableEvent."""
        rehearsal = await self.rehearsal()
        found = PartTrial()
        await self._everybody.each(part, rehearsal.instant, partial(rehearsal.take, found))
        return found


async def try_policy(
    platform: Platform,
    meant: Candidate,
    at: Asked,
    sample: int | None,
    begin: Callable[[int], None],
    advance: Callable[[int], None],
    *,
    processes: int | None = None,
) -> Trial:
    """Return what a policy would change as of `at`, for all customers or a sample of them.

    Of a day it is the end where each customer is at home.
    `begin` is told how many will be assessed. Raises: Unavailable, UnreadableEvent.
    """
    async with picture(platform) as seen:
        everybody = await seen.customer_count()
    begin(min(sample or everybody, everybody))
    kind, now = meant.kind, platform.clock.now()
    extent = await extent_now(platform)
    what = TrialOf(extent, at.isoformat(), now, kind, encode(meant.touchpoint))
    found = PartTrial()

    def done(part: PartTrial) -> None:
        found.take_in(part)
        advance(part.customers)

    rehearsal = await Trying(what, platform.pool).rehearsal()
    if sample is None:
        await walk_company(platform, extent, Trying, what, PartTrial, done, processes=processes)
    else:
        await _try_on_sample(platform, rehearsal, sample, done)
    reference = rehearsal.before
    moved = {(one, other): n for one, ends in found.moves.items() for other, n in ends.items()}
    return Trial(
        meant=meant,
        changes=changes(meant, reference),
        follower=follower(KINDS[kind], meant.effective_from, reference),
        at=at,
        position=extent.position,
        customers=found.customers,
        of_customers=everybody if sample is not None else found.customers,
        sampling=BY_HASH if sample is not None and sample < everybody else None,
        projections=[
            found.differences.get(projection.name, Difference()).result(projection)
            for projection in PROJECTIONS
        ],
        tier_moves=transitions(moved, rehearsal.tiers),
        flows=_standings(meant, found, reference),
    )


def _standings(meant: Candidate, found: PartTrial, reference: Reference) -> list[FlowStanding]:
    if not isinstance(meant.policy, FlowPolicy):
        return []
    return standings(meant.policy, found.flows, reference.departments_at(meant.effective_from))


async def _try_on_sample(
    platform: Platform, rehearsal: Rehearsal, sample: int, done: Callable[[PartTrial], None]
) -> None:
    """Assess some customers one by one, without walking past the others."""
    async with picture(platform) as seen:
        for row in await seen.connection.fetch(sql("sample_customers"), sample):
            customer, found = CustomerId(row["customer_id"]), PartTrial()
            group = await seen.merged(customer)
            at = rehearsal.instant(group.own(customer))
            told = group.told(customer, at)
            if told is not None:
                rehearsal.take(found, customer, told, at)
            done(found)


def _recorded(meant: Candidate, reference: Reference, now: datetime) -> RecordedEvent:
    """Return the event that would be recorded; it says the last word of its instant."""
    envelope = Envelope(
        id=EventId(policy_id(meant, reference)),
        source="/branches/headquarters/policies",
        type=KINDS[meant.kind].published.event_type,
        subject=None,
        branch_id=BranchId("headquarters"),
        epoch=0,
        sequence=1,
        created_at=now,
        effective_at=now,
    )
    position = Position(0, REFERENCE_PARTITION, reference.count)
    return RecordedEvent(envelope, position, now, meant.touchpoint)


def _names(at: datetime, *references: Reference) -> list[str]:
    """Return the names of all tiers of the policies in force, the highest first."""
    names: dict[str, None] = {}
    lowest: dict[str, None] = {}
    for reference in references:
        policy = reference.in_force(TierPolicy, at)
        names.update((tier.name, None) for tier in policy.tiers)
        lowest[policy.lowest if policy.tiers else NO_TIER] = None
    return [*names, *(name for name in lowest if name not in names)]
