"""How the operations of bulks look from outside, for OpenAPI."""

from __future__ import annotations

from msgspec import Struct

from events.cases.commands import CaseCommand
from services.casework.bulk.asking import MOST_ITEMS
from services.casework.bulk.bodies import MAX_BYTES
from services.casework.bulk.lines import (
    MEDIA_TYPE,
    Begin,
    ChangesLine,
    Decided,
    End,
    ItemLine,
    Progress,
)
from services.casework.filters import CaseFilter, ItemFilter
from services.casework.openapi import (
    COMMON,
    KEY,
    LANGUAGE,
    ONCE,
    TRY,
    command_schema,
    problem,
    schema_of,
)

DESCRIPTION = (
    "Tried, it says line by line what would become of each item, and then which rows, alerts and "
    "deadlines would change. Done, each item is done whole or not at all, and once for each "
    "Idempotency-Key: a bulk that was cut goes on when the same is sent again. What changed since "
    "it was tried is stale, and says who was faster. The answer ends with a line `end`."
)

_LINES = (Begin, ItemLine, Decided, ChangesLine, Progress, End)

_ITEMS = {
    "type": "array",
    "maxItems": MOST_ITEMS,
    "description": "Instead of a filter: each with the version that trying it told.",
    "items": {
        "type": "object",
        "required": ["id"],
        "additionalProperties": False,
        "properties": {"id": {"type": "string"}, "version": {"type": ["integer", "null"]}},
    },
}


def _where(kind: type[Struct]) -> dict[str, object]:
    if issubclass(kind, CaseCommand):
        described = "Which cases, as in the list of them; only to be tried."
        return {**schema_of(CaseFilter), "description": described}
    described = "Who has such an open item, as in the list of them; only to be tried."
    return {**schema_of(ItemFilter), "description": described}


def bulk(kind: type[Struct]) -> dict[str, object]:
    """Return the operation of a command on many cases or accounts."""
    body = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "where": _where(kind),
            "items": _ITEMS,
            "command": command_schema(kind),
        },
    }
    lines = {"oneOf": [schema_of(one) for one in _LINES]}
    return {
        "parameters": [KEY, ONCE, TRY, LANGUAGE],
        "requestBody": {
            "required": True,
            "description": f"At most {MAX_BYTES} bytes.",
            "content": {"application/json": {"schema": body}},
        },
        "responses": {
            "200": {
                "description": "One JSON document to a line, as each is known.",
                "content": {MEDIA_TYPE: {"schema": lines}},
            },
            "400": problem("No Idempotency-Key, or no JSON."),
            **{code: one for code, one in COMMON.items() if code != "404"},
            "408": problem("The body did not arrive in time."),
            "413": problem("Too many bytes or JSON values."),
            "422": problem("No such command or filter, or the filter finds too much."),
        },
    }
