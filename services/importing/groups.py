"""Rows that belong together: the first of a group says what holds for all of it.

A case's rows may name different customers, and yet the case is one customer's: with
`first = { customer = ["case_id"] }` each row has the customer of its case's first row.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence

from services.importing.cells import Row
from services.importing.compiling import RowRefused
from services.importing.conversions import Cell

GROUPS = 100_000
"""How many groups are remembered, those seen latest: a group's rows stand that close together."""


def with_first_cells(
    rows: Iterator[Row | RowRefused], first: Mapping[str, Sequence[str]]
) -> Iterator[Row | RowRefused]:
    """Yield the rows, each named column with the cell of its group's first row in the file.

    `first` names, for each such column, the columns whose equal cells make a group.
    """
    known: OrderedDict[tuple[str, ...], Cell] = OrderedDict()
    for row in rows:
        if isinstance(row, Row):
            cells = dict(row.cells)
            for column, group in first.items():
                name = (column, *(str(row.cells.get(part, "")).strip() for part in group))
                cells[column] = known.setdefault(name, row.cells.get(column))
                known.move_to_end(name)
                if len(known) > GROUPS:
                    known.popitem(last=False)
            row.cells = cells
        yield row
