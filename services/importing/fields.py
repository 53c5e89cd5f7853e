"""Fills a touchpoint's fields from a row; the field's own type decides how a cell is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import inspect

from events.money import Money
from events.texts import worded
from services.importing import conversions
from services.importing.cells import Row, Template
from services.importing.conversions import Cell, CellRefused
from services.importing.converters import Convert, Ground, Json, converter
from services.importing.mapping import MappingError, Spec, read_part
from services.wording import nearest, quoted

_LISTED = 20
"""Words of a table that a remedy lists."""

_MOST_PARTS = 1_000
"""Values of one cell: more would be another list, and cost memory."""

Read = Callable[[Row], Json]
"""Gives a field's value as JSON, None where the row has none. Raises: CellRefused."""


def record(
    kind: inspect.StructType,
    raw: Mapping[str, object],
    ground: Ground,
    where: str,
    leave_out: frozenset[str] = frozenset(),
    *,
    may_be_empty: bool = False,
) -> Read:
    """Return what reads a record's fields; an empty one stays out where it may.

    A record is empty where all the columns that it reads are, whatever constants it has beside.
    Raises: MappingError for a field that the record has not, or a required one not given.
    """
    known = {f.encode_name: f for f in kind.fields if f.encode_name not in leave_out}
    for name in raw:
        if name not in known:
            raise MappingError(f"{where}: no field {name!r}{nearest(name, known)}")
    for name, field in known.items():
        if field.required and name not in raw:
            raise MappingError(f"{where}: {kind.cls.__name__} needs the field {name!r}")
    readers = [
        (name, known[name].required, field_reader(known[name].type, raw[name], ground, place))
        for name in raw
        for place in [f"{where}.{name}"]
    ]
    columns = _columns_under(ground, where) if may_be_empty else []

    def read(row: Row) -> Json:
        values: dict[str, Json] = {}
        lacking = None
        for name, required, reader in readers:
            value = reader(row)
            if value is not None:
                values[name] = value
            elif required and lacking is None:
                lacking = name
        if lacking is None:
            return values or None
        if columns and all(row.cell(column, ground.style) is None for column in columns):
            return None
        raise CellRefused(
            worded("%(field)s is required and the row has no value for it", field=repr(lacking)),
            worded("fill the cell in, or take the row out of the file"),
            _first_column(ground, f"{where}.{lacking}"),
        )

    return read


def _columns_under(ground: Ground, where: str) -> list[str]:
    """Return the columns that the fields of a record read."""
    return [
        column
        for column, places in ground.columns.items()
        if any(place.startswith(f"{where}.") for place in places)
    ]


def _first_column(ground: Ground, place: str) -> str | None:
    return next((column for column, places in ground.columns.items() if place in places), None)


def field_reader(kind: inspect.Type, raw: object, ground: Ground, where: str) -> Read:
    """Return what reads one field from a row. Raises: MappingError."""
    kind = _without_none(kind)
    match kind:
        case inspect.StructType() if kind.cls is not Money and isinstance(raw, Mapping):
            return record(kind, raw, ground, where, may_be_empty=True)
        case inspect.VarTupleType() if isinstance(raw, Sequence) and not isinstance(raw, str):
            return _list_of(
                [
                    field_reader(kind.item_type, item, ground, f"{where}[{index}]")
                    for index, item in enumerate(raw, start=1)
                ]
            )
        case inspect.VarTupleType():
            spec = _spec(raw, where)
            return _splitter(spec, _source(spec, ground, where), kind.item_type, ground, where)
        case _:
            spec = _spec(raw, where)
            return _converted(
                spec, _source(spec, ground, where), converter(kind, spec, ground, where), where
            )


def _without_none(kind: inspect.Type) -> inspect.Type:
    if isinstance(kind, inspect.UnionType):
        kind = next(part for part in kind.types if not isinstance(part, inspect.NoneType))
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def _spec(raw: object, where: str) -> Spec:
    spec = Spec(column=raw) if isinstance(raw, str) else read_part(raw, Spec, where)
    given = [n for n in ("column", "value", "template") if getattr(spec, n) is not None]
    if len(given) != 1:
        raise MappingError(
            f"{where}: give exactly one of `column`, `value` and `template`, not"
            f" {' and '.join(given) or 'none of them'}"
        )
    if spec.otherwise is not None and spec.table is None:
        raise MappingError(f"{where}: `otherwise` goes with `table`")
    return spec


def _source(spec: Spec, ground: Ground, where: str) -> Callable[[Row], Cell]:
    """Return what fetches the cell, looked up in the spec's table if it names one."""
    style = ground.style
    if spec.column is not None:
        column = spec.column
        ground.columns.setdefault(column, []).append(where)
        fetch: Callable[[Row], Cell] = lambda row: row.cell(column, style)  # noqa: E731
    elif spec.template is not None:
        template = Template(spec.template, where)
        for cited in template.columns:
            ground.columns.setdefault(cited, []).append(where)
        fetch = lambda row: template.fill(row, style)  # noqa: E731
    else:
        assert spec.value is not None
        constant = spec.value.value
        return lambda row: constant
    return fetch if spec.table is None else _looked_up(fetch, spec, ground, where)


def _looked_up(
    fetch: Callable[[Row], Cell], spec: Spec, ground: Ground, where: str
) -> Callable[[Row], Cell]:
    name = spec.table or ""
    if name not in ground.tables:
        raise MappingError(f"{where}: no table {name!r}{nearest(name, ground.tables)}")
    table, otherwise = ground.tables[name], spec.otherwise

    def look_up(row: Row) -> Cell:
        cell = fetch(row)
        if cell is None:
            return None
        try:
            found = table.get(conversions.text(cell), otherwise)
        except CellRefused as refused:
            refused.column = spec.column
            raise
        if found is None:
            raise CellRefused(
                worded(
                    "%(cell)s is not in the table %(name)s",
                    cell=quoted(conversions.text(cell)),
                    name=repr(name),
                ),
                worded(
                    "write one of %(words)s; if the word is right, the mapping must know it: "
                    "[tables.%(name)s]",
                    words=", ".join(sorted(table)[:_LISTED]),
                    name=name,
                ),
                spec.column,
            )
        return found

    return look_up


def _converted(spec: Spec, fetch: Callable[[Row], Cell], convert: Convert, where: str) -> Read:
    """Return fetch, default and conversion in one; a constant is proven now."""
    for constant in (spec.value, spec.default):
        if constant is not None and spec.currency_column is None:
            try:
                convert(constant.value, Row(0, {}))
            except CellRefused as refused:
                raise MappingError(f"{where}: {refused.reason}: {refused.remedy}") from refused

    default = spec.default.value if spec.default is not None else None

    def read(row: Row) -> Json:
        cell = fetch(row)
        if cell is None:
            cell = default
        if cell is None:
            return None
        try:
            return convert(cell, row)
        except CellRefused as refused:
            refused.column = refused.column or spec.column
            raise

    return read


def _list_of(readers: Sequence[Read]) -> Read:
    """Return what reads a list; an element without a value stays out."""
    return lambda row: [v for reader in readers if (v := reader(row)) is not None] or None


def _splitter(
    spec: Spec, fetch: Callable[[Row], Cell], kind: inspect.Type, ground: Ground, where: str
) -> Read:
    """Return what reads a list from one cell: a list as it is, a text split, or one value."""
    kind = _without_none(kind)
    if isinstance(kind, inspect.StructType) and kind.cls is not Money:
        raise MappingError(f"{where}: a list of records is written [{{ ... }}, {{ ... }}]")
    convert = converter(kind, msgspec.structs.replace(spec, split=None), ground, where)
    style = ground.style

    def each(cell: Cell, row: Row) -> Json:
        parts: Sequence[Cell] = [cell]
        if isinstance(cell, list):
            parts = [part.strip() if isinstance(part, str) else part for part in cell]
        elif spec.split is not None and isinstance(cell, str):
            parts = [part.strip() for part in cell.split(spec.split, _MOST_PARTS)]
        if len(parts) > _MOST_PARTS:
            raise CellRefused(
                worded(
                    "the cell holds more than %(most)s values",
                    most=format(_MOST_PARTS, ","),
                ),
                worded("write fewer"),
            )
        return [convert(part, row) for part in parts if not style.is_nothing(part)] or None

    return _converted(spec, fetch, each, where)
