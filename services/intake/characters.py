"""Which characters a word may hold, and how to show one that may not."""

import re

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What no identifier or word of classification holds: controls, line ends, halves of pairs."""

HALF_PAIR = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs: JSON can spell them, but they are no Unicode text."""


def shown(text: str) -> str:
    """Return a text that any log, database and terminal can hold."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
