"""Telephone numbers in whatever notation they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import phonenumbers
from babel.core import get_global
from phonenumbers import NumberParseException, PhoneNumberFormat

from services.search.letters import Letter, letters_of

SHORTEST = 4
"""So many last digits of a number, or of a reference, are enough to find it."""

_NOTATION = re.compile(r"[\d\s+().\-/·‐-―－（）＋．\uff10-\uff19]+")
_BETWEEN = re.compile(r"[,，、;；/|]|或")
_EXTENSION = re.compile(r"转|轉|分机|分機")
_DEFAULT_REGION = "CN"


class Phone(NamedTuple):
    """A number: as digits with the country's code, and as it is dialled within the country."""

    whole: str
    national: str
    digits: Sequence[Letter]  # as they were written, without an extension

    def spans(self, typed: str) -> Sequence[tuple[int, int]] | None:
        """Return where the digits stand that what was typed names; None: it is another number."""
        if typed == self.national or self.whole.endswith(typed):
            shown = self.digits[-len(typed) :]
            return [(digit.at, digit.at + 1) for digit in shown]
        return None


def region_of(zone: str) -> str:
    """Return the country whose notation is meant where a number names none, by IANA zone."""
    return str(get_global("zone_territories").get(zone, _DEFAULT_REGION))


def looks_like_phone(text: str) -> bool:
    """Return whether a text may be a number or the end of one, and nothing else."""
    return _NOTATION.fullmatch(text) is not None and len(_digits(text)) >= SHORTEST


def phones_in(text: str, region: str) -> Iterator[Phone]:
    """Yield the numbers that a field holds: one, or several with marks between them."""
    start = 0
    for part in _BETWEEN.split(text):
        found = _phone(part, text.index(part, start), region)
        start = text.index(part, start) + len(part)
        if found is not None:
            yield found


def _phone(part: str, at: int, region: str) -> Phone | None:
    written = _EXTENSION.split(part)[0]
    digits = [
        Letter(letter.plain, letter.at + at)
        for letter in letters_of(written)
        if letter.plain.isdecimal()
    ]
    plain = "".join(digit.plain for digit in digits)
    if not plain:
        return None
    try:
        number = phonenumbers.parse(written, region)
    except NumberParseException:
        return Phone(plain, plain, digits)
    if number.extension:
        digits = digits[: -len(number.extension)]
        number.extension = None
    national = _digits(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))
    return Phone(_whole(number), national, digits)


def _whole(number: phonenumbers.PhoneNumber) -> str:
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"


def typed_as(text: str, regions: Iterable[str]) -> Sequence[str]:
    """Return what somebody may mean who types a number or its end: digits to compare with."""
    digits = _digits(text)
    if len(digits) < SHORTEST:
        return ()
    meant = {digits: None}
    for region in regions:
        try:
            number = phonenumbers.parse(text, region)
        except NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            meant[_whole(number)] = None
    return tuple(meant)


def _digits(text: str) -> str:
    return "".join(one.plain for one in letters_of(text) if one.plain.isdecimal())
