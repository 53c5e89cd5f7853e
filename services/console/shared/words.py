"""What codes of the read model are called, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from services.console.shared.i18n import Speaker


class Named:
    """Names of codes in one language; an unknown code is shown as it is."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._ = speaker.gettext

    def _named(self, names: Mapping[str, str], code: str) -> str:
        return self._(names[code]) if code in names else code.replace("_", " ")
