"""One JSON event of a branch as a draft, or the reason why it is none."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from events import instants
from events.envelope import BranchId, CustomerId, Envelope, EventId, effective_instant
from events.texts import N_, worded
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
        raise wrong_kind(
            "event", event, worded("an object"), worded("send each event as a JSON object")
        )
    refuse_half_pairs(event)
    attributes.check_extensions(event)
    _check_forms(event)
    touchpoint = _touchpoint(event)
    envelope = _envelope(event, touchpoint, scope)
    data, personal = _data(event, touchpoint)
    return Draft(envelope, data, personal)


# Of remedies that name something one is made and kept, not one for each event.


@lru_cache(maxsize=1024)
def _device_of(branch_id: BranchId) -> str:
    return worded("/branches/%(branch)s/ and the device", branch=branch_id)


@lru_cache(maxsize=1024)
def _without_branch(branch_id: BranchId) -> str:
    return worded("leave it out: the key says that this is branch %(branch)s", branch=branch_id)


@lru_cache(maxsize=1024)
def _as_an_object(event_type: str) -> str:
    return worded("give the fields of %(type)s as an object", type=event_type)


def _check_forms(event: Mapping[str, object]) -> None:
    """Check the attributes that say in which form the rest is written."""
    version = text(event, "specversion", 16, N_('say "specversion": "1.0"'))
    if version != "1.0":
        raise EventRefused(
            "malformed", "specversion", worded("is not 1.0"), worded('say "specversion": "1.0"')
        )
    remedy = N_("leave it out: data is always JSON")
    form = optional_text(event, "datacontenttype", 80, remedy)
    if form is not None and not is_json(form):
        raise EventRefused(
            "malformed", "datacontenttype", worded("is not application/json"), remedy
        )
    optional_text(
        event, "dataschema", 400, N_("leave it out: the newest schema of the type is used")
    )


def _touchpoint(event: Mapping[str, object]) -> type[Touchpoint]:
    remedy = N_("name a touchpoint of the catalogue, such as payment.payment_received")
    name = text(event, "type", 120, remedy)
    found = CATALOGUE.get(name)
    if found is None:
        near = nearest(name, CATALOGUE)
        raise EventRefused(
            "unknown_type",
            "type",
            worded("is no touchpoint"),
            worded("%(remedy)s%(near)s", remedy=worded(remedy), near=near),
        )
    return found


def _envelope(event: Mapping[str, object], touchpoint: type[Touchpoint], scope: Scope) -> Envelope:
    source = identifier(event, "source", 200, _device_of(scope.branch_id))
    event_id = attributes.event_id(event, source)
    created_at = attributes.instant(event, "time")
    sent_at = optional_instant(event, "senttime")
    collected_at = optional_instant(event, "collectedtime")
    if (sent_at is None) != (collected_at is None):
        lacking = "senttime" if sent_at is None else "collectedtime"
        raise EventRefused(
            "missing",
            lacking,
            worded("is missing"),
            worded(
                "a branch's clock is corrected by senttime and collectedtime together: give both "
                "or neither"
            ),
        )
    try:
        effective_at = effective_instant(created_at, sent_at, collected_at)
    except OverflowError as error:
        raise EventRefused(
            "out_of_range",
            "senttime",
            worded("is so far from time that the corrected instant is outside the calendar"),
            worded("check the branch's clock"),
        ) from error
    _check_branch(event, scope)
    number_remedy = N_("give the source's own counter, from 1, or leave it out if there is none")
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
        correlation_id=optional_identifier(
            event, "correlationid", 200, N_("at most 200 characters")
        ),
        causation_id=optional_identifier(
            event, "causationid", 200, N_("the id of the event's cause")
        ),
        traceparent=_traceparent(event),
        tracestate=optional_text(
            event,
            "tracestate",
            _TRACESTATE_CHARACTERS,
            N_("give a W3C trace state or leave it out"),
        ),
    )


def _check_branch(event: Mapping[str, object], scope: Scope) -> None:
    remedy = _without_branch(scope.branch_id)
    branch = optional_text(event, "branchid", 120, remedy)
    if branch is not None and BranchId(branch) != scope.branch_id:
        raise EventRefused("not_allowed", "branchid", worded("is another branch"), remedy)


def _subject(event: Mapping[str, object]) -> CustomerId | None:
    remedy = N_("give the customer's id of 1 to 120 characters")
    subject = optional_text(event, "subject", CUSTOMER_CHARACTERS, remedy)
    return None if subject is None else CustomerId(subject)


def _epoch(event: Mapping[str, object]) -> int:
    remedy = N_("give 0, or one more each time the source starts numbering anew")
    return attributes.number(event, "sourceepoch", 0, remedy)


def _traceparent(event: Mapping[str, object]) -> str | None:
    remedy = N_("give a W3C trace context or leave it out")
    value = optional_text(event, "traceparent", 80, remedy)
    if value is not None and not _TRACEPARENT.fullmatch(value):
        raise EventRefused("malformed", "traceparent", worded("is no W3C trace context"), remedy)
    return value


def _data(
    event: Mapping[str, object], touchpoint: type[Touchpoint]
) -> tuple[Touchpoint, Mapping[str, str] | None]:
    remedy = _as_an_object(touchpoint.event_type)
    raw = attributes.required(event, "data", remedy) if not _encoded(event) else _decoded(event)
    if not isinstance(raw, dict):
        raise wrong_kind("data", raw, worded("an object"), remedy)
    if "sealed" in raw:
        raise EventRefused(
            "not_allowed",
            "data.sealed",
            worded("is the platform's own"),
            worded("give personal fields in clear under data.personal: the gateway seals them"),
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
    name, remedy = "data_base64", N_("give data as JSON under data")
    if event.get("data") is not None:
        raise EventRefused(
            "inconsistent", name, worded("stands beside data"), worded("give one of the two")
        )
    value = event[name]
    if not isinstance(value, str):
        raise wrong_kind(name, value, worded("a text"), remedy)
    try:
        body = base64.b64decode(value, validate=True)
        Tally(_DATA_VALUES).add(body)
        return parse(body)
    except TooManyValues as error:
        raise EventRefused("out_of_range", name, worded("holds too many values"), remedy) from error
    except (ValueError, MalformedBody) as error:
        raise EventRefused("malformed", name, worded("is no JSON in base64"), remedy) from error


def personal_fields(given: object, touchpoint: type[Touchpoint]) -> Mapping[str, str] | None:
    """Return personal fields as a touchpoint may have them. Raises: EventRefused."""
    allowed = sorted(touchpoint.personal)
    if not allowed:
        raise EventRefused(
            "unknown_field",
            "data.personal",
            worded("%(event_type)s holds nothing personal", event_type=touchpoint.event_type),
            worded("leave it out, or use a touchpoint that may hold it"),
        )
    names = worded(
        "personal fields of %(event_type)s are: %(allowed)s",
        event_type=touchpoint.event_type,
        allowed=", ".join(allowed),
    )
    if not isinstance(given, dict):
        raise wrong_kind("data.personal", given, worded("an object"), names)
    for name, value in given.items():
        field = f"data.personal.{name[:80]}"
        if name not in touchpoint.personal:
            remedy = worded("leave it out%(near)s", near=nearest(name, allowed))
            kept = "data.personal"
            raise EventRefused(
                "unknown_field", field, worded("is no personal field"), remedy, kept_field=kept
            )
        if not isinstance(value, str):
            raise wrong_kind(
                field, value, worded("a text"), worded("give a text, or leave the field out")
            )
        if len(value) > PERSONAL_CHARACTERS:
            raise EventRefused(
                "out_of_range",
                field,
                worded("has %(count)s characters", count=len(value)),
                worded(
                    "give at most %(personal_characters)s",
                    personal_characters=PERSONAL_CHARACTERS,
                ),
            )
    return given or None
