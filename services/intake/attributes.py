"""The CloudEvents attributes of one JSON event, checked one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID, uuid5

from events import instants
from events.texts import N_, worded
from services.intake.answers import EventRefused
from services.intake.characters import CONTROL, flaw, shown
from services.web.strict_json import Unusable
from services.wording import nearest

KNOWN = (
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "data",
    "data_base64",
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
    "tracestate",
)
"""Every attribute that is read; others are a sender's own and mean nothing here."""

_NAME = re.compile("[a-z0-9]+")
_IDS = UUID("5b0f7c3e-4a55-5f0e-9d0a-3f1f6f0f6d21")
"""Namespace of the ids of events whose senders' ids are no UUIDs; chosen once, never to change."""

_ID_CHARACTERS = 200
_SOURCE = 200  # characters of a source at most
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{1,19}")
_MAX_SEQUENCE = 2**63 - 1


def kind_of(value: object) -> str:
    """Return what a JSON value is, in words."""
    match value:
        case None:
            return worded("null")
        case bool():
            return worded("true or false")
        case int() | float():
            return worded("a number")
        case str():
            return worded("a text")
        case list():
            return worded("an array")
        case dict():
            return worded("an object")
        case _:
            return worded("unusable")


def wrong_kind(field: str, value: object, wanted: str, remedy: str) -> EventRefused:
    """Return the refusal of a value that is not of the kind that is asked for."""
    if isinstance(value, Unusable):
        return EventRefused("malformed", field, value.told, remedy, kept_reason=value.reason)
    return EventRefused(
        "malformed",
        field,
        worded("is %(kind)s instead of %(wanted)s", kind=kind_of(value), wanted=wanted),
        remedy,
    )


def senders_id(event: object) -> str | None:
    """Return the id that the sender gave, as answers say it, if it is one."""
    value = event.get("id") if isinstance(event, dict) else None
    if not isinstance(value, str) or not 1 <= len(value) <= _ID_CHARACTERS or flaw(value):
        return None
    return value.lower() if _UUID.fullmatch(value) else value


def identity(event: object) -> str | None:
    """Return the UUID under which an event is kept, if it has an id."""
    given = senders_id(event)
    if given is None:
        return None
    source = event.get("source") if isinstance(event, dict) else None
    return kept_id(given, source if isinstance(source, str) else "")


def kept_id(given: str, source: str) -> str:
    """Return the UUID under which an event is kept: its own, or one made of source and id."""
    if _UUID.fullmatch(given):
        return given.lower()
    return str(uuid5(_IDS, f"{shown(source)}\n{given}"))  # neither holds a line end


def number_of(event: object) -> tuple[str, int, int]:
    """Return source, epoch and sequence of an event that became no draft; 0: none is readable."""
    if not isinstance(event, dict) or not isinstance(source := event.get("source"), str):
        return "", 0, 0
    try:
        epoch = number(event, "sourceepoch", 0, "")
        sequence = number(event, "sequence", 1, "") if 1 <= len(source) <= _SOURCE else 0
    except EventRefused:
        return source, 0, 0
    return source, epoch, sequence


def check_extensions(event: Mapping[str, object]) -> None:
    """Let attributes pass that nobody reads here, if they are attributes. Raises: EventRefused."""
    for name, value in event.items():
        if name in KNOWN:
            continue
        where = name[:80]
        if not _NAME.fullmatch(name):
            raise EventRefused(
                "unknown_field",
                where,
                worded("is no name of an attribute: small letters and digits"),
                worded(
                    "leave it out, or put it where it belongs%(near)s",
                    near=nearest(where, KNOWN),
                ),
                kept_field="event",
            )
        if isinstance(value, dict | list | Unusable):
            refused = wrong_kind(
                where, value, worded("a text, a number, true or false"), worded("leave it out")
            )
            refused.kept_field = "event"
            raise refused


def required(event: Mapping[str, object], name: str, remedy: str) -> object:
    """Return a value that must be there."""
    if event.get(name) is None:
        raise EventRefused("missing", name, worded("is missing"), remedy)
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
        raise wrong_kind(name, value, worded("a text"), remedy)
    if not 1 <= len(value) <= longest:
        raise EventRefused(
            "out_of_range",
            name,
            worded(
                "has %(count)s characters, not 1 to %(longest)s",
                count=len(value),
                longest=longest,
            ),
            remedy,
        )
    if CONTROL.search(value):
        raise EventRefused("malformed", name, worded("holds a control character"), remedy)
    return value


def identifier(event: Mapping[str, object], name: str, longest: int, remedy: str) -> str:
    """Return a required text that no other looks like."""
    value = text(event, name, longest, remedy)
    if wrong := flaw(value):
        raise EventRefused(
            "malformed", name, wrong, worded("give it without: %(remedy)s", remedy=worded(remedy))
        )
    return value


def optional_identifier(
    event: Mapping[str, object], name: str, longest: int, remedy: str
) -> str | None:
    """Return a text that no other looks like, or None where it was left out."""
    return None if event.get(name) is None else identifier(event, name, longest, remedy)


def event_id(event: Mapping[str, object], source: str) -> str:
    """Return the UUID under which the event is kept."""
    remedy = N_(
        "give an id, new for every event: a UUID such as 019cad2f-6a3a-7c31-9d52-5f0e3b8a7c11"
    )
    return kept_id(identifier(event, "id", _ID_CHARACTERS, remedy), source)


def instant(event: Mapping[str, object], name: str) -> datetime:
    """Return a required instant, in UTC."""
    remedy = N_("write an instant with its zone as RFC 3339 says: 2026-03-06T17:12:00+08:00")
    value = required(event, name, remedy)
    if not isinstance(value, str):
        raise wrong_kind(name, value, worded("an instant"), remedy)
    try:
        at = instants.instant(value)
    except ValueError as error:
        raise EventRefused(
            "malformed", name, worded("is no instant that exists"), remedy
        ) from error
    if at.tzinfo is None:
        raise EventRefused("malformed", name, worded("has no zone"), remedy)
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise EventRefused(
            "out_of_range", name, worded("is outside the calendar"), remedy
        ) from error


def optional_instant(event: Mapping[str, object], name: str) -> datetime | None:
    """Return an instant in UTC, or None where it was left out."""
    return None if event.get(name) is None else instant(event, name)


def number(event: Mapping[str, object], name: str, least: int, remedy: str) -> int:
    """Return a whole number, 0 where it was left out; CloudEvents writes it as text, too."""
    value = event.get(name)
    if value is None:
        return 0
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_kind(name, value, worded("a whole number"), remedy)
    if not least <= value <= _MAX_SEQUENCE:
        raise EventRefused(
            "out_of_range",
            name,
            worded(
                "is not between %(least)s and %(max_sequence)s",
                least=least,
                max_sequence=_MAX_SEQUENCE,
            ),
            remedy,
        )
    return value
