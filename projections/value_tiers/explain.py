"""Explains a customer's value: what counts, what no longer does, and how the tier came about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from events.calendars import INSTANT
from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.policy import AgeingPolicy, CostPolicy, TierPolicy
from projections.books.ageing import Ageing, Balance, ageing
from projections.facts import Facts
from projections.value_tiers.contributions import Component, Contribution
from projections.value_tiers.memo import memo_of
from projections.value_tiers.reading import ValueAt
from projections.value_tiers.rows import Figures, StandingRow, figures_on
from projections.value_tiers.standing import Standing
from projections.value_tiers.tiers import Move, Reason

CauseKind = Literal["counted", "expired", "corrected", "changed", "policy", "time"]
"""What moved a score: something began to count, left the window, was corrected, was changed by
a later fact (an amendment, a return), another policy came into force, or days went by (the
cost of capital, the provision)."""


class Counted(Struct, frozen=True):
    """A dated amount, costs below zero, and the event behind it."""

    component: Component
    event_id: str
    subject: str  # the invoice, order, payment, visit or call it is about
    currency: str
    amount_minor: int
    day: date
    expires_on: date  # the first day on which it does not count
    ended_at: datetime | None = None  # when a later fact took it back
    ended_by: str | None = None  # the event that did; None with an instant: a deadline


class DayCostShown(Struct, frozen=True):
    """From a day on, each day's capital costs that much: millionths of a minor unit."""

    day: date
    micro: int


class MoveCause(Struct, frozen=True):
    """Something that moved the score at the instant that decided; the event, if one did."""

    kind: CauseKind
    event_id: str | None
    amount_minor: int


class TierMove(Struct, frozen=True):
    """A customer came into a tier: when, why, and citing what.

    For a drop, what is cited is what took the score below the keep line when the warning began.
    """

    at: datetime
    before: str | None
    tier: str | None
    reason: Reason
    warned_at: datetime | None
    causes: Sequence[MoveCause]


class ValueExplained(Struct, frozen=True, kw_only=True):
    """A standing with all that it rests on; amounts in minor units of the tiers' currency."""

    row: StandingRow
    today: date
    figures: Figures  # the drifting amounts of today
    policy: TierPolicy  # in force now, with the weights of the score
    window_from: date
    counting: Sequence[Counted]
    expired: Sequence[Counted]  # the latest first
    withdrawn: Sequence[Counted]  # taken back or changed by a later fact, while they counted
    other_currencies: Sequence[Counted]  # listed, not scored
    capital_days: Sequence[DayCostShown]
    provision: Ageing  # per ageing bucket
    potential: str  # "not fitted"
    sighting_event_id: str | None  # the visit behind share of wallet and model value
    moves: Sequence[TierMove]
    next_change_at: datetime | None


def explain_value(
    customer: CustomerId, facts: Facts, at: datetime, reference: Reference
) -> ValueExplained | None:
    """Return what a customer's standing rests on at an instant; None: nothing is known of it.

    The history of tiers is the one that was shown: a correction is a move of its own instant.
    """
    memo = memo_of(facts, at, reference)
    if memo.books.first is None:
        return None
    reading = ValueAt(memo, at)
    standing = Standing(reading)
    row = standing.row()
    policy = reading.policy
    today = date.fromordinal(reading.today)
    lists = _Lists(reading)
    capital = reading.meter.capital
    costs = capital.costs if capital is not None else ()
    return ValueExplained(
        row=row,
        today=today,
        figures=figures_on(row, today, policy),
        policy=policy,
        window_from=date.fromordinal(reading.today - policy.window_days + 1),
        counting=lists.counting,
        expired=lists.expired,
        withdrawn=lists.withdrawn,
        other_currencies=lists.others,
        capital_days=[DayCostShown(date.fromordinal(c.day), c.micro) for c in costs],
        provision=_provision(reading, today),
        potential="not fitted",
        sighting_event_id=standing.seen.event_id if standing.seen else None,
        moves=[_explained(reading, move) for move in reading.moves_shown()],
        next_change_at=standing.next_change(),
    )


class _Lists:
    """Every contribution in the list where it belongs."""

    def __init__(self, reading: ValueAt) -> None:
        policy = reading.policy
        first = reading.today - policy.window_days + 1
        self.counting: list[Counted] = []
        self.expired: list[Counted] = []
        self.withdrawn: list[Counted] = []
        self.others: list[Counted] = []
        for contribution in reading.contributions:
            day = reading.days.of(contribution.on)
            counted = _counted(contribution, day, policy.window_days)
            if contribution.until is not None:
                if contribution.currency == policy.currency:
                    self.withdrawn.append(counted)
            elif contribution.currency != policy.currency:
                self.others.append(counted)
            elif day >= first:
                self.counting.append(counted)
            else:
                self.expired.append(counted)
        for found in (self.counting, self.withdrawn, self.others):
            found.sort(key=lambda counted: counted.day)
        self.expired.sort(key=lambda counted: counted.day, reverse=True)


def _counted(contribution: Contribution, day: int, window: int) -> Counted:
    return Counted(
        component=contribution.component,
        event_id=contribution.event_id,
        subject=contribution.subject,
        currency=contribution.currency,
        amount_minor=contribution.amount,
        day=date.fromordinal(day),
        expires_on=date.fromordinal(day + window),
        ended_at=contribution.until,
        ended_by=contribution.ended_by or None,
    )


def _provision(reading: ValueAt, today: date) -> Ageing:
    account = reading.books.ledger.accounts.get(reading.policy.currency)
    items = account.items if account is not None else []
    balances = [Balance(i.due_on.toordinal(), i.balance) for i in items if i.balance]
    return ageing(balances, today, reading.rules.ageing_policy(reading.at))


# --- why the tier moved ---


def _explained(reading: ValueAt, move: Move) -> TierMove:
    decided = move.warned_at or move.at
    return TierMove(
        at=move.at,
        before=move.before,
        tier=move.tier,
        reason=move.reason,
        warned_at=move.warned_at,
        causes=list(_causes(reading, decided)) or [MoveCause("time", None, 0)],
    )


def _causes(reading: ValueAt, at: datetime) -> Iterator[MoveCause]:
    """Yield all that moved the score at an instant, as it was counted then."""
    policy = reading.rules.tier_policy(at - INSTANT)
    for contribution in reading.contributions:
        if contribution.currency != policy.currency or not contribution.amount:
            continue
        _, _, begins, ends = reading.dated(contribution, policy.window_days)
        if begins >= ends:
            continue
        if begins == at:
            yield MoveCause("counted", contribution.event_id, contribution.amount)
        if ends == at:
            yield _ended(contribution, at)
    for kind in (TierPolicy, CostPolicy, AgeingPolicy):
        for version in reading.rules.reference.versions(kind):
            if version.effective_from == at:
                yield MoveCause("policy", version.event_id, 0)


def _ended(contribution: Contribution, at: datetime) -> MoveCause:
    if contribution.until != at:
        return MoveCause("expired", contribution.event_id, -contribution.amount)
    kind: CauseKind = "corrected" if contribution.corrected else "changed"
    return MoveCause(kind, contribution.ended_by or None, -contribution.amount)
