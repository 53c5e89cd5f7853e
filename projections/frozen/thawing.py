"""Bringing a frozen graph back, as far as it is looked at.

A page may name classes of events and projections, those of the standard library that memos are
made of, and a few functions: whoever could write to the snapshots could spoil figures by it, and
no more.
"""

from __future__ import annotations

import pickle
import zlib
from bisect import bisect_right
from collections.abc import Callable, Mapping
from io import BytesIO
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import msgspec

from events.policy import Reference
from projections.frozen import pages
from projections.frozen.containers import THAWED
from projections.frozen.pages import INERT, UNSET, Frozen, Ghost, Head, hashed, slots_of
from projections.protocol import Anatomy

OURS: tuple[str, ...] = ("projections.", "events.")
"""Where the classes are from that a page may name."""

_NAMED = frozenset(
    {
        ("builtins", "Ellipsis"), ("builtins", "object"),
        ("collections", "Counter"), ("collections", "defaultdict"),
        ("events.business_time", "shared"), ("events.calendars", "zone"),
        ("msgspec._utils", "rebuild"), ("projections.books.days", "days_in"),
        ("projections.books.rules", "book_rules"),
        ("projections.receivables.rules", "rules_of"),
        ("projections.value_tiers.rules", "value_rules"),
        *((pages.__name__, name) for name in ("fill", "made", "fact_written", "row_of")),
    }
)  # fmt: skip
_heads = msgspec.msgpack.Decoder(Head)


class Unthawable(Exception):
    """The bytes are not those of a graph that was frozen."""


class _Thawer:
    """A frozen graph, of which pages are read when something on them is asked for."""

    def __init__(self, frozen: bytes, anatomy: Anatomy, reference: Reference) -> None:
        self._bytes = memoryview(frozen)[4:]
        if zlib.crc32(self._bytes) != int.from_bytes(frozen[:4]):
            raise Unthawable("the checksum differs")
        size = int.from_bytes(self._bytes[:4])
        head = _heads.decode(self._bytes[4 : 4 + size])
        self.reference = reference
        self._ghosts: dict[int, type] = {}  # classes of parts not read yet
        self._slots = [slots_of(kind) for kind in anatomy.parts]
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
        self._frozen: list[tuple[Frozen, int]] = []
        start = ends[-1]
        for container in head.containers:
            self._frozen.append((container, start))
            start += sum(container.sizes)

    def root(self) -> Any:  # noqa: ANN401 - whatever was frozen
        """Return what the graph begins with."""
        return self.read(*self._root_at)

    def close(self) -> None:
        """Let go of the bytes: nobody will look at the graph again."""
        self._bytes = memoryview(b"")

    def read(self, start: int, end: int) -> Any:  # noqa: ANN401 - whatever a page holds
        """Return what a page holds."""
        return _Unpickler(BytesIO(zlib.decompress(self._bytes[start:end])), self).load()

    def part(self, number: int, kind: int) -> object:
        """Return a part, which may be a ghost."""
        part = self._parts.get(number)
        if part is None:
            ghost = self._ghosts.get(kind)
            if ghost is None:
                ghost = self._ghosts[kind] = self._ghost_of(self._kinds[kind])
            part = self._parts[number] = object.__new__(ghost)
            self._numbers[id(part)] = number
        return part

    def container(self, place: int) -> object:
        """Return a container, none of whose pages is read yet."""
        container = self._containers.get(place)
        if container is None:
            frozen, start = self._frozen[place]
            ends = [*accumulate(frozen.sizes, initial=start)]
            container = THAWED[frozen.kind](self, frozen.length, ends)
            self._containers[place] = container
        return container

    def hashed(self, key: object) -> int | None:
        """Return a key's number as when it was frozen; none of a part that came later."""
        return hashed(key) if isinstance(key, INERT) else self._numbers.get(id(key))

    def _ghost_of(self, kind: type) -> type:
        def look(ghost: object, name: str) -> object:
            self._bring(ghost)
            return getattr(ghost, name)

        return type(kind.__name__, (kind, Ghost), {"__slots__": (), "__getattr__": look})

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
                if value is not UNSET and not (known and hasattr(part, slot)):
                    setattr(part, slot, value)


class _Unpickler(pickle.Unpickler):
    def __init__(self, buffer: BytesIO, thawer: _Thawer) -> None:
        super().__init__(buffer)
        self._thawer = thawer

    def find_class(self, module: str, name: str) -> object:
        stand_in = _STAND_INS.get((module, name))
        if stand_in is not None:
            return stand_in(self._thawer)
        named = (module, name) in _NAMED
        if "." not in name and (named or module.startswith(OURS) or module == "datetime"):
            found = super().find_class(module, name)
            if named or (isinstance(found, type) and found.__module__ == module):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a frozen graph")


_STAND_INS: Mapping[tuple[str, str], Callable[[_Thawer], Any]] = {
    (pages.__name__, "a_part"): lambda thawer: thawer.part,
    (pages.__name__, "a_container"): lambda thawer: thawer.container,
    (pages.__name__, "the_rules"): lambda thawer: lambda: thawer.reference,
}


class Thawed(NamedTuple):
    """What was frozen; `close` when nobody will look at it again.

    The graph has cycles through its bytes, which would stay until garbage is collected.
    """

    root: Any
    long: list[Any]  # the containers beside the root
    close: Callable[[], None]


def thaw(frozen: bytes, anatomy: Anatomy, reference: Reference) -> Thawed:
    """Return what was frozen under the same rules. Raises: Unthawable."""
    try:
        thawer = _Thawer(frozen, anatomy, reference)
        root, long = thawer.root()
        return Thawed(root, long, thawer.close)
    except (pickle.UnpicklingError, msgspec.DecodeError, zlib.error, EOFError) as error:
        raise Unthawable(str(error)) from error
