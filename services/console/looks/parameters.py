"""Query parameters of looks at personal data."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field

from events.calendars import DAY, day_start
from services.console.shared.parameters import Identifier, Paged
from services.people.looked import LookFilter

_Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2199, 12, 31))]


class LooksParameters(Paged):
    """Whose looks at whom, on which days."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    staff: Annotated[
        Identifier | None, Field(description="Who looked: a member of staff, by number.")
    ] = None
    customer: Annotated[Identifier | None, Field(description="Who was looked at.")] = None
    first: Annotated[_Day | None, Field(alias="from", description="From this day on.")] = None
    last: Annotated[_Day | None, Field(alias="to", description="Through this day.")] = None

    def look_filter(self, zone: ZoneInfo) -> LookFilter:
        """Return the filter; days are those of a zone."""
        return LookFilter(
            self.staff,
            self.customer,
            None if self.first is None else day_start(self.first, zone),
            None if self.last is None else day_start(self.last + DAY, zone),
        )
