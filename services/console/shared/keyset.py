"""Walking a sorted list by its keys, forwards and backwards, from a signed place; never by offset.

All keys of an order go the same way, so that one index serves it in both directions, and a place is
compared as one row of values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeVar

from msgspec import Struct, structs

from services.console.shared.cursor import CursorSigner, CursorValue
from services.console.shared.paging import Page
from services.postgres.question import Question

T = TypeVar("T")

PlaceValue = str | int | date | datetime


class Key(NamedTuple):
    """One expression that a list is sorted by, and its type in SQL. It is never null."""

    expression: str
    sql_type: Literal["text", "bigint", "date", "timestamptz", "uuid"]


class Order(Struct, frozen=True):
    """What a list is sorted by, the last key making each place single; perhaps the other way."""

    keys: tuple[Key, ...]
    reverse: bool = False


class Walk(Struct, frozen=True):
    """Where a reader stands in a list, and in which direction the page lies that is asked for."""

    order: Order
    limit: int
    signer: CursorSigner
    query: str  # the list that cursors belong to
    place: tuple[CursorValue, ...] | None  # None: at the beginning
    backwards: bool

    @property
    def sorting(self) -> str:
        """Return the order in which rows are to be read."""
        way = " DESC" if self._downwards else ""
        return ", ".join(f"{key.expression}{way}" for key in self.order.keys)

    def go_on(self, question: Question) -> None:
        """Keep what lies beyond the place."""
        question.conditions += self.beyond(question)

    def beyond(self, question: Question) -> list[str]:
        """Return the condition on what lies beyond the place; at the beginning there is none."""
        if self.place is None:
            return []
        keys = ", ".join(key.expression for key in self.order.keys)
        values = ", ".join(
            f"{question.add(_read(key, value))}::{key.sql_type}"
            for key, value in zip(self.order.keys, self.place, strict=True)
        )
        return [f"({keys}) {'<' if self._downwards else '>'} ({values})"]

    def over(self, keys: tuple[Key, ...]) -> Walk:
        """Return the same walk over a part of the list that writes its keys otherwise."""
        return structs.replace(self, order=structs.replace(self.order, keys=keys))

    def page(self, found: Sequence[T], place_of: Callable[[T], tuple[PlaceValue, ...]]) -> Page[T]:
        """Return the page of what was read: one more than the limit was asked for."""
        shown = list(found[: self.limit])
        more = len(found) > self.limit
        if self.backwards:
            shown.reverse()
        if not shown:
            return Page((), None)
        before = more if self.backwards else self.place is not None
        after = True if self.backwards else more
        return Page(
            tuple(shown),
            self._sealed(place_of(shown[-1]), backwards=False) if after else None,
            self._sealed(place_of(shown[0]), backwards=True) if before else None,
        )

    @property
    def _downwards(self) -> bool:
        return self.order.reverse != self.backwards

    def _sealed(self, place: tuple[PlaceValue, ...], *, backwards: bool) -> str:
        return self.signer.seal(self.query, (int(backwards), *map(_written, place)))


def walk(order: Order, limit: int, signer: CursorSigner, query: str, cursor: str | None) -> Walk:
    """Return the walk to the page that a cursor names; without one, to the first.

    Raises: BadCursor.
    """
    if cursor is None:
        return Walk(order, limit, signer, query, None, backwards=False)
    shape = tuple(int if key.sql_type == "bigint" else str for key in order.keys)
    backwards, *place = signer.open(query, cursor, (int, *shape))
    return Walk(order, limit, signer, query, tuple(place), backwards=bool(backwards))


def _written(value: PlaceValue) -> CursorValue:
    return value.isoformat() if isinstance(value, date) else value


def _read(key: Key, value: CursorValue) -> PlaceValue:
    match key.sql_type:
        case "date":
            return date.fromisoformat(str(value))
        case "timestamptz":
            return datetime.fromisoformat(str(value))
    return value
