"""What people read of a command that was refused, in the language of the page."""

from __future__ import annotations

from datetime import tzinfo

from events.refusals import Teller
from services.console.shared.i18n import Speaker


def refusal_teller(speaker: Speaker, tz: tzinfo) -> Teller:
    """Return what tells refusals in a language, instants in a zone."""
    _ = speaker.gettext
    return Teller(
        text=_,
        instant=lambda at: speaker.instant(at, tz),
        comma=_("; "),
        nothing=_("nobody or nothing"),
        by=_("%(owed)s, by %(due)s"),
    )
