"""Sample touchpoints whose values follow from the names of their fields, the same for ever.

They are the golden bytes' contents and the examples of the AsyncAPI document.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import TypeVar
from zlib import crc32

from msgspec import Struct
from msgspec.inspect import (
    BoolType,
    BytesType,
    DateTimeType,
    DateType,
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

from events.avro import NoAvroForm, default_of, struct_info
from events.touchpoints.base import Touchpoint

T = TypeVar("T", bound=Touchpoint)
S = TypeVar("S", bound=Struct)

_BY_NAME: Mapping[str, object] = MappingProxyType(
    {"currency": "CNY", "country": "CN", "opens": 540, "closes": 1080}
)
"""Where the rule by type would give a value that means nothing."""

_SOME_DAY = date(2026, 3, 1)
_SOME_INSTANT = datetime(2026, 3, 1, 1, 30, 0, 250_000, tzinfo=UTC)


def sample_of(touchpoint: type[T], *, least: bool = False) -> T:
    """Return a touchpoint that says all its type can say or, with `least`, only what it must.

    A default that says something is its own best example. Raises: NoAvroForm.
    """
    return _struct(touchpoint, 1, least)


def _struct(struct: type[S], n: int, least: bool) -> S:
    given: dict[str, object] = {}
    for field in struct_info(struct).fields:
        if field.required or (not least and default_of(field) in (None, ())):
            given[field.name] = _value(field.type, field.name, n, least)
    return struct(**given)


def _value(info: Type, name: str, n: int, least: bool) -> object:
    """Return a field's value; `n` tells the items of one tuple apart."""
    match info:
        case StructType():
            return _struct(info.cls, n, least)
        case VarTupleType():
            return tuple(_value(info.item_type, name, item, least) for item in (1, 2))
        case UnionType():
            some = next(member for member in info.types if not isinstance(member, NoneType))
            return _value(some, name, n, least)
        case _:
            return _BY_NAME[name] if name in _BY_NAME else _plain(info, name, n)


def _plain(info: Type, name: str, n: int) -> object:
    word = f"{name.removesuffix('_ids').removesuffix('_id')}-{n}"
    match info:
        case StrType():
            return word
        case BytesType():
            return word.encode()
        case LiteralType():
            return info.values[(n - 1) % len(info.values)]
        case BoolType():
            return True
        case IntType(ge=int(low), le=int(high)):
            return low + (crc32(name.encode()) % 1000 + n) % (high - low + 1)
        case FloatType():
            return n / 4  # exact in binary
        case DateType():
            return _SOME_DAY + timedelta(days=n)
        case DateTimeType():
            return _SOME_INSTANT + timedelta(days=n)
        case _:
            raise NoAvroForm("sample", name, str(info))
