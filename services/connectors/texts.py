"""Texts of payers as they are compared, and the numbers that may stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from stdnum import iso11649
from stdnum.ch import esr

from services.search.letters import plain_of

_FEWEST = 6  # characters of a number that is looked for in a text: shorter ones are too common
_MOST = 35
_MOST_WORDS = 6
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_JOINT = re.compile(r"[\s\-‐-―－_./／．]{0,3}")
"""What may stand between the parts of one number; a comma or a colon ends it."""

_CREDITOR_REFERENCE = re.compile(r"\bRF\d\d(?: ?[0-9A-Z]){1,21}\b", re.IGNORECASE)
_SWISS_REFERENCE = re.compile(r"(?<!\d)(?:\d ?){26}\d(?!\d)")
_DIGIT = re.compile(r"\d")


class Candidate(NamedTuple):
    """What may be a number of ours: its plain form and where it stands."""

    plain: str
    start: int
    stop: int


@lru_cache(maxsize=100_000)
def plain(text: str) -> str:
    """Return a text without case, width, blanks and marks: what is alike here is alike."""
    if text.isascii():
        return "".join(filter(str.isalnum, text.lower()))
    return plain_of(text)


def checked_references(text: str) -> Iterator[str]:
    """Yield the references in a text whose check digits hold: ISO 11649 and the Swiss QRR."""
    for found in _CREDITOR_REFERENCE.finditer(text):
        # Words that follow in capitals look like more of it: the longest that holds is meant.
        written = found[0].split(" ")
        for length in range(len(written), 0, -1):
            reference = "".join(written[:length])
            if iso11649.is_valid(reference):
                yield plain(reference)
                break
    for found in _SWISS_REFERENCE.finditer(text):
        if is_swiss_reference(found[0].replace(" ", "")):
            yield found[0].replace(" ", "")


def is_swiss_reference(reference: str) -> bool:
    """Return whether 27 digits are a QR or ESR reference whose check digit holds."""
    return len(reference) == 27 and reference.isdecimal() and esr.is_valid(reference)


def structured_reference(reference: str) -> str | None:
    """Return a reference that was given as one, plain; None where its check digits do not hold."""
    bare = plain(reference)
    if bare.startswith("rf") and bare[2:4].isdecimal():
        return bare if iso11649.is_valid(bare.upper()) else None
    return bare or None


def is_telling(bare: str) -> bool:
    """Return whether a plain text that a payer chose is no word and no number as short as many."""
    return len(bare) >= _FEWEST and _DIGIT.search(bare) is not None


def candidates(text: str) -> Iterator[Candidate]:
    """Yield every run of whole words that may be a number: 6 to 35 characters, a digit in it."""
    words = list(_WORD.finditer(text))
    joined = [
        _JOINT.fullmatch(text, one.end(), other.start()) is not None
        for one, other in pairwise(words)
    ]
    plains = [plain(word[0]) for word in words]
    counted = [_DIGIT.search(one) is not None for one in plains]
    for first in range(len(words)):
        run, has_digit, start = "", False, words[first].start()
        for last in range(first, min(first + _MOST_WORDS, len(words))):
            if last > first and not joined[last - 1]:
                break
            run += plains[last]
            if len(run) > _MOST:
                break
            has_digit = has_digit or counted[last]
            if has_digit and len(run) >= _FEWEST:
                yield Candidate(run, start, words[last].end())
