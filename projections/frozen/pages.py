"""The form of a frozen graph: its head, its pages, and what stands on them for what."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from enum import Enum
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from events.envelope import BranchId, EventId
from events.facts import Fact
from events.touchpoints import touchpoint_type
from projections.protocol import Row

T = TypeVar("T")

UNSET = ...
"""Stands for a slot that has no value."""

INERT: tuple[Any, ...] = (
    tuple, Struct, str, bytes, int, float, frozenset, date, timedelta, tzinfo, Enum, Callable,
    type(None), type(...),
)  # fmt: skip
"""What may be written whole wherever it is met: nothing changes it."""


class Frozen(Struct, array_like=True):
    """A container on pages: a list's items in order, else entries by the hash of their key."""

    kind: str
    length: int
    sizes: list[int]  # bytes of each page


class Head(Struct, array_like=True):
    """What stands before the pages, which follow in this order."""

    page: int  # list items on each page but the last
    root: int  # bytes
    firsts: list[int]  # the first part on each page of parts
    parts: list[int]  # bytes of each of them
    containers: list[Frozen]


class Ghost:
    """A part that was not read yet: looking at it makes it one."""

    __slots__ = ()


def hashed(key: object) -> int:
    """Return a number for an inert key that is the same in every process."""
    return zlib.crc32(repr(key).encode())


def slots_of(kind: type) -> tuple[str, ...]:
    """Return the slots of a class and of those it is made of."""
    return tuple(
        slot for base in reversed(kind.__mro__) for slot in base.__dict__.get("__slots__", ())
    )


# --- what pages name: functions that make things of what was written ---

_packer = msgspec.msgpack.Encoder()


def fact_as_written(fact: Fact) -> tuple[object, ...]:
    """Return how a fact is written."""
    return fact_written, (fact.data.event_type, _packer.encode(astuple(fact)))


def fact_written(event_type: str, packed: bytes) -> Fact:
    """Return a fact as it was."""
    return Fact(*_event_decoder(event_type).decode(packed))


@cache
def _event_decoder(event_type: str) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(
        tuple[  # type: ignore[misc]
            EventId, datetime, BranchId, str, int, int, touchpoint_type(event_type)
        ]
    )


def row_as_written(row: Row) -> tuple[object, ...]:
    """Return how a row is written."""
    return row_of, (type(row), _packer.encode(row))


def row_of(kind: type[Row], packed: bytes) -> Row:
    """Return a row as it was."""
    return _row_decoder(kind).decode(packed)


@cache
def _row_decoder(kind: type[Row]) -> msgspec.msgpack.Decoder[Row]:
    return msgspec.msgpack.Decoder(kind)


def made(kind: type[T]) -> T:
    """Return an object of a class, without attributes."""
    return object.__new__(kind)


def fill(one: object, state: Mapping[str, object]) -> None:
    """Give an object the attributes that it had."""
    for name, value in state.items():
        if value is not UNSET:
            setattr(one, name, value)


def a_part(number: int, kind: int) -> object:
    """Stand on a page for a part; whoever thaws puts it in place."""
    raise NotImplementedError


def a_container(place: int) -> object:
    """Stand on a page for a container; whoever thaws puts it in place."""
    raise NotImplementedError


def the_rules() -> object:
    """Stand on a page for the rules in force; whoever thaws puts them in place."""
    raise NotImplementedError
