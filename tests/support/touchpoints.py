"""Touchpoints for tests: any value that a type allows, and recorded events around them."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import NAMESPACE_URL, uuid5

from hypothesis import strategies as st
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
    type_info,
)

from events.envelope import BranchId, CustomerId, Envelope, EventId, Position, RecordedEvent
from events.touchpoints.base import Touchpoint

S = TypeVar("S", bound=Struct)
T = TypeVar("T", bound=Touchpoint)

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def touchpoints(touchpoint: type[T]) -> st.SearchStrategy[T]:
    """Any touchpoint of a type, within the constraints of its fields."""
    return _struct(touchpoint)


def recorded(
    data: Touchpoint,
    n: int = 0,
    *,
    effective_at: datetime = START,
    recorded_at: datetime | None = None,
    subject: str | None = None,
    partition: int = 0,
    source: str = "/branches/B-1/till-1",
) -> RecordedEvent:
    """The event of that number: same arguments, same event."""
    envelope = Envelope(
        id=EventId(str(uuid5(NAMESPACE_URL, f"{source}#{n}"))),
        source=source,
        type=data.event_type,
        subject=None if subject is None else CustomerId(subject),
        branch_id=BranchId("B-1"),
        epoch=0,
        sequence=n + 1,
        created_at=effective_at,
        effective_at=effective_at,
    )
    at = effective_at + timedelta(seconds=1) if recorded_at is None else recorded_at
    return RecordedEvent(envelope, Position(1, partition, n), at, data)


def _struct(struct: type[S]) -> st.SearchStrategy[S]:
    info = type_info(struct)
    assert isinstance(info, StructType)
    fields = {field.name: _values(field.type) for field in info.fields if field.required}
    extra = {field.name: _values(field.type) for field in info.fields if not field.required}
    given = st.fixed_dictionaries(fields, optional=extra)
    return given.map(lambda values: struct(**values))


def _values(info: Type) -> st.SearchStrategy[object]:
    match info:
        case StructType():
            return _struct(info.cls)
        case VarTupleType():
            return st.lists(_values(info.item_type), max_size=4).map(tuple)
        case UnionType():
            return st.one_of(*(_values(member) for member in info.types))
        case NoneType():
            return st.none()
        case _:
            return _plain(info)


def _plain(info: Type) -> st.SearchStrategy[object]:
    match info:
        case StrType(pattern=str(pattern)):
            longest = info.max_length
            made = st.from_regex(pattern)
            return made.filter(lambda word: longest is None or len(word) <= longest)
        case StrType():
            letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
            return st.text(letters, min_size=info.min_length or 0, max_size=info.max_length)
        case LiteralType():
            return st.sampled_from(info.values)
        case IntType():
            return st.integers(info.ge, info.le)
        case BoolType():
            return st.booleans()
        case FloatType():
            return st.floats(allow_nan=False)
        case BytesType():
            return st.binary(max_size=64)
        case DateType():
            return st.dates()
        case DateTimeType():
            return st.datetimes(timezones=st.just(UTC))
        case _:
            raise AssertionError(f"no strategy for {info}")
