"""Proof that types, schemas, golden bytes and the AsyncAPI document say the same."""

from collections.abc import Callable, Iterator
from functools import partial

import schemas
from events.touchpoints import TYPES
from services.errors import UsageError
from services.schemas.asyncapi import ASYNCAPI_FILE, document_text
from services.schemas.files import SchemaId
from services.schemas.golden import golden_faults
from services.schemas.publish import (
    refuse_changed,
    refuse_incompatible,
    refuse_same_fingerprint,
)


def contract_faults() -> Iterator[str]:
    """Yield all in which the contract's parts disagree; one sentence each."""
    known = [(schema_id, schemas.load(*schema_id)) for schema_id in schemas.published()]
    by_id = dict(known)
    for touchpoint in TYPES:
        schema_id: SchemaId = (touchpoint.event_type, touchpoint.version)
        published = by_id.get(schema_id)
        if published is None:
            yield f"{schema_id[0]} v{schema_id[1]} is not published: `touchstone schemas generate`"
        else:
            yield from _refusal(partial(refuse_changed, touchpoint, published))
    yield from _refusal(partial(refuse_same_fingerprint, known))
    yield from _refusal(partial(refuse_incompatible, known))
    for schema_id, _ in known:
        yield from golden_faults(schema_id)
    if not ASYNCAPI_FILE.is_file() or ASYNCAPI_FILE.read_text("utf-8") != document_text():
        yield "schemas/asyncapi.yaml is out of date: `touchstone schemas generate`"


def _refusal(attempt: Callable[[], None]) -> Iterator[str]:
    try:
        attempt()
    except UsageError as refused:
        yield str(refused)
