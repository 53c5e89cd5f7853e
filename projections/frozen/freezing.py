"""Writing a graph of objects on pages."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from io import BytesIO
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from events.calendars import zone
from events.facts import Fact
from events.policy import Reference
from projections.frozen.containers import KINDS
from projections.frozen.pages import (
    INERT,
    UNSET,
    Frozen,
    Ghost,
    Head,
    a_container,
    a_part,
    fact_as_written,
    fill,
    hashed,
    made,
    row_as_written,
    slots_of,
    the_rules,
)
from projections.protocol import Anatomy, Facts, Row

PAGE = 64
"""Parts, or entries of a container, on one page."""

_FAST = 1  # zlib's level

T = TypeVar("T")
_Container = list[Any] | dict[Any, Any] | set[Any]
_packer = msgspec.msgpack.Encoder()


class Unfreezable(Exception):
    """Something mutable is pointed to from several pages; the message says what."""


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
            Fact: fact_as_written,
            _Stub: lambda stub: (a_container, (stub.place,)),
        }
        self._kinds = {kind: number for number, kind in enumerate(anatomy.parts)}
        self._slots = {kind: slots_of(kind) for kind in anatomy.parts}
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
            value = getattr(part, slot, UNSET)
            if type(value) in KINDS:
                value = self.contain(value) if slot in long else self._once(value)
            values.append(value)
        return tuple(values)

    def entries(self, content: _Container) -> Iterator[list[object]]:
        """Yield the content of each page of a container."""
        kind = KINDS[type(content)]
        if kind == "list":
            items = iter(content)
            while some := list(islice(items, PAGE)):
                yield some
            return
        pages: list[list[Any]] = [[] for _ in range(-(-len(content) // PAGE))]
        for number, key in enumerate(content):
            entry: tuple[object, ...] = (number, key)
            if kind == "dict":
                entry = (number, key, content[key])  # type: ignore[index]
            pages[self._hashed(key) % len(pages)].append(entry)
        for page in pages:
            if kind == "dict":
                for _, _, value in page:
                    if type(value) in KINDS:
                        self._once(value)
            yield page

    def _hashed(self, key: object) -> int:
        return hashed(key) if isinstance(key, INERT) else self._number(key)

    def _once(self, one: T) -> T:
        """Refuse what is mutable and was written on another page already."""
        page, _ = self._seen.setdefault(id(one), (self._page, one))
        if page != self._page:
            raise Unfreezable(f"a {type(one).__name__} is pointed to from two pages")
        return one

    def _reduction_of(self, kind: type) -> Callable[[Any], Any]:
        """Return how objects of a kind that was not met before are written."""
        ours = kind.__module__.startswith(("projections.", "events."))
        if issubclass(kind, Ghost):
            found: Callable[[Any], Any] = self._ghost
        elif issubclass(kind, Row):
            found = row_as_written
        elif issubclass(kind, INERT) or (ours and kind.__reduce__ is not object.__reduce__):
            found = _as_it_is
        else:
            found = self._owner
        self.reductions[kind] = found
        return found

    def _number(self, part: object) -> int:
        number = self._numbers.get(id(part))
        if number is None:
            if isinstance(part, Ghost):
                getattr(part, "", None)  # looked at, it is no ghost any more
            number = self._numbers[id(part)] = len(self.parts)
            self.parts.append(part)
        return number

    def _part(self, part: object) -> object:
        return a_part, (self._number(part), self._kinds[type(part)])

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
        for name in (*slots_of(kind), *getattr(one, "__dict__", ())):
            value = getattr(one, name, UNSET)
            if type(value) in KINDS:
                value = self.contain(value) if name in long else self._once(value)
            state[name] = value
        return made, (kind,), state, None, None, fill

    def _rules(self, reference: Reference) -> object:
        if reference is not self._reference:
            raise Unfreezable("other rules than those in force")
        return the_rules, ()


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
    frozen: list[Frozen] = []
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
            frozen.append(Frozen(KINDS[type(container)], len(container), sizes))
        else:
            break
    part_sizes = [len(page) for page in parts]
    head = _packer.encode(Head(PAGE, len(written), firsts, part_sizes, frozen))
    body = b"".join((len(head).to_bytes(4), head, written, *parts, *pages))
    return zlib.crc32(body).to_bytes(4) + body
