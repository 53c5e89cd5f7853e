"""Instants as others write them, at every door alike: finer than a microsecond is cut.

Cut, never rounded: 23:59:59.9999999 stays on its day (domain rules, 11.6). msgspec rounds what
it reads, so whatever it is to read as an instant goes through here first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType

import msgspec
from msgspec import Struct
from msgspec.inspect import (
    DateTimeType,
    Metadata,
    NoneType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)

_FINER = re.compile(r"([.,][0-9]{6})[0-9]+")

_Cutter = Callable[[object], object]


def cut_text(text: str) -> str:
    """Return an instant's text without what is finer than a microsecond."""
    return _FINER.sub(r"\1", text, count=1)


def instant(text: str) -> datetime:
    """Return the instant that a text of RFC 3339 names; without a zone where it gives none.

    Raises: ValueError.
    """
    return msgspec.convert(cut_text(text), datetime)


def cut(fields: Mapping[str, object], kind: type[Struct]) -> Mapping[str, object]:
    """Return the fields of a struct, written in JSON, with each instant among them cut.

    Where there is none, or none is so fine, these are the fields that were given.
    """
    found = _cut_struct(fields, _cutters(kind))
    assert isinstance(found, Mapping)
    return found


def _cut_struct(value: object, cutters: Mapping[str, _Cutter]) -> object:
    if not cutters or not isinstance(value, Mapping):
        return value
    changed = {
        name: new
        for name, cutter in cutters.items()
        if name in value and (new := cutter(value[name])) is not value[name]
    }
    return {**value, **changed} if changed else value


def _cut_instant(value: object) -> object:
    if isinstance(value, str) and _FINER.search(value):
        return cut_text(value)
    return value


@cache
def _cutters(kind: type[Struct]) -> Mapping[str, _Cutter]:
    """Return what cuts each field of a struct that is an instant, or holds one."""
    info = type_info(kind)
    assert isinstance(info, StructType)
    found = {field.encode_name: _cutter(field.type) for field in info.fields}
    return MappingProxyType({name: cutter for name, cutter in found.items() if cutter is not None})


def _cutter(info: Type) -> _Cutter | None:
    match info:
        case Metadata():
            return _cutter(info.type)
        case UnionType():
            [some] = (part for part in info.types if not isinstance(part, NoneType))
            return _cutter(some)
        case DateTimeType():
            return _cut_instant
        case StructType():
            cutters = _cutters(info.cls)
            return (lambda value: _cut_struct(value, cutters)) if cutters else None
        case VarTupleType():
            return _of_each(_cutter(info.item_type))
        case _:
            return None


def _of_each(cutter: _Cutter | None) -> _Cutter | None:
    if cutter is None:
        return None

    def cut_each(values: object) -> object:
        if not isinstance(values, list):
            return values
        new = [cutter(value) for value in values]
        same = all(one is other for one, other in zip(new, values, strict=True))
        return values if same else new

    return cut_each
