"""The credit gate: whether an order, shipment or invoice may pass.

The decision is pure; whoever asks holds the customer's row and records it as "credit checked"
with the exposure it saw (decision 21). Orders already published are never refused: they alert.
"""

from __future__ import annotations

from msgspec import Struct

from events.money import Money
from events.touchpoints.payment import GatePurpose
from events.touchpoints.policy import CreditPolicy
from projections.receivables.balances import refusal
from projections.receivables.lines import OverrideLine, Statement
from projections.receivables.rows import AccountRow


class CreditRequest(Struct, frozen=True, kw_only=True):
    """What asks to pass the gate; a shipment or invoice may name the order that it is part of."""

    purpose: GatePurpose
    amount: Money
    order_id: str | None = None


class CreditDecision(Struct, frozen=True, kw_only=True):
    """Whether it may pass, why not, and what the gate saw.

    `exposure_minor` is the exposure before the request, `added_minor` what the request adds.
    An override that let a refused request pass is named; `reason` then says what it overrode.
    """

    approved: bool
    reason: str | None
    exposure_minor: int
    added_minor: int
    limit_minor: int | None
    override_id: str | None = None


def decide_credit(
    statement: Statement, request: CreditRequest, policy: CreditPolicy
) -> CreditDecision:
    """Decide by the statement of this instant and the policy in force.

    A request adds its amount to the exposure, less what is already in it: the unbilled part
    of the order that it names. Room that an earlier check reserved for that order is not in it:
    this one takes its place. Checks and credit in other currencies do not count.
    """
    currency = request.amount.currency
    account = next((row for row in statement.accounts if row.currency == currency), None)
    exposure = sum(one.exposure_minor for one in statement.charges if one.currency == currency)
    exposure -= _replaced(statement, request)
    limit = _limit(account, currency, policy)
    known = sum(o.unbilled_minor for o in statement.orders if o.order_id == request.order_id)
    added = max(0, request.amount.minor - known)
    reason = refusal(
        exposure + added, limit, statement.longest_overdue_days, policy.max_days_overdue
    )
    override = None
    if reason is not None:
        override = next((o for o in statement.overrides if _covers(o, statement, request)), None)
    return CreditDecision(
        approved=reason is None or override is not None,
        reason=reason,
        exposure_minor=exposure,
        added_minor=added,
        limit_minor=limit,
        override_id=override.override_id if override else None,
    )


def _replaced(statement: Statement, request: CreditRequest) -> int:
    """Return the room of earlier checks of the order that a request names."""
    if request.order_id is None:
        return 0
    return sum(
        one.room_minor
        for one in statement.checks
        if one.order_id == request.order_id and one.currency == request.amount.currency
    )


def _limit(account: AccountRow | None, currency: str, policy: CreditPolicy) -> int | None:
    if account is not None:
        return account.limit_minor
    default = policy.default_limit
    return default.minor if default and default.currency == currency else None


def _covers(override: OverrideLine, statement: Statement, request: CreditRequest) -> bool:
    """An override lets pass what it names, through its last day.

    Without a last day one for an order holds as long as the order; any other holds on the
    local day on which it was granted.
    """
    if override.order_id is not None and override.order_id != request.order_id:
        return False
    if override.amount_minor is not None and (
        override.currency != request.amount.currency or override.amount_minor < request.amount.minor
    ):
        return False
    if override.until is not None:
        return statement.today <= override.until
    return override.order_id is not None or override.granted_on == statement.today
