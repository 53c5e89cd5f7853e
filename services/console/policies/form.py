"""A policy as a form: its fields as text, and what was typed as the policy that is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, get_args, get_origin

import msgspec
from msgspec import Struct

from events.calendars import day_start
from events.money import Money, UnknownCurrency, from_minor, to_minor
from events.policy import Reference
from events.texts import worded
from events.touchpoints.policy import PolicyRecord
from services.intake.answers import EventRefused
from services.intake.explaining import explained
from services.intake.soundness import check_data
from services.policies.candidate import Candidate
from services.policies.kinds import Kind

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?) ?([A-Z]{3})")

Widget = Literal["number", "text", "choice", "records"]


class FormField(Struct, frozen=True):
    """A field of a policy as a form shows it."""

    name: str
    widget: Widget
    text: str
    choices: tuple[str, ...] = ()


def form_fields(kind: Kind, policy: PolicyRecord | None) -> list[FormField]:
    """Return the fields of a kind with what a policy says in them."""
    said: Mapping[str, object] = msgspec.to_builtins(policy) if policy is not None else {}
    return [
        FormField(
            field.name,
            _widget(field.type, field.default),
            _text(said.get(field.name)),
            _choices(field.type),
        )
        for field in msgspec.structs.fields(kind.record)
    ]


def as_typed(fields: Sequence[FormField], typed: Mapping[str, str]) -> list[FormField]:
    """Return fields with what was typed in them instead."""
    return [msgspec.structs.replace(one, text=typed.get(one.name, one.text)) for one in fields]


def meant(kind: Kind, typed: Mapping[str, str], now: datetime, reference: Reference) -> Candidate:
    """Return the policy that a form says. Raises: EventRefused.

    It counts from the beginning of the day that was typed; without one, from now.
    """
    body = {
        field.name: _value(field.name, typed[field.name], field.type)
        for field in msgspec.structs.fields(kind.record)
        if typed.get(field.name, "").strip() or isinstance(field.default, tuple)
        if field.name in typed
    }
    try:
        policy = msgspec.convert(body, kind.record)
    except msgspec.ValidationError as error:
        raise explained(error, body, kind.record) from error
    found = Candidate(kind.name, _starts(typed.get("from", "").strip(), now, reference), policy)
    check_data(found.touchpoint)
    return found


def _starts(text: str, now: datetime, reference: Reference) -> datetime:
    if not text:
        return now
    try:
        return day_start(date.fromisoformat(text), reference.zone_of(None))
    except ValueError as error:
        raise EventRefused(
            "malformed",
            "effective_from",
            worded("is no day"),
            worded("write a day that exists, such as 2026-02-28"),
        ) from error


def _widget(kind: object, default: object) -> Widget:
    if _choices(kind):
        return "choice"
    if any(_is_record(part) for part in get_args(kind)) and isinstance(default, tuple):
        return "records"
    return "number" if _is_integer(kind) else "text"


def _choices(kind: object) -> tuple[str, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


def _is_record(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _is_integer(kind: object) -> bool:
    return kind is int or (bool(get_args(kind)) and get_args(kind)[0] is int and not _is_list(kind))


def _is_list(kind: object) -> bool:
    return get_origin(kind) is tuple


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case {"minor": int(minor), "currency": str(code)}:
            return f"{from_minor(minor, code)} {code}"
        case [dict(), *_]:
            lines = (msgspec.json.encode(one).decode() for one in value)
            return "[" + ",\n ".join(lines) + "]"
        case list() | tuple():
            return ", ".join(str(one) for one in value)
    return str(value)


def _value(name: str, text: str, kind: object) -> object:
    """Return what a field's text says. Raises: EventRefused."""
    text = text.strip()
    if any(_is_record(part) and part is not Money for part in get_args(kind)):
        return _records(name, text)
    if _is_list(kind):
        return [_scalar(part.strip()) for part in re.split(r"[,，]", text) if part.strip()]
    if Money in get_args(kind):
        return _amount(name, text)
    if kind is float:
        return _scalar(text)
    return _scalar(text) if _is_integer(kind) else text


def _scalar(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _records(name: str, text: str) -> object:
    try:
        return msgspec.json.decode(text or "[]")
    except msgspec.DecodeError as error:
        raise EventRefused(
            "malformed",
            name,
            worded("is no list of records in JSON"),
            worded("change the values of those that stand there, and leave the signs around them"),
        ) from error


def _amount(name: str, text: str) -> object:
    found = _AMOUNT.fullmatch(text)
    remedy = worded("write an amount from 0 up and its currency, such as 12.50 CNY")
    if found is None:
        raise EventRefused("malformed", name, worded("is no amount"), remedy)
    try:
        minor, rounded = to_minor(Decimal(found[1]), found[2])
    except UnknownCurrency as error:
        raise EventRefused("malformed", name, worded("has no known currency"), remedy) from error
    if rounded:
        raise EventRefused(
            "malformed", name, worded("is finer than the currency's minor unit"), remedy
        )
    return {"minor": minor, "currency": found[2]}
