"""The smallest projection that shows everything the projector does for one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import PaymentReceived
from events.touchpoints.policy import AlertsPolicy, AlertsPolicyPublished, ReferenceTouchpoint
from events.uses import policy_use
from projections.books.days import BEGINNING
from projections.facts import Facts, Memo, Stage
from projections.protocol import Alert, Assessment, Cause, Row, Table, Total

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


class Sums(msgspec.Struct):
    """What was paid by an instant, and by which event last."""

    payments: int = 0
    minor: int = 0
    last_at: datetime = BEGINNING
    last_id: str = ""


class CountMemo(Memo):
    """What was paid by an instant."""

    def __init__(self, sums: Sums, reference: Reference) -> None:
        self.sums = sums
        self.reference = reference
        self.stamp: object = object()

    @property
    def walked(self) -> int:
        """Return how many facts there were."""
        return self.sums.payments


class Counting:
    """Counts payments; `poison` names a payment that it cannot stand."""

    name: ClassVar[str] = "counting"
    version: ClassVar[int] = 1
    handles: ClassVar[frozenset[type[Touchpoint]]] = frozenset({PaymentReceived})
    reads: ClassVar[frozenset[type[ReferenceTouchpoint]]] = frozenset({AlertsPolicyPublished})
    tables: ClassVar[tuple[Table, ...]] = (Table("sums", CountRow, ("currency",)),)
    stage: ClassVar[Stage | None] = None

    def __init__(self) -> None:
        self.poison: str | None = None

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Sum up what was paid by `at`."""
        memo, facts.memo = facts.memo, None
        if not isinstance(memo, CountMemo) or memo.sums.last_at > at:
            memo = CountMemo(Sums(), reference)
        sums = memo.sums
        to_come = None
        for fact in facts.after(sums.payments):
            if fact.effective_at > at:
                to_come = fact.effective_at
                break
            if fact.id == self.poison:
                raise ValueError("poisoned")
            assert isinstance(fact.data, PaymentReceived)
            sums.payments += 1
            sums.minor += fact.data.amount.minor
            sums.last_at, sums.last_id = fact.effective_at, fact.id
        if not sums.payments:
            return Assessment(rows={}, uses=USED, next_change_at=to_come)
        quiet_from = sums.last_at + QUIET
        quiet = quiet_from <= at
        row = CountRow(currency="CNY", payments=sums.payments, paid_minor=sums.minor, quiet=quiet)
        alert = Alert(
            kind="quiet", subject="CNY", threshold=7, customer_id=customer, branch_id=None,
            since=quiet_from, currency="CNY", amount_minor=sums.minor,
        )  # fmt: skip
        facts.memo = memo
        changes = [t for t in (to_come, None if quiet else quiet_from) if t is not None]
        return Assessment(
            rows={"sums": [row]},
            uses=USED,
            alerts=[alert] if quiet else [],
            cleared={} if quiet else {alert.key: Cause("paid", sums.last_id)},
            next_change_at=min(changes, default=None),
            stamp=memo.stamp,
        )

    def kept(self, memo: Memo) -> bytes:
        """Return the sums as bytes."""
        assert isinstance(memo, CountMemo)
        return msgspec.msgpack.encode(memo.sums)

    def brought_back(self, kept: bytes, reference: Reference) -> Memo:
        """Return the sums as they were kept."""
        return CountMemo(msgspec.msgpack.decode(kept, type=Sums), reference)

    def totals(self, row: Row) -> Sequence[Total]:
        """Share the sum under the day 0."""
        assert isinstance(row, CountRow)
        return (Total("paid", row.currency, "", 0, row.payments, row.paid_minor),)
