"""Instants finer than a microsecond are cut, never rounded, at every door."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import instants
from events.envelope import BranchId
from events.samples import sample_of
from events.touchpoints import TYPES, Touchpoint
from events.touchpoints.contact import CallbackPromised
from services.intake.draft import Scope
from services.intake.parsing import draft_of
from services.log.kafka.wire import _instant as of_a_record

LAST = "2026-03-20T23:59:59.9999999+08:00"
CUT = datetime(2026, 3, 20, 15, 59, 59, 999_999, tzinfo=UTC)


@given(st.datetimes(), st.text("0123456789", max_size=9))
def test_what_is_finer_is_cut_and_nothing_else_changes(at: datetime, finer: str) -> None:
    text = f"{at.isoformat(timespec='microseconds')}{finer}Z"
    assert instants.instant(text) == at.replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00Z", "yesterday", "2026-03-20T25:00:00Z", ""])
def test_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="datetime"):
        instants.instant(text)


def event(touchpoint: type[Touchpoint], data: object, **attributes: object) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": "00000000-0000-4000-8000-000000000001",
        "source": "/branches/SH-01/till",
        "type": touchpoint.event_type,
        "time": "2026-03-20T10:00:00Z",
        "sequence": 1,
        "data": data,
    } | attributes


SCOPE = Scope(BranchId("SH-01"), headquarters=True)


def test_the_clocks_of_an_event_are_cut() -> None:
    data = {"callback_id": "B", "purpose": "p", "due_at": LAST}
    found = draft_of(
        event(CallbackPromised, data, time=LAST, senttime=LAST, collectedtime=LAST), SCOPE
    )
    envelope = found.envelope
    assert envelope.created_at == envelope.sent_at == envelope.collected_at == CUT
    assert envelope.effective_at == CUT


@pytest.mark.parametrize("touchpoint", TYPES, ids=lambda kind: kind.__name__)
def test_every_instant_in_the_data_of_every_touchpoint_is_cut(touchpoint: type[Touchpoint]) -> None:
    """Each text that msgspec wrote for an instant gets digits that rounding would carry over."""
    sample = sample_of(touchpoint)
    fields = {
        name: value
        for name, value in json.loads(msgspec.json.encode(sample)).items()
        if name != "sealed"
    }
    finer = json.loads(json.dumps(fields), object_hook=_finer)
    found = draft_of(event(touchpoint, finer), SCOPE).data
    assert found == draft_of(event(touchpoint, fields), SCOPE).data


def _finer(fields: dict[str, object]) -> dict[str, object]:
    found = dict(fields)
    for name, value in fields.items():
        if isinstance(value, str) and value.endswith("Z") and "T" in value:
            whole = datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
            found[name] = f"{whole.isoformat(timespec='microseconds')}999Z"
    return found


def test_a_text_that_only_looks_like_an_instant_stays_as_it_is() -> None:
    data = {"callback_id": "B", "purpose": LAST, "due_at": LAST}
    found = draft_of(event(CallbackPromised, data), SCOPE).data
    assert isinstance(found, CallbackPromised)
    assert found.purpose == LAST
    assert found.due_at == CUT


def test_what_a_kafka_record_carries_is_cut() -> None:
    assert of_a_record(LAST) == CUT
