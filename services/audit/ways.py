"""What would change it: the single act that opens a shut gate, keeps a deadline, or lifts a tier.

Every act that is named was tried: the customer's facts are folded once more with the act among
them, and the act is only told if what stood in the way is gone then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct

from events.calendars import day_start
from events.envelope import BranchId, CustomerId, EventId
from events.facts import Fact
from events.home import Home
from events.money import Money
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import CaseReplied, CaseResolved, ObligationFulfilled
from events.touchpoints.payment import CreditLimitSet, InvoiceIssued, PaymentReceived
from events.touchpoints.policy import TierPolicy
from projections.case_board.projection import CaseBoard
from projections.case_board.rows import CASES, OBLIGATIONS, CaseRow, ObligationRow
from projections.facts import Facts
from projections.protocol import Projection, Row
from projections.receivables.projection import Receivables
from projections.receivables.rows import ACCOUNTS, ITEMS, AccountRow, ItemRow
from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.rows import STANDINGS, StandingRow, figures_on

Goal = Literal["open_gate", "reach_tier", "keep_tier", "keep_deadline"]
Doing = Literal["pay", "set_limit", "earn", "reply", "fulfil", "resolve"]

_BOARD, _OWED, _VALUE = CaseBoard(), Receivables(), ValueTiers()
_INSTANT = timedelta(microseconds=1)
_BASIS = 10_000
_ROUNDING = 3  # minor units by which a weighted score may miss its line
_NEW = "what-if"


class Way(Struct, frozen=True, kw_only=True):
    """An act that would change something, if it is done by an instant.

    `subject` is what is changed: a currency whose gate is shut, a tier, a case, or what is owed on
    one. `names` is what the act is done to: invoices, or an obligation. The amount is the least
    that does it.
    """

    goal: Goal
    subject: str
    doing: Doing
    names: tuple[str, ...] = ()
    department: str | None = None
    amount: Money | None = None
    by: datetime | None = None  # None: as soon as it is done


class _Trial:
    """A customer's facts, to be folded with an act among them."""

    def __init__(
        self, customer: CustomerId, facts: Sequence[Fact], at: datetime, reference: Reference
    ) -> None:
        self.customer = customer
        self.facts = [fact for fact in facts if fact.effective_at <= at]
        self.at = at
        self.reference = reference
        home = Home(facts)
        self.zone = home.zone_at(at, reference)
        self._branch = BranchId(home.branch_at(at) or "")

    def rows(
        self,
        projection: Projection,
        table: str,
        acts: Sequence[Touchpoint] = (),
        done_at: datetime | None = None,
        at: datetime | None = None,
    ) -> Sequence[Row]:
        """Return a table as of an instant, had acts been done at another."""
        done = [self._fact(n, data, done_at or self.at) for n, data in enumerate(acts, 1)]
        facts = Facts([*self.facts, *done], projection.handles)
        found = projection.assess(self.customer, facts, at or self.at, self.reference)
        return found.rows[table]

    def _fact(self, number: int, data: Touchpoint, at: datetime) -> Fact:
        identity = EventId(str(uuid5(NAMESPACE_URL, f"what if {number} {at.isoformat()}")))
        source = "~what-if"  # after all others of its instant
        return Fact(identity, at, self._branch, source, 0, number, data)


def ways(
    customer: CustomerId, facts: Sequence[Fact], at: datetime, reference: Reference
) -> list[Way]:
    """Return the single acts that would change how a customer stands at an instant."""
    trial = _Trial(customer, facts, at, reference)
    return [*_gate(trial), *_tier(trial), *_cases(trial)]


# --- the credit gate ---


def _gate(trial: _Trial) -> Iterator[Way]:
    accounts = [r for r in trial.rows(_OWED, ACCOUNTS.name) if isinstance(r, AccountRow)]
    items = [r for r in trial.rows(_OWED, ITEMS.name) if isinstance(r, ItemRow)]
    for account in accounts:
        if account.gate_refusal is None:
            continue
        mine = [one for one in items if one.currency == account.currency and one.balance_minor]
        yield from _payments(trial, account, sorted(mine, key=lambda one: one.due_on))
        if account.limit_minor is not None and account.exposure_minor > account.limit_minor:
            limit = account.exposure_minor
            if _is_open(trial, account, CreditLimitSet(limit=Money(limit, account.currency))):
                yield _open(account, "set_limit", limit)


def _payments(trial: _Trial, account: AccountRow, items: Sequence[ItemRow]) -> Iterator[Way]:
    """Yield the least payment that opens the gate, and every single item that does it as well.

    What a payment must come to is what exceeds the limit, or what is due first, up to some item.
    Money goes to what is due first by itself, but for what is disputed: that must be named.
    """
    limit = account.limit_minor
    over = 0 if limit is None else max(0, account.exposure_minor - limit)
    through = [*accumulate(one.balance_minor for one in items)]
    found: tuple[str, ...] | None = None
    for amount in sorted({over, *(max(paid, over) for paid in through)} - {0}):
        named = tuple(
            one.invoice_id for one, paid in zip(items, through, strict=True) if paid <= amount
        )
        found = next((to for to in ((), named) if _opens(trial, account, amount, to)), None)
        if found is not None:
            yield _open(account, "pay", amount, found)
            break
    for item in items if len(items) > 1 else ():
        named = (item.invoice_id,)
        if named != found and _opens(trial, account, item.balance_minor, named):
            yield _open(account, "pay", item.balance_minor, named)


def _opens(trial: _Trial, account: AccountRow, amount: int, to: tuple[str, ...]) -> bool:
    money = Money(amount, account.currency)
    return _is_open(trial, account, PaymentReceived(payment_id=_NEW, amount=money, invoice_ids=to))


def _is_open(trial: _Trial, account: AccountRow, act: Touchpoint) -> bool:
    rows = trial.rows(_OWED, ACCOUNTS.name, [act])
    mine = (r for r in rows if isinstance(r, AccountRow) and r.currency == account.currency)
    return all(row.gate_refusal is None for row in mine)


def _open(account: AccountRow, doing: Doing, amount: int, names: tuple[str, ...] = ()) -> Way:
    money = Money(amount, account.currency)
    return Way(goal="open_gate", subject=account.currency, doing=doing, names=names, amount=money)


# --- the tier ---


def _tier(trial: _Trial) -> Iterator[Way]:
    policy = trial.reference.in_force(TierPolicy, trial.at)
    row = next((r for r in trial.rows(_VALUE, STANDINGS.name) if isinstance(r, StandingRow)), None)
    if row is None or row.tier is None or policy.weight_contemporary <= 0:
        return
    names = [*(line.name for line in policy.tiers), policy.lowest]
    place = names.index(row.tier)
    score = figures_on(row, trial.at.astimezone(trial.zone).date(), policy).score_minor
    if place > 0:
        line = policy.tiers[place - 1]
        by = None
        if row.expires_on is not None:
            by = day_start(row.expires_on, trial.zone) - _INSTANT
        yield from _earn(trial, policy, "reach_tier", line.name, line.line_minor - score, by)
    if row.drop_at is not None:
        kept = -(-policy.tiers[place].line_minor * policy.keep_share // _BASIS)
        by = row.drop_at - _INSTANT
        yield from _earn(trial, policy, "keep_tier", row.tier, kept - score, by)


def _earn(
    trial: _Trial, policy: TierPolicy, goal: Goal, tier: str, score: int, by: datetime | None
) -> Iterator[Way]:
    """Yield the least margin that reaches a tier at once, or keeps it past an instant."""
    least = max(1, -(-score * _BASIS // policy.weight_contemporary))
    for amount in range(least, least + _ROUNDING):
        if _has_tier(trial, policy, goal, tier, amount, by):
            money = Money(amount, policy.currency)
            yield Way(goal=goal, subject=tier, doing="earn", amount=money, by=by)
            return


def _has_tier(
    trial: _Trial, policy: TierPolicy, goal: Goal, tier: str, amount: int, by: datetime | None
) -> bool:
    money = Money(amount, policy.currency)
    today = trial.at.astimezone(trial.zone).date()
    acts = [
        InvoiceIssued(invoice_id=_NEW, amount=money, due_on=today),
        PaymentReceived(payment_id=_NEW, amount=money, invoice_ids=(_NEW,)),
    ]
    at = trial.at if goal == "reach_tier" or by is None else by + _INSTANT
    rows = trial.rows(_VALUE, STANDINGS.name, acts, at=at)
    return any(isinstance(row, StandingRow) and row.tier == tier for row in rows)


# --- cases ---


def _cases(trial: _Trial) -> Iterator[Way]:
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


def _case_then(trial: _Trial, case: CaseRow, act: Touchpoint, due: datetime) -> CaseRow:
    """Return a case just after a deadline, had the act been done at it."""
    rows = trial.rows(_BOARD, CASES.name, [act], done_at=due, at=due + _INSTANT)
    return next(r for r in rows if isinstance(r, CaseRow) and r.case_id == case.case_id)


def _fulfil(trial: _Trial, owed: ObligationRow) -> Iterator[Way]:
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
