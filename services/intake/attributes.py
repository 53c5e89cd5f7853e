"""The CloudEvents attributes of one JSON event, checked one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from events import instants
from services.intake.answers import EventRefused
from services.intake.characters import CONTROL
from services.intake.strict_json import Unusable
from services.wording import nearest

KNOWN = (
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "data",
    "datacontenttype",
    "dataschema",
    "sequence",
    "sourceepoch",
    "senttime",
    "collectedtime",
    "branchid",
    "correlationid",
    "causationid",
    "traceparent",
)
"""Every attribute that an event may have."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{1,19}")
_MAX_SEQUENCE = 2**63 - 1


def kind_of(value: object) -> str:
    """Return what a JSON value is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "an array"
        case dict():
            return "an object"
        case _:
            return "unusable"


def wrong_kind(field: str, value: object, wanted: str, remedy: str) -> EventRefused:
    """Return the refusal of a value that is not of the kind that is asked for."""
    if isinstance(value, Unusable):
        return EventRefused("malformed", field, value.reason, remedy)
    return EventRefused("malformed", field, f"is {kind_of(value)} instead of {wanted}", remedy)


def identity(event: object) -> str | None:
    """Return the id by which an event can be spoken of, in canonical form, if it has one."""
    value = event.get("id") if isinstance(event, dict) else None
    return value.lower() if isinstance(value, str) and _UUID.fullmatch(value) else None


def refuse_unknown(event: Mapping[str, object]) -> None:
    """Refuse an attribute that nobody would read: it might be a required one misspelt."""
    for name in event:
        if name not in KNOWN:
            shown = name[:80]
            raise EventRefused(
                "unknown_field",
                shown,
                "is no attribute of an event",
                f"leave it out, or put it where it belongs{nearest(shown, KNOWN)}",
            )


def required(event: Mapping[str, object], name: str, remedy: str) -> object:
    """Return a value that must be there."""
    if event.get(name) is None:
        raise EventRefused("missing", name, "is missing", remedy)
    return event[name]


def text(event: Mapping[str, object], name: str, longest: int, remedy: str) -> str:
    """Return a required text without control characters."""
    return _text(name, required(event, name, remedy), longest, remedy)


def optional_text(event: Mapping[str, object], name: str, longest: int, remedy: str) -> str | None:
    """Return a text without control characters, or None where it was left out."""
    value = event.get(name)
    return None if value is None else _text(name, value, longest, remedy)


def _text(name: str, value: object, longest: int, remedy: str) -> str:
    if not isinstance(value, str):
        raise wrong_kind(name, value, "a text", remedy)
    if not 1 <= len(value) <= longest:
        raise EventRefused(
            "out_of_range", name, f"has {len(value)} characters, not 1 to {longest}", remedy
        )
    if CONTROL.search(value):
        raise EventRefused("malformed", name, "holds a control character", remedy)
    return value


def event_id(event: Mapping[str, object]) -> str:
    """Return the event's id in canonical form."""
    remedy = "give a UUID such as 019cad2f-6a3a-7c31-9d52-5f0e3b8a7c11, new for every event"
    value = text(event, "id", 64, remedy)
    if not _UUID.fullmatch(value):
        raise EventRefused("malformed", "id", "is no UUID", remedy)
    return value.lower()


def instant(event: Mapping[str, object], name: str) -> datetime:
    """Return a required instant, in UTC."""
    remedy = "write an instant with its zone as RFC 3339 says: 2026-03-06T17:12:00+08:00"
    value = required(event, name, remedy)
    if not isinstance(value, str):
        raise wrong_kind(name, value, "an instant", remedy)
    try:
        at = instants.instant(value)
    except ValueError as error:
        raise EventRefused("malformed", name, "is no instant that exists", remedy) from error
    if at.tzinfo is None:
        raise EventRefused("malformed", name, "has no zone", remedy)
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise EventRefused("out_of_range", name, "is outside the calendar", remedy) from error


def optional_instant(event: Mapping[str, object], name: str) -> datetime | None:
    """Return an instant in UTC, or None where it was left out."""
    return None if event.get(name) is None else instant(event, name)


def number(event: Mapping[str, object], name: str, least: int, remedy: str) -> int:
    """Return a required whole number; CloudEvents also writes one as a text of digits."""
    value = required(event, name, remedy)
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_kind(name, value, "a whole number", remedy)
    if not least <= value <= _MAX_SEQUENCE:
        raise EventRefused(
            "out_of_range", name, f"is not between {least} and {_MAX_SEQUENCE}", remedy
        )
    return value
