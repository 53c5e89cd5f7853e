"""Letters as they are compared: one case, one width, one script of Chinese; and how they sound.

Texts are compared letter by letter, so that each letter of the result knows the one that it came
from. Sources: Unicode NFKC and case folding; OpenCC for traditional characters; pypinyin for how
a character may be read, every reading of it, since names have their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from opencc import OpenCC


SOUND_LETTERS = 10
"""Of what is typed as sounds, so many letters are looked up; the rest is compared."""

INITIALS = 6
"""Likewise of first letters."""

_MARKS = {"Mn", "Me", "Cf"}
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇]")


class Letter(NamedTuple):
    """A letter or digit as it is compared, and where it stood in the text."""

    plain: str
    at: int


class Unit(NamedTuple):
    """A Chinese character with its readings, or a word of other letters; and where it stands."""

    plain: str
    sounds: tuple[str, ...]
    first: int
    upto: int
    is_han: bool


def is_han(letter: str) -> bool:
    """Return whether a letter is a Chinese character."""
    return _HAN.match(letter) is not None


def letters_of(text: str) -> Sequence[Letter]:
    """Return the letters and digits of a text as they are compared; nothing else counts."""
    return [
        Letter(plain, at)
        for at, letter in enumerate(text)
        for plain in _plain(letter)
        if plain.isalnum() or is_han(plain)
    ]


def plain_of(text: str) -> str:
    """Return the same as one text: two that are alike here are alike to whoever searches."""
    return "".join(letter.plain for letter in letters_of(text))


@lru_cache(maxsize=50_000)
def _plain(letter: str) -> str:
    folded = unicodedata.normalize("NFKC", letter).casefold()
    if is_han(folded):
        return str(_simplified().convert(folded))
    bare = unicodedata.normalize("NFD", folded)
    kept = "".join(one for one in bare if unicodedata.category(one) not in _MARKS)
    return unicodedata.normalize("NFC", kept)


@cache
def _simplified() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")


@lru_cache(maxsize=4_000)  # many people are called alike
def units_of(text: str) -> Sequence[Unit]:
    """Return the characters and words of a name."""
    units: list[Unit] = []
    behind = -1  # where the last letter of the word stood
    for plain, at in letters_of(text):
        if is_han(plain):
            units.append(Unit(plain, _readings(plain), at, at + 1, True))
        elif units and not units[-1].is_han and _is_joined(text[behind + 1 : at]):
            word = units[-1].plain + plain
            units[-1] = Unit(word, (word,), units[-1].first, at + 1, False)
        else:
            units.append(Unit(plain, (plain,), at, at + 1, False))
        behind = at
    return tuple(units)


def _is_joined(between: str) -> bool:
    """Return whether nothing but accents stands between two letters."""
    return all(unicodedata.category(one) in _MARKS for one in between)


@lru_cache(maxsize=20_000)
def _readings(character: str) -> tuple[str, ...]:
    """Return every reading of a character without tones; ü is written v, u or yu."""
    from pypinyin import Style, pinyin  # 55 MB of tables: only for whoever looks sounds up

    [found] = pinyin(character, style=Style.NORMAL, heteronym=True)
    written: dict[str, None] = {}
    for reading in found:
        for one in (reading, reading.replace("v", "u"), reading.replace("v", "yu")):
            plain = plain_of(one)
            if plain and not is_han(plain[0]):
                written[plain] = None
    return tuple(written)


def sounds_from(units: Sequence[Unit]) -> frozenset[str]:
    """Return all beginnings of what units may sound like, up to `SOUND_LETTERS`."""
    return _beginnings(tuple(unit.sounds for unit in units[:SOUND_LETTERS]), SOUND_LETTERS)


def initials_from(units: Sequence[Unit]) -> frozenset[str]:
    """Return all beginnings of the first letters of units, up to `INITIALS`."""
    return _beginnings(tuple(firsts(unit) for unit in units[:INITIALS]), INITIALS)


def firsts(unit: Unit) -> tuple[str, ...]:
    """Return the first letters of a unit's readings."""
    return tuple({sound[:1]: None for sound in unit.sounds})


@lru_cache(maxsize=20_000)  # of companies' names the ends are alike
def _beginnings(parts: tuple[tuple[str, ...], ...], most: int) -> frozenset[str]:
    """Return every beginning of so many letters of the parts, one after the other."""
    found: set[str] = set()
    whole = {""}
    for part in parts:
        longer = {one + sound for one in whole for sound in part}
        for one in longer:
            found.update(one[:n] for n in range(1, min(len(one), most) + 1))
        whole = {one for one in longer if len(one) < most}
        if not whole:
            break
    return frozenset(found)


def sounding(
    units: Sequence[Unit], parts: Sequence[tuple[str, ...]], typed: str
) -> tuple[int, int] | None:
    """Return where the units stand that what was typed is a beginning of; None: nowhere."""
    for i in range(len(units)):
        upto = _sounding_from(units, parts, typed, i)
        if upto is not None:
            return units[i].first, upto
    return None


def _sounding_from(
    units: Sequence[Unit], parts: Sequence[tuple[str, ...]], typed: str, i: int
) -> int | None:
    if i == len(units):
        return None
    for part in parts[i]:
        if part.startswith(typed):
            return units[i].upto if units[i].is_han else units[i].first + len(typed)
        if part and typed.startswith(part):
            upto = _sounding_from(units, parts, typed[len(part) :], i + 1)
            if upto is not None:
                return upto
    return None
