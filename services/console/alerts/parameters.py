"""Query parameters of alerts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from events.alert_care import CareState
from services.console.alerts.queries import AlertFilter, AlertKind
from services.console.alerts.standing import StandingFilter
from services.console.shared.parameters import Identifier, Paged, Several


class JournalParameters(Paged):
    """Of which alerts; where several are named, either."""

    kind: Annotated[list[AlertKind], Several()]
    branch: Annotated[list[Identifier], Several()]
    customer: Identifier | None = None

    def alert_filter(self) -> AlertFilter:
        """Return the filter."""
        kinds, branches = dict.fromkeys(self.kind), dict.fromkeys(self.branch)
        return AlertFilter(tuple(kinds), tuple(branches), self.customer)


class AlertsParameters(JournalParameters):
    """Which standing alerts."""

    state: Annotated[
        list[CareState],
        Several("Nobody takes care of it, somebody does, or it is put off."),
    ]
    staff: Annotated[
        Identifier | None,
        Field(
            description="A member of staff: what he or she takes care of, and what reaches him or "
            "her and nobody else takes care of."
        ),
    ] = None

    def standing_filter(self) -> StandingFilter:
        """Return the filter."""
        return StandingFilter(self.alert_filter(), tuple(dict.fromkeys(self.state)), self.staff)
