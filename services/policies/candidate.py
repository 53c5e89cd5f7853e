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
from difflib import get_close_matches
from pathlib import Path

import msgspec
from msgspec import Struct

from events.calendars import day_start
from events.money import UnknownCurrency, to_minor
from events.policy import Reference
from events.touchpoints.policy import PolicyRecord, ReferenceTouchpoint
from services.cli import day_of, instant_of
from services.errors import UsageError
from services.policies.kinds import KINDS, Kind

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


def given(target: str) -> Given:
    """Return what a file or a kind's name gives. Raises: UsageError."""
    if target in KINDS:
        return Given(KINDS[target], None, None)
    path = Path(target)
    if not path.is_file():
        raise UsageError(
            f"{target!r} is neither a file nor a kind of policy; kinds are {', '.join(KINDS)}"
        )
    document = _read(path)
    unknown = sorted(document.keys() - _FILE_FIELDS)
    if unknown:
        raise UsageError(f"{path}: {unknown[0]!r} is none of kind, policy and effective_from")
    kind = KINDS.get(str(document.get("kind")))
    if kind is None:
        raise UsageError(f"{path}: say the kind, one of {', '.join(KINDS)}")
    body = document.get("policy", {})
    if not isinstance(body, dict):
        raise UsageError(f"{path}: policy is no table of fields")
    starts = document.get("effective_from")
    return Given(kind, body, starts.isoformat() if isinstance(starts, datetime) else _text(starts))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _read(path: Path) -> dict[str, object]:
    try:
        text = path.read_text("utf-8")
        found = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise UsageError(f"{path} cannot be read as TOML or JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path}: the file holds no table of fields")
    return found


def candidate(
    target: Given, changes: Sequence[str], starts: str | None, now: datetime, reference: Reference
) -> Candidate:
    """Return the policy that is meant, typed. Raises: UsageError.

    `starts` is a day (its first instant) or an instant; without it the file's, else `now`.
    """
    asked = starts or target.effective_from
    effective_from = first_instant(asked, "--effective-from", reference) if asked else now
    body = dict(_base(target, effective_from, reference))
    for change in changes:
        name, value = _change(change, target.kind)
        body[name] = value
    try:
        policy = msgspec.convert(body, target.kind.record)
    except msgspec.ValidationError as error:
        raise UsageError(f"the policy {target.kind.name} is not sound: {error}") from error
    return Candidate(target.kind.name, effective_from, policy)


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
    name, equals, text = change.partition("=")
    if not equals or name not in kind.fields:
        near = get_close_matches(name, kind.fields, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(
            f"--set: {change!r} sets none of {', '.join(kind.fields)} to a value{hint}"
        )
    value = _value(text)
    alone = name in _lists(kind) and not isinstance(value, list)
    return name, [value] if alone else value


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
