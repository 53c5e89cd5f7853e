"""What would change it: the single act that opens a shut gate, keeps a deadline, or lifts a tier.

Every act that is named was tried: the customer's facts are folded once more with the act among
them, and the act is only told if what stood in the way is gone then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from events.calendars import day_start
from events.envelope import CustomerId
from events.facts import Fact
from events.money import Money
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import CaseReplied, CaseResolved, ObligationFulfilled
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from events.touchpoints.policy import TierPolicy
from projections.case_board.projection import CaseBoard
from projections.case_board.rows import CASES, OBLIGATIONS, CaseRow, ObligationRow
from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.rows import STANDINGS, StandingRow, figures_on
from services.audit.acts_tried import NEW, Doing, Goal, Trial, Way
from services.audit.opening_gate import opening

_BOARD, _VALUE = CaseBoard(), ValueTiers()
_INSTANT = timedelta(microseconds=1)
_BASIS = 10_000
_ROUNDING = 3  # minor units by which a weighted score may miss its line


def ways(
    customer: CustomerId, facts: Sequence[Fact], at: datetime, reference: Reference
) -> list[Way]:
    """Return the single acts that would change how a customer stands at an instant."""
    return [*ways_of(Trial(customer, facts, at, reference))]


def ways_of(trial: Trial) -> Iterator[Way]:
    """Yield the same, as far as the trial's patience goes. Raises: TriedEnough."""
    yield from opening(trial)
    yield from _tier(trial)
    yield from _cases(trial)


# --- the tier ---


def _tier(trial: Trial) -> Iterator[Way]:
    policy = trial.reference.in_force(TierPolicy, trial.at)
    row = next((r for r in trial.rows(_VALUE, STANDINGS.name) if isinstance(r, StandingRow)), None)
    if row is None or row.tier is None or policy.weight_contemporary <= 0:
        return
    names = [*(line.name for line in policy.tiers), policy.lowest]
    place = names.index(row.tier)
    if place > 0:
        line = policy.tiers[place - 1]
        by = trial.at
        if row.expires_on is not None:
            by = day_start(row.expires_on, trial.zone) - _INSTANT
        yield from _earn(trial, policy, "reach_tier", line.name, line.line_minor, by)
    if row.drop_at is not None:
        kept = -(-policy.tiers[place].line_minor * policy.keep_share // _BASIS)
        yield from _earn(trial, policy, "keep_tier", row.tier, kept, row.drop_at - _INSTANT)


def _earn(
    trial: Trial, policy: TierPolicy, goal: Goal, tier: str, line: int, by: datetime
) -> Iterator[Way]:
    """Yield the least margin that reaches a tier or keeps it, earned at once or as late as `by`.

    What stops counting until then, and what drifts, is made up for as well.
    """
    lowest = min(_score_at(trial, policy, at) for at in (trial.at, by))
    least = max(1, -(-(line - lowest) * _BASIS // policy.weight_contemporary))
    for amount in range(least, least + _ROUNDING):
        margin = Money(amount, policy.currency)
        if all(_has_tier(trial, goal, tier, margin, at, by) for at in (trial.at, by)):
            last = by if by > trial.at else None
            yield Way(goal=goal, subject=tier, doing="earn", amount=margin, by=last)
            return


def _score_at(trial: Trial, policy: TierPolicy, at: datetime) -> int:
    """Return the score at an instant, if nothing happens until then."""
    [row] = trial.rows(_VALUE, STANDINGS.name, at=at)
    assert isinstance(row, StandingRow)
    return figures_on(row, at.astimezone(trial.zone).date(), policy).score_minor


def _has_tier(
    trial: Trial, goal: Goal, tier: str, margin: Money, done_at: datetime, by: datetime
) -> bool:
    day = done_at.astimezone(trial.zone).date()
    acts = [
        InvoiceIssued(invoice_id=NEW, amount=margin, due_on=day),
        PaymentReceived(payment_id=NEW, amount=margin, invoice_ids=(NEW,)),
    ]
    at = done_at if goal == "reach_tier" else by + _INSTANT
    rows = trial.rows(_VALUE, STANDINGS.name, acts, done_at, at)
    return any(isinstance(row, StandingRow) and row.tier == tier for row in rows)


# --- cases ---


def _cases(trial: Trial) -> Iterator[Way]:
    for case in trial.rows(_BOARD, CASES.name):
        if not isinstance(case, CaseRow) or case.status not in ("open", "waiting"):
            continue
        due = case.response_due_at
        if case.response_met_at is None and case.response_breached_at is None and due is not None:
            act = CaseReplied(case_id=case.case_id)
            if _case_then(trial, case, act, due).response_breached_at is None:
                yield _keep(case.case_id, "reply", due)
        due = case.solution_due_at
        if not case.open_obligations and case.solution_breached_at is None and due is not None:
            resolved = CaseResolved(case_id=case.case_id)
            if _case_then(trial, case, resolved, due).solution_breached_at is None:
                yield _keep(case.case_id, "resolve", due)
    for owed in trial.rows(_BOARD, OBLIGATIONS.name):
        if isinstance(owed, ObligationRow) and owed.status == "open" and owed.breached_at is None:
            yield from _fulfil(trial, owed)


def _case_then(trial: Trial, case: CaseRow, act: Touchpoint, due: datetime) -> CaseRow:
    """Return a case just after a deadline, had the act been done at it."""
    rows = trial.rows(_BOARD, CASES.name, [act], done_at=due, at=due + _INSTANT)
    return next(r for r in rows if isinstance(r, CaseRow) and r.case_id == case.case_id)


def _fulfil(trial: Trial, owed: ObligationRow) -> Iterator[Way]:
    due = owed.due_at
    if due is None:
        return
    act = ObligationFulfilled(case_id=owed.case_id, obligation_id=owed.obligation_id)
    for row in trial.rows(_BOARD, OBLIGATIONS.name, [act], done_at=due, at=due + _INSTANT):
        if not isinstance(row, ObligationRow) or row.obligation_id != owed.obligation_id:
            continue
        if row.status == "done" and row.breached_at is None:
            names = (owed.obligation_id,)
            yield _keep(owed.case_id, "fulfil", due, names, owed.department)


def _keep(
    case_id: str,
    doing: Doing,
    due: datetime,
    names: tuple[str, ...] = (),
    department: str | None = None,
) -> Way:
    return Way(
        goal="keep_deadline",
        subject=case_id,
        doing=doing,
        names=names,
        department=department,
        by=due,
    )
