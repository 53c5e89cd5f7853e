"""Query parameters of the report on service."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field

from events.texts import worded
from services.console.shared.parameters import OfBranch
from services.console.shared.refusals import BadParameter


class ServiceParameters(OfBranch):
    """Which cases: those opened on these days, by default of this month so far."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    first: Annotated[
        date | None,
        Field(alias="from", description="Cases opened from this day on; by default the month's."),
    ] = None
    last: Annotated[
        date | None, Field(alias="to", description="Through this day; by default today.")
    ] = None

    def days(self, today: date) -> tuple[date, date]:
        """Return the first and the last day. Raises: BadParameter."""
        last = self.last or today
        first = self.first or last.replace(day=1)
        if last < first:
            raise BadParameter(
                "to",
                worded(
                    "the last day, %(last)s, lies before the first, %(first)s",
                    last=last,
                    first=first,
                ),
            )
        return first, last
