"""What undoes a command: another one, where the domain has one. Nothing is ever taken back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from events.texts import N_
from services.casework.api import WORDS
from services.web.languages import texts

UNDONE_BY: Mapping[str, str | None] = MappingProxyType(
    {
        "take": "assign",
        "assign": "assign",
        "reply": None,
        "hand-off": "withdraw",
        "fulfil": "hand-off",
        "withdraw": "hand-off",
        "tell-customer": None,
        "wait": "resume",
        "resume": "wait",
        "refer": None,
        "resolve": "reopen",
        "record-callback": None,
        "close": "reopen",
        "reopen": "close",
        "escalate": None,
        "acknowledge": None,
        "snooze": None,
        "delegate": "delegate",
        "hold-dunning": "hold-dunning",
        "note": None,
        "set-priority": "set-priority",
        "decline": "reopen",
        "mark-duplicate": "reopen",
        "put-off": "bring-back",
        "bring-back": "put-off",
        "check-credit": None,
        "override-credit": None,
        "set-credit-limit": "set-credit-limit",
        "dispute-invoice": "settle-dispute",
        "settle-dispute": "dispute-invoice",
        "record-promise": None,
        "confirm-payment": None,
        "reject-payment": None,
        "register": None,
        "change-profile": "change-profile",
        "merge": "unmerge",
        "unmerge": "merge",
    }
)
"""By the word of each command, the word of the one that undoes it; None: nothing does."""


class Undo(Struct, frozen=True):
    """What undoes a command, and in words; `command` is None where nothing does."""

    command: str | None
    detail: str


def undo_of(kind: type[Struct], language: str) -> Undo:
    """Return what undoes a command, told in a language."""
    text = texts(language).gettext
    word = WORDS[kind]
    other = UNDONE_BY[word]
    if other is None:
        said = text(N_("Nothing undoes it: what was done stays on record."))
    elif other == word:
        said = text(N_("It is undone by the same command, with what stood before."))
    else:
        said = text(N_("It is undone by the command %(command)s.")) % {"command": other}
    return Undo(other, said)
