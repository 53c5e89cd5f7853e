"""How casework's operations look from outside, for OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from services.casework.api import MAX_BYTES, ON_A_VERSION, kept_sealed
from services.casework.documents import (
    AlertDocument,
    CommandDocument,
    History,
    TriedDocument,
)
from services.casework.problems import Change
from services.intake.parsing import PERSONAL_CHARACTERS
from services.web.problems import LANGUAGE_PARAMETER, MEDIA_TYPE, PROBLEM_SCHEMA

KEY = {
    "name": "Authorization",
    "in": "header",
    "required": True,
    "description": "Bearer and the key of a member of staff.",
    "schema": {"type": "string"},
}

ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "New for every command, the same when it is sent again: it is done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
}

TRY = {
    "name": "try",
    "in": "query",
    "required": False,
    "description": "true: nothing is done or written; the answer says which events would be "
    "recorded, and which rows, alerts and deadlines would change. Needs no Idempotency-Key.",
    "schema": {"type": "boolean", "default": False},
}

_ETAG = {
    "description": "The version of the case or customer (an alert's too), for If-Match.",
    "schema": {"type": "string", "examples": ['"8"']},
}
_POSITION = {
    "description": "Token for reading one's own writes: at_least=TOKEN.",
    "schema": {"type": "string"},
}
_REPLAYED = {
    "description": "true: this was done before, and the answer is the one it had.",
    "schema": {"type": "string"},
}

_RULE_PROBLEM = {
    "allOf": [
        PROBLEM_SCHEMA,
        {
            "type": "object",
            "required": ["rule"],
            "properties": {"rule": {"type": "string", "description": "Which rule refused."}},
        },
    ]
}


def schema_of(kind: type[msgspec.Struct]) -> Mapping[str, object]:
    """Return the schema of a type, whole in itself."""
    (schema,), parts = msgspec.json.schema_components(
        [kind], schema_hook=_anything, ref_template="#/$defs/{name}"
    )
    return _inlined(schema, parts)


def _anything(kind: type) -> dict[str, object]:
    """Return the schema of what differs from event to event."""
    assert kind is object, f"{kind} has a schema of its own"
    return {"description": "As the touchpoint of that type has it."}


def _inlined(value: object, parts: Mapping[str, object]) -> dict[str, object]:
    found = _with_parts(value, parts)
    assert isinstance(found, dict)
    return found


def _with_parts(value: object, parts: Mapping[str, object]) -> object:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            return _with_parts(parts[reference.rpartition("/")[2]], parts)
        return {name: _with_parts(inner, parts) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_parts(inner, parts) for inner in value]
    return value


def _stale_problem() -> Mapping[str, object]:
    more = {
        "type": "object",
        "required": ["seen", "version", "changed"],
        "properties": {
            "seen": {"type": "integer"},
            "version": {"type": "integer"},
            "changed": {
                "type": "array",
                "description": "What came since, the winner first.",
                "items": schema_of(Change),
            },
        },
    }
    return {"allOf": [_RULE_PROBLEM, more]}


def problem(description: str, schema: Mapping[str, object] = PROBLEM_SCHEMA) -> object:
    """Return an answer that is a problem document."""
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


def _answer(description: str, kind: type[msgspec.Struct], headers: object) -> object:
    return {
        "description": description,
        "headers": headers,
        "content": {"application/json": {"schema": schema_of(kind)}},
    }


COMMON = {
    "401": problem("No key, or one that is not in force."),
    "403": problem("A branch's key, or one of somebody who may not, or does not work here now."),
    "404": problem("There is no such case, customer or alert to be seen.", _RULE_PROBLEM),
    "429": problem("The key sent too much; send the same again after Retry-After."),
    "503": problem("Nothing is acknowledged; send the same again after Retry-After."),
}


def _version(required: bool) -> Mapping[str, object]:
    return {
        "name": "If-Match",
        "in": "header",
        "required": required,
        "description": "The version that the command was decided on, as ETag told it.",
        "schema": {"type": "string", "examples": ['"7"']},
    }


def description(kind: type[msgspec.Struct]) -> str:
    """Return what a command's operation says of itself."""
    once = "Done whole or not at all, and once for each Idempotency-Key."
    if kind in ON_A_VERSION:
        return f"{once} It is decided on the version that If-Match names, or not at all."
    return f"{once} Without If-Match it is decided on how things stand."


def _personal(kind: type[msgspec.Struct]) -> Mapping[str, object]:
    """Return what a command may bring that is kept sealed, if it may bring anything."""
    touchpoint = kept_sealed(kind)
    if touchpoint is None:
        return {}
    field = {
        "type": "string",
        "maxLength": PERSONAL_CHARACTERS,
        "description": "Kept sealed under the customer's key.",
    }
    return {
        "personal": {
            "type": "object",
            "additionalProperties": False,
            "properties": dict.fromkeys(sorted(touchpoint.personal), field),
        }
    }


def command_schema(kind: type[msgspec.Struct]) -> dict[str, object]:
    """Return what a command's body may hold."""
    schema = dict(schema_of(kind))
    properties = schema.get("properties")
    assert isinstance(properties, dict)
    schema["properties"] = {**properties, **_personal(kind)}
    return schema


def command(
    kind: type[msgspec.Struct], answer: type[msgspec.Struct] = CommandDocument
) -> dict[str, object]:
    """Return the operation of a command."""
    schema = command_schema(kind)
    headers = {
        "ETag": _ETAG,
        "Touchstone-Position": _POSITION,
        "Idempotency-Replayed": _REPLAYED,
    }
    needed = {"428": problem("If-Match is missing.")} if kind in ON_A_VERSION else {}
    stale = problem("Somebody was faster: what came since, the winner first.", _stale_problem())
    return {
        "parameters": [KEY, ONCE, _version(kind in ON_A_VERSION), TRY, LANGUAGE_PARAMETER],
        "requestBody": {
            "required": bool(schema.get("required")),
            "description": f"At most {MAX_BYTES} bytes.",
            "content": {"application/json": {"schema": schema}},
        },
        "responses": {
            "200": {
                "description": "Done: it is in the log; or, with try=true, what would be.",
                "headers": headers,
                "content": {
                    "application/json": {
                        "schema": {"oneOf": [schema_of(answer), schema_of(TriedDocument)]}
                    }
                },
            },
            "400": problem("No Idempotency-Key, a version that cannot be read, or no JSON."),
            **COMMON,
            "408": problem("The body did not arrive in time."),
            "409": problem("A rule refuses it; nothing was done.", _RULE_PROBLEM),
            "412": stale,
            "413": problem("Too many bytes or JSON values."),
            "422": problem("No such command, or the key was used for another request."),
            **needed,
        },
    }


ALERT: dict[str, object] = {
    "parameters": [KEY, LANGUAGE_PARAMETER],
    "responses": {
        "200": _answer("The alert as it is now.", AlertDocument, {"ETag": _ETAG}),
        **COMMON,
        "409": problem("It is about a clock of a case.", _RULE_PROBLEM),
    },
}

CASE: dict[str, object] = {
    "parameters": [KEY, LANGUAGE_PARAMETER],
    "responses": {
        "200": _answer(
            "The case, and all that was decided on it.",
            History,
            {"ETag": _ETAG, "Touchstone-Position": _POSITION},
        ),
        **COMMON,
    },
}
