"""What was worked out of a long dossier, as bytes of which only what is asked for is read again.

`freeze` writes a graph of objects page by page; `thaw` gives it back at once, with a ghost in
place of each part and containers that read their pages when they are looked at. What a new event
does not touch stays bytes, so that a customer with a hundred thousand touchpoints is brought
back about as soon as one with a hundred.

A projection names its parts (objects that others point to) and which attributes grow with the
dossier: its anatomy. Nothing mutable that is neither may be pointed to from two pages, as it
would become two: that is looked for, and refused.
"""

from __future__ import annotations

import pickle
import zlib
from bisect import bisect_right
from collections.abc import (
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
)
from datetime import date, datetime, timedelta, tzinfo
from enum import Enum
from functools import cache
from io import BytesIO
from itertools import accumulate, islice, pairwise
from typing import Any, Generic, NamedTuple, TypeVar, overload
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from events.calendars import zone
from events.envelope import Envelope, Position, RecordedEvent
from events.policy import Reference
from events.touchpoints import touchpoint_type
from projections.protocol import Anatomy, Facts, Row

PAGE = 64
"""Parts, or entries of a container, in one page."""

_FAST = 1  # zlib's level
_UNSET = ...  # a slot that has no value
TRUSTED = ("projections.", "events.", "datetime")
_TRUSTED_NAMES = frozenset(
    {
        ("builtins", "object"), ("builtins", "set"), ("builtins", "frozenset"),
        ("builtins", "Ellipsis"), ("copyreg", "__newobj__"), ("copyreg", "_reconstructor"),
        ("collections", "Counter"), ("collections", "defaultdict"), ("collections", "OrderedDict"),
        ("itertools", "count"), ("msgspec._utils", "rebuild"),
    }
)  # fmt: skip


_INERT: tuple[Any, ...] = (
    tuple, Struct, str, bytes, int, float, frozenset, date, timedelta, tzinfo, Enum, Callable,
    type(None), type(...),
)  # fmt: skip
"""What may be written whole wherever it is met: nothing changes it."""


class Unfreezable(Exception):
    """Something mutable is pointed to from several pages; the message says what."""


class Unthawable(Exception):
    """The bytes are not those of a graph that was frozen."""


class _Frozen(Struct, array_like=True):
    """A container on pages: a list's items in order, else entries by the hash of their key."""

    kind: str
    length: int
    sizes: list[int]  # bytes of each page


class _Head(Struct, array_like=True):
    """What stands before the pages, which follow in this order."""

    page: int  # list items on each page but the last
    root: int  # bytes
    firsts: list[int]  # the first part on each page of parts
    parts: list[int]  # bytes of each of them
    containers: list[_Frozen]


T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
_Container = list[Any] | dict[Any, Any] | set[Any]

_packer = msgspec.msgpack.Encoder()
_heads = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(_Head)


# --- freezing ---


class _Stub(NamedTuple):
    """Stands where a container on pages of its own was."""

    place: int


class _Freezer:
    """Writes one graph: the root, then parts and containers as they are met."""

    def __init__(self, anatomy: Anatomy, reference: Reference) -> None:
        self.parts: list[object] = []
        self.containers: list[Any] = []
        self.reductions: dict[type, Callable[[Any], Any]] = {
            **dict.fromkeys(anatomy.parts, self._part),
            Reference: self._rules,
            ZoneInfo: _zone,
            RecordedEvent: _event,
            _Stub: lambda stub: (_container, (stub.place,)),
        }
        self._kinds = {kind: number for number, kind in enumerate(anatomy.parts)}
        self._slots = {kind: _slots(kind) for kind in anatomy.parts}
        self._long = {Facts: Facts.LONG, **anatomy.long}
        self._reference = reference
        self._numbers: dict[int, int] = {}  # of parts, by id: `parts` keeps them alive
        self._places: dict[int, int] = {}  # of containers, by id
        self._seen: dict[int, tuple[int, object]] = {}  # what is mutable, and its page
        self._page = 0

    def contain(self, container: object) -> _Stub:
        """Write a container on pages of its own; return what stands in its place."""
        place = self._places.get(id(container))
        if place is None:
            place = self._places[id(container)] = len(self.containers)
            self.containers.append(container)
        return _Stub(place)

    def page(self, content: object) -> bytes:
        """Return a page. Raises: Unfreezable."""
        buffer = BytesIO()
        _Pickler(buffer, self.reductions, self._reduction_of).dump(content)
        self._page += 1
        return zlib.compress(buffer.getbuffer(), _FAST)

    def state(self, part: object) -> tuple[object, ...]:
        """Return the kind of a part and the values of its slots."""
        kind = type(part)
        long = self._long.get(kind, ())
        values: list[Any] = [self._kinds[kind]]
        for slot in self._slots[kind]:
            value = getattr(part, slot, _UNSET)
            if type(value) in _KINDS:
                value = self.contain(value) if slot in long else self._once(value)
            values.append(value)
        return tuple(values)

    def entries(self, container: _Container) -> Iterator[list[object]]:
        """Yield the content of each page of a container."""
        kind = _KINDS[type(container)]
        if kind == "list":
            items = iter(container)
            while some := list(islice(items, PAGE)):
                yield some
            return
        pages: list[list[object]] = [[] for _ in range(-(-len(container) // PAGE))]
        for number, key in enumerate(container):
            entry: tuple[object, ...] = (number, key)
            if kind == "dict":
                value = container[key]  # type: ignore[index]
                entry = (number, key, self._once(value) if type(value) in _KINDS else value)
            pages[self._hashed(key) % len(pages)].append(entry)
        yield from pages

    def _hashed(self, key: object) -> int:
        return _hashed(key) if isinstance(key, _INERT) else self._number(key)

    def _once(self, one: T) -> T:
        """Refuse what is mutable and was written on another page already."""
        page, _ = self._seen.setdefault(id(one), (self._page, one))
        if page != self._page:
            raise Unfreezable(f"a {type(one).__name__} is pointed to from two pages")
        return one

    def _reduction_of(self, kind: type) -> Callable[[Any], Any]:
        """Return how objects of a kind that was not met before are written."""
        ours = kind.__module__.startswith(("projections.", "events."))
        if issubclass(kind, _Ghost):
            found: Callable[[Any], Any] = self._ghost
        elif issubclass(kind, Row):
            found = _row
        elif issubclass(kind, _INERT) or (ours and kind.__reduce__ is not object.__reduce__):
            found = _as_it_is
        else:
            found = self._owner
        self.reductions[kind] = found
        return found

    def _number(self, part: object) -> int:
        number = self._numbers.get(id(part))
        if number is None:
            if isinstance(part, _Ghost):
                getattr(part, "", None)  # looked at, it is no ghost any more
            number = self._numbers[id(part)] = len(self.parts)
            self.parts.append(part)
        return number

    def _part(self, part: object) -> object:
        return _part, (self._number(part), self._kinds[type(part)])

    def _ghost(self, ghost: object) -> object:
        self._number(ghost)
        return self._part(ghost)

    def _owner(self, one: object) -> object:
        """Write an object that only one page may point to."""
        kind = type(self._once(one))
        long = self._long.get(kind)
        if long is None:
            return NotImplemented
        state = {}
        for name in (*_slots(kind), *getattr(one, "__dict__", ())):
            value = getattr(one, name, _UNSET)
            if type(value) in _KINDS:
                value = self.contain(value) if name in long else self._once(value)
            state[name] = value
        return _made, (kind,), state, None, None, _set

    def _rules(self, reference: Reference) -> object:
        if reference is not self._reference:
            raise Unfreezable("other rules than those in force")
        return _rules, ()


class _Pickler(pickle.Pickler):
    def __init__(
        self,
        buffer: BytesIO,
        reductions: dict[type, Callable[[Any], Any]],
        reduction_of: Callable[[type], Callable[[Any], Any]],
    ) -> None:
        super().__init__(buffer, pickle.HIGHEST_PROTOCOL)
        self._reductions = reductions
        self._reduction_of = reduction_of

    def reducer_override(self, obj: object) -> Any:  # noqa: ANN401 - a reduction
        kind = type(obj)
        return (self._reductions.get(kind) or self._reduction_of(kind))(obj)


def _as_it_is(_one: object) -> object:
    return NotImplemented


def _zone(one: ZoneInfo) -> object:
    return zone, (one.key,)


def _event(event: RecordedEvent) -> object:
    data = event.data
    parts = (event.envelope, event.position, event.recorded_at, data)
    return _recorded, (data.event_type, _packer.encode(parts))


def _recorded(event_type: str, packed: bytes) -> RecordedEvent:
    return RecordedEvent(*_event_decoder(event_type).decode(packed))


@cache
def _event_decoder(event_type: str) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(
        tuple[Envelope, Position, datetime, touchpoint_type(event_type)]  # type: ignore[misc]
    )


def _row(row: Row) -> object:
    return _row_of, (type(row), _packer.encode(row))


def _row_of(kind: type[Row], packed: bytes) -> Row:
    return _row_decoder(kind).decode(packed)


@cache
def _row_decoder(kind: type[Row]) -> msgspec.msgpack.Decoder[Row]:
    return msgspec.msgpack.Decoder(kind)


def _made(kind: type[T]) -> T:
    return object.__new__(kind)


def _set(one: object, state: Mapping[str, object]) -> None:
    for name, value in state.items():
        if value is not _UNSET:
            setattr(one, name, value)


def _hashed(key: object) -> int:
    return zlib.crc32(repr(key).encode())


def _slots(kind: type) -> tuple[str, ...]:
    return tuple(
        slot for base in reversed(kind.__mro__) for slot in base.__dict__.get("__slots__", ())
    )


def _part(number: int, kind: int) -> object:
    raise AssertionError("the thawer stands in for it")


def _container(place: int) -> object:
    raise AssertionError("the thawer stands in for it")


def _rules() -> object:
    raise AssertionError("the thawer stands in for it")


async def freeze(
    root: object,
    anatomy: Anatomy,
    reference: Reference,
    turn: Callable[[], Awaitable[None]],
    long: Iterable[object] = (),
) -> bytes:
    """Return a graph as bytes, with containers that have grown beside the root.

    Nothing of it may change meanwhile; `turn` is awaited between pages. Raises: Unfreezable.
    """
    freezer = _Freezer(anatomy, reference)
    written = freezer.page((root, [freezer.contain(container) for container in long]))
    firsts: list[int] = []
    parts: list[bytes] = []
    frozen: list[_Frozen] = []
    pages: list[bytes] = []
    done = 0
    while True:
        await turn()
        waiting = len(freezer.parts) - done
        if waiting >= PAGE or (waiting and len(frozen) == len(freezer.containers)):
            some = freezer.parts[done : done + PAGE]
            parts.append(freezer.page([freezer.state(part) for part in some]))
            firsts.append(done)
            done += len(some)
        elif len(frozen) < len(freezer.containers):
            container = freezer.containers[len(frozen)]
            sizes = []
            for entries in freezer.entries(container):
                pages.append(freezer.page(entries))
                sizes.append(len(pages[-1]))
                await turn()
            frozen.append(_Frozen(_KINDS[type(container)], len(container), sizes))
        else:
            break
    part_sizes = [len(page) for page in parts]
    head = _heads[0].encode(_Head(PAGE, len(written), firsts, part_sizes, frozen))
    body = b"".join((len(head).to_bytes(4), head, written, *parts, *pages))
    return zlib.crc32(body).to_bytes(4) + body


# --- thawing ---


class _Ghost:
    """A part that was not read yet: looking at it makes it one."""

    __slots__ = ()


class _Thawer:
    """A frozen graph, of which pages are read when something on them is asked for."""

    def __init__(self, frozen: bytes, anatomy: Anatomy, reference: Reference) -> None:
        self._bytes = memoryview(frozen)[4:]
        if zlib.crc32(self._bytes) != int.from_bytes(frozen[:4]):
            raise Unthawable("the checksum differs")
        size = int.from_bytes(self._bytes[:4])
        head = _heads[1].decode(self._bytes[4 : 4 + size])
        self.reference = reference
        self._ghosts = [self._ghost_of(kind) for kind in anatomy.parts]
        self._slots = [_slots(kind) for kind in anatomy.parts]
        self._kinds = anatomy.parts
        self._parts: dict[int, object] = {}  # by number; those not read yet are ghosts
        self._numbers: dict[int, int] = {}  # of parts, by id: `_parts` keeps them alive
        self._firsts = head.firsts
        self.page = head.page
        start = 4 + size
        self._root_at = (start, start + head.root)
        ends = [*accumulate(head.parts, initial=start + head.root)]
        self._parts_at = [*pairwise(ends)]
        self._containers: dict[int, object] = {}
        self._frozen: list[tuple[_Frozen, int]] = []
        start = ends[-1]
        for container in head.containers:
            self._frozen.append((container, start))
            start += sum(container.sizes)

    def root(self) -> object:
        """Return what the graph begins with."""
        return self.read(*self._root_at)

    def read(self, start: int, end: int) -> Any:  # noqa: ANN401 - whatever a page holds
        """Return what a page holds."""
        return _Unpickler(BytesIO(zlib.decompress(self._bytes[start:end])), self).load()

    def part(self, number: int, kind: int) -> object:
        """Return a part, which may be a ghost."""
        part = self._parts.get(number)
        if part is None:
            ghost = self._ghosts[kind]
            part = self._parts[number] = object.__new__(ghost)
            self._numbers[id(part)] = number
        return part

    def container(self, place: int) -> object:
        """Return a container, none of whose pages is read yet."""
        container = self._containers.get(place)
        if container is None:
            frozen, start = self._frozen[place]
            ends = [*accumulate(frozen.sizes, initial=start)]
            container = _THAWED[frozen.kind](self, frozen.length, ends)
            self._containers[place] = container
        return container

    def hashed(self, key: object) -> int | None:
        """Return a key's number as when it was frozen; none of a part that came later."""
        return _hashed(key) if isinstance(key, _INERT) else self._numbers.get(id(key))

    def _ghost_of(self, kind: type) -> type:
        def look(ghost: object, name: str) -> object:
            self._bring(ghost)
            return getattr(ghost, name)

        return type(kind.__name__, (kind, _Ghost), {"__slots__": (), "__getattr__": look})

    def _bring(self, ghost: object) -> None:
        """Read the page of a part; what was set on a ghost before stays so."""
        page = bisect_right(self._firsts, self._numbers[id(ghost)]) - 1
        for number, (kind, *state) in enumerate(
            self.read(*self._parts_at[page]), self._firsts[page]
        ):
            known = number in self._parts
            part = self.part(number, kind)
            part.__class__ = self._kinds[kind]
            for slot, value in zip(self._slots[kind], state, strict=True):
                if value is not _UNSET and not (known and hasattr(part, slot)):
                    setattr(part, slot, value)


class _Unpickler(pickle.Unpickler):
    def __init__(self, buffer: BytesIO, thawer: _Thawer) -> None:
        super().__init__(buffer)
        self._thawer = thawer

    def find_class(self, module: str, name: str) -> object:
        if module == __name__ and name in _STAND_INS:
            return _STAND_INS[name](self._thawer)
        if module.startswith(TRUSTED) or (module, name) in _TRUSTED_NAMES:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a frozen graph")


class _Pages(Generic[T]):
    """The pages of a container."""

    def __init__(self, thawer: _Thawer, length: int, ends: Sequence[int]) -> None:
        self._thawer = thawer
        self._ends = ends
        self._left = length  # on pages, read or not

    def _page(self, number: int) -> T:
        page: T = self._thawer.read(self._ends[number], self._ends[number + 1])
        return page


class _List(_Pages[list[T]], MutableSequence[T]):
    """A list, of which the front is read page by page."""

    def __init__(self, thawer: _Thawer, length: int, ends: Sequence[int]) -> None:
        super().__init__(thawer, length, ends)
        self._known: dict[int, list[T]] = {}  # pages read
        self._tail: list[T] = []  # what follows the pages

    def __len__(self) -> int:
        return self._left + len(self._tail)

    def _item(self, index: int) -> T:
        if index >= self._left:
            return self._tail[index - self._left]
        number, place = divmod(index, self._thawer.page)
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
            number, place = divmod(index, self._thawer.page)
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

    def __init__(self, thawer: _Thawer, length: int, ends: Sequence[int]) -> None:
        super().__init__(thawer, length, ends)
        self._known: dict[int, dict[K, list[Any]]] = {}  # pages read: place, value by key
        self._new: dict[K, Any] = {}  # what follows the pages

    def _page_of(self, key: object) -> dict[Any, list[Any]]:
        """Return the page on which a key would be."""
        hashed = self._thawer.hashed(key) if self._left else None
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


class _Dict(_Hashed[K], MutableMapping[K, V]):
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


class _Set(_Hashed[K], MutableSet[K]):
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


_STAND_INS: Mapping[str, Callable[[_Thawer], Any]] = {
    "_part": lambda thawer: thawer.part,
    "_container": lambda thawer: thawer.container,
    "_rules": lambda thawer: lambda: thawer.reference,
}
_KINDS: Mapping[type, str] = {
    list: "list", dict: "dict", set: "set", _List: "list", _Dict: "dict", _Set: "set",
}  # fmt: skip
_THAWED: Mapping[str, Callable[..., object]] = {"list": _List, "dict": _Dict, "set": _Set}


def thaw(frozen: bytes, anatomy: Anatomy, reference: Reference) -> Any:  # noqa: ANN401 - whatever was frozen
    """Return the root that was frozen under the same rules, and the containers beside it.

    Raises: Unthawable.
    """
    try:
        return _Thawer(frozen, anatomy, reference).root()
    except (pickle.UnpicklingError, msgspec.DecodeError, zlib.error, EOFError) as error:
        raise Unthawable(str(error)) from error
