"""Chooses, by the type of a touchpoint's field, how a cell becomes the JSON that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, inspect

from events.errors import EventError
from events.money import Money, minor_digits
from events.texts import worded
from services.importing import conversions, moments
from services.importing.cells import Row
from services.importing.conversions import Cell, CellRefused, Style
from services.importing.mapping import MappingError, Spec
from services.wording import nearest, quoted

Json = str | bool | int | float | dict[str, "Json"] | list["Json"] | None
Convert = Callable[[Cell, Row], Json]


class Ground(Struct, frozen=True):
    """What all fields of a mapping share, and the columns that they turn out to read."""

    style: Style
    currency: str | None
    tables: Mapping[str, Mapping[str, str]]
    columns: dict[str, list[str]]  # column -> the places that read it


def converter(kind: inspect.Type, spec: Spec, ground: Ground, where: str) -> Convert:
    """Return what turns a cell into the JSON that a field of that type takes."""
    style = ground.style
    _refuse_idle_options(kind, spec, where)
    formats = style.dates
    if spec.formats is not None:
        formats = conversions.known_formats(spec.formats, f"{where}.formats")
    match kind:
        case inspect.StructType() if kind.cls is Money:
            return _money(spec, ground, where)
        case inspect.IntType():
            sign = -1 if spec.negate else 1
            return lambda cell, row: sign * conversions.integer(cell, style)
        case inspect.FloatType():
            return lambda cell, row: float(conversions.number(cell, style))
        case inspect.BoolType():
            return lambda cell, row: conversions.boolean(cell, style)
        case inspect.DateType():
            return lambda cell, row: moments.day(cell, formats, style).isoformat()
        case inspect.DateTimeType():
            at = spec.at
            return lambda cell, row: moments.instant_text(cell, formats, at, style)
        case inspect.LiteralType():
            return _word(kind, spec, ground, where)
        case inspect.StrType():
            return lambda cell, row: conversions.identifier(cell)
        case _:
            raise MappingError(f"{where}: this field cannot be filled from a file")


_OPTIONS: Mapping[str, tuple[type[inspect.Type], ...]] = {
    "formats": (inspect.DateType, inspect.DateTimeType),
    "at": (inspect.DateTimeType,),
    "currency": (inspect.StructType,),
    "currency_column": (inspect.StructType,),
    "unit": (inspect.StructType,),
    "negate": (inspect.StructType, inspect.IntType),
    "split": (),
}


def _refuse_idle_options(kind: inspect.Type, spec: Spec, where: str) -> None:
    """Refuse an option that would do nothing for a field of that type."""
    unset = Spec()
    for name, kinds in _OPTIONS.items():
        if getattr(spec, name) != getattr(unset, name) and not isinstance(kind, kinds):
            raise MappingError(f"{where}: `{name}` does not go with this field's type")


def _money(spec: Spec, ground: Ground, where: str) -> Convert:
    style, unit = ground.style, spec.unit
    currency, column = spec.currency or ground.currency, spec.currency_column
    if column is not None:
        ground.columns.setdefault(column, []).append(where)
    elif currency is None:
        raise MappingError(
            f"{where}: an amount needs a currency: source.currency, or `currency` or"
            " `currency_column` here"
        )
    else:
        try:
            minor_digits(currency)
        except EventError as error:
            raise MappingError(f"{where}: {error}") from error

    def convert(cell: Cell, row: Row) -> Json:
        code = currency
        if column is not None:
            cited = row.cell(column, style)
            code = currency if cited is None else _code(cited, column)
        if code is None:
            raise CellRefused(
                worded("the row names no currency"), worded("fill the cell in"), column
            )
        value = -conversions.number(cell, style) if spec.negate else cell
        minor, rounded = conversions.money(value, code, unit, style)
        row.rounded += rounded
        return {"minor": minor, "currency": code}

    return convert


def _code(cell: Cell, column: str) -> str:
    try:
        return conversions.text(cell)
    except CellRefused as refused:
        refused.column = column
        raise


def _word(kind: inspect.LiteralType, spec: Spec, ground: Ground, where: str) -> Convert:
    """Return what lets only the field's own words pass; a table is proven now."""
    words = {str(word) for word in kind.values}
    table = ground.tables.get(spec.table or "", {})
    for result in (*table.values(), *([spec.otherwise] if spec.otherwise else [])):
        if result not in words:
            raise MappingError(f"{where}: the table gives {result!r}{nearest(result, words)}")

    def convert(cell: Cell, row: Row) -> Json:
        word = conversions.text(cell)
        if word not in words:
            raise CellRefused(
                worded(
                    "%(word)s is none of %(words)s",
                    word=quoted(word),
                    words=", ".join(sorted(words)),
                ),
                worded("write one of these; other words need a [tables.NAME] in the mapping"),
            )
        return word

    return convert
