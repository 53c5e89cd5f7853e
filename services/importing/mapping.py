"""The mapping language: how a file of another system's rows becomes touchpoints.

A mapping is a TOML file; README.md in the folder `mappings` explains every key to its author.
Reading is strict: an unknown key is refused with the nearest known name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from services.errors import UsageError
from services.wording import nearest

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
Words = Annotated[tuple[str, ...], Meta(max_length=1000)]
OneCharacter = Annotated[str, Meta(min_length=1, max_length=1)]
Negatives = Literal["minus", "trailing-minus", "parentheses"]

MAX_BLOCKS = 15
"""Touchpoints that one row may give; a row's events share a run of sequence numbers."""


class MappingError(UsageError):
    """A mapping cannot be used; the message names the place in it and the remedy."""


Scalar = str | bool | int | Decimal | date


class Constant:
    """A value written in the mapping itself: text, yes or no, a number, a day or an instant."""

    __slots__ = ("value",)

    def __init__(self, value: Scalar) -> None:
        self.value = value


class Source(Struct, frozen=True, kw_only=True):
    """What the file looks like, and how its words, numbers and dates are meant."""

    format: Literal["csv", "jsonl", "parquet"]
    key: Annotated[tuple[str, ...], Meta(min_length=1)]
    first: dict[str, Annotated[tuple[str, ...], Meta(min_length=1)]] = {}
    encoding: str = "utf-8"
    header: str | None = None  # the first cell of the line that names the columns
    trailer: Literal["empty-or-total"] | None = None  # what ends the table
    cells: Literal["strip"] | None = None  # also tabs and backquotes around cells
    ragged: Literal["one-more"] | None = None  # rows that end in a delimiter
    delimiter: OneCharacter = ","
    quote: OneCharacter = '"'
    timezone: str = "Asia/Shanghai"
    currency: str | None = None
    decimal: OneCharacter = "."
    thousands: Annotated[str, Meta(max_length=1)] = ""
    negatives: Negatives = "minus"
    symbols: Words = ()
    dates: Annotated[Words, Meta(min_length=1)] = ("iso",)
    null: Words = ("",)
    yes: Words = ("yes", "true", "1", "y", "是")
    no: Words = ("no", "false", "0", "n", "否")


class Condition(Struct, frozen=True, kw_only=True, rename={"is_in": "in"}):
    """What a column must be for a touchpoint to be made of the row; all that is said must hold."""

    column: str
    equals: Constant | None = None
    is_in: Words | None = None
    not_in: Words | None = None
    empty: bool | None = None
    greater: Constant | None = None
    at_least: Constant | None = None
    less: Constant | None = None
    at_most: Constant | None = None


class Spec(Struct, frozen=True, kw_only=True):
    """Where a field's value comes from (`column`, `value` or `template`), and how it is meant."""

    column: str | None = None
    value: Constant | None = None
    template: str | None = None
    default: Constant | None = None
    table: str | None = None
    otherwise: str | None = None
    formats: Words | None = None
    at: time | None = None
    split: OneCharacter | None = None
    currency: str | None = None
    currency_column: str | None = None
    unit: Literal["major", "minor"] = "major"
    negate: bool = False


class Block(Struct, frozen=True, kw_only=True):
    """One touchpoint that a row may give; its name is a part of the event's identity."""

    name: Name
    type: str
    occurred_at: object
    subject: object = None
    when: tuple[object, ...] = ()
    id: Annotated[tuple[str, ...], Meta(min_length=1)] | None = None
    data: dict[str, object] = {}
    personal: dict[str, object] = {}


class MappingFile(Struct, frozen=True, kw_only=True):
    """A mapping as written; its parts are checked where they are compiled."""

    mapping: Name
    source: dict[str, object]
    touchpoint: Annotated[tuple[object, ...], Meta(min_length=1, max_length=MAX_BLOCKS)]
    title: str = ""
    tables: dict[str, dict[str, str]] = {}


S = TypeVar("S", bound=Struct)


def read_part(raw: object, part: type[S], where: str) -> S:
    """Return a part of the mapping, typed. Raises: MappingError naming the key."""
    if not isinstance(raw, Mapping):
        raise MappingError(f"{where}: a table is expected here, not {raw!r}")
    known = [field.encode_name for field in msgspec.structs.fields(part)]
    for key in raw:
        if key not in known:
            raise MappingError(f"{where}: unknown key {key!r}{nearest(str(key), known)}")
    try:
        return msgspec.convert(raw, part, dec_hook=_constant)
    except msgspec.ValidationError as error:
        text = str(error).replace("Object", "The table")
        raise MappingError(f"{where}: {text}".replace("`$.", "`").replace("`$", "`")) from error


def _constant(kind: type, raw: object) -> object:
    if kind is object:  # a part that is checked where it is compiled
        return raw
    if isinstance(raw, str | bool | int | Decimal | date):
        return Constant(raw)
    raise ValueError("expected a text, true or false, a number or a date")


def parse_mapping(text: str, name: str) -> MappingFile:
    """Return the mapping that a TOML text holds. Raises: MappingError."""
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"mapping {name}: not valid TOML: {error}") from error
    return read_part(raw, MappingFile, f"mapping {name}")


def find_mapping(name_or_path: str) -> str:
    """Return the text of a shipped mapping or a mapping file.

    Raises: MappingError where there is none, naming those that are shipped.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise MappingError(f"cannot read mapping {path}: {error.strerror}") from error
    elif name_or_path in shipped_mappings():
        raw = (_SHIPPED / f"{name_or_path}.toml").read_bytes()
    else:
        raise MappingError(
            f"no mapping {name_or_path!r}{nearest(name_or_path, shipped_mappings())}"
            " (a mapping of your own is given by its path, ending in .toml)"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MappingError(f"mapping {name_or_path}: TOML is written in UTF-8: {error}") from error


_SHIPPED = files("services.importing") / "mappings"


def shipped_mappings() -> Sequence[str]:
    """Return the names of the mappings that are part of the product, sorted."""
    names = (entry.name for entry in _SHIPPED.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))
