"""The smallest projection that shows everything the projector does for one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import PaymentReceived
from events.touchpoints.policy import AlertsPolicy, AlertsPolicyPublished, ReferenceTouchpoint
from events.uses import policy_use
from projections.protocol import Alert, Anatomy, Assessment, Cause, Facts, Row, Stage, Table, Total

QUIET = timedelta(days=7)
"""A customer that pays nothing for so long is "quiet": an alert that time alone raises."""

USED = frozenset({policy_use(AlertsPolicy)})
"""It is assessed again when alerts are published: as a projection that had alerts by policy."""


class CountRow(Row, frozen=True, kw_only=True):
    """How much a customer paid, and whether it went quiet."""

    currency: str
    payments: int
    paid_minor: int
    quiet: bool


class Counting:
    """Counts payments; `poison` names a payment that it cannot stand."""

    name: ClassVar[str] = "counting"
    version: ClassVar[int] = 1
    handles: ClassVar[frozenset[type[Touchpoint]]] = frozenset({PaymentReceived})
    reads: ClassVar[frozenset[type[ReferenceTouchpoint]]] = frozenset({AlertsPolicyPublished})
    tables: ClassVar[tuple[Table, ...]] = (Table("sums", CountRow, ("currency",)),)
    anatomy: ClassVar[Anatomy] = Anatomy((), {})
    stage: ClassVar[Stage | None] = None

    def __init__(self) -> None:
        self.poison: str | None = None

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Sum up what was paid by `at`."""
        paid = [e for e in facts if e.effective_at <= at]
        to_come = [e.effective_at for e in facts][len(paid) :]
        if any(e.id == self.poison for e in paid):
            raise ValueError("poisoned")
        if not paid:
            return Assessment(rows={}, uses=USED, next_change_at=min(to_come, default=None))
        quiet_from = paid[-1].effective_at + QUIET
        quiet = quiet_from <= at
        total = sum(e.data.amount.minor for e in paid if isinstance(e.data, PaymentReceived))
        row = CountRow(currency="CNY", payments=len(paid), paid_minor=total, quiet=quiet)
        alert = Alert(
            kind="quiet", subject="CNY", threshold=7, customer_id=customer, branch_id=None,
            since=quiet_from, currency="CNY", amount_minor=total,
        )  # fmt: skip
        return Assessment(
            rows={"sums": [row]},
            uses=USED,
            alerts=[alert] if quiet else [],
            cleared={} if quiet else {alert.key: Cause("paid", paid[-1].id)},
            next_change_at=min([*to_come, *([] if quiet else [quiet_from])], default=None),
        )

    def totals(self, row: Row) -> Sequence[Total]:
        """Share the sum under the day 0."""
        assert isinstance(row, CountRow)
        return (Total("paid", row.currency, "", 0, row.payments, row.paid_minor),)
