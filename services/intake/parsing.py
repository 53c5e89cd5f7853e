"""One JSON event of a branch as a draft, or the reason why it is none."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

import msgspec

from events import instants
from events.envelope import BranchId, CustomerId, Envelope, EventId, effective_instant
from events.touchpoints import CATALOGUE, Touchpoint
from services.intake import attributes
from services.intake.answers import EventRefused
from services.intake.attributes import (
    identifier,
    optional_identifier,
    optional_instant,
    optional_text,
    text,
    wrong_kind,
)
from services.intake.characters import CUSTOMER_CHARACTERS
from services.intake.draft import Draft, Scope
from services.intake.explaining import explained
from services.intake.halves import refuse_half_pairs
from services.intake.media_types import is_json
from services.web.strict_json import MalformedBody, Tally, TooManyValues, parse
from services.wording import nearest

PERSONAL_CHARACTERS = 2_000
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_DATA_VALUES = 20_000
_TRACESTATE_CHARACTERS = 512  # as W3C has it


def draft_of(event: object, scope: Scope) -> Draft:
    """Return the draft that a parsed JSON event stands for. Raises: EventRefused."""
    if not isinstance(event, dict):
        raise wrong_kind("event", event, "an object", "send each event as a JSON object")
    refuse_half_pairs(event)
    attributes.check_extensions(event)
    _check_forms(event)
    touchpoint = _touchpoint(event)
    envelope = _envelope(event, touchpoint, scope)
    data, personal = _data(event, touchpoint)
    return Draft(envelope, data, personal)


def _check_forms(event: Mapping[str, object]) -> None:
    """Check the attributes that say in which form the rest is written."""
    version = text(event, "specversion", 16, 'say "specversion": "1.0"')
    if version != "1.0":
        raise EventRefused("malformed", "specversion", "is not 1.0", 'say "specversion": "1.0"')
    remedy = "leave it out: data is always JSON"
    form = optional_text(event, "datacontenttype", 80, remedy)
    if form is not None and not is_json(form):
        raise EventRefused("malformed", "datacontenttype", "is not application/json", remedy)
    optional_text(event, "dataschema", 400, "leave it out: the newest schema of the type is used")


def _touchpoint(event: Mapping[str, object]) -> type[Touchpoint]:
    remedy = "name a touchpoint of the catalogue, such as payment.payment_received"
    name = text(event, "type", 120, remedy)
    found = CATALOGUE.get(name)
    if found is None:
        remedy += nearest(name, CATALOGUE)
        raise EventRefused("unknown_type", "type", "is no touchpoint", remedy)
    return found


def _envelope(event: Mapping[str, object], touchpoint: type[Touchpoint], scope: Scope) -> Envelope:
    source = identifier(event, "source", 200, f"/branches/{scope.branch_id}/ and the device")
    event_id = attributes.event_id(event, source)
    created_at = attributes.instant(event, "time")
    sent_at = optional_instant(event, "senttime")
    collected_at = optional_instant(event, "collectedtime")
    if (sent_at is None) != (collected_at is None):
        lacking = "senttime" if sent_at is None else "collectedtime"
        raise EventRefused(
            "missing",
            lacking,
            "is missing",
            "a branch's clock is corrected by senttime and collectedtime together: give both "
            "or neither",
        )
    try:
        effective_at = effective_instant(created_at, sent_at, collected_at)
    except OverflowError as error:
        raise EventRefused(
            "out_of_range",
            "senttime",
            "is so far from time that the corrected instant is outside the calendar",
            "check the branch's clock",
        ) from error
    _check_branch(event, scope)
    number_remedy = "give the source's own counter, from 1, or leave it out if there is none"
    return Envelope(
        id=EventId(event_id),
        source=source,
        type=touchpoint.event_type,
        subject=_subject(event),
        branch_id=scope.branch_id,
        epoch=_epoch(event),
        sequence=attributes.number(event, "sequence", 1, number_remedy),
        created_at=created_at,
        sent_at=sent_at,
        collected_at=collected_at,
        effective_at=effective_at,
        correlation_id=optional_identifier(event, "correlationid", 200, "at most 200 characters"),
        causation_id=optional_identifier(event, "causationid", 200, "the id of the event's cause"),
        traceparent=_traceparent(event),
        tracestate=optional_text(
            event, "tracestate", _TRACESTATE_CHARACTERS, "give a W3C trace state or leave it out"
        ),
    )


def _check_branch(event: Mapping[str, object], scope: Scope) -> None:
    remedy = f"leave it out: the key says that this is branch {scope.branch_id}"
    branch = optional_text(event, "branchid", 120, remedy)
    if branch is not None and BranchId(branch) != scope.branch_id:
        raise EventRefused("not_allowed", "branchid", "is another branch", remedy)


def _subject(event: Mapping[str, object]) -> CustomerId | None:
    remedy = f"give the customer's id of 1 to {CUSTOMER_CHARACTERS} characters"
    subject = optional_text(event, "subject", CUSTOMER_CHARACTERS, remedy)
    return None if subject is None else CustomerId(subject)


def _epoch(event: Mapping[str, object]) -> int:
    remedy = "give 0, or one more each time the source starts numbering anew"
    return attributes.number(event, "sourceepoch", 0, remedy)


def _traceparent(event: Mapping[str, object]) -> str | None:
    remedy = "give a W3C trace context or leave it out"
    value = optional_text(event, "traceparent", 80, remedy)
    if value is not None and not _TRACEPARENT.fullmatch(value):
        raise EventRefused("malformed", "traceparent", "is no W3C trace context", remedy)
    return value


def _data(
    event: Mapping[str, object], touchpoint: type[Touchpoint]
) -> tuple[Touchpoint, Mapping[str, str] | None]:
    remedy = f"give the fields of {touchpoint.event_type} as an object"
    raw = attributes.required(event, "data", remedy) if not _encoded(event) else _decoded(event)
    if not isinstance(raw, dict):
        raise wrong_kind("data", raw, "an object", remedy)
    if "sealed" in raw:
        raise EventRefused(
            "not_allowed",
            "data.sealed",
            "is the platform's own",
            "give personal fields in clear under data.personal: the gateway seals them",
        )
    fields = raw
    personal = None
    if "personal" in raw:
        fields = {name: value for name, value in raw.items() if name != "personal"}
        personal = personal_fields(raw["personal"], touchpoint)
    try:
        return msgspec.convert(instants.cut(fields, touchpoint), touchpoint, strict=True), personal
    except msgspec.ValidationError as error:
        raise explained(error, fields, touchpoint) from error


def _encoded(event: Mapping[str, object]) -> bool:
    return event.get("data_base64") is not None


def _decoded(event: Mapping[str, object]) -> object:
    """Return the JSON that was sent as base64. Raises: EventRefused."""
    name, remedy = "data_base64", "give data as JSON under data"
    if event.get("data") is not None:
        raise EventRefused("inconsistent", name, "stands beside data", "give one of the two")
    value = event[name]
    if not isinstance(value, str):
        raise wrong_kind(name, value, "a text", remedy)
    try:
        body = base64.b64decode(value, validate=True)
        Tally(_DATA_VALUES).add(body)
        return parse(body)
    except TooManyValues as error:
        raise EventRefused("out_of_range", name, "holds too many values", remedy) from error
    except (ValueError, MalformedBody) as error:
        raise EventRefused("malformed", name, "is no JSON in base64", remedy) from error


def personal_fields(given: object, touchpoint: type[Touchpoint]) -> Mapping[str, str] | None:
    """Return personal fields as a touchpoint may have them. Raises: EventRefused."""
    allowed = sorted(touchpoint.personal)
    if not allowed:
        raise EventRefused(
            "unknown_field",
            "data.personal",
            f"{touchpoint.event_type} holds nothing personal",
            "leave it out, or use a touchpoint that may hold it",
        )
    names = f"personal fields of {touchpoint.event_type} are: {', '.join(allowed)}"
    if not isinstance(given, dict):
        raise wrong_kind("data.personal", given, "an object", names)
    for name, value in given.items():
        field = f"data.personal.{name[:80]}"
        if name not in touchpoint.personal:
            remedy = f"leave it out{nearest(name, allowed)}"
            kept = "data.personal"
            raise EventRefused(
                "unknown_field", field, "is no personal field", remedy, kept_field=kept
            )
        if not isinstance(value, str):
            raise wrong_kind(field, value, "a text", "give a text, or leave the field out")
        if len(value) > PERSONAL_CHARACTERS:
            raise EventRefused(
                "out_of_range",
                field,
                f"has {len(value)} characters",
                f"give at most {PERSONAL_CHARACTERS}",
            )
    return given or None
