"""The rows of a table as they are kept with a snapshot, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from functools import cache
from typing import Any, get_type_hints

import msgspec
from msgspec import Raw

from projections.protocol import Row, RowKey

_ENCODER = msgspec.msgpack.Encoder()
_ROWS = msgspec.msgpack.Decoder(dict[RowKey, Raw])


class KeptRows(MutableMapping[RowKey, Row]):
    """Rows by key: as kept, but for those that were set or looked at since."""

    def __init__(self, row: type[Row], kept: bytes) -> None:
        self._row = row
        self._rows: dict[RowKey, Row | Raw] = _ROWS.decode(kept)  # type: ignore[assignment]

    def __getitem__(self, key: RowKey) -> Row:
        found = self._rows[key]
        if isinstance(found, Raw):
            found = self._rows[key] = _row_again(self._row, found)
        return found

    def __setitem__(self, key: RowKey, row: Row) -> None:
        self._rows[key] = row

    def __delitem__(self, key: RowKey) -> None:
        del self._rows[key]

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[RowKey]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def as_they_are(self) -> Mapping[RowKey, Row | Raw]:
        """Return all of them, those not looked at as they were kept."""
        return self._rows


def kept_rows(rows: Mapping[RowKey, Row]) -> bytes:
    """Return the rows of a table as they are kept."""
    as_they_are = rows.as_they_are() if isinstance(rows, KeptRows) else rows
    return _ENCODER.encode(
        {
            key: row if isinstance(row, Raw) else msgspec.structs.astuple(row)
            for key, row in as_they_are.items()
        }
    )


def _row_again(kind: type[Row], kept: Raw) -> Row:
    values = _decoder(kind).decode(kept)
    return kind(**dict(zip(kind.__struct_fields__, values, strict=True)))


@cache
def _decoder(kind: type[Row]) -> msgspec.msgpack.Decoder[tuple[Any, ...]]:
    hints = get_type_hints(kind)
    values = tuple(hints[name] for name in kind.__struct_fields__)
    return msgspec.msgpack.Decoder(tuple.__class_getitem__(values))
