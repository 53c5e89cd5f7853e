"""The `when` of a mapping: whether a row gives a touchpoint."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from services.importing.cells import Row
from services.importing.conversions import Cell, CellRefused, Style, boolean, number, text
from services.importing.mapping import Condition, MappingError, Scalar, read_part
from services.importing.moments import day

Test = Callable[[Row], bool]

_ORDER: Mapping[str, Callable[[Decimal | date, Decimal | date], bool]] = {
    "greater": operator.gt,
    "at_least": operator.ge,
    "less": operator.lt,
    "at_most": operator.le,
}


def compile_conditions(
    raw: Sequence[object], style: Style, where: str
) -> tuple[Sequence[Test], list[str]]:
    """Return the tests that must all hold, and the columns they read. Raises: MappingError."""
    tests: list[Test] = []
    columns: list[str] = []
    for index, part in enumerate(raw, start=1):
        place = f"{where}.when[{index}]"
        condition = read_part(part, Condition, place)
        found = _tests(condition, style, place)
        if not found:
            raise MappingError(
                f"{place}: says nothing about {condition.column!r}; add equals, in, not_in, empty,"
                " greater, at_least, less or at_most"
            )
        tests.extend(found)
        columns.append(condition.column)
    return tests, columns


def _tests(condition: Condition, style: Style, where: str) -> list[Test]:
    tests: list[Test] = []
    column = condition.column
    if condition.empty is not None:
        wanted = condition.empty
        tests.append(lambda row: (row.cell(column, style) is None) is wanted)
    if condition.equals is not None:
        expected = condition.equals.value
        tests.append(_on_cell(column, style, lambda cell: _equals(cell, expected, style)))
    if condition.is_in is not None:
        words = frozenset(condition.is_in)
        tests.append(_on_cell(column, style, lambda cell: text(cell) in words))
    if condition.not_in is not None:
        others = frozenset(condition.not_in)
        inside = _on_cell(column, style, lambda cell: text(cell) in others)
        tests.append(lambda row: not inside(row))
    for name, compare in _ORDER.items():
        bound = getattr(condition, name)
        if bound is not None:
            if isinstance(bound.value, str | bool):
                raise MappingError(f"{where}: `{name}` compares with a number or a date")
            tests.append(_ordered(column, style, compare, bound.value))
    return tests


def _on_cell(column: str, style: Style, test: Callable[[Cell], bool]) -> Test:
    """Return the test of a cell that is not empty; an empty one fails it."""

    def holds(row: Row) -> bool:
        cell = row.cell(column, style)
        try:
            return cell is not None and test(cell)
        except CellRefused as refused:
            refused.column = column
            raise

    return holds


def _ordered(
    column: str,
    style: Style,
    compare: Callable[[Decimal | date, Decimal | date], bool],
    bound: int | Decimal | date,
) -> Test:
    if isinstance(bound, date):
        wanted = bound.date() if isinstance(bound, datetime) else bound
        return _on_cell(column, style, lambda cell: compare(day(cell, style.dates, style), wanted))
    least = Decimal(bound)
    return _on_cell(column, style, lambda cell: compare(number(cell, style), least))


def _equals(cell: Cell, expected: Scalar, style: Style) -> bool:
    match expected:
        case bool():
            return boolean(cell, style) is expected
        case str():
            return text(cell) == expected
        case int() | Decimal():
            return number(cell, style) == expected
        case _:
            return day(cell, style.dates, style) == expected
