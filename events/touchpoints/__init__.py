"""The catalogue: a frozen type for every touchpoint, found by its name on the wire."""

from collections.abc import Mapping
from types import MappingProxyType

from events.errors import UnknownEventType
from events.touchpoints import access, complaint, contact, customer, order, payment, policy
from events.touchpoints.access import PlatformTouchpoint
from events.touchpoints.base import PersonalTouchpoint, Touchpoint
from events.touchpoints.policy import ReferenceTouchpoint

TYPES: tuple[type[Touchpoint], ...] = (
    *customer.TYPES,
    *order.TYPES,
    *payment.TYPES,
    *complaint.TYPES,
    *contact.TYPES,
    *policy.TYPES,
    *access.TYPES,
)

CATALOGUE: Mapping[str, type[Touchpoint]] = MappingProxyType(
    {touchpoint.event_type: touchpoint for touchpoint in TYPES}
)


def touchpoint_type(event_type: str) -> type[Touchpoint]:
    """Return the type of that name. Raises: UnknownEventType."""
    try:
        return CATALOGUE[event_type]
    except KeyError:
        raise UnknownEventType(event_type) from None


__all__ = [
    "CATALOGUE",
    "TYPES",
    "PersonalTouchpoint",
    "PlatformTouchpoint",
    "ReferenceTouchpoint",
    "Touchpoint",
    "touchpoint_type",
]
