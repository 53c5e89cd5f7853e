"""What everybody makes of an event's bytes before folding it."""

from __future__ import annotations

from events.codec import decode
from events.touchpoints.order import OrderPlaced
from events.touchpoints.payment import InvoiceIssued, PaymentReceived

Summed = OrderPlaced | InvoiceIssued | PaymentReceived


def amount_of(payload: bytes) -> int:
    """Return the amount of an event, decoded whole. Raises: EventError."""
    data = decode(payload)
    assert isinstance(data, Summed)
    return data.amount.minor
