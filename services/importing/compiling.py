"""Compiles a mapping into what makes CloudEvents of a row; whatever can be wrong is said now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from msgspec import Struct, inspect

from events.derived_ids import derived_id
from events.texts import worded
from events.touchpoints import (
    CATALOGUE,
    PersonalTouchpoint,
    PlatformTouchpoint,
    ReferenceTouchpoint,
    Touchpoint,
)
from services.importing.cells import Row, key_of
from services.importing.conditions import Test, compile_conditions
from services.importing.conversions import CellRefused, Style, style_of
from services.importing.converters import Ground, Json
from services.importing.fields import Read, field_reader, record
from services.importing.identity import sequence, source_of
from services.importing.mapping import (
    Block,
    MappingError,
    MappingFile,
    Source,
    find_mapping,
    parse_mapping,
    read_part,
)
from services.wording import nearest

Event = dict[str, Json]
"""A CloudEvent as JSON."""


class MadeEvent(Struct, frozen=True):
    """A touchpoint made of a row; `shared` where other rows may give the same one."""

    line: int
    block: str
    shared: bool
    event: Event


class RowRefused(Struct, frozen=True):
    """Why a row gives nothing: what is wrong, where, and what to do about it."""

    line: int
    block: str | None
    column: str | None
    reason: str
    remedy: str


class CompiledBlock(Struct, frozen=True):
    """One touchpoint block, ready to read rows."""

    name: str
    number: int
    type: str
    own_id: tuple[str, ...] | None
    tests: Sequence[Test]
    subject: Read | None
    occurred_at: Read
    data: Read
    personal: Read | None
    columns: dict[str, str]  # field of the event, such as data.amount -> the column it is from

    def column_of(self, field: str | None) -> str | None:
        """Return the column that fills a field as the platform names it: data.amount.minor."""
        while field:
            if field in self.columns:
                return self.columns[field]
            field = field.rpartition(".")[0]
        return None

    def applies(self, row: Row) -> bool:
        """Return whether the row gives this touchpoint. Raises: CellRefused."""
        return all(test(row) for test in self.tests)

    def event(self, row: Row, key: Sequence[str], source: str) -> Event:
        """Return the row's touchpoint. Raises: CellRefused."""
        data = self.data(row)
        assert data is None or isinstance(data, dict)
        event: Event = {
            "specversion": "1.0",
            "id": derived_id(source, key, self.name),
            "source": source,
            "type": self.type,
            "time": self._required(self.occurred_at(row), "time"),
            "sequence": sequence(key, self.number),
            "data": data or {},
        }
        if self.subject is not None:
            event["subject"] = self._required(self.subject(row), "subject")
        personal = self.personal(row) if self.personal is not None else None
        if personal is not None:
            event["data"] = {**(data or {}), "personal": personal}
        return event

    def _required(self, value: Json, field: str) -> Json:
        if value is None:
            raise CellRefused(
                worded("the row has no %(field)s", field=field),
                worded("fill the cell in, or take the row out of the file"),
                self.column_of(field),
            )
        return value


class CompiledMapping(Struct, frozen=True):
    """A mapping ready to read rows; `digest` is the text's it was compiled from."""

    name: str
    title: str
    source: Source
    style: Style
    blocks: Sequence[CompiledBlock]
    columns: Sequence[str]
    digest: bytes

    def read(self, row: Row, branch: str) -> tuple[list[MadeEvent], list[RowRefused]]:
        """Return the touchpoints of a row, or all that is wrong with it: never a part of a row."""
        source = source_of(branch, self.name)
        made: list[MadeEvent] = []
        refused: list[RowRefused] = []
        for block in self.blocks:
            try:
                if not block.applies(row):
                    continue
                key = key_of(row, block.own_id or self.source.key, self.style)
                shared = block.own_id is not None
                event = block.event(row, key, source)
                made.append(MadeEvent(row.line, block.name, shared, event))
            except CellRefused as error:
                refused.append(
                    RowRefused(row.line, block.name, error.column, error.reason, error.remedy)
                )
        return ([], refused) if refused else (made, [])


def load_mapping(name_or_path: str) -> CompiledMapping:
    """Return a shipped mapping or one given by its path, compiled. Raises: MappingError."""
    return compile_text(find_mapping(name_or_path), name_or_path)


def compile_text(text: str, name: str = "mapping") -> CompiledMapping:
    """Return the mapping that a text holds, compiled. Raises: MappingError."""
    return compile_mapping(parse_mapping(text, name), sha256(text.encode()).digest())


def compile_mapping(file: MappingFile, digest: bytes) -> CompiledMapping:
    """Return the mapping ready to read rows. Raises: MappingError naming what is wrong."""
    source = read_part(file.source, Source, "source")
    ground = Ground(style_of(source), source.currency, file.tables, {})
    for column in source.key:
        ground.columns.setdefault(column, []).append("source.key")
    for column, group in source.first.items():
        _cite(ground, (column, *group), "source.first")
    blocks: list[CompiledBlock] = []
    for number, raw in enumerate(file.touchpoint, start=1):
        block = read_part(raw, Block, f"touchpoint[{number}]")
        if any(block.name == other.name for other in blocks):
            raise MappingError(f"touchpoint[{number}]: the name {block.name!r} is taken")
        blocks.append(_compile_block(block, number, ground))
    return CompiledMapping(
        file.mapping, file.title, source, ground.style, blocks, sorted(ground.columns), digest
    )


def _compile_block(block: Block, number: int, ground: Ground) -> CompiledBlock:
    where = f"touchpoint {block.name!r}"
    touchpoint = CATALOGUE.get(block.type)
    if touchpoint is None:
        raise MappingError(f"{where}: no type {block.type!r}{nearest(block.type, CATALOGUE)}")
    if issubclass(touchpoint, PlatformTouchpoint):
        raise MappingError(f"{where}: {block.type} is recorded by the platform alone")
    tests, read = compile_conditions(block.when, ground.style, where)
    _cite(ground, read, f"{where}.when")
    _cite(ground, block.id or (), f"{where}.id")
    info = inspect.type_info(touchpoint)
    assert isinstance(info, inspect.StructType)
    data = record(info, block.data, ground, f"{where}.data", frozenset({"sealed"}))
    return CompiledBlock(
        name=block.name,
        number=number,
        type=block.type,
        own_id=block.id,
        tests=tests,
        subject=_subject(touchpoint, block, ground, where),
        occurred_at=field_reader(
            inspect.DateTimeType(), block.occurred_at, ground, f"{where}.occurred_at"
        ),
        data=data,
        personal=_personal(touchpoint, block, ground, where),
        columns=_columns_of(ground, where),
    )


def _cite(ground: Ground, columns: Iterable[str], place: str) -> None:
    for column in columns:
        ground.columns.setdefault(column, []).append(place)


def _columns_of(ground: Ground, where: str) -> dict[str, str]:
    """Return which column fills which field of the event, so that a refusal can name it."""
    found: dict[str, str] = {}
    for column, places in ground.columns.items():
        for place in places:
            if place.startswith(f"{where}."):
                field = place.removeprefix(f"{where}.").split("[")[0]
                found.setdefault(_ON_THE_WIRE.get(field, field), column)
    return found


_ON_THE_WIRE = {"occurred_at": "time"}


def _subject(touchpoint: type[Touchpoint], block: Block, ground: Ground, where: str) -> Read | None:
    if issubclass(touchpoint, ReferenceTouchpoint):
        if block.subject is not None:
            raise MappingError(f"{where}: a rule or reference data has no subject")
        return None
    if block.subject is None:
        return None
    return field_reader(inspect.StrType(), block.subject, ground, f"{where}.subject")


def _personal(
    touchpoint: type[Touchpoint], block: Block, ground: Ground, where: str
) -> Read | None:
    if not block.personal:
        return None
    known = touchpoint.personal
    if not issubclass(touchpoint, PersonalTouchpoint) or not known:
        raise MappingError(f"{where}: {block.type} carries no personal fields")
    readers: list[tuple[str, Callable[[Row], Json]]] = []
    for name, raw in block.personal.items():
        place = f"{where}.data.personal.{name}"
        if name not in known:
            raise MappingError(f"{place}: no personal field {name!r}{nearest(name, known)}")
        readers.append((name, field_reader(inspect.StrType(), raw, ground, place)))

    def read(row: Row) -> Json:
        return {name: v for name, reader in readers if (v := reader(row)) is not None} or None

    return read
