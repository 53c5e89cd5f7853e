"""A page of a list, and where the next one begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True):
    """Some entries of a list; `next_cursor` is None on the last page.

    `previous_cursor` is None on the first, and in lists that are walked in one direction only.
    """

    entries: tuple[T, ...]
    next_cursor: str | None
    previous_cursor: str | None = None


def page_of(found: Sequence[T], limit: int, cursor: Callable[[T], str]) -> Page[T]:
    """Return the page of up to `limit` entries, when one more than that was asked for."""
    shown = tuple(found[:limit])
    more = len(found) > limit
    return Page(shown, cursor(shown[-1]) if more else None)
