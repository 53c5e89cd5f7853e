"""Saved views: of however many, few filters are counted."""

from __future__ import annotations

from typing import Any, cast

from services.console.shared.lists import SavedList
from services.console.shared.parameters import Parameters
from services.console.shared.reading import Reader
from services.console.shared.saved_views import MOST_COUNTED, SavedView, counted


def view(n: int, query: str) -> SavedView:
    return SavedView(str(n), "customers", f"view {n}", query, "SH-S4", "private", None)


class Name(Parameters):
    name: str


async def test_of_many_views_few_filters_are_counted_and_the_same_one_once() -> None:
    asked: list[str] = []

    async def count(_: Reader, given: Name, cap: int) -> int:
        asked.append(given.name)
        return min(int(given.name), cap)

    kind: SavedList[Any] = SavedList("customers", "/customers", Name, count)
    views = [view(n, f"name={n // 2}") for n in range(200)]
    found = await counted(cast("Reader", None), kind, views)
    assert asked == [str(n) for n in range(MOST_COUNTED)]
    assert [one.view for one in found] == views
    told, rest = found[: 2 * MOST_COUNTED], found[2 * MOST_COUNTED :]
    assert [one.count for one in told] == [n // 2 for n in range(2 * MOST_COUNTED)]
    assert all(one.is_counted for one in told)
    assert {(one.count, one.is_counted) for one in rest} == {(None, False)}
