"""What a command's request says: its body, its key, and the version that it was decided on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Generic, TypeVar

import msgspec
from starlette.datastructures import Headers, QueryParams

from events import instants
from services.casework.api import ON_A_VERSION, kept_sealed
from services.casework.problems import said
from services.intake.answers import EventRefused
from services.intake.explaining import explained
from services.intake.halves import refuse_half_pairs
from services.intake.parsing import personal_fields
from services.intake.soundness import check_words
from services.web.problems import Problem
from services.web.strict_json import MalformedBody, parse

_KEY = re.compile(r"[\x21-\x7e]{1,100}")
_VERSION = re.compile(r'"([0-9]{1,15})"')


C = TypeVar("C", bound=msgspec.Struct)


class Asked(msgspec.Struct, Generic[C], frozen=True, kw_only=True):
    """What a body asks for."""

    command: C
    personal: Mapping[str, str] | None


def asked(body: bytes, kind: type[C]) -> Asked[C]:
    """Return the command in a body; no body asks for what needs no fields.

    Raises: Problem, EventRefused.
    """
    return command_in(object_in(body), kind)


def object_in(body: bytes) -> dict[str, object]:
    """Return the object that a body holds; none has no fields. Raises: Problem, EventRefused."""
    try:
        parsed = parse(body) if body.strip() else {}
    except MalformedBody as error:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "malformed_json",
            str(error),
            "send JSON as RFC 8259 says, in UTF-8",
            field="body",
        ) from error
    if not isinstance(parsed, dict):
        raise EventRefused("malformed", "body", "is no object", "send the command's fields")
    refuse_half_pairs(parsed)
    return parsed


def command_in(parsed: Mapping[str, object], kind: type[C]) -> Asked[C]:
    """Return the command that fields ask for. Raises: EventRefused."""
    fields = {name: value for name, value in parsed.items() if name != "personal"}
    personal = None
    if "personal" in parsed:
        touchpoint = kept_sealed(kind)
        if touchpoint is None:
            raise EventRefused(
                "unknown_field", "personal", "is nothing that this command keeps", "leave it out"
            )
        personal = personal_fields(parsed["personal"], touchpoint)
    try:
        command = msgspec.convert(instants.cut(fields, kind), kind, strict=True)
    except msgspec.ValidationError as error:
        raise explained(error, fields, kind) from error
    check_words(command, "data")
    return Asked(command=command, personal=personal)


def key_of(headers: Headers, language: str) -> str:
    """Return the key under which a command is done once. Raises: Problem."""
    key = headers.get("idempotency-key", "").strip()
    if len(key) > 2 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]  # as a structured field writes a text (RFC 8941)
    if not _KEY.fullmatch(key):
        raise said("no_key", language, field="Idempotency-Key")
    return key


def only_tries(parameters: QueryParams, language: str) -> bool:
    """Return whether a command is to be tried and not done. Raises: Problem."""
    given = parameters.get("try", "false")
    if given not in ("true", "false"):
        raise said("bad_try", language, field="try")
    return given == "true"


def seen_of(headers: Headers, kind: type[msgspec.Struct], language: str) -> int | None:
    """Return the version that a command was decided on, if it says one. Raises: Problem."""
    given = headers.get("if-match", "").strip()
    if given in ("", "*"):
        if kind in ON_A_VERSION:
            raise said("no_version", language, field="If-Match")
        return None
    found = _VERSION.fullmatch(given)
    if found is None:
        raise said("bad_version", language, field="If-Match")
    return int(found[1])
