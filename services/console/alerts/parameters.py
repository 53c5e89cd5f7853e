"""Query parameters of alerts."""

from __future__ import annotations

from services.console.alerts.queries import AlertFilter, AlertKind
from services.console.shared.parameters import Identifier, Paged


class AlertsParameters(Paged):
    """Which alerts."""

    kind: AlertKind | None = None
    branch: Identifier | None = None
    customer: Identifier | None = None

    def alert_filter(self) -> AlertFilter:
        """Return the filter."""
        return AlertFilter(self.kind, self.branch, self.customer)
