"""Reads a file row by row in constant memory: CSV, JSON lines or Parquet.

`scan` goes over the whole file before anything is sent, so that a wrong encoding, a missing
column or an open quote is found while nothing has happened yet. A single odd row (too few
cells, not a JSON object) is refused by its line and spoils no other.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import file_digest
from pathlib import Path

import msgspec
import pyarrow
import pyarrow.parquet
from msgspec import Struct

from services.importing.cells import Row
from services.importing.compiling import CompiledMapping, RowRefused
from services.importing.conversions import Cell
from services.importing.groups import with_first_cells
from services.importing.lines import FileRefused, decoded_lines, open_binary
from services.importing.mapping import Source
from services.wording import counted, nearest

Rows = Iterator[Row | RowRefused]

_PARQUET_BATCH = 1000


class Scan(Struct, frozen=True):
    """What a first pass over a file found: how many rows, and the digest of its bytes."""

    rows: int
    digest: bytes


def open_rows(path: Path, mapping: CompiledMapping) -> Rows:
    """Yield the file's rows from the first on. Raises: FileRefused."""
    match mapping.source.format:
        case "csv":
            rows = _csv_rows(path, mapping.source, mapping.columns)
        case "jsonl":
            rows = _jsonl_rows(path, mapping.source)
        case "parquet":
            rows = _parquet_rows(path, mapping.columns)
    return with_first_cells(rows, mapping.source.first) if mapping.source.first else rows


def scan(path: Path, mapping: CompiledMapping) -> Scan:
    """Return what the file holds, once it is proven readable to its end with this mapping.

    Raises: FileRefused naming the line or column and the remedy.
    """
    with open_binary(path) as file:
        digest = file_digest(file, "sha256").digest()
    rows = 0
    seen: set[str] = set()
    for row in open_rows(path, mapping):
        rows += 1
        if isinstance(row, Row):
            seen.update(row.cells)
    if not rows:
        raise FileRefused(f"{path} has no rows: there is nothing to import")
    if seen:  # a JSON line may lack a key, but a column that no line has is a misspelt one
        _require_columns(path, mapping.columns, seen)
    return Scan(rows, digest)


def _require_columns(path: Path, wanted: Sequence[str], present: Sequence[str] | set[str]) -> None:
    for column in wanted:
        if column not in present:
            unread = [name for name in present if name and name not in wanted]
            hint = nearest(column, unread)
            raise FileRefused(
                f"{path} has no column {column!r} that the mapping reads{hint}"
                f"{'' if hint.endswith('?') else '.'} Name the file's column so, or say in the "
                "mapping what the file calls it"
            )


def _csv_rows(path: Path, source: Source, wanted: Sequence[str]) -> Rows:
    reader = csv.reader(
        decoded_lines(path, source.encoding),
        delimiter=source.delimiter,
        quotechar=source.quote,
        strict=True,
    )
    header: list[str] = []
    start = 1
    try:
        for cells in reader:
            line, start = start, reader.line_num + 1
            if not cells:
                continue  # an empty line
            if not header:
                header = _header(path, cells, source, wanted)
            elif len(cells) != len(header):
                yield _ragged(line, len(cells), len(header), source)
            else:
                yield Row(line, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise FileRefused(
            f"{path}, line {start}: this row is not valid CSV ({error}); a quote may be left open,"
            " or source.delimiter and source.quote are not the file's"
        ) from error
    if not header:
        raise FileRefused(f"{path} is empty: the first line names the columns")


def _header(path: Path, cells: list[str], source: Source, wanted: Sequence[str]) -> list[str]:
    header = [name.strip() for name in cells]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise FileRefused(f"{path}, line 1: the column {twice[0]!r} appears twice; rename one")
    if len(header) == 1 and len(wanted) > 1:
        raise FileRefused(
            f"{path}, line 1: only one column; source.delimiter = {source.delimiter!r} is not the"
            ' file\'s: often ";" or "\\t"'
        )
    _require_columns(path, wanted, header)
    return header


def _ragged(line: int, cells: int, columns: int, source: Source) -> RowRefused:
    return RowRefused(
        line,
        None,
        None,
        f"the row has {counted(cells, 'cell')} where the header has {columns}",
        f"quote cells that hold {source.delimiter!r} or a line end with {source.quote}",
    )


_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def _jsonl_rows(path: Path, source: Source) -> Rows:
    for line, text in enumerate(decoded_lines(path, source.encoding), start=1):
        if not text.strip():
            continue
        try:
            value = _DECODER.decode(text)
            cells = flat(value) if isinstance(value, dict) else None
        except (msgspec.DecodeError, RecursionError) as error:
            yield RowRefused(line, None, None, f"no valid JSON: {error}", "mend or drop the line")
            continue
        if cells is not None:
            yield Row(line, cells)
        else:
            yield RowRefused(
                line, None, None, "the line is no JSON object", "write one object per line"
            )


def flat(value: Mapping[str, Cell | Mapping[str, Cell]], prefix: str = "") -> dict[str, Cell]:
    """Return nested objects as columns with dotted names: {"a": {"b": 1}} is `a.b`."""
    cells: dict[str, Cell] = {}
    for name, part in value.items():
        if isinstance(part, Mapping):
            cells.update(flat(part, f"{prefix}{name}."))
        else:
            cells[f"{prefix}{name}"] = part
    return cells


def _parquet_rows(path: Path, wanted: Sequence[str]) -> Rows:
    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            fields = set(_field_names(file.schema_arrow))
            _require_columns(path, wanted, fields)
            for batch in file.iter_batches(_PARQUET_BATCH, columns=list(wanted)):
                for cells in _in_microseconds(batch).to_pylist():
                    number += 1
                    yield Row(number, flat(cells))
    except (pyarrow.ArrowException, OSError) as error:
        raise FileRefused(f"{path}, row {number + 1}: not readable as Parquet: {error}") from error


def _field_names(fields: pyarrow.Schema | pyarrow.StructType, prefix: str = "") -> Iterator[str]:
    for field in fields:
        if pyarrow.types.is_struct(field.type):
            yield from _field_names(field.type, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}"


def _in_microseconds(batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
    """Return the batch with its instants in microseconds, the finest that the platform keeps."""
    for index, field in enumerate(batch.schema):
        if pyarrow.types.is_timestamp(field.type) and field.type.unit == "ns":
            coarse = pyarrow.timestamp("us", field.type.tz)
            column = batch.column(index).cast(coarse, safe=False)
            batch = batch.set_column(index, field.with_type(coarse), column)
    return batch
