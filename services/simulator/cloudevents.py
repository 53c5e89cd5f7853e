"""A recording as the CloudEvents JSON object that a branch sends."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from services.simulator.devices import Recording


def cloud_event(recording: Recording) -> dict[str, object]:
    """Return what a branch sends: the envelope's attributes, the data, personal fields apart."""
    e = recording.envelope
    data = msgspec.to_builtins(recording.data)
    data.pop("sealed", None)
    if recording.personal:
        data["personal"] = dict(recording.personal)
    attributes = {
        "specversion": "1.0",
        "id": e.id,
        "source": e.source,
        "type": e.type,
        "subject": e.subject,
        "time": _text(e.created_at),
        "senttime": _text(e.sent_at),
        "collectedtime": _text(e.collected_at),
        "sequence": e.sequence,
        "sourceepoch": e.epoch,
        "correlationid": e.correlation_id,
        "data": {name: value for name, value in data.items() if value is not None},
    }
    return {name: value for name, value in attributes.items() if value is not None}


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat()
