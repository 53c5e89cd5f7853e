"""Which characters a word or an identifier may hold, and how to show one that may not."""

from __future__ import annotations

import re
import unicodedata

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What no identifier or word of classification holds: controls, line ends, halves of pairs."""

CUSTOMER_CHARACTERS = 120
"""How long a customer's id may be."""

HALF_PAIR = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs: JSON can spell them, but they are no Unicode text."""

_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What takes no room on a page or turns the direction of what follows: zero-width and
bidirectional marks, fillers, variation selectors, tags (Unicode's Default_Ignorable)."""

_BRANCH = re.compile(r"[^\s/\x00-\x1f\x7f]{1,60}")

_OTHER_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def flaw(identifier: str) -> str | None:
    """Return why a text cannot stand for one thing, or None: two that look alike are one too many.

    The reason names a character by its number and repeats nothing else of the text.
    """
    if identifier != identifier.strip():
        return "begins or ends with a space"
    if identifier.isascii() and identifier.isprintable():
        return None
    if CONTROL.search(identifier):
        return "holds a control character"
    if unseen := _UNSEEN.search(identifier):
        return f"holds a character that nobody sees (U+{ord(unseen[0]):04X})"
    if space := _OTHER_SPACE.search(identifier):
        return f"holds a space that is not the keyboard's (U+{ord(space[0]):04X})"
    if not unicodedata.is_normalized("NFC", identifier):
        return "is not written in Unicode's composed form (NFC)"
    return None


def flaw_on_a_page(identifier: str) -> str | None:
    """Return why a text cannot be an identifier in a page's address, or None."""
    if identifier in (".", "..") or "/" in identifier:
        return "is a path, which no page's address can hold: a dot, two dots, or with a slash"
    return flaw(identifier)


def is_branch_id(text: str) -> bool:
    """Tell whether a text can be a branch's id, which stands in sources and in pages' addresses."""
    return _BRANCH.fullmatch(text) is not None and flaw_on_a_page(text) is None


def shown(text: str) -> str:
    """Return a text that any log, database and terminal can hold."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
