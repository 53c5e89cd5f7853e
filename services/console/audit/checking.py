"""One customer's live rows against what its events say, as `touchstone verify` does for all."""

from __future__ import annotations

from events.envelope import CustomerId
from services.audit.comparison import Verification
from services.audit.verify import Verifying
from services.platform import Platform
from services.walk.company import extent_now
from services.walk.parts import Part

_AFTER = "\x01"
"""No id of a customer has a control character: this ends a range that holds one id alone."""


async def check_customer(platform: Platform, customer: CustomerId) -> Verification:
    """Return what comparing a customer's rows with its events finds, down to the field.

    Raises: Unavailable, UnreadableEvent.
    """
    extent = await extent_now(platform)
    part = Part(0, customer, CustomerId(customer + _AFTER))
    return (await Verifying(extent, platform.pool).walk(part)).found
