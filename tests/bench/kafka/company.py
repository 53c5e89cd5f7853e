"""The events of the benchmark: orders, their invoices and payments, about 200 bytes each.

All carry an amount, so that one trivial fold takes them all: count and sum per customer. They
come in the order of time and every customer is as likely as any other. One invoice in eight is
never paid, so that the real projections have something fall due.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.money import Money
from events.touchpoints.base import Touchpoint
from events.touchpoints.order import OrderLine, OrderPlaced
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from services.intake.draft import Draft

SPAN = timedelta(days=90)
"""How long the company's history is; it ends now."""

_BRANCHES = 8
_UNPAID = 8
_TERM = timedelta(days=30)


class Told(NamedTuple):
    """An event as its branch tells it, and the amount that the fold sums up."""

    draft: Draft
    amount_minor: int


class Company:
    """Customers that order, are invoiced and pay; the same seed tells the same events."""

    def __init__(self, customers: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._steps = [0] * customers
        self._sequences = [0] * _BRANCHES

    def history(self, events: int) -> Iterator[Told]:
        """Tell so many events, spread evenly over the span that ends now."""
        now = datetime.now(UTC)
        for n in range(events):
            yield self.next(now - SPAN * (1 - n / events))

    def next(self, at: datetime) -> Told:
        """Tell what happened at an instant."""
        customer = self._random.randrange(len(self._steps))
        step = self._steps[customer]
        cycle, part = divmod(step, 3)
        unpaid = part == 1 and self._random.randrange(_UNPAID) == 0
        self._steps[customer] += 2 if unpaid else 1
        minor = 10_000 + (customer * 7_919 + cycle * 104_729) % 4_000_000
        data = (_ordered, _invoiced, _paid)[part](f"2026{customer:06}{cycle:06}", minor, at)
        branch = self._random.randrange(_BRANCHES)
        self._sequences[branch] += 1
        envelope = Envelope(
            id=EventId(str(UUID(int=self._random.getrandbits(128), version=4))),
            source=f"/branches/B-{branch}/till",
            type=data.event_type,
            subject=CustomerId(f"C-{customer:06}"),
            branch_id=BranchId(f"B-{branch}"),
            epoch=0,
            sequence=self._sequences[branch],
            created_at=at,
            effective_at=at,
        )
        return Told(Draft(envelope, data), minor)


def _ordered(number: str, minor: int, at: datetime) -> Touchpoint:
    first = minor // 3
    return OrderPlaced(
        order_id=f"SO-{number}",
        amount=_yuan(minor),
        tax=_yuan(minor // 9),
        cost_of_goods=_yuan(minor // 2),
        freight_borne=_yuan(minor // 90),
        channel="distributor portal",
        category="hydraulic pumps, valves and seals for injection moulding machines",
        quantity=12,
        lines=(
            OrderLine(line_id=f"SO-{number}/1", quantity=8, amount=_yuan(first)),
            OrderLine(line_id=f"SO-{number}/2", quantity=4, amount=_yuan(minor - first)),
        ),
    )


def _invoiced(number: str, minor: int, at: datetime) -> Touchpoint:
    return InvoiceIssued(
        invoice_id=_invoice(number),
        amount=_yuan(minor),
        due_on=(at + _TERM).date(),
        order_id=f"SO-{number}",
        tax=_yuan(minor // 9),
    )


def _paid(number: str, minor: int, at: datetime) -> Touchpoint:
    return PaymentReceived(
        payment_id=f"PAY-{number}",
        amount=_yuan(minor),
        invoice_ids=(_invoice(number),),
        bank_reference=f"ICBC 9558 8012 3456 {number}, via regional clearing centre",
        method="bank transfer",
    )


def _invoice(number: str) -> str:
    series = "electronic special VAT invoice, series 3100241130, page 1 of 1"
    return f"{series}, no. 24312000-{number}, copy 2 of 3"


def _yuan(minor: int) -> Money:
    return Money(minor, "CNY")
