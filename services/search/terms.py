"""What somebody typed, taken apart; and whether a customer is meant by it, letter by letter."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from services.search.entries import Entry, Text
from services.search.letters import firsts, is_han, letters_of, plain_of, sounding
from services.search.phones import SHORTEST, looks_like_phone, typed_as

LONGEST = 120
_MOST_TERMS = 6

Span = tuple[int, int]


class Term(NamedTuple):
    """One part of what was typed: Chinese characters, or letters and digits; all must be meant."""

    plain: str
    is_han: bool
    numbers: tuple[str, ...] = ()  # as a telephone number or the end of one

    @property
    def may_end_reference(self) -> bool:
        """Return whether it may be the last four letters of an id or of a reference."""
        return len(self.plain) == SHORTEST and any(one.isdecimal() for one in self.plain)

    def spans_in(self, text: Text) -> Sequence[Span] | None:
        """Return where in a text it stands; None: it is not meant by it."""
        match text.field:
            case "id":
                return None if self.is_han else _at_end(self, text.text)
            case "name":
                return _in_name(self, text)
            case "phone":
                phones = text.phones if self.numbers else ()
                found = (phone.spans(number) for phone in phones for number in self.numbers)
                return next((spans for spans in found if spans is not None), None)


class Asked(NamedTuple):
    """What was typed."""

    terms: Sequence[Term]
    whole: str  # all letters and digits of it

    @property
    def reference(self) -> Term | None:
        """Return the whole of it as a reference; None: it has neither letter nor digit."""
        return Term(self.whole, is_han=False) if self.whole else None


class Found(NamedTuple):
    """Where in the texts of a customer stands what was typed, and whether one is just that."""

    spans: Sequence[tuple[Text, Sequence[Span]]]
    is_whole: bool


def asked_for(typed: str, regions: Collection[str]) -> Asked:
    """Take apart what was typed; `regions` are the countries whose notation may be meant."""
    typed = typed.strip()[:LONGEST]
    if looks_like_phone(typed):
        return Asked(list(_terms(typed, regions)), plain_of(typed))
    terms = [term for word in typed.split() for term in _terms(word, regions)]
    return Asked(list(dict.fromkeys(terms))[:_MOST_TERMS], plain_of(typed))


def _terms(word: str, regions: Collection[str]) -> Iterator[Term]:
    if looks_like_phone(word):
        numbers = tuple(typed_as(word, regions))
        yield Term(numbers[0], False, numbers)
        return
    for of_han, run in groupby(letters_of(word), key=lambda letter: is_han(letter.plain)):
        yield Term("".join(letter.plain for letter in run), of_han)


def find(asked: Asked, entry: Entry) -> Found | None:
    """Return where a customer's texts say all that was typed; None: another is meant."""
    whole = asked.reference
    spans: dict[int, list[Span]] = {}
    for i, text in enumerate(entry.texts):
        if whole and text.field == "id" and (some := whole.spans_in(text)):
            spans[i] = [*some]
    for term in () if spans else asked.terms:
        hits = [(i, term.spans_in(text)) for i, text in enumerate(entry.texts)]
        there = [(i, some) for i, some in hits if some is not None]
        if not there:
            return None
        for i, some in there:
            spans.setdefault(i, []).extend(some)
    found = [(entry.texts[i], sorted(set(some))) for i, some in sorted(spans.items())]
    return Found(found, any(_is_whole(asked, text) for text, _ in found)) if found else None


def _is_whole(asked: Asked, text: Text) -> bool:
    if text.field == "phone":
        meant = {number for term in asked.terms for number in term.numbers}
        return bool(meant) and any(not meant.isdisjoint(phone.names) for phone in text.phones)
    return text.plain == asked.whole


def _in_name(term: Term, text: Text) -> Sequence[Span] | None:
    units = text.units
    if term.is_han:
        characters = [unit for unit in units if unit.is_han]
        at = "".join(unit.plain for unit in characters).find(term.plain)
        if at < 0:
            return None
        return [(one.first, one.upto) for one in characters[at : at + len(term.plain)]]
    ways = ([unit.sounds for unit in units], [firsts(unit) for unit in units])
    found = (sounding(units, parts, term.plain) for parts in ways)
    span = next((one for one in found if one is not None), None)
    return None if span is None else [span]


def _at_end(term: Term, text: str) -> Sequence[Span] | None:
    """Return where an id or reference is, or ends with, what was typed."""
    letters = letters_of(text)
    plain = "".join(letter.plain for letter in letters)
    if plain == term.plain:
        return [(0, len(text))]
    if term.may_end_reference and plain.endswith(term.plain):
        return [(letters[-len(term.plain)].at, len(text))]
    return None


def reference_spans(term: Term, reference: str) -> Sequence[Span] | None:
    """Return where in a reference stands what was typed; None: another is meant."""
    return _at_end(term, reference)
