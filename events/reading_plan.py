"""What the bytes of a published schema hold, value by value, and what its type asks of each.

A reader is made of a plan: `events.generated_reader` writes Python from it, and the compiled
reader goes through it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, cast

from msgspec import Struct
from msgspec.inspect import (
    BoolType,
    BytesType,
    FloatType,
    IntType,
    LiteralType,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
)

import schemas
from events.avro import struct_info

_PATTERNS_KEPT = 4096  # words, such as currencies, found to match
_NO_LIMIT = 2**63 - 1


class Whole(NamedTuple):
    """A number within its bounds, both included."""

    least: int
    most: int


class Text(NamedTuple):
    """A text without NUL, of so many characters, that the callable finds to match."""

    shortest: int
    longest: int
    matches: Callable[[str], object] | None


class Word(NamedTuple):
    """One of a closed list."""

    words: tuple[str, ...]


class Octets(NamedTuple):
    """Bytes as they are."""


class Flag(NamedTuple):
    """True or false."""


class Double(NamedTuple):
    """A floating-point number of 64 bits."""


class Day(NamedTuple):
    """A calendar day."""


class Instant(NamedTuple):
    """An instant, in UTC."""


class Maybe(NamedTuple):
    """Something, or None."""

    some: Plan


class Several(NamedTuple):
    """Any number of items, as a tuple."""

    item: Plan


class Record(NamedTuple):
    """The fields of a struct in the order of the bytes, by their names in it."""

    made: type[Struct]
    fields: tuple[tuple[str, Plan], ...]


Plan = Whole | Text | Word | Octets | Flag | Double | Day | Instant | Maybe | Several | Record


def plan_of(schema: schemas.AvroSchema, struct: type[Struct]) -> Record:
    """Return how a struct is read from bytes that were written under a schema."""
    return _Planner().record(schema, struct_info(struct))


class _Planner:
    """Plans one schema; a record that was spelt out may be named again."""

    def __init__(self) -> None:
        self._named: dict[str, Mapping[str, Any]] = {}

    def record(self, schema: Mapping[str, Any], info: StructType) -> Record:
        self._named[f"{schema.get('namespace', '')}.{schema['name']}"] = schema
        ours = {field.encode_name: field for field in info.fields}
        return Record(
            info.cls,
            tuple(
                (ours[field["name"]].name, self._value(field["type"], ours[field["name"]].type))
                for field in schema["fields"]
            ),
        )

    def _value(self, avro: object, info: Type) -> Plan:
        match avro:
            case ["null", some]:
                assert isinstance(info, UnionType)
                given = next(one for one in info.types if not isinstance(one, NoneType))
                return Maybe(self._value(some, given))
            case {"type": "array", "items": items}:
                assert isinstance(info, VarTupleType)
                return Several(self._value(items, info.item_type))
            case {"type": "record"}:
                assert isinstance(info, StructType)
                return self.record(cast(Mapping[str, Any], avro), info)
            case {"logicalType": "date"}:
                return Day()
            case {"logicalType": "timestamp-micros"}:
                return Instant()
            case str() if avro in self._named:
                assert isinstance(info, StructType)
                return self.record(self._named[avro], info)
            case _:
                return _plain(str(avro), info)


def _plain(avro: str, info: Type) -> Plan:
    """Return the plan of a value without parts, with each constraint of its type."""
    match avro, info:
        case "long", IntType(gt=None, ge=int(low), lt=None, le=int(high), multiple_of=None):
            return Whole(low, high)
        case "string", StrType(min_length=low, max_length=high, pattern=pattern):
            longest = _NO_LIMIT if high is None else high
            matches = pattern and lru_cache(_PATTERNS_KEPT)(re.compile(pattern).search)
            return Text(low or 0, longest, matches or None)
        case "string", LiteralType(values=words) if all(isinstance(one, str) for one in words):
            return Word(cast(tuple[str, ...], words))
        case "boolean", BoolType():
            return Flag()
        case "bytes", BytesType(min_length=None, max_length=None):
            return Octets()
        case "double", FloatType(gt=None, ge=None, lt=None, le=None, multiple_of=None):
            return Double()
        case _:
            raise AssertionError(f"nothing reads {avro} into {info}")
