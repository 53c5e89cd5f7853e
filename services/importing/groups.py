"""Rows that belong together: the first of a group says what holds for all of it.

A case's rows may name different customers, and yet the case is one customer's: with
`first = { customer = ["case_id"] }` each row has the customer of its case's first row.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b

import msgspec

from events.texts import worded
from services.importing.cells import Row
from services.importing.compiling import RowRefused
from services.importing.conversions import Cell, CellRefused, Style, text

GROUPS = 100_000
"""How many groups are remembered, those seen latest: a group's rows stand that close together."""

_LONGEST = 1_000
"""Characters of a cell that is remembered for a group."""


def with_first_cells(
    rows: Iterator[Row | RowRefused], first: Mapping[str, Sequence[str]], style: Style
) -> Iterator[Row | RowRefused]:
    """Yield the rows, each named column with the cell of its group's first row in the file.

    `first` names, for each such column, the columns whose equal cells make a group.
    """
    known: OrderedDict[bytes, Cell] = OrderedDict()
    for row in rows:
        if isinstance(row, RowRefused):
            yield row
            continue
        try:
            row.cells = _shared(row, first, style, known)
        except CellRefused as refused:
            yield RowRefused(row.line, None, refused.column, refused.reason, refused.remedy)
        else:
            yield row


def _shared(
    row: Row, first: Mapping[str, Sequence[str]], style: Style, known: OrderedDict[bytes, Cell]
) -> dict[str, Cell]:
    cells = dict(row.cells)
    for column, group in first.items():
        name = _name_of(row, column, group, style)
        cells[column] = known.setdefault(name, row.cells.get(column))
        known.move_to_end(name)
        if len(known) > GROUPS:
            known.popitem(last=False)
    return cells


def _name_of(row: Row, column: str, group: Sequence[str], style: Style) -> bytes:
    """Return a short name of the row's group. Raises: CellRefused."""
    given = row.cells.get(column)
    if isinstance(given, list) or (isinstance(given, str) and len(given) > _LONGEST):
        raise CellRefused(
            worded("is no cell that others can share"), worded("write one short value"), column
        )
    words = [column]
    for part in group:
        cell = row.cell(part, style)
        try:
            words.append("" if cell is None else text(cell))
        except CellRefused as refused:
            refused.column = part
            raise
    return blake2b(msgspec.json.encode(words), digest_size=16).digest()
