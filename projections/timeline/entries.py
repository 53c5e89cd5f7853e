"""The timeline: every touchpoint of a customer in fact order, each as one short entry.

There are no rows: a timeline is the dossier itself, and a copy of every event beside the log
would double the log for nothing. An entry is a pure function of its event; a page of them is
read from the events in fact order, from a place on (a keyset, not an offset), so that the
thousandth page costs what the first does and events that arrive meanwhile move nothing.

An entry shows the amount, the identifiers and the short words of a touchpoint. Personal fields
stay sealed: whoever may see them opens the event itself.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import cache
from heapq import nlargest
from types import MappingProxyType

import msgspec
from msgspec import Struct
from msgspec.inspect import Field, Metadata, NoneType, StructType, Type, UnionType, VarTupleType

from events.avro import struct_info
from events.envelope import FactKey, Position, RecordedEvent
from events.errors import MalformedToken
from events.money import Money
from events.touchpoints.base import Touchpoint

Value = str | int | bool | date | datetime

_FAMILIES: Mapping[str, str] = MappingProxyType(
    {"case": "complaint", "reference": "policy", "alert": "policy"}
)
"""Families of the domain rules, section 3, where the type's first word names another."""

_IDENTIFIERS = frozenset(
    {
        "agent", "by", "case_ref", "duplicate_of", "into", "opened_by", "out_of", "owner", "staff",
        "to",
    }
)  # fmt: skip
"""Identifiers that do not say so by ending in _id."""


class TimelinePlace(Struct, frozen=True, array_like=True):
    """A place in fact order: what an entry stands at, and a page begins after."""

    effective_at: datetime
    source: str
    epoch: int
    sequence: int
    event_id: str

    @property
    def fact_key(self) -> FactKey:
        """Return the place as events compare."""
        return (self.effective_at, self.source, self.epoch, self.sequence, self.event_id)

    def token(self) -> str:
        """Return the opaque text by which a page names where the next one begins."""
        packed = msgspec.msgpack.encode(self)
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")

    @classmethod
    def from_token(cls, token: str) -> TimelinePlace:
        """Return the place that a token names. Raises: MalformedToken."""
        try:
            packed = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
            place = msgspec.msgpack.decode(packed, type=cls)
        except (ValueError, binascii.Error, msgspec.DecodeError) as error:
            raise MalformedToken(f"{token!r} is no place on a timeline") from error
        if place.effective_at.tzinfo is None:
            raise MalformedToken(f"{token!r} is no place on a timeline")
        return place


class Entry(Struct, frozen=True, kw_only=True):
    """One touchpoint as a line of the timeline.

    `identifiers` and `words` are by field name, in the order of the type's fields; what the
    sender left out, and what only says its default, is left out here.
    """

    place: TimelinePlace
    position: Position
    type: str
    family: str
    branch_id: str
    recorded_at: datetime
    amount: Money | None
    identifiers: tuple[tuple[str, str], ...]
    words: tuple[tuple[str, Value], ...]
    sealed: bool  # it carries personal data, which the customer's key opens


def place_of(event: RecordedEvent) -> TimelinePlace:
    """Return where an event stands."""
    return TimelinePlace(*event.fact_key)


def entry_of(event: RecordedEvent) -> Entry:
    """Return an event as a line of the timeline."""
    data, envelope = event.data, event.envelope
    amount: Money | None = None
    identifiers: list[tuple[str, str]] = []
    words: list[tuple[str, Value]] = []
    for name, default, kind in _shape(type(data)):
        value = getattr(data, name)
        if value is None or value == default:
            continue
        match kind:
            case "amount":
                amount = amount or value
            case "identifier":
                identifiers.append((name, value))
            case "identifiers":
                identifiers.extend((name.removesuffix("s"), each) for each in value)
            case _:
                words.append((name, value))
    return Entry(
        place=place_of(event),
        position=event.position,
        type=envelope.type,
        family=family_of(envelope.type),
        branch_id=envelope.branch_id,
        recorded_at=event.recorded_at,
        amount=amount,
        identifiers=tuple(identifiers),
        words=tuple(words),
        sealed=getattr(data, "sealed", None) is not None,
    )


def family_of(event_type: str) -> str:
    """Return the family that a type belongs to: customer, order, payment, complaint, ..."""
    word = event_type.partition(".")[0]
    return _FAMILIES.get(word, word)


@cache
def _shape(touchpoint: type[Touchpoint]) -> tuple[tuple[str, object, str], ...]:
    """Return the fields that an entry shows: name, default, and how it shows them.

    The first amount of a type is its amount: the fields of one type name it first.
    """
    shown = []
    for field in struct_info(touchpoint).fields:
        kind = _kind(field)
        if kind is not None:
            shown.append((field.name, field.default, kind))
    return tuple(shown)


def _kind(field: Field) -> str | None:
    info = _plain(field.type)
    if isinstance(info, StructType):
        return "amount" if info.cls is Money else None
    if isinstance(info, VarTupleType):
        each = field.name.removesuffix("s")
        return "identifiers" if each.endswith("_id") or each in _IDENTIFIERS else None
    if field.name == "sealed":
        return None
    named = field.name.endswith("_id") or field.name in _IDENTIFIERS
    return "identifier" if named else "word"


def _plain(info: Type) -> Type:
    if isinstance(info, UnionType):
        info = next(part for part in info.types if not isinstance(part, NoneType))
    return info.type if isinstance(info, Metadata) else info


def page(
    events: Iterable[RecordedEvent],
    size: int,
    before: TimelinePlace | None = None,
    wanted: Callable[[RecordedEvent], bool] = lambda event: True,
) -> list[Entry]:
    """Return the newest entries before a place, newest first; no more than `size`.

    For a dossier that is at hand already; a page out of the log is the same comparison of
    `TimelinePlace.fact_key` in the database, texts compared by code point.
    """
    limit = before.fact_key if before is not None else None
    found = (e for e in events if (limit is None or e.fact_key < limit) and wanted(e))
    return [entry_of(event) for event in nlargest(size, found, key=lambda event: event.fact_key)]
