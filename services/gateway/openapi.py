"""How the gateway's two operations look from outside, for OpenAPI."""

from __future__ import annotations

from services.gateway.bodies import MAX_BYTES, MAX_EVENTS, MAX_VALUES
from services.gateway.modes import BATCH, EITHER, ONE
from services.intake.attributes import KNOWN
from services.web.problems import LANGUAGE_PARAMETER, MEDIA_TYPE, PROBLEM_SCHEMA

_EXAMPLE = {
    "specversion": "1.0",
    "id": "019cad2f-6a3a-7c31-9d52-5f0e3b8a7c11",
    "source": "/branches/SH-01/till-3",
    "type": "payment.payment_received",
    "subject": "C-1001",
    "time": "2026-03-06T17:12:00+08:00",
    "sequence": 42,
    "data": {
        "payment_id": "P-7781",
        "amount": {"minor": 40000, "currency": "CNY"},
        "invoice_ids": ["INV-2201"],
    },
}

_ABOUT = {
    "specversion": {"const": "1.0"},
    "id": {
        "type": "string",
        "minLength": 1,
        "maxLength": 200,
        "description": "New for every event of the source; best a UUID.",
    },
    "source": {"type": "string", "description": "/branches/ own branch / device"},
    "type": {"type": "string", "description": "A touchpoint of the catalogue."},
    "time": {"type": "string", "format": "date-time", "description": "The branch's clock."},
    "subject": {"type": "string", "maxLength": 120, "description": "The customer's opaque id."},
    "sequence": {
        "type": ["integer", "string"],
        "minimum": 1,
        "pattern": "^[0-9]{1,19}$",
        "description": "The source's own counter; without one, no gap can be seen.",
    },
    "sourceepoch": {"type": "integer", "minimum": 0, "default": 0},
    "senttime": {"type": "string", "format": "date-time"},
    "collectedtime": {"type": "string", "format": "date-time"},
    "data": {
        "type": "object",
        "description": "The touchpoint's fields; personal ones in clear under `personal`.",
    },
}

_EVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "time", "data"],
    "additionalProperties": True,
    "properties": {name: _ABOUT.get(name, {"type": "string"}) for name in KNOWN},
    "examples": [_EXAMPLE],
}

_BATCH = {"type": "array", "maxItems": MAX_EVENTS, "items": _EVENT, "examples": [[_EXAMPLE]]}

_ANSWER = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"enum": ["accepted", "duplicate", "refused"]},
        "id": {"type": "string", "description": "The sender's."},
        "position": {"type": "string", "description": "Token for reading one's own writes."},
        "recorded_at": {"type": "string", "format": "date-time"},
        "code": {"type": "string"},
        "field": {"type": "string", "description": "Path of what is wrong."},
        "reason": {"type": "string"},
        "remedy": {"type": "string"},
        "quarantined": {"type": "boolean", "default": False},
    },
}

_REPLY = {
    "type": "object",
    "required": ["results", "accepted", "duplicate", "refused", "position"],
    "properties": {
        "results": {"type": "array", "items": _ANSWER, "description": "One per event, in order."},
        "accepted": {"type": "integer"},
        "duplicate": {"type": "integer"},
        "refused": {"type": "integer"},
        "position": {"type": ["string", "null"]},
    },
}


def _body(description: str, schema: object, media_type: str = "application/json") -> object:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _problem(description: str) -> object:
    return _body(description, PROBLEM_SCHEMA, MEDIA_TYPE)


_KEY = {
    "name": "Authorization",
    "in": "header",
    "required": True,
    "description": "Bearer and the branch's key.",
    "schema": {"type": "string"},
}

_SOURCE = {
    "name": "source",
    "in": "query",
    "required": False,
    "description": "The event's source, where its id is no UUID.",
    "schema": {"type": "string"},
}

PUBLISH: dict[str, object] = {
    "parameters": [_KEY, LANGUAGE_PARAMETER],
    "requestBody": {
        "required": True,
        "description": f"At most {MAX_EVENTS} events, {MAX_BYTES} bytes and {MAX_VALUES} JSON "
        "values. In CloudEvents' binary mode the attributes are headers (ce-id, ce-source, ...) "
        "and the body is the data.",
        "content": {
            ONE: {"schema": _EVENT},
            BATCH: {"schema": _BATCH},
            EITHER: {"schema": {"oneOf": [_EVENT, _BATCH]}},
        },
    },
    "responses": {
        "200": _body("A batch: one result per event. One event: a duplicate.", _REPLY),
        "201": _body("One event alone: accepted.", _ANSWER),
        "400": _problem("The body is no JSON text in UTF-8, or not of the shape that was said."),
        "401": _problem("No key, or one that is not in force."),
        "408": _problem("The body did not arrive in time."),
        "409": _problem("One event alone: its id or sequence number is another event's."),
        "413": _problem("Too many events, bytes or JSON values."),
        "415": _problem("Another media type, charset or encoding."),
        "422": _problem("One event alone: refused, with field, reason and remedy."),
        "429": _problem("The key sent too much; send the same again after Retry-After."),
        "503": _problem("Nothing is acknowledged; send the same again after Retry-After."),
    },
}

RECEIPT: dict[str, object] = {
    "parameters": [_KEY, _SOURCE, LANGUAGE_PARAMETER],
    "responses": {
        "200": _body("The event is durable at this position.", _ANSWER),
        "401": _problem("No key, or one that is not in force."),
        "404": _problem("This branch has published no such event."),
        "429": _problem("The key sent too much; ask again after Retry-After."),
        "503": _problem("Ask again after Retry-After."),
    },
}

_NOTE = {"text/plain": {"schema": {"type": "string"}}}

_REFUSALS = {
    "401": _problem("No key, or one that is not in force."),
    "429": _problem("The key sent too much; ask again after Retry-After."),
    "503": _problem("Ask again after Retry-After."),
}

SOURCE_RECEIPT: dict[str, object] = {
    "parameters": [_KEY, LANGUAGE_PARAMETER],
    "responses": {
        "200": {
            "description": "A C2SP signed note: origin, source, epoch, the numbers that are "
            "durable, gaps and refused numbers by ranges, a digest of the held ids, the position "
            "and the instant. Lines that a reader does not know it ignores.",
            "content": _NOTE,
        },
        "403": _problem("The source is not of the key's branch."),
        **_REFUSALS,
    },
}

RECEIPT_KEY: dict[str, object] = {
    "parameters": [_KEY, LANGUAGE_PARAMETER],
    "responses": {
        "200": {
            "description": "The key's name, its id and the Ed25519 key, separated by plus signs.",
            "content": _NOTE,
        },
        **_REFUSALS,
    },
}

WORDS: dict[str, object] = {
    "parameters": [_KEY, LANGUAGE_PARAMETER],
    "responses": {
        "200": {
            "description": "A C2SP signed note: tiers, exposure, limits and gates of the customers "
            "at home in the key's branch, and the rules of credit, true of all that was recorded "
            "before `through`. Lines that a reader does not know it ignores.",
            "content": _NOTE,
        },
        **_REFUSALS,
    },
}
