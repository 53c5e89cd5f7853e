"""The projection of customer value: facts of one customer in, its standing out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import DunningNoticeSent
from events.touchpoints.policy import FeesPolicy, ReferenceTouchpoint
from projections.alert_care import earliest
from projections.books.stage import BOOKS
from projections.facts import Facts, Memo, Stage
from projections.protocol import Assessment, Row, Table, Total
from projections.value_tiers.alerts import ClearedAlerts, standing_alerts
from projections.value_tiers.books import HANDLED
from projections.value_tiers.keeping import kept_memo
from projections.value_tiers.memo import ValueMemo, memo_of, walk_for_all
from projections.value_tiers.reading import ValueAt
from projections.value_tiers.restoring import memo_again
from projections.value_tiers.rows import STANDINGS, TIER, StandingRow
from projections.value_tiers.rules import READS, RULES_USED
from projections.value_tiers.standing import Standing


class ValueTiers:
    """What each customer is worth, and which tier of the pyramid that earns."""

    name: ClassVar[str] = "value_tiers"
    version: ClassVar[int] = 5
    handles: ClassVar[frozenset[type[Touchpoint]]] = HANDLED
    reads: ClassVar[frozenset[type[ReferenceTouchpoint]]] = READS
    tables: ClassVar[tuple[Table, ...]] = (STANDINGS,)
    stage: ClassVar[Stage | None] = Stage(
        BOOKS, walk_for_all, idle=((DunningNoticeSent, FeesPolicy),)
    )

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Return the standing as of an instant; pure. Before the first fact there is none."""
        memo = memo_of(facts, at, reference)
        if memo.books.first is None:
            if facts.sharing is not None:
                facts.memo = memo
            return Assessment(
                rows={STANDINGS.name: ()}, uses=RULES_USED, next_change_at=memo.books.next_fact_at
            )
        reading = ValueAt(memo, at)
        standing = Standing(reading)
        alerts = standing_alerts(customer, reading)
        assessment = Assessment(
            rows={STANDINGS.name: (standing.row(),)},
            uses=RULES_USED | memo.books.ledger.zone_uses(reading.branch_id),
            alerts=alerts,
            cleared=ClearedAlerts(reading),
            next_change_at=earliest(standing.next_change(), alerts),
        )
        facts.memo = memo
        return assessment

    def totals(self, row: Row) -> Sequence[Total]:
        """Return the customer's place in the pyramid: its tier and contemporary value.

        A value that drifts is the one the row stores, of the day from which it drifts.
        """
        if not isinstance(row, StandingRow) or row.tier is None:
            return ()
        branch = row.branch_id or ""
        return (Total(TIER + row.tier, row.currency, branch, 0, 1, row.contemporary_minor),)

    def kept(self, memo: Memo) -> bytes:
        """Return a memo as it is kept."""
        assert isinstance(memo, ValueMemo)
        return kept_memo(memo)

    def brought_back(self, kept: bytes, reference: Reference) -> Memo:
        """Return a memo as it was kept."""
        return memo_again(kept, reference)
