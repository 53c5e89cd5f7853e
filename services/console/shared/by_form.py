"""Which touchpoints no form records: what commands say, what operators do, and rules."""

from __future__ import annotations

from events.touchpoints import CATALOGUE, PlatformTouchpoint
from events.touchpoints.policy import ReferenceTouchpoint

_COMMANDED = (
    "alert.", "case.",
    "contact.",
    "customer.erased", "customer.merged", "customer.profile_changed", "customer.registered",
    "customer.unmerged",
    "payment.confirmed_genuine", "payment.credit_checked", "payment.credit_limit_set",
    "payment.credit_override_granted", "payment.debt_written_off", "payment.dispute_settled",
    "payment.dunning_held", "payment.invoice_disputed", "payment.money_", "payment.promise_made",
    "payment.rejected_as_duplicate",
)  # fmt: skip
"""What commands say, which ask who may: no form goes round them. What an operator does, and what
a telephone exchange tells."""


def is_kept_from_forms(event_type: str) -> bool:
    """Tell whether a command, an operator or a policy's own page says such a thing."""
    kind = CATALOGUE.get(event_type)
    by_itself = kind is not None and issubclass(kind, PlatformTouchpoint)
    return by_itself or is_rule(event_type) or event_type.startswith(_COMMANDED)


def is_rule(event_type: str) -> bool:
    """Tell whether it is a policy or reference data that such a thing sets."""
    kind = CATALOGUE.get(event_type)
    return kind is not None and issubclass(kind, ReferenceTouchpoint)
