"""How the figures of a report are written, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.console.service.behind import HOURS, Figure
from services.console.service.tables import Cell, Share
from services.console.shared.i18n import N_
from services.console.shared.words import Named

_FIGURES: Mapping[Figure, str] = {
    "cases": N_("Cases"),
    "under_way": N_("Cases under way"),
    "first_contact": N_("Solved at first contact"),
    "answers_in_time": N_("First answers in time"),
    "answers_late": N_("First answers late"),
    "answers": N_("First answers done or late"),
    "solutions_in_time": N_("Solutions in time"),
    "solutions_late": N_("Solutions late"),
    "solutions": N_("Solutions done or late"),
    "handovers": N_("Hand-overs between agents"),
    "returns": N_("Hand-overs back to an agent"),
    "department_handovers": N_("Hand-overs between departments"),
    "department_returns": N_("Hand-overs back to a department"),
    "reopened": N_("Reopened"),
    "satisfied": N_("Calls: satisfied"),
    "dissatisfied": N_("Calls: dissatisfied"),
    "unreachable": N_("Calls: not reached"),
    "reached": N_("Calls: reached"),
    "driver": N_("Answers about a driver"),
    "held": N_("Cases in hand"),
    "held_hours": N_("Working hours in hand"),
    "stage_in_time": N_("Stages in time"),
    "stage_late": N_("Stages late"),
    "stage_open": N_("Stages open"),
    "stage_not_needed": N_("Stages not needed"),
    "stage_late_hours": N_("Working hours late"),
    "stage": N_("Stages done or late"),
}


class ServiceWords(Named):
    """The cells of tables as people read them."""

    def counts(self, cell: Cell) -> bool:
        """Return whether a figure counts anything, so that there are cases behind it."""
        if isinstance(cell, Share):
            return cell.whole > 0
        return not isinstance(cell, str) and cell > 0

    def figure(self, figure: Figure) -> str:
        """Return what a figure is called apart from its table."""
        return self._(_FIGURES[figure])

    def amount(self, figure: Figure, amount: int) -> str:
        """Return what one case, or all together, add to a figure: working time in hours."""
        if figure in HOURS:
            return self._speaker.tenths((Decimal(amount) / 3600).quantize(Decimal("0.1")))
        return self._speaker.number(amount)

    def cell(self, cell: Cell) -> str:
        """Return a cell: numbers with their groups, hours with a decimal, shares in percent."""
        if isinstance(cell, Share):
            return "–" if cell.value is None else self._speaker.percent(cell.value)
        if isinstance(cell, Decimal):
            return self._speaker.tenths(cell)
        return cell if isinstance(cell, str) else self._speaker.number(cell)
