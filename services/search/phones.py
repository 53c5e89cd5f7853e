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

_PLAIN = r"[\d\s+().\-/·‐-―－（）＋．\uff10-\uff19]+"
_MARK = r"(?:转|轉|分机号?|分機號?|内线|內線|ext(?:ension)?\.?|[x*×＊#＃])"
_BEFORE = r"[-‐-―－(（]"
_EXTENDED = re.compile(rf"(.*\d\D*?)\s*{_MARK}+[\s:：.]*(\d{{1,6}})\D*", re.IGNORECASE)
_DASHED = re.compile(rf"(.*\d\W*?)\s*{_BEFORE}\s*(\d{{1,6}})\D*")
_NOTATION = re.compile(rf"{_PLAIN}(?:{_MARK}+[\s:：.]*\d{{1,6}}\s*)?", re.IGNORECASE)
_BETWEEN = re.compile(r"[,，、;；/|]|或")
_CHINA = 86
_WITH_CITY = re.compile(r"(?:10|2\d|[3-9]\d\d)[2-9]\d{6,7}")
_LOCAL = re.compile(r"(?![48]00)[2-9]\d{2,3}\s?\d{4}")
"""Chinese offices, whether `phonenumbers` knows them or not; what begins with 400 has no city."""

_DEFAULT_REGION = "CN"

NO_EXTENSION = "x"
"""Behind a number: the switchboard itself."""


class Phone(NamedTuple):
    """A number: as digits with the country's code, and as it is dialled within the country."""

    whole: str
    national: str
    digits: Sequence[Letter]  # as they were written, without those of the extension
    extension: Sequence[Letter] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return what means just this number: the switchboard's alone means it too."""
        extension = _joined(self.extension)
        if not extension:
            return self.whole, self.national, self.whole + NO_EXTENSION
        return self.whole, self.national, self.whole + extension, self.national + extension

    @property
    def ends(self) -> Iterator[str]:
        """Yield its last digits, and with its extension so many before that."""
        extension = _joined(self.extension)
        for n in range(SHORTEST, len(self.whole)):
            yield self.whole[-n:]
            if extension:
                yield self.whole[-n:] + extension

    def spans(self, typed: str) -> Sequence[tuple[int, int]] | None:
        """Return where the digits stand that what was typed names; None: it is another number."""
        if typed not in self.names and typed not in self.ends:
            return None
        number = typed.removesuffix(NO_EXTENSION)
        with_extension = not (number == self.national or self.whole.endswith(number))
        written = [*self.digits, *self.extension] if with_extension else self.digits
        return [(digit.at, digit.at + 1) for digit in written[-len(number) :]]


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
    written, extension = _apart(part, region)
    digits, more = (
        [Letter(one.plain, one.at + at) for one in letters_of(text) if one.plain.isdecimal()]
        for text in (written, part)
    )
    plain = _joined(digits)
    if not plain:
        return None
    more = more[-len(extension) :] if extension else []
    number = _parsed(written, region)
    if number is None:
        return Phone(plain, plain, digits, more)
    national = _digits(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))
    return Phone(_whole(number), national, digits, more)


def _apart(text: str, region: str) -> tuple[str, str]:
    """Return a number, and the digits of its extension as cards print it: none where it has none.

    `phonenumbers` refuses the Chinese words for it, and takes what stands behind a dash or in
    brackets for more digits of the number: so that is taken off where a number is left.
    """
    extended = _EXTENDED.fullmatch(text)
    if extended:
        return extended[1], _digits(extended[2])
    dashed = _DASHED.fullmatch(text)
    if dashed and _stands_alone(dashed[1], text, region):
        return dashed[1], _digits(dashed[2])
    return text, ""


def _stands_alone(written: str, text: str, region: str) -> bool:
    """Return whether a number is whole, and what follows it in the text not digits of it."""
    number = _parsed(written, region)
    if number is None:
        return False
    if number.country_code == _CHINA and (
        _WITH_CITY.fullmatch(str(number.national_number)) or _LOCAL.fullmatch(written.strip())
    ):
        return True
    if _is_valid(text, region):
        return False
    if phonenumbers.is_valid_number(number):
        return True
    return phonenumbers.is_possible_number(number) and not _is_possible(text, region)


def _is_valid(text: str, region: str) -> bool:
    number = _parsed(text, region)
    return number is not None and phonenumbers.is_valid_number(number)


def _is_possible(text: str, region: str) -> bool:
    number = _parsed(text, region)
    return number is not None and phonenumbers.is_possible_number(number)


def _parsed(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None


def _joined(digits: Iterable[Letter]) -> str:
    return "".join(digit.plain for digit in digits)


def _whole(number: phonenumbers.PhoneNumber) -> str:
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"


def typed_as(text: str, regions: Iterable[str]) -> Sequence[str]:
    """Return what somebody may mean who types a number or its end: digits to compare with."""
    digits = _digits(text)
    if len(digits) < SHORTEST:
        return ()
    meant = {digits: None}
    for region in regions:
        written, extension = _apart(text, region)
        number = _parsed(written, region)
        if number is not None and phonenumbers.is_possible_number(number):
            meant[_whole(number) + extension] = None
            if extension:
                meant[_whole(number) + NO_EXTENSION] = None
    return tuple(meant)


def _digits(text: str) -> str:
    return "".join(one.plain for one in letters_of(text) if one.plain.isdecimal())
