"""What every other contestant in Python makes of an event's bytes before folding it.

They decode by the library that a program of their own would take; the projector has its reader.
"""

from __future__ import annotations

from events.codec import decode_by_library
from events.touchpoints.order import OrderPlaced
from events.touchpoints.payment import InvoiceIssued, PaymentReceived

Summed = OrderPlaced | InvoiceIssued | PaymentReceived


def amount_of(payload: bytes) -> int:
    """Return the amount of an event, decoded whole. Raises: EventError."""
    data = decode_by_library(payload)
    assert isinstance(data, Summed)
    return data.amount.minor
