"""Tells a Parquet file that unpacks to far more than it is from an export, before it is unpacked.

A page is unpacked whole, so that a small file can ask for gigabytes; so can one row with a
billion values, and a footer that names a million columns. Source of the numbers of fields: the
Parquet format's parquet.thrift.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from msgspec import Struct

from events.texts import worded
from services.importing.columns import MAX_COLUMNS, too_many
from services.importing.lines import FileRefused, open_binary
from services.importing.thrift import NotThrift, Reader, TooMany, Value
from services.wording import cut

_TAIL = 8  # bytes: the footer's length and the mark PAR1
_MAX_FOOTER = 8 * 1024 * 1024
_MAX_PAGE = 32 * 1024 * 1024  # bytes; writers make pages of 1 MB
_PAGE_HEADER = 16 * 1024  # bytes that a page's header may have
_MAX_PAGES = 100_000
_MAX_PARTS = 2 * MAX_COLUMNS  # of a list in the footer: records within records count, too
_MAX_WIDTH = 16_000  # bytes of a value of fixed length
_MAX_VALUES = 5_000_000  # of lists in one row group
_SUSPECT_ROWS = 100_000
_MAX_ROWS_PER_BYTE = 100

_BYTE_ARRAY, _FIXED_LENGTH = 6, 7
_REPEATED = 2

_SMALLER = worded("write the export with smaller pages and row groups, such as 100,000 rows")
_Record = dict[int, Value]


class _Leaf(Struct):
    """A physical column: its path, its type, and whether a row may have several values of it."""

    path: str
    kind: int
    width: int
    repeated: bool


def text_columns(path: Path, wanted: Sequence[str]) -> list[str]:
    """Return the paths of the wanted columns whose values rows may share, as a dictionary.

    Before that the file is proven to be no bomb. Raises: FileRefused.
    """
    with open_binary(path) as file:
        try:
            footer, size = _footer(path, file)
            leaves = list(_leaves(_records(footer.get(2))))
            rows = _number(footer.get(3))
            if rows > max(_SUSPECT_ROWS, size * _MAX_ROWS_PER_BYTE):
                raise FileRefused(
                    worded(
                        "%(file)s: %(rows)s rows in %(size)s bytes: no export with a key is so",
                        file=path,
                        rows=format(rows, ","),
                        size=format(size, ","),
                    )
                )
            heads = tuple(f"{column}." for column in wanted)  # a list's lie in C.list.element
            read = {
                index
                for index, leaf in enumerate(leaves)
                if leaf.path in wanted or leaf.path.startswith(heads)
            }
            for group in _records(footer.get(4)):
                for index, chunk in enumerate(_records(group.get(1))):
                    if index in read:
                        _check_chunk(path, file, leaves[index], chunk)
        except (ValueError, IndexError, OSError) as error:  # NotThrift among them
            raise FileRefused(
                worded("%(file)s: not readable as Parquet: %(why)s", file=path, why=cut(str(error)))
            ) from error
    return [leaves[index].path for index in sorted(read) if leaves[index].kind == _BYTE_ARRAY]


def _footer(path: Path, file: BinaryIO) -> tuple[_Record, int]:
    size = file.seek(0, 2)
    if size <= _TAIL:
        raise NotThrift("it is too short")
    file.seek(-_TAIL, 2)
    length = int.from_bytes(file.read(4), "little")
    if file.read(4) != b"PAR1" or length > size - _TAIL:
        raise NotThrift("it does not end as such a file does")
    if length > _MAX_FOOTER:
        raise FileRefused(
            worded(
                "%(file)s: a footer of %(length)s bytes; export only the columns that the "
                "mapping reads, or %(smaller)s",
                file=path,
                length=format(length, ","),
                smaller=_SMALLER,
            )
        )
    file.seek(-_TAIL - length, 2)
    try:
        return Reader(file.read(length), _MAX_PARTS).record(), size
    except TooMany as error:  # the columns come first; the root is counted with them
        raise FileRefused(
            worded(
                "%(file)s: %(columns)s; export only those that the mapping reads",
                file=path,
                columns=too_many(error.count - 1),
            )
        ) from error


def _leaves(schema: Sequence[_Record]) -> Iterator[_Leaf]:
    """Yield the physical columns; the schema is a tree written parent first."""
    open_: list[tuple[str, bool, int]] = [("", False, _number(schema[0].get(5)))]
    for element in schema[1:]:
        while open_ and not open_[-1][2]:
            open_.pop()
        prefix, repeated, left = open_.pop()
        open_.append((prefix, repeated, left - 1))
        name = element.get(4)
        if not isinstance(name, bytes):
            raise NotThrift("a column has no name")
        full = f"{prefix}{name.decode()}"
        repeated = repeated or element.get(3) == _REPEATED
        if children := _number(element.get(5)):
            open_.append((f"{full}.", repeated, children))
        else:
            yield _Leaf(full, _number(element.get(1)), _number(element.get(2)), repeated)


def _check_chunk(path: Path, file: BinaryIO, leaf: _Leaf, chunk: _Record) -> None:
    """Let a column of a row group pass, page by page. Raises: FileRefused."""
    where = worded("%(file)s: the column %(name)s", file=path, name=repr(cut(leaf.path)))
    if leaf.kind == _FIXED_LENGTH and leaf.width > _MAX_WIDTH:
        raise FileRefused(
            worded(
                "%(where)s has values of %(width)s bytes; export it as text",
                where=where,
                width=format(leaf.width, ","),
            )
        )
    meta = chunk.get(3)
    if not isinstance(meta, dict):
        raise NotThrift("a column's data is in another file")
    if leaf.repeated and _number(meta.get(5)) > _MAX_VALUES:
        raise FileRefused(
            worded(
                "%(where)s has %(count)s values; %(smaller)s",
                where=where,
                count=format(_number(meta.get(5)), ","),
                smaller=_SMALLER,
            )
        )
    offsets = [_number(meta.get(field)) for field in (9, 11)]  # data, dictionary
    at = min((offset for offset in offsets if offset > 0), default=0)
    end = at + _number(meta.get(7))
    for _ in range(_MAX_PAGES):
        if at >= end:
            return
        file.seek(at)
        reader = Reader(file.read(_PAGE_HEADER), _MAX_PARTS)
        header = reader.record()
        packed, unpacked = _number(header.get(3)), _number(header.get(2))
        if packed < 0 or unpacked > _MAX_PAGE:
            raise FileRefused(
                worded(
                    "%(where)s unpacks from %(packed)s bytes to %(unpacked)s at once; %(smaller)s",
                    where=where,
                    packed=format(packed, ","),
                    unpacked=format(unpacked, ","),
                    smaller=_SMALLER,
                )
            )
        at += reader.at + packed
    raise FileRefused(
        worded(
            "%(where)s has more than %(most)s pages; write larger ones",
            where=where,
            most=format(_MAX_PAGES, ","),
        )
    )


def _records(value: Value) -> list[_Record]:
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise NotThrift("a part of the footer is missing")
    return cast(list[_Record], value)


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0
