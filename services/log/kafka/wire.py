"""A touchpoint on Kafka: CloudEvents 1.0 in binary mode, attributes as headers of UTF-8 text.

Optional attributes that are not given have no header. Instants are UTC, to the microsecond.
The key is the customer, or `branch:<id>` where none is known; reference data has it too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from sys import intern
from typing import Any, NamedTuple, cast

import msgspec

from events.codec import compiled_reader
from events.envelope import BranchId, Envelope
from events.routing import nobodys

Header = tuple[str, bytes]
_Picks = Callable[[list[Any]], tuple[Any, ...]]

SPECIFICATION = b"1.0"
CONTENT_TYPE = b"application/avro"

_COUNTS = 2**63
_EPOCHS = 1_000  # kept: sources that tell theirs again and again
_UUID = re.compile("-".join(f"[0-9a-fA-F]{{{size}}}" for size in (8, 4, 4, 4, 12))).fullmatch
_branch = cast(Callable[[str], BranchId], intern)
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
    return nobodys(envelope.branch_id).encode()


def from_headers(headers: Sequence[tuple[str, bytes | None]]) -> tuple[Envelope, datetime]:
    """Return the envelope, and when the event was recorded.

    Headers of others are left alone. Raises: ForeignRecord, which repeats no value: a stranger's
    record may hold anything.
    """
    compiled = compiled_reader()
    if compiled is not None:
        found = compiled.envelope(tuple(headers), WRITTEN, Envelope)
        if found is not None:
            return found
    return read_in_python(headers)


def read_in_python(headers: Sequence[tuple[str, bytes | None]]) -> tuple[Envelope, datetime]:
    """Return what `from_headers` does, without what is compiled. Raises: ForeignRecord."""
    try:
        return _read(headers)
    except _UNREADABLE:  # headers of others may be the reason
        given = _attributes(headers)
    try:
        return _read([(name, given[name]) for name in _NAMES if name in given])
    except _UNREADABLE as error:
        raise ForeignRecord(_fault(given)) from error


def _read(headers: Sequence[tuple[str, bytes | None]]) -> tuple[Envelope, datetime]:
    """Return what `from_headers` does, where all headers are text. Raises: one of _UNREADABLE.

    A worker does this for every event: all values are decoded at once, and found by the places
    that their names have among the others.
    """
    names, values = zip(*headers)  # noqa: B905 - pairs, as aiokafka makes them
    texts: list[Any] = b"\0".join(values).decode().split("\0")
    if len(texts) != len(names):
        raise ValueError("a NUL in a header")
    texts.append(None)
    (
        event_id, source, type_, subject, branch_id, epoch, sequence, created, sent, collected,
        effective, correlation_id, causation_id, traceparent, tracestate, recorded,
    ) = _SHAPE.places(names)(texts)  # fmt: skip
    if _UUID(event_id) is None:
        raise ValueError("no UUID")
    created_at = _instant(created)
    envelope = Envelope(
        id=event_id,
        source=intern(source),
        type=intern(type_),
        subject=subject,
        branch_id=_branch(branch_id),
        epoch=_epoch(epoch),
        sequence=0 if sequence is None else _count(sequence),
        created_at=created_at,
        sent_at=None if sent is None else _instant(sent),
        collected_at=None if collected is None else _instant(collected),
        effective_at=created_at if effective == created else _instant(effective),
        correlation_id=correlation_id,
        causation_id=causation_id,
        traceparent=traceparent,
        tracestate=tracestate,
    )
    return envelope, _instant(recorded)


class _Shape:
    """Which headers the last record had, as nearly all that follow have."""

    def __init__(self) -> None:
        self._last: tuple[tuple[str, ...], _Picks] = ((), tuple)

    def places(self, names: tuple[str, ...]) -> _Picks:
        """Return what picks the attributes in the order of _NAMES out of texts with such names.

        One that is not given is the text after the last. Raises: ValueError, where one is given
        twice.
        """
        known, picks = self._last
        if names != known:
            if len({*names}) != len(names):
                raise ValueError("a header twice")
            picks = itemgetter(*(names.index(n) if n in names else len(names) for n in _NAMES))
            self._last = names, picks
        return picks


_SHAPE = _Shape()


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


def _fault(given: Mapping[str, bytes]) -> str:
    """Return which attribute is not there, or which cannot be read."""
    for name in _REQUIRED:
        if name not in given:
            return f"no header {name}"
    wrong = []
    for name in _NAMES:
        try:
            _READS.get(name, str)(given[name].decode())
        except KeyError:
            continue  # it need not be there
        except (ValueError, OverflowError):
            wrong.append(name)
    return f"no such attribute: {', '.join(wrong)}"


def pack_headers(headers: tuple[Header, ...]) -> bytes:
    """Return headers as one value, to be kept until the record is confirmed."""
    return msgspec.msgpack.encode(headers)


def unpack_headers(packed: bytes) -> tuple[Header, ...]:
    """Return what was packed."""
    return tuple(_HEADERS.decode(packed))


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _check_id(value: str) -> None:
    if _UUID(value) is None:
        raise ValueError("no UUID")


def _count(value: str) -> int:
    count = int(value)
    if not 0 <= count < _COUNTS or not value.isascii():
        raise ValueError("no number that an event may have")
    return count


@lru_cache(_EPOCHS)
def _epoch(value: str) -> int:
    return _count(value)


def _instant(value: str) -> datetime:
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None:
        raise ValueError("no zone")
    return instant.astimezone(UTC)


_NAMES = (
    "ce_id", "ce_source", "ce_type", "ce_subject", "ce_branchid", "ce_sourceepoch", "ce_sequence",
    "ce_time", "ce_senttime", "ce_collectedtime", "ce_effectivetime", "ce_correlationid",
    "ce_causationid", "ce_traceparent", "ce_tracestate", "ce_recordedtime",
)  # fmt: skip
WRITTEN = (
    "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "ce_dataschema",
    "ce_branchid", "ce_sequence", "ce_sourceepoch", "ce_senttime", "ce_collectedtime",
    "ce_effectivetime", "ce_correlationid", "ce_causationid", "ce_traceparent", "ce_tracestate",
    "ce_recordedtime",
)  # fmt: skip
"""All attributes in the order of `to_record`, as the compiled reader takes them."""

_REQUIRED = (
    "ce_id", "ce_source", "ce_type", "ce_branchid", "ce_sourceepoch", "ce_time",
    "ce_effectivetime", "ce_recordedtime",
)  # fmt: skip
_READS: Mapping[str, Callable[[str], object]] = {
    "ce_id": _check_id,
    "ce_sequence": _count,
    "ce_sourceepoch": _count,
    **{name: _instant for name in _NAMES if name.endswith("time")},
}
"""How the attributes that are more than texts are read, to tell which of them could not be."""

_UNREADABLE = (TypeError, ValueError, OverflowError)
"""What reading headers raises that hold no event; among them what leaves the calendar in UTC."""
