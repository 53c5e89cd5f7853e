"""What was recorded of one customer by an instant."""

from __future__ import annotations

from datetime import datetime

from events.envelope import CustomerId, RecordedEvent
from services.errors import UsageError
from services.log.near_customers import did_you_mean, near_customers
from services.walk.by_customer import Picture


async def known_dossier(
    seen: Picture, customer: CustomerId, known_at: datetime | None
) -> list[RecordedEvent]:
    """Return what was recorded of a customer by an instant.

    Raises: UsageError, for a customer without any events.
    """
    dossier = await seen.dossier(customer)
    if not dossier:
        near = did_you_mean(await near_customers(seen.connection, customer))
        remedy = near or "look the id up again; upper and lower case differ"
        raise UsageError(f"no event names the customer {customer!r}: {remedy}")
    return [e for e in dossier if known_at is None or e.recorded_at <= known_at]
