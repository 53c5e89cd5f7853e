"""Reads a file row by row in constant memory: CSV, JSON lines or Parquet.

`scan` goes over the whole file before anything is sent, so that a wrong encoding, a missing
column or an open quote is found while nothing has happened yet. A single odd row (too few
cells, not a JSON object) is refused by its line and spoils no other; an empty one stays out.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path

from msgspec import Struct

from events.texts import worded
from services.importing.cells import Row
from services.importing.columns import MAX_COLUMNS, require_columns
from services.importing.compiling import CompiledMapping, RowRefused
from services.importing.conversions import Style
from services.importing.csv_rows import csv_rows
from services.importing.groups import with_first_cells
from services.importing.json_rows import json_rows
from services.importing.lines import FileRefused, open_binary

Rows = Iterator[Row | RowRefused]


class Scan(Struct, frozen=True):
    """What a first pass over a file found: how many rows, and the digest of its bytes."""

    rows: int
    digest: bytes


def open_rows(path: Path, mapping: CompiledMapping) -> Rows:
    """Yield the file's rows from the first on. Raises: FileRefused."""
    match mapping.source.format:
        case "csv":
            rows = csv_rows(path, mapping.source, mapping.columns)
        case "jsonl":
            rows = json_rows(path, mapping.source)
        case "parquet":
            # Imported here: loading the library takes as long as a small file's whole import.
            from services.importing.parquet_rows import parquet_rows

            rows = parquet_rows(path, mapping.columns)
    rows = _without_empty(rows, mapping.style)
    first = mapping.source.first
    return with_first_cells(rows, first, mapping.style) if first else rows


def _without_empty(rows: Rows, style: Style) -> Rows:
    for row in rows:
        if isinstance(row, RowRefused) or not row.is_empty(style):
            yield row


def scan(path: Path, mapping: CompiledMapping) -> Scan:
    """Return what the file holds, once it is proven readable to its end with this mapping.

    Raises: FileRefused naming the line or column and the remedy.
    """
    rows = 0
    seen: set[str] = set()
    for row in open_rows(path, mapping):
        rows += 1
        if isinstance(row, Row) and not row.cells.keys() <= seen:
            if len(seen) < MAX_COLUMNS:
                seen.update(row.cells)
            else:  # no export has so many names: only what is read matters
                seen.update(row.cells.keys() & mapping.columns)
    if not rows:
        raise FileRefused(worded("%(file)s has no rows: there is nothing to import", file=path))
    if seen:  # a JSON line may lack a key, but a column that no line has is a misspelt one
        require_columns(path, mapping.columns, seen)
    with open_binary(path) as file:  # last: what is refused need not be read to its end
        return Scan(rows, file_digest(file, "sha256").digest())
