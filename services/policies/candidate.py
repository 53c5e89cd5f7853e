"""A policy that somebody means to publish: from a file, or from what is in force and changes.

A file (TOML or JSON) says `kind`, `policy` with its fields, and perhaps `effective_from`; what
it leaves out of the policy has its default, since a policy is published whole. A kind alone
begins with the version in force. Changes `name=value` are laid over either.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
from msgspec import Struct

from events.calendars import day_start
from events.money import Money, UnknownCurrency, to_minor
from events.policy import Reference
from events.touchpoints.policy import PolicyRecord, ReferenceTouchpoint
from services.errors import UsageError
from services.intake.answers import EventRefused
from services.intake.explaining import explained
from services.intake.soundness import check_data
from services.policies.kinds import KINDS, Kind
from services.terminal import day_of, instant_of
from services.wording import nearest

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?) ?([A-Z]{3})")
_FILE_FIELDS = frozenset({"kind", "policy", "effective_from"})


class Candidate(Struct, frozen=True):
    """A policy, whole, and from when it is to count."""

    kind: str
    effective_from: datetime
    policy: PolicyRecord

    @property
    def touchpoint(self) -> ReferenceTouchpoint:
        """Return the touchpoint that publishes it."""
        data = {"effective_from": self.effective_from, "policy": self.policy}
        return msgspec.convert(data, KINDS[self.kind].published)


class Given(Struct, frozen=True):
    """What a file or a kind gives before it is checked against the policy's type."""

    kind: Kind
    body: Mapping[str, object] | None  # None: begin with the version in force
    effective_from: str | None
    place: str  # the file or the kind, as its fields are named


def given(target: str) -> Given:
    """Return what a file or a kind's name gives. Raises: UsageError."""
    if target in KINDS:
        return Given(KINDS[target], None, None, target)
    path = Path(target)
    if not path.is_file():
        raise UsageError(
            f"{target!r} is neither a file nor a kind of policy{nearest(target, KINDS)}"
        )
    document = _read(path)
    unknown = sorted(document.keys() - _FILE_FIELDS)
    if unknown:
        raise UsageError(
            f"{path}: {unknown[0]!r} is none of kind, policy and effective_from; the policy's own "
            "fields stand in the table policy"
        )
    name = str(document.get("kind", ""))
    if name not in KINDS:
        raise UsageError(f"{path}: kind {name!r}: say the kind, one of {', '.join(KINDS)}")
    body = document.get("policy", {})
    if not isinstance(body, dict):
        fields = ", ".join(KINDS[name].fields)
        raise UsageError(f"{path}: policy is no table of fields; give some of {fields}")
    starts = document.get("effective_from")
    starts = starts.isoformat() if isinstance(starts, datetime) else _text(starts)
    return Given(KINDS[name], body, starts, target)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _read(path: Path) -> dict[str, object]:
    try:
        text = path.read_text("utf-8")
        found = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}; give a file that you may read"
        ) from error
    except (ValueError, RecursionError) as error:
        form = "TOML" if path.suffix == ".toml" else "JSON"
        raise UsageError(
            f"{path} cannot be read as {form}: {error}; mend it, or let its name end in .toml or "
            ".json as it is written"
        ) from error
    if not isinstance(found, dict):
        raise UsageError(f"{path}: the file holds no table of fields")
    return found


def candidate(
    target: Given, changes: Sequence[str], starts: str | None, now: datetime, reference: Reference
) -> Candidate:
    """Return the policy that is meant, typed. Raises: UsageError.

    `starts` is a day (its first instant) or an instant; without it the file's, else `now`.
    """
    effective_from = now
    if starts:
        effective_from = first_instant(starts, "--effective-from", reference)
    elif target.effective_from:
        place = f"{target.place}: effective_from"
        effective_from = first_instant(target.effective_from, place, reference)
    body = dict(_base(target, effective_from, reference))
    for change in changes:
        name, value = _change(change, target.kind)
        body[name] = value
    try:
        policy = msgspec.convert(body, target.kind.record)
        meant = Candidate(target.kind.name, effective_from, policy)
        check_data(meant.touchpoint)
    except msgspec.ValidationError as error:
        why = explained(error, body, target.kind.record)
        raise _refused(why, body, target, changes) from error
    except EventRefused as why:
        raise _refused(why, body, target, changes) from why
    return meant


def _refused(
    why: EventRefused, body: Mapping[str, object], target: Given, changes: Sequence[str]
) -> UsageError:
    """Return the refusal in the words of whoever gave the file or the change."""
    field = why.field.removeprefix("data.").removeprefix("policy.")
    name = field.partition(".")[0].partition("[")[0]
    change = next((one for one in reversed(changes) if one.partition("=")[0] == name), None)
    remedy = why.remedy
    if name in _amounts(target.kind) and (change is not None or field.endswith(".minor")):
        such = 'minor 1250 with currency "CNY"' if change is None else f'{name}="12.50 CNY"'
        remedy = f"write an amount from 0 up and its currency, such as {such}"
    elif why.code == "missing" and name == field and target.body is None:
        remedy = f"give --set {name}=VALUE"
    place = target.place if change is None else f"--set {change!r}"
    value = f" = {json.dumps(body[field], default=str)}" if change is None and field in body else ""
    return UsageError(f"{place}: {field}{value} {why.reason}; {remedy}")


def first_instant(text: str, option: str, reference: Reference) -> datetime:
    """Return the instant that an option names: a day means its beginning in the company's zone.

    Raises: UsageError.
    """
    if len(text) == len("2026-03-20"):
        return day_start(day_of(text, option), reference.zone_of(None))
    return instant_of(text, option, reference)


def _base(target: Given, at: datetime, reference: Reference) -> Mapping[str, object]:
    if target.body is not None:
        return target.body
    begun = [v for v in reference.versions(target.kind.record) if v.effective_from <= at]
    body: dict[str, object] = msgspec.to_builtins(begun[-1].policy) if begun else {}
    return body


def _change(change: str, kind: Kind) -> tuple[str, object]:
    name, _, text = change.partition("=")
    if name not in kind.fields:
        raise UsageError(
            f"--set: {change!r} sets no field of {kind.name}{nearest(name, kind.fields)}"
        )
    if not text:
        raise UsageError(f"--set: {change!r} gives no value; write {name}=VALUE")
    value = _value(text)
    alone = name in _lists(kind) and not isinstance(value, list)
    return name, [value] if alone else value


def _amounts(kind: Kind) -> frozenset[str]:
    hints = get_type_hints(kind.record)
    return frozenset(name for name, hint in hints.items() if Money in get_args(hint))


def _lists(kind: Kind) -> frozenset[str]:
    fields = msgspec.structs.fields(kind.record)
    return frozenset(field.name for field in fields if isinstance(field.default, tuple))


def _value(text: str) -> object:
    """Read a value as JSON, as an amount (50.00 CNY), as a list of these, or as plain text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        pass  # people write less than JSON
    amount = _AMOUNT.fullmatch(text)
    if amount is not None:
        try:
            minor, rounded = to_minor(Decimal(amount[1]), amount[2])
        except UnknownCurrency as error:
            raise UsageError(f"--set: {error}") from error
        if rounded:
            raise UsageError(f"--set: {text} is finer than the currency's minor unit")
        return {"minor": minor, "currency": amount[2]}
    if "," in text:
        return [_value(part.strip()) for part in text.split(",")]
    return text
