"""Reads Parquet row by row: each column as plain values, and what has none refuses its row.

Instants are cut to microseconds, never rounded; binary text is read as UTF-8. A value that
Python's calendar cannot hold, or that is no text, spoils its own row alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

import pyarrow
import pyarrow.compute
import pyarrow.parquet
from pyarrow import types

from events.texts import worded
from services.importing.cells import Row
from services.importing.columns import check_columns
from services.importing.compiling import RowRefused
from services.importing.conversions import MAX_TEXT, Cell
from services.importing.lines import FileRefused
from services.importing.parquet_bombs import text_columns
from services.wording import cut

_BATCH = 1000
_LONGEST = 4 * MAX_TEXT  # bytes of a text: no cell that is longer can be used


class _Trouble(NamedTuple):
    """Stands where a value was that no row can use."""

    reason: str
    remedy: str


_Value = Cell | _Trouble
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_OUTSIDE = _Trouble(
    worded("is outside the calendar, which has the years 1 to 9999"), worded("correct the year")
)
_NO_TEXT = _Trouble(worded("is no text in UTF-8"), worded("export the column as text"))
_TOO_LONG = _Trouble(
    worded("is longer than %(most)s bytes", most=format(_LONGEST, ",")),
    worded("export a shorter text"),
)


def parquet_rows(path: Path, wanted: Sequence[str]) -> Iterator[Row | RowRefused]:
    """Yield the file's rows. Raises: FileRefused."""
    number = 0
    try:
        shared = text_columns(path, wanted)
        with pyarrow.parquet.ParquetFile(path, read_dictionary=shared) as file:
            names = list(_column_names(path, file.schema_arrow))
            check_columns(path, names, wanted)
            for batch in file.iter_batches(_BATCH, columns=list(wanted)):
                for cells in _rows_of(path, batch):
                    number += 1
                    yield _row(number, cells)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FileRefused(
            worded(
                "%(file)s, row %(number)s: not readable as Parquet: %(why)s",
                file=path,
                number=number + 1,
                why=cut(str(error), 200),
            )
        ) from error


def _row(number: int, cells: dict[str, _Value]) -> Row | RowRefused:
    sound: dict[str, Cell] = {}
    for column, value in cells.items():
        if isinstance(value, _Trouble):
            return RowRefused(number, None, column, value.reason, value.remedy)
        sound[column] = value
    return Row(number, sound)


def _column_names(
    path: Path, fields: pyarrow.Schema | pyarrow.StructType, prefix: str = ""
) -> Iterator[str]:
    """Yield the file's columns with dotted names. Raises: FileRefused for two parts of one "
    "name."""
    names = [field.name for field in fields]
    for field in fields:
        name = f"{prefix}{field.name}"
        if not types.is_struct(field.type):
            yield name
        elif names.count(field.name) > 1:
            raise FileRefused(
                worded(
                    "%(file)s: the column %(name)s appears twice; rename one",
                    file=path,
                    name=repr(cut(name)),
                )
            )
        else:
            yield from _column_names(path, field.type, f"{name}.")


def _rows_of(path: Path, batch: pyarrow.RecordBatch) -> Iterator[dict[str, _Value]]:
    columns: dict[str, list[_Value]] = {}
    for field, array in zip(batch.schema, batch.columns, strict=True):
        for name, leaf in _leaves(field.name, array):
            try:
                columns[name] = _values(leaf)
            except _NoCells as why:
                raise FileRefused(
                    worded(
                        "%(file)s: the column %(name)s is of Parquet's type %(why)s, which no "
                        "cell can be read of; export it as text, a number or a date",
                        file=path,
                        name=repr(cut(name)),
                        why=cut(str(why)),
                    )
                ) from why
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _leaves(name: str, array: pyarrow.Array) -> Iterator[tuple[str, pyarrow.Array]]:
    """Yield the columns that nested records hold, with dotted names."""
    if not types.is_struct(array.type):
        yield name, array
        return
    for field, part in zip(array.type, array.flatten(), strict=True):
        yield from _leaves(f"{name}.{field.name}", part)


class _NoCells(Exception):
    """A column's type has no cells that a mapping could read."""


def _values(array: pyarrow.Array) -> list[_Value]:
    """Return an array's values as Python's own, a trouble where one has none. Raises: _NoCells."""
    kind = array.type
    if isinstance(kind, pyarrow.BaseExtensionType):
        return _values(array.storage)
    if types.is_dictionary(kind):
        return _shared(array)
    for kinds, read in _READERS:
        if any(is_kind(kind) for is_kind in kinds):
            return read(array)
    raise _NoCells(kind)


def _shared(array: pyarrow.DictionaryArray) -> list[_Value]:
    """Return values that many rows share, each made once: a long one costs no more than that."""
    used = array.indices.unique().drop_null()
    values = _values(array.dictionary.take(used))
    by_index = dict(zip(used.to_pylist(), values, strict=True))
    return [None if index is None else by_index[index] for index in array.indices.to_pylist()]


def _lists(array: pyarrow.Array) -> list[_Value]:
    values = _values(array.flatten())
    lists: list[_Value] = []
    start = 0
    for length in pyarrow.compute.list_value_length(array).to_pylist():
        if length is None:
            lists.append(None)
            continue
        part = values[start : start + length]
        start += length
        trouble = next((value for value in part if isinstance(value, _Trouble)), None)
        lists.append(trouble or [value for value in part if not isinstance(value, _Trouble)])
    return lists


def _texts(array: pyarrow.Array) -> list[_Value]:
    wide = array.cast(pyarrow.large_binary())
    lengths = pyarrow.compute.binary_length(wide)
    if (pyarrow.compute.max(lengths).as_py() or 0) <= _LONGEST:
        try:
            return wide.cast(pyarrow.large_string()).to_pylist()  # type: ignore[no-any-return]
        except pyarrow.ArrowInvalid:  # one that is not UTF-8: found below
            pass
    return [
        None if length is None else _TOO_LONG if length > _LONGEST else _decoded(one.as_py())
        for one, length in zip(wide, lengths.to_pylist(), strict=True)
    ]


def _decoded(raw: bytes) -> _Value:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return _NO_TEXT


def _instants(array: pyarrow.Array) -> list[_Value]:
    """Return instants, or local times where the column has no zone."""
    per_second = _PER_SECOND[array.type.unit]
    epoch = _EPOCH if array.type.tz else _EPOCH.replace(tzinfo=None)
    counts = array.view(pyarrow.int64()).to_pylist()
    return [None if count is None else _since(epoch, count, per_second) for count in counts]


def _since(epoch: datetime, count: int, per_second: int) -> _Value:
    try:
        return epoch + timedelta(microseconds=count * 1_000_000 // per_second)
    except OverflowError:
        return _OUTSIDE


def _days(array: pyarrow.Array) -> list[_Value]:
    kind = pyarrow.int32() if types.is_date32(array.type) else pyarrow.int64()
    per_day = 1 if types.is_date32(array.type) else 86_400_000
    counts = array.view(kind).to_pylist()
    return [None if count is None else _day(count // per_day) for count in counts]


def _day(count: int) -> _Value:
    try:
        return date.fromordinal(_EPOCH.toordinal() + count)
    except (ValueError, OverflowError):
        return _OUTSIDE


def _times(array: pyarrow.Array) -> list[_Value]:
    """Return times of a day as texts: no field of a touchpoint takes them as times."""
    unit = array.type.unit
    kind = pyarrow.int32() if unit in ("s", "ms") else pyarrow.int64()
    counts = array.view(kind).to_pylist()
    return [None if count is None else _time(count, _PER_SECOND[unit]) for count in counts]


def _time(count: int, per_second: int) -> _Value:
    at = _since(_EPOCH, count, per_second)
    if isinstance(at, datetime) and at.date() == _EPOCH.date():
        return time.isoformat(at.time())
    return _Trouble(worded("is no time of a day"), worded("correct the time"))


def _plain(array: pyarrow.Array) -> list[_Value]:
    return array.to_pylist()  # type: ignore[no-any-return]


_READERS: Sequence[
    tuple[Sequence[Callable[[pyarrow.DataType], bool]], Callable[[pyarrow.Array], list[_Value]]]
] = (
    (
        (
            types.is_string,
            types.is_large_string,
            types.is_string_view,
            types.is_binary,
            types.is_large_binary,
            types.is_binary_view,
            types.is_fixed_size_binary,
        ),
        _texts,
    ),
    (
        (
            types.is_null,
            types.is_boolean,
            types.is_integer,
            types.is_floating,
            types.is_decimal,
        ),
        _plain,
    ),
    ((types.is_timestamp,), _instants),
    ((types.is_date,), _days),
    ((types.is_time,), _times),
    (
        (
            types.is_list,
            types.is_large_list,
            types.is_fixed_size_list,
            types.is_list_view,
            types.is_large_list_view,
        ),
        _lists,
    ),
)
