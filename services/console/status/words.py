"""What parts of the platform are called, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from services.console.shared.i18n import N_
from services.console.shared.words import Named

_PROJECTIONS: Mapping[str, str] = {
    "receivables": N_("Receivables"),
    "value_tiers": N_("Values and tiers"),
    "case_board": N_("Cases and deadlines"),
    "log": N_("The log itself"),
}


class StatusWords(Named):
    """Names of projections."""

    def projection(self, code: str) -> str:
        """Return what a projection is called: what its rows are about."""
        return self._named(_PROJECTIONS, code)
