"""Reads dossiers out of what COPY (FORMAT BINARY) sends, chunk by chunk.

Where the compiled reader runs, it takes in the rows and decodes them in one go.

The rows are those of `COLUMNS`, in the customers' order. Format: PostgreSQL's documentation of
COPY, "Binary Format": a header; per row the number of its fields, and each field's length before
its bytes; -1 at the end. An event whose data cannot be decoded is told beside the facts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from struct import Struct, error
from sys import intern

from events import codec
from events.envelope import BranchId, CustomerId, EventId
from events.errors import EventError
from events.facts import Fact
from events.touchpoints import Touchpoint
from services.ports import Dossier, Unreadable

COLUMNS = (
    "customer_id", "event_id", "source", "branch_id", "epoch", "sequence", "effective_at", "data",
)  # fmt: skip
"""The columns of the events table that make a fact, as the reader takes them."""

_HEADER = Struct(">11sii")  # signature, flags, length of the extension
_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_FIELDS = Struct(">h")
_FIRST = Struct(">hi")  # fields, length of the customer
_ID = Struct(">i16si")  # length and id, length of the source
_LENGTH = Struct(">i")
_LAST = Struct(">iqiqiqi")  # epoch, sequence, microseconds; length of the data
_END = -1
_SINCE = datetime(2000, 1, 1, tzinfo=UTC)
_MICROS = timedelta(microseconds=1)
_MOST_NAMES = 65_536


class BrokenCopy(ValueError):
    """The server sent what is no COPY of the columns."""


class DossierReader:
    """Takes chunks as they come, wherever they are cut; holds one chunk and one dossier."""

    def __init__(self, decode: Callable[[bytes], Touchpoint] = codec.decode) -> None:
        self._decode = decode
        self._compiled = codec.compiled_reader() if decode is codec.decode else None
        self._left = b""
        self._begun = False
        self._ended = False
        self._current: bytes | None = None
        self._dossier = Dossier(CustomerId(""), [], [])
        self._names: dict[bytes, str] = {}  # sources and branches, mostly few

    def feed(self, chunk: bytes | bytearray) -> list[Dossier]:
        """Take in a chunk; return the dossiers that are whole by it. Raises: BrokenCopy."""
        data = self._left + chunk
        start = 0
        if not self._begun:
            if len(data) < _HEADER.size:
                self._left = data
                return []
            signature, flags, extension = _HEADER.unpack_from(data)
            if signature != _SIGNATURE or flags or extension:
                raise BrokenCopy("what the server sends does not begin as a binary COPY does")
            self._begun = True
            start = _HEADER.size
        whole: list[Dossier] = []
        rows = self._rows if self._compiled is None else self._compiled_rows
        self._left = data[rows(data, start, whole) :]
        return whole

    def end(self) -> list[Dossier]:
        """Return the last dossier, if any, when no chunk follows. Raises: BrokenCopy."""
        if not self._ended or self._left:
            raise BrokenCopy("the rows that the server sends were cut short")
        return [] if self._current is None else [self._dossier]

    def _compiled_rows(self, data: bytes, i: int, whole: list[Dossier]) -> int:
        """Do what `_rows` does."""
        assert self._compiled is not None
        found = [] if self._current is None else [self._dossier]
        try:
            i, self._ended = self._compiled.rows(data, i, found, Fact, Dossier, Unreadable)
        except ValueError as error:
            raise BrokenCopy(
                f"the rows that the server sends are not those asked for: {error}"
            ) from error
        if found:
            self._dossier = found.pop()
            self._current = self._dossier.customer.encode()
            whole += found
        return i

    def _rows(self, data: bytes, i: int, whole: list[Dossier]) -> int:
        """Take in the rows that are there in full; return where the first one begins that is not.

        Lengths are those of the columns' types, which the server vouches for.
        """
        size = len(data)
        while i + 2 <= size:
            (fields,) = _FIELDS.unpack_from(data, i)
            if fields == _END:
                self._ended = True
                return i + 2
            if fields != len(COLUMNS):
                raise BrokenCopy(f"a row has {fields} columns and not {len(COLUMNS)}")
            try:
                _, length = _FIRST.unpack_from(data, i)
                at = i + _FIRST.size + length
                name = data[at - length : at]
                _, id_, length = _ID.unpack_from(data, at)
                at += _ID.size + length
                source = data[at - length : at]
                (length,) = _LENGTH.unpack_from(data, at)
                at += _LENGTH.size + length
                branch = data[at - length : at]
                _, epoch, _, sequence, _, micros, length = _LAST.unpack_from(data, at)
            except error:
                return i
            end = at + _LAST.size + length
            if end > size:
                return i
            if name != self._current:
                self._next(name, whole)
            i = end
            digits = id_.hex()
            event_id = EventId(
                f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
            )
            try:
                touchpoint = self._decode(data[end - length : end])
            except EventError as unreadable:
                self._dossier.unreadable.append(Unreadable(event_id, str(unreadable)))
                continue
            self._dossier.facts.append(
                Fact(
                    event_id,
                    _SINCE + micros * _MICROS,
                    BranchId(self._names.get(branch) or self._name(branch)),
                    self._names.get(source) or self._name(source),
                    epoch,
                    sequence,
                    touchpoint,
                )
            )
        return i

    def _next(self, name: bytes, whole: list[Dossier]) -> None:
        if self._current is not None:
            whole.append(self._dossier)
        self._current = name
        self._dossier = Dossier(CustomerId(intern(name.decode())), [], [])

    def _name(self, utf8: bytes) -> str:
        if len(self._names) == _MOST_NAMES:
            self._names.clear()
        return self._names.setdefault(utf8, utf8.decode())
