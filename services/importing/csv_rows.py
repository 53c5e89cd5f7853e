"""Reads CSV row by row; a row keeps the line where it starts."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from events.texts import worded
from services.importing.cells import Row
from services.importing.columns import check_columns
from services.importing.compiling import RowRefused
from services.importing.lines import MAX_LINE, FileRefused, decoded_lines
from services.importing.mapping import Source

_AROUND = " \t`\u3000\r\n"
"""What exports pad cells with, so that spreadsheets take numbers for text."""

_TOTALS = ("合计", "总计", "人民币合计", "本页合计", "Total", "TOTAL", "#", "---")

_FIGURES = re.compile(r"\d+")

_SEPARATOR = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)
"""A first line of spreadsheets, which names the delimiter and is no part of the table."""


def csv_rows(path: Path, source: Source, wanted: Sequence[str]) -> Iterator[Row | RowRefused]:
    """Yield the file's rows. Raises: FileRefused."""
    yield from rows_of(path, decoded_lines(path, source.encoding), source, wanted)


def rows_of(
    path: Path, lines: Iterator[str], source: Source, wanted: Sequence[str]
) -> Iterator[Row | RowRefused]:
    """Yield the rows of a table's lines; `path` is for messages. Raises: FileRefused."""
    before, first = _first_line(path, lines, source)
    named = _SEPARATOR.fullmatch(first)
    delimiter = named[1] if named else source.delimiter
    before += 1 if named else 0  # lines that the reader does not see
    metered = _Metered(path, lines if named else chain([first], lines), before)
    reader = csv.reader(metered, delimiter=delimiter, quotechar=source.quote, strict=True)
    header: list[str] = []
    shape = ""
    start = before + 1
    try:
        for read in reader:
            line, start = start, before + reader.line_num + 1
            metered.row_is_over()
            cells = [cell.strip(_AROUND) for cell in read] if source.cells == "strip" else read
            if source.trailer and header and _ends(cells):
                _check_behind(path, reader, metered, len(header), shape)
                return
            if not cells:
                continue  # an empty line
            if not header:
                if source.ragged and not cells[-1]:
                    del cells[-1]
                header = _header(path, line, cells, delimiter, wanted)
                continue
            shape = shape or _shape(cells)
            if source.ragged and len(cells) == len(header) + 1 and not cells[-1].strip():
                yield Row(line, dict(zip(header, cells, strict=False)))
            elif len(cells) != len(header):
                if any(cell.strip() for cell in cells):
                    yield _ragged(line, len(cells), len(header), source)
            else:
                yield Row(line, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise FileRefused(
            worded(
                "%(file)s, line %(start)s: this row is not valid CSV (%(error)s); a quote may be "
                "left open, or source.delimiter and source.quote are not the file's",
                file=path,
                start=start,
                error=str(error),
            )
        ) from error
    if not header:
        raise FileRefused(worded("%(file)s is empty: the first line names the columns", file=path))


def _first_line(path: Path, lines: Iterator[str], source: Source) -> tuple[int, str]:
    """Return the line that names the columns, and how many stand before it. Raises: FileRefused."""
    if source.header is None:
        return 0, next(lines, "")
    for before, line in enumerate(lines):
        if line.split(source.delimiter, 1)[0].strip(f"{_AROUND}{source.quote}") == source.header:
            return before, line
    raise FileRefused(
        worded(
            "%(file)s: no line begins with the cell %(header)s, which the line with the columns' "
            "names does; mend source.header, or hand in the export as it was made",
            file=path,
            header=repr(source.header),
        )
    )


def _ends(cells: Sequence[str]) -> bool:
    """Return whether a line is behind the table: it is empty, or says totals."""
    first = next((bare for cell in cells if (bare := cell.strip(_AROUND))), "")
    return not first or first.startswith(_TOTALS)


def _shape(cells: Sequence[str]) -> str:
    """Return what a row begins with, whatever its figures are."""
    return _FIGURES.sub("9", cells[0].strip(_AROUND))


def _check_behind(
    path: Path, rows: Iterator[list[str]], metered: _Metered, columns: int, shape: str
) -> None:
    """Let nothing stand behind a table's end that looks like its rows. Raises: FileRefused."""
    for cells in rows:
        metered.row_is_over()
        if shape and columns <= len(cells) <= columns + 1 and _shape(cells) == shape:
            raise FileRefused(
                worded(
                    "%(file)s: rows stand behind the end of the table, which is an empty line or "
                    "one of totals; hand in each part as a file of its own",
                    file=path,
                )
            )


class _Metered:
    """Hands lines on, and no more of them to one row than a row can have."""

    def __init__(self, path: Path, lines: Iterator[str], line: int) -> None:
        self._path = path
        self._lines = lines
        self._line = line
        self._characters = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._line += 1
            self._characters += len(line)
            if self._characters > MAX_LINE:
                raise FileRefused(
                    worded(
                        "%(file)s, line %(line)s: the row that ends here is longer than "
                        "%(max_line)s characters; a quote may be left open",
                        file=self._path,
                        line=self._line,
                        max_line=format(MAX_LINE, ","),
                    )
                )
            yield line

    def row_is_over(self) -> None:
        """Begin to count anew."""
        self._characters = 0


def _header(
    path: Path, line: int, cells: Sequence[str], delimiter: str, wanted: Sequence[str]
) -> list[str]:
    header = [name.strip() for name in cells]
    if len(header) == 1 and len(wanted) > 1:
        raise FileRefused(
            worded(
                "%(file)s, line %(line)s: only one column; source.delimiter = %(delimiter)s is "
                'not the file\'s: often ";" or "\\t"',
                file=path,
                line=line,
                delimiter=repr(delimiter),
            )
        )
    check_columns(path, header, wanted, line)
    return header


def _ragged(line: int, cells: int, columns: int, source: Source) -> RowRefused:
    if cells == 1:
        reason = worded("the row has 1 cell where the header has %(columns)s", columns=columns)
    else:
        reason = worded(
            "the row has %(cells)s cells where the header has %(columns)s",
            cells=cells,
            columns=columns,
        )
    remedy = worded(
        "quote cells that hold %(delimiter)s or a line end with %(quote)s",
        delimiter=repr(source.delimiter),
        quote=source.quote,
    )
    return RowRefused(line, None, None, reason, remedy)
