"""Why money is on the work list, and how it stands, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from events.texts import told
from services.connectors.matching import WHY
from services.console.shared.i18n import N_
from services.console.shared.words import Named

_STATES: Mapping[str, str] = {
    "open": N_("waits"),
    "assigned": N_("assigned"),
    "set_aside": N_("no customer's money"),
}


class MoneyWords(Named):
    """Lines of the work list as people read them."""

    def why(self, code: str) -> str:
        """Return why no rule assigned it."""
        return self._named(WHY, code)

    def told(self, text: str) -> str:
        """Return why a proposal is made."""
        return str(told(text, self._))

    def state(self, code: str) -> str:
        """Return how a line stands."""
        return self._named(_STATES, code)
