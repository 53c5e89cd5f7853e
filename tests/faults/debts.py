"""Customers who owed ten days ago, were due the day after, and paid in between - or did not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import NAMESPACE_URL, uuid5

from events.calendars import DEFAULT_ZONE, local_day, zone
from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.money import Money
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from events.touchpoints.policy import AlertsPolicy, AlertsPolicyPublished
from services.simulator.branches import BRANCHES
from services.simulator.devices import HEADQUARTERS, Recording

_OWED_MINOR = 100_000


class Debts:
    """One invoice each; each payment in parts, of which the last ones pay it off."""

    def __init__(
        self, seed: int, customers: int, now: datetime, *, parts: int = 2, unpaid_of_100: int = 0
    ) -> None:
        self.before = now - timedelta(days=10)  # when the invoices are recorded
        self.paid_at = self.before + timedelta(hours=1)  # well before any of them is due
        self._due_on = local_day(self.before, zone(DEFAULT_ZONE)) + timedelta(days=1)
        self._seed = seed
        self._parts = parts
        self._count = 0
        self.customers = [CustomerId(f"D{seed}-{n}") for n in range(customers)]
        dice = Random(f"{seed} debts")
        self.unpaid = {c for c in self.customers if dice.random() * 100 < unpaid_of_100}

    def policy(self) -> Recording:
        """Return the rule that has an alert raised a day after the due date."""
        policy = AlertsPolicy(overdue_days=(1,))
        since = self.before - timedelta(days=1)
        data = AlertsPolicyPublished(effective_from=since, policy=policy)
        return self._recording(HEADQUARTERS, None, self.before, data)

    def invoices(self) -> Sequence[Recording]:
        """Return an invoice of every customer."""
        return [
            self._recording(
                self._branch(customer),
                customer,
                self.before,
                InvoiceIssued(
                    invoice_id=f"I-{customer}",
                    amount=Money(_OWED_MINOR, "CNY"),
                    due_on=self._due_on,
                ),
            )
            for customer in self.customers
        ]

    def payments(self) -> Sequence[Recording]:
        """Return the payments of those who pay: everybody's first part, then the second ..."""
        part = _OWED_MINOR // self._parts
        return [
            self._recording(
                self._branch(customer),
                customer,
                self.paid_at,
                PaymentReceived(
                    payment_id=f"P-{customer}-{n}",
                    amount=Money(part if n else _OWED_MINOR - part * (self._parts - 1), "CNY"),
                    invoice_ids=(f"I-{customer}",),
                ),
            )
            for n in reversed(range(self._parts))
            for customer in self.customers
            if customer not in self.unpaid
        ]

    def _branch(self, customer: str) -> BranchId:
        return BranchId(BRANCHES[sum(customer.encode()) % len(BRANCHES)].branch_id)

    def _recording(
        self, branch_id: BranchId, customer: CustomerId | None, at: datetime, data: Touchpoint
    ) -> Recording:
        self._count += 1
        source = f"/branches/{branch_id}/debts-{self._seed}"
        envelope = Envelope(
            id=EventId(str(uuid5(NAMESPACE_URL, f"{source}/{self._count}"))),
            source=source,
            type=data.event_type,
            subject=customer,
            branch_id=branch_id,
            epoch=0,
            sequence=self._count,
            created_at=at,
            effective_at=at,
        )
        return Recording(at, envelope, data)
