"""Reads Thrift's compact encoding, in which Parquet writes what it says about itself.

pyarrow tells the same, but ends the whole process where a file says what cannot be, and nothing
of a page before it is unpacked. Source: Apache Thrift, doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

from typing import NoReturn

Value = int | bytes | list["Value"] | dict[int, "Value"] | None

_DEEPEST = 16
_STOP = 0
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_UUID = 13
_WIDTHS = {_BYTE: 1, _DOUBLE: 8, _UUID: 16}


class NotThrift(ValueError):
    """The bytes are no such record."""


class TooMany(NotThrift):
    """A list has more parts than were asked for; it is not read to find that out."""

    def __init__(self, count: int) -> None:
        super().__init__(f"a list of {count:,} parts")
        self.count = count


class Reader:
    """Reads one record after another out of bytes; `at` is where the next one begins."""

    def __init__(self, raw: bytes, most: int) -> None:
        """Begin at the first byte; no list has more than `most` parts."""
        self._raw = raw
        self._most = most
        self.at = 0

    def record(self, depth: int = 0) -> dict[int, Value]:
        """Return a record's fields by their number. Raises: NotThrift."""
        if depth > _DEEPEST:
            _refuse("nested too deep")
        fields: dict[int, Value] = {}
        number = 0
        while (head := self._byte()) != _STOP:
            step, kind = head >> 4, head & 15
            number = number + step if step else self._signed()
            if kind in (_TRUE, _FALSE):  # a field's truth lies in its kind
                fields[number] = int(kind == _TRUE)
            else:
                fields[number] = self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Value:
        match kind:
            case k if k in (_I16, _I32, _I64):
                return self._signed()
            case k if k in (_TRUE, _FALSE):
                return self._byte()
            case k if k in _WIDTHS:
                return self._bytes(_WIDTHS[k])
            case k if k == _BINARY:
                return self._bytes(self._unsigned())
            case k if k in (_LIST, _SET):
                return self._list(depth)
            case k if k == _MAP:
                self._skip_map(depth)
                return None
            case k if k == _STRUCT:
                return self.record(depth + 1)
        raise NotThrift(f"no kind {kind}")

    def _list(self, depth: int) -> list[Value]:
        head = self._byte()
        count = head >> 4
        if count == 15:
            count = self._unsigned()
        self._check_count(count)
        return [self._value(head & 15, depth + 1) for _ in range(count)]

    def _skip_map(self, depth: int) -> None:
        count = self._unsigned()
        self._check_count(count)
        if count:
            kinds = self._byte()
            for _ in range(count):
                self._value(kinds >> 4, depth + 1)
                self._value(kinds & 15, depth + 1)

    def _check_count(self, count: int) -> None:
        if count > len(self._raw) - self.at:  # each takes a byte at least
            _refuse("a list is longer than the record")
        if count > self._most:
            raise TooMany(count)

    def _signed(self) -> int:
        coded = self._unsigned()
        return (coded >> 1) ^ -(coded & 1)

    def _unsigned(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
            if shift > 63:
                _refuse("a number has too many bytes")

    def _byte(self) -> int:
        if self.at >= len(self._raw):
            _refuse("it ends within a record")
        self.at += 1
        return self._raw[self.at - 1]

    def _bytes(self, count: int) -> bytes:
        self.at += count
        if self.at > len(self._raw):
            _refuse("it ends within a text")
        return self._raw[self.at - count : self.at]


def _refuse(why: str) -> NoReturn:
    raise NotThrift(why)
