"""How the figures of a report are written, in the reader's language."""

from __future__ import annotations

from decimal import Decimal

from services.console.service.tables import Cell, Share
from services.console.shared.words import Named


class ServiceWords(Named):
    """The cells of tables as people read them."""

    def cell(self, cell: Cell) -> str:
        """Return a cell: numbers with their groups, hours with a decimal, shares in percent."""
        if isinstance(cell, Share):
            return "–" if cell.value is None else self._speaker.percent(cell.value)
        if isinstance(cell, Decimal):
            return self._speaker.tenths(cell)
        return cell if isinstance(cell, str) else self._speaker.number(cell)
