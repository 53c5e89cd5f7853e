"""A touchpoint on Kafka: CloudEvents 1.0 in binary mode, attributes as headers of UTF-8 text.

Optional attributes that are not given have no header. Instants are UTC, to the microsecond.
The key is the customer, or `branch:<id>` where none is known; reference data has it too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from events.envelope import BranchId, CustomerId, Envelope, EventId

Header = tuple[str, bytes]

SPECIFICATION = b"1.0"
CONTENT_TYPE = b"application/avro"

_WORDS = 10_000  # kept: types, branches and their devices
_COUNTS = 2**63
_UUID = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEADERS = msgspec.msgpack.Decoder(list[tuple[str, bytes]])


class ForeignRecord(Exception):
    """A record that no gateway wrote: it lacks an attribute, or one is no such thing."""


class Record(NamedTuple):
    """One event as it is appended; a repeat appends the same again, byte for byte."""

    key: bytes
    headers: tuple[Header, ...]
    value: bytes
    recorded_at: datetime

    def stamped(self, recorded_at: datetime) -> Record:
        """Return the record with another instant of recording."""
        stamp = ("ce_recordedtime", _text(recorded_at).encode())
        return Record(self.key, (*self.headers[:-1], stamp), self.value, recorded_at)


def to_record(
    envelope: Envelope, schema_version: int, payload: bytes, recorded_at: datetime
) -> Record:
    """Return an event as a record; its last header says when it was recorded."""
    e = envelope
    family, _, word = e.type.partition(".")
    given = {
        "ce_id": e.id,
        "ce_source": e.source,
        "ce_type": e.type,
        "ce_time": _text(e.created_at),
        "ce_subject": e.subject,
        "ce_dataschema": f"/schemas/{family}/{word}.v{schema_version}.avsc",
        "ce_branchid": e.branch_id,
        "ce_sequence": str(e.sequence),
        "ce_sourceepoch": str(e.epoch),
        "ce_senttime": _text(e.sent_at) if e.sent_at else None,
        "ce_collectedtime": _text(e.collected_at) if e.collected_at else None,
        "ce_effectivetime": _text(e.effective_at),
        "ce_correlationid": e.correlation_id,
        "ce_causationid": e.causation_id,
        "ce_traceparent": e.traceparent,
        "ce_tracestate": e.tracestate,
        "ce_recordedtime": _text(recorded_at),
    }
    headers = [(name, value.encode()) for name, value in given.items() if value is not None]
    fixed = (("ce_specversion", SPECIFICATION), ("content-type", CONTENT_TYPE))
    return Record(key_of(envelope), (*fixed, *headers), payload, recorded_at)


def largest_size(envelope: Envelope, payload: bytes) -> int:
    """Return a number of bytes that the event's record never exceeds."""
    e = envelope
    always = (e.id, e.source, e.type, e.branch_id)
    traces = (e.traceparent, e.tracestate)
    texts = (*always, e.subject, e.subject, e.correlation_id, e.causation_id, *traces)
    return len(payload) + 4 * sum(len(text) for text in texts if text is not None) + 1024


def key_of(envelope: Envelope) -> bytes:
    """Return what the event is keyed by."""
    if envelope.subject is not None:
        return envelope.subject.encode()
    return f"branch:{envelope.branch_id}".encode()


def from_headers(headers: Iterable[tuple[str, bytes | None]]) -> tuple[Envelope, datetime]:
    """Return the envelope, and when the event was recorded.

    Headers of others are left alone. Raises: ForeignRecord, which repeats no value: a stranger's
    record may hold anything.
    """
    given = _attributes(headers)
    try:
        created, effective = given["ce_time"], given["ce_effectivetime"]
        created_at = _instant(created)
        subject = _text_of(given, "ce_subject")
        envelope = Envelope(
            id=_id(given["ce_id"]),
            source=_word(given["ce_source"]),
            type=_word(given["ce_type"]),
            subject=None if subject is None else CustomerId(subject),
            branch_id=BranchId(_word(given["ce_branchid"])),
            epoch=_count(given["ce_sourceepoch"]),
            sequence=_count(given.get("ce_sequence", b"0")),
            created_at=created_at,
            sent_at=_instant_of(given, "ce_senttime"),
            collected_at=_instant_of(given, "ce_collectedtime"),
            effective_at=created_at if effective == created else _instant(effective),
            correlation_id=_text_of(given, "ce_correlationid"),
            causation_id=_text_of(given, "ce_causationid"),
            traceparent=_text_of(given, "ce_traceparent"),
            tracestate=_text_of(given, "ce_tracestate"),
        )
        return envelope, _instant(given["ce_recordedtime"])
    except KeyError as error:
        raise ForeignRecord(f"no header {error.args[0]}") from error
    except (ValueError, OverflowError) as error:  # among them what leaves the calendar in UTC
        raise ForeignRecord(f"no such attribute: {_unreadable(given)}") from error


def _attributes(headers: Iterable[tuple[str, bytes | None]]) -> Mapping[str, bytes]:
    """Return the attributes among a record's headers, each given once. Raises: ForeignRecord."""
    given: dict[str, bytes] = {}
    for name, value in headers:
        if not name.startswith("ce_"):
            continue
        if name in given:
            raise ForeignRecord(f"the header {name[:40]!r} twice")
        if value is None:
            raise ForeignRecord(f"nothing in the header {name[:40]!r}")
        if b"\x00" in value:
            raise ForeignRecord(f"a NUL in the header {name[:40]!r}")
        given[name] = value
    return given


def _unreadable(given: Mapping[str, bytes]) -> str:
    """Return which attributes cannot be read."""
    wrong = []
    for name, reads in _READS.items():
        try:
            reads(given.get(name, b""))
        except (ValueError, OverflowError):
            if name in given:
                wrong.append(name)
    return ", ".join(wrong)


def pack_headers(headers: tuple[Header, ...]) -> bytes:
    """Return headers as one value, to be kept until the record is confirmed."""
    return msgspec.msgpack.encode(headers)


def unpack_headers(packed: bytes) -> tuple[Header, ...]:
    """Return what was packed."""
    return tuple(_HEADERS.decode(packed))


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@lru_cache(_WORDS)
def _word(value: bytes) -> str:
    """Return a text that many records have, one object for all of them."""
    return value.decode()


def _id(value: bytes) -> EventId:
    if _UUID.fullmatch(value) is None:
        raise ValueError("no UUID")
    return EventId(value.decode())


def _count(value: bytes) -> int:
    count = int(value)
    if not 0 <= count < _COUNTS:
        raise ValueError("no number that an event may have")
    return count


def _text_of(given: Mapping[str, bytes], name: str) -> str | None:
    value = given.get(name)
    return None if value is None else value.decode()


def _instant_of(given: Mapping[str, bytes], name: str) -> datetime | None:
    value = given.get(name)
    return None if value is None else _instant(value)


def _instant(value: bytes) -> datetime:
    instant = datetime.fromisoformat(value.decode())
    if instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None:
        raise ValueError("no zone")
    return instant.astimezone(UTC)


_INSTANTS = ("time", "senttime", "collectedtime", "effectivetime", "recordedtime")
_TEXTS = ("source", "type", "branchid", "subject", "correlationid", "causationid", "traceparent")
_READS: Mapping[str, Callable[[bytes], object]] = {
    "ce_id": _id,
    **{f"ce_{name}": _count for name in ("sequence", "sourceepoch")},
    **{f"ce_{name}": _instant for name in _INSTANTS},
    **{f"ce_{name}": bytes.decode for name in (*_TEXTS, "tracestate")},
}
"""How each attribute is read, to tell which of a foreign record's could not be."""
