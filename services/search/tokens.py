"""The keyed tokens under which customers are found: nobody without the key can tell what they are.

A token is the beginning of the HMAC-SHA-256 of a kind and a text, under a key of the company's
that the vault derives. Where two texts share a token, what is opened tells them apart.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from services.ports import Vault
from services.search.entries import Entry, Text
from services.search.letters import (
    INITIALS,
    SOUND_LETTERS,
    Unit,
    initials_from,
    plain_of,
    sounds_from,
    units_of,
)
from services.search.phones import SHORTEST, Phone
from services.search.terms import Asked, Term

_SUBJECT = "search:tokens"
"""A subject that nobody is: its key makes the tokens."""

_CONTENT = b"makes the tokens of the search index"
_BYTES = 8


class Kind(StrEnum):
    """What a token stands for."""

    CHARACTER = "c"
    PAIR = "cc"  # two characters that follow each other
    SOUNDS = "s"  # a beginning
    INITIALS = "i"  # a beginning
    WHOLE = "w"  # a whole name, id or number
    PHONE = "p"  # an end
    ID = "n"
    ENDING = "e"  # the last four letters of an id or reference
    BRANCH = "b"
    REFERENCE = "r"
    ACCOUNT = "a"  # of a payer's bank; apart from all that is typed into the search


_PARTS = frozenset({Kind.CHARACTER, Kind.PAIR, Kind.SOUNDS, Kind.INITIALS})
"""Of names: many share them, so that they are remembered."""

_KEPT = 100_000
_NAMES_KEPT = 4_000
"""A few hundred tokens each; many people are called alike, and a customer is written again."""


class Tokens:
    """Makes tokens under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._part = lru_cache(maxsize=_KEPT)(self._made)
        self._name = lru_cache(maxsize=_NAMES_KEPT)(self._of_name)

    def of(self, kind: Kind, text: str) -> int:
        """Return a text's token."""
        return self._part(kind, text) if kind in _PARTS else self._made(kind, text)

    def _made(self, kind: Kind, text: str) -> int:
        mac = hmac.digest(self._key, f"{kind}\x00{text}".encode(), "sha256")
        return int.from_bytes(mac[:_BYTES], "big", signed=True)

    def of_entry(self, entry: Entry, branch_id: str | None) -> list[int]:
        """Return all tokens under which a customer of a branch is found."""
        found = {self.of(Kind.BRANCH, branch_id or "")}
        for text in entry.texts:
            found.update(self._name(text.text) if text.field == "name" else self._of_text(text))
        return sorted(found)

    def _of_name(self, name: str) -> frozenset[int]:
        whole = self.of(Kind.WHOLE, plain_of(name))
        return frozenset({whole, *(self.of(*pair) for pair in set(_in_name(units_of(name))))})

    def _of_text(self, text: Text) -> set[int]:
        return {self.of(kind, one) for kind, one in set(_texts_of(text))}

    def of_term(self, term: Term) -> tuple[list[int], list[int]]:
        """Return the tokens of which a customer must have all, and of which it must have any."""
        if term.is_han:
            pairs = [self.of(Kind.PAIR, a + b) for a, b in pairwise(term.plain)]
            return pairs or [self.of(Kind.CHARACTER, term.plain)], []
        any_of = [
            self.of(Kind.SOUNDS, term.plain[:SOUND_LETTERS]),
            self.of(Kind.INITIALS, term.plain[:INITIALS]),
            self.of(Kind.ID, term.plain),
            *(self.of(Kind.PHONE, number) for number in term.numbers),
        ]
        if term.may_end_reference:
            any_of.append(self.of(Kind.ENDING, term.plain[-SHORTEST:]))
        return [], any_of

    def of_whole(self, asked: Asked) -> list[int]:
        """Return the tokens of customers of whom something is just what was typed."""
        numbers = {number for term in asked.terms for number in term.numbers}
        return [self.of(Kind.WHOLE, one) for one in sorted({asked.whole, *numbers} - {""})]

    def of_reference(self, plain: str) -> tuple[int, int]:
        """Return the token of a reference, and that of its end."""
        return self.of(Kind.REFERENCE, plain), self.of(Kind.ENDING, plain[-SHORTEST:])


def _texts_of(text: Text) -> Iterator[tuple[Kind, str]]:
    """Yield what an id or a number is found by."""
    match text.field:
        case "id":
            plain = text.plain
            yield Kind.ID, plain
            yield Kind.WHOLE, plain
            yield Kind.ENDING, plain[-SHORTEST:]
        case "phone":
            for phone in text.phones:
                yield from _of_phone(phone)


def _in_name(units: Sequence[Unit]) -> Iterator[tuple[Kind, str]]:
    characters = [unit.plain for unit in units if unit.is_han]
    yield from ((Kind.CHARACTER, one) for one in characters)
    yield from ((Kind.PAIR, a + b) for a, b in pairwise(characters))
    for i in range(len(units)):
        yield from ((Kind.SOUNDS, one) for one in sounds_from(units[i:]))
        yield from ((Kind.INITIALS, one) for one in initials_from(units[i:]))


def _of_phone(phone: Phone) -> Iterator[tuple[Kind, str]]:
    for name in phone.names:
        yield Kind.WHOLE, name
        yield Kind.PHONE, name
    yield from ((Kind.PHONE, end) for end in phone.ends)


async def tokens_of(vault: Vault) -> Tokens:
    """Return what makes tokens: the same key in every process. Raises: Unavailable."""
    return Tokens(await vault.digest(_SUBJECT, _CONTENT))
