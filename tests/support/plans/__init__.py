"""With what parameters each named statement is tried, by the rooms of the product."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.plans import of_people, of_rows, of_the_console, of_the_doors, of_the_log
from tests.support.plans.values import Arguments

GIVEN: Mapping[str, Arguments] = {
    **of_the_log.GIVEN,
    **of_the_doors.GIVEN,
    **of_people.GIVEN,
    **of_rows.GIVEN,
    **of_the_console.GIVEN,
}
