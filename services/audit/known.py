"""What was known of one customer, and the instant asked about."""

from __future__ import annotations

from events.envelope import CustomerId
from events.home import Asked
from projections.merged import KnownTogether, known_together
from services.errors import UsageError
from services.log.filling import is_filling, still_filling
from services.log.near_customers import did_you_mean, near_customers
from services.walk.by_customer import Picture


async def known_dossier(
    seen: Picture, customer: CustomerId, at: Asked, known_at: Asked | None
) -> KnownTogether:
    """Return what was known of a customer's root, and the instants of a day at the customer's home.

    Raises: UsageError, for a customer without any events.
    """
    dossiers = await seen.dossiers(customer)
    if not any(dossiers.values()):
        near = did_you_mean(await near_customers(seen.connection, customer))
        filling = still_filling(await is_filling(seen.connection))
        remedy = near or filling or "look the id up again; upper and lower case differ"
        raise UsageError(f"no event names the customer {customer!r}: {remedy}")
    return known_together(customer, dossiers, await seen.reference(), at, known_at)
