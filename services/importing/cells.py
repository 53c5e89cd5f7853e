"""A row under way: its cells by column, and what was noticed while reading them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter

from events.texts import worded
from services.importing.conversions import Cell, CellRefused, Style, identifier, text
from services.importing.mapping import MappingError


class Row:
    """One row of a file. `line` is where it starts, or its number where there are no lines."""

    __slots__ = ("cells", "line", "rounded")

    def __init__(self, line: int, cells: Mapping[str, Cell]) -> None:
        self.line = line
        self.cells = cells
        self.rounded = 0  # amounts that were finer than the minor unit

    def cell(self, column: str, style: Style) -> Cell:
        """Return the column's cell, trimmed; None where it is empty or one of the null words."""
        value = self.cells.get(column)
        if isinstance(value, str):
            value = value.strip()
            return None if value in style.null else value
        return None if style.is_nothing(value) else value

    def is_empty(self, style: Style) -> bool:
        """Return whether no cell holds anything, as in a line of separators alone."""
        for column in self.cells:  # noqa: SIM110 - a generator costs more: the first decides
            if self.cell(column, style) is not None:
                return False
        return True


class Template:
    """A text with columns in braces, such as `{year}-{number}`; doubled braces are literal."""

    def __init__(self, written: str, where: str) -> None:
        self.parts: list[tuple[str, str | None]] = []
        try:
            for literal, column, form, conversion in Formatter().parse(written):
                if form or conversion or column == "":
                    raise ValueError("only a column's name may stand in braces")
                self.parts.append((literal, column))
        except ValueError as error:
            raise MappingError(f"{where}: {written!r} is no template: {error}") from error
        if not self.columns:
            raise MappingError(f"{where}: a template without a column; write `value` instead")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the template cites."""
        return tuple(column for _, column in self.parts if column is not None)

    def fill(self, row: Row, style: Style) -> str | None:
        """Return the text, or None where one of its columns is empty."""
        filled = []
        for literal, column in self.parts:
            filled.append(literal)
            if column is not None:
                cell = row.cell(column, style)
                if cell is None:
                    return None
                try:
                    filled.append(text(cell))
                except CellRefused as refused:
                    refused.column = column
                    raise
        return "".join(filled)


def key_of(row: Row, columns: Iterable[str], style: Style) -> tuple[str, ...]:
    """Return the cells that tell a row from all others. Raises: CellRefused when one is empty."""
    parts = []
    for column in columns:
        cell = row.cell(column, style)
        if cell is None:
            raise CellRefused(
                worded("the row has no identity: its key column is empty"),
                worded("fill it in: it tells the row from all others"),
                column,
            )
        try:
            parts.append(identifier(cell))
        except CellRefused as refused:
            refused.column = column
            raise
    return tuple(parts)
