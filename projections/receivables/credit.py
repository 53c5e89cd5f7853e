"""The credit gate: whether an order, shipment or invoice may pass."""

from __future__ import annotations


def refusal(
    exposure: int, limit: int | None, days_overdue: int, max_days_overdue: int
) -> str | None:
    """Return why the gate is shut: exposure above the limit, or anything overdue too long.

    Source: domain rules, section 4. Both are strict: at the limit, and on the last allowed
    day, the gate is open. Anything overdue in any currency, disputed or not, counts.
    """
    if limit is not None and exposure > limit:
        return "limit_exceeded"
    if days_overdue > max_days_overdue:
        return "overdue_too_long"
    return None
