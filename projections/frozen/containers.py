"""Lists, dictionaries and sets of a frozen graph, which read their pages when looked at.

They do what those can do that projections ask of what grows with a dossier, and no more: there
is no `+`, no `sort`, no heap, and a list equals itself alone.
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
)
from typing import Any, Generic, Protocol, TypeVar, overload

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class Reader(Protocol):
    """Reads pages of a frozen graph."""

    page: int

    def read(self, start: int, end: int) -> Any:  # noqa: ANN401 - whatever a page holds
        """Return what a page holds."""
        ...

    def hashed(self, key: object) -> int | None:
        """Return a key's number as when it was frozen; none of a part that came later."""
        ...


class _Pages(Generic[T]):
    """The pages of a container."""

    def __init__(self, reader: Reader, length: int, ends: Sequence[int]) -> None:
        self._reader = reader
        self._ends = ends
        self._left = length  # on pages, read or not

    def _page(self, number: int) -> T:
        page: T = self._reader.read(self._ends[number], self._ends[number + 1])
        return page


class ThawedList(_Pages[list[T]], MutableSequence[T]):
    """A list, of which the front is read page by page."""

    def __init__(self, reader: Reader, length: int, ends: Sequence[int]) -> None:
        super().__init__(reader, length, ends)
        self._known: dict[int, list[T]] = {}  # pages read
        self._tail: list[T] = []  # what follows the pages

    def __len__(self) -> int:
        return self._left + len(self._tail)

    def _item(self, index: int) -> T:
        if index >= self._left:
            return self._tail[index - self._left]
        number, place = divmod(index, self._reader.page)
        page = self._known.get(number)
        if page is None:
            page = self._known[number] = self._page(number)
        return page[place]

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self._item(i) for i in range(*index.indices(len(self)))]
        i = range(len(self))[index]
        return self._item(i)

    def _whole(self) -> list[T]:
        """Return all of it as the tail, before something in the middle changes."""
        if self._left:
            self._tail = list(self)
            self._left = 0
            self._known.clear()
        return self._tail

    def __setitem__(self, index: Any, value: Any) -> None:  # noqa: ANN401 - an item, or several
        if isinstance(index, int) and 0 <= index < self._left:
            self._item(index)
            number, place = divmod(index, self._reader.page)
            self._known[number][place] = value
        else:
            self._whole()[index] = value

    def __delitem__(self, index: int | slice) -> None:
        del self._whole()[index]

    def insert(self, index: int, value: T) -> None:
        if index >= self._left:
            self._tail.insert(index - self._left, value)
        else:
            self._whole().insert(index, value)

    def append(self, value: T) -> None:
        self._tail.append(value)


class _Hashed(_Pages[list[Any]], Generic[K]):
    """Entries on pages by the hash of their key, each with its place in the order."""

    def __init__(self, reader: Reader, length: int, ends: Sequence[int]) -> None:
        super().__init__(reader, length, ends)
        self._known: dict[int, dict[K, list[Any]]] = {}  # pages read: place, value by key
        self._new: dict[K, Any] = {}  # what follows the pages

    def _page_of(self, key: object) -> dict[Any, list[Any]]:
        """Return the page on which a key would be."""
        hashed = self._reader.hashed(key) if self._left else None
        return {} if hashed is None else self._read(hashed % (len(self._ends) - 1))

    def _read(self, number: int) -> dict[K, list[Any]]:
        page = self._known.get(number)
        if page is None:
            entries = self._page(number)
            page = self._known[number] = {key: [place, *value] for place, key, *value in entries}
        return page

    def _ordered(self) -> list[K]:
        """Return the keys on pages in their order."""
        pages = [self._read(number) for number in range(len(self._ends) - 1)]
        found = [(entry[0], key) for page in pages for key, entry in page.items()]
        return [key for _, key in sorted(found, key=lambda pair: pair[0])]

    def __iter__(self) -> Iterator[K]:
        yield from self._ordered()
        yield from self._new

    def __len__(self) -> int:
        return self._left + len(self._new)


class ThawedDict(_Hashed[K], MutableMapping[K, V]):
    """A dictionary, of which entries are read when they are looked up."""

    def __getitem__(self, key: K) -> V:
        found: V = self._new[key] if key in self._new else self._page_of(key)[key][1]
        return found

    def __setitem__(self, key: K, value: V) -> None:
        page = self._page_of(key)
        if key in page:
            page[key][1] = value
        else:
            self._new[key] = value

    def __delitem__(self, key: K) -> None:
        if key in self._new:
            del self._new[key]
        else:
            del self._page_of(key)[key]
            self._left -= 1


class ThawedSet(_Hashed[K], MutableSet[K]):
    """A set, of which members are read when they are looked up."""

    def __contains__(self, key: object) -> bool:
        return key in self._new or key in self._page_of(key)

    def add(self, value: K) -> None:
        if value not in self._page_of(value):
            self._new[value] = None

    def discard(self, value: K) -> None:
        if value in self._new:
            del self._new[value]
        elif self._page_of(value).pop(value, None) is not None:
            self._left -= 1


KINDS: Mapping[type, str] = {
    list: "list", dict: "dict", set: "set",
    ThawedList: "list", ThawedDict: "dict", ThawedSet: "set",
}  # fmt: skip
"""What kind of container a class is."""

THAWED: Mapping[str, Callable[..., object]] = {
    "list": ThawedList,
    "dict": ThawedDict,
    "set": ThawedSet,
}
"""The class of a kind of container that was frozen."""
