"""Tells a Parquet file that unpacks to far more than it is from an export, before it is unpacked.

A page is unpacked whole, so that a small file can ask for gigabytes; so can one long text that
a thousand rows share, one row with a billion values, and a footer that names a million columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet

from services.importing.columns import MAX_COLUMNS, too_many
from services.importing.lines import FileRefused, open_binary
from services.wording import cut

_TAIL = 8  # bytes: the footer's length and the mark PAR1
_MAX_FOOTER = 16 * 1024 * 1024
_MAX_CHUNK = 256 * 1024 * 1024  # bytes that one column of a row group unpacks to
_SUSPECT_CHUNK = 32 * 1024 * 1024
_MAX_RATIO = 20  # how much smaller a suspect chunk may be packed
_MAX_WIDTH = 16_000  # bytes of a value of fixed length
_MAX_VALUES = 5_000_000  # of lists in one row group
_SUSPECT_ROWS = 100_000
_MAX_ROWS_PER_BYTE = 100

_SMALLER = "write the export with smaller row groups, such as 100,000 rows"


def checked_metadata(path: Path, wanted: Sequence[str]) -> pyarrow.parquet.FileMetaData:
    """Return what the footer says, once that is small enough to be read. Raises: FileRefused."""
    with open_binary(path) as file:
        size = file.seek(0, 2)
        if size > _TAIL:
            file.seek(-_TAIL, 2)
            footer = int.from_bytes(file.read(4), "little")
            if size >= footer > _MAX_FOOTER:
                raise FileRefused(f"{path}: a footer of {footer:,} bytes; {_SMALLER}")
    metadata = pyarrow.parquet.read_metadata(path)
    if metadata.num_columns > MAX_COLUMNS:
        raise FileRefused(
            f"{path}: {too_many(metadata.num_columns)}; export only those that the mapping reads"
        )
    if metadata.num_rows > max(_SUSPECT_ROWS, size * _MAX_ROWS_PER_BYTE):
        raise FileRefused(
            f"{path}: {metadata.num_rows:,} rows in {size:,} bytes: no export with a key is so"
        )
    _refuse_bombs(path, metadata, wanted)
    return metadata


def text_columns(metadata: pyarrow.parquet.FileMetaData, wanted: Sequence[str]) -> list[str]:
    """Return the paths of the columns whose values rows may share, as a dictionary."""
    return [
        metadata.schema.column(index).path
        for index in _indices(metadata, wanted)
        if metadata.schema.column(index).physical_type == "BYTE_ARRAY"
    ]


def _indices(metadata: pyarrow.parquet.FileMetaData, wanted: Sequence[str]) -> list[int]:
    """Return which of the file's physical columns hold the wanted ones."""
    heads = tuple(f"{column}." for column in wanted)  # a list's values lie in C.list.element
    found = []
    for index in range(metadata.num_columns):
        name = metadata.schema.column(index).path
        if name in wanted or name.startswith(heads):
            found.append(index)
    return found


def _refuse_bombs(
    path: Path, metadata: pyarrow.parquet.FileMetaData, wanted: Sequence[str]
) -> None:
    for index in _indices(metadata, wanted):
        column = metadata.schema.column(index)
        where = f"{path}: the column {cut(column.path)!r}"
        if column.physical_type == "FIXED_LEN_BYTE_ARRAY" and column.length > _MAX_WIDTH:
            raise FileRefused(f"{where} has values of {column.length:,} bytes; export it as text")
        for group in range(metadata.num_row_groups):
            chunk = metadata.row_group(group).column(index)
            packed, unpacked = chunk.total_compressed_size, chunk.total_uncompressed_size
            if unpacked > _MAX_CHUNK:
                raise FileRefused(f"{where} unpacks to {unpacked:,} bytes at once; {_SMALLER}")
            if unpacked > _SUSPECT_CHUNK and unpacked > packed * _MAX_RATIO:
                raise FileRefused(
                    f"{where} unpacks from {packed:,} bytes to {unpacked:,}; {_SMALLER}"
                )
            if column.max_repetition_level and chunk.num_values > _MAX_VALUES:
                raise FileRefused(f"{where} has {chunk.num_values:,} values; {_SMALLER}")
