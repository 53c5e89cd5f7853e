"""What was done about the alerts that rest on the books; no money is moved, no limit watched."""

from __future__ import annotations

from events.alert_care import care_after
from events.facts import Fact
from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import AlertAcknowledged, AlertDelegated, AlertSnoozed
from projections.books.ledger import Ledger

WORDS: frozenset[type[Touchpoint]] = frozenset({AlertAcknowledged, AlertSnoozed, AlertDelegated})
"""What is said about alerts."""


def hear(book: Ledger, event: Fact) -> None:
    """Take note of a word about an alert, whichever projection raised it; of others none."""
    data = event.data
    if isinstance(data, AlertAcknowledged | AlertSnoozed | AlertDelegated):
        book.cares[data.alert_id] = care_after(book.cares.get(data.alert_id), event)
