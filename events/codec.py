"""Touchpoints as bytes: Avro single-object encoding, readable for as long as schemas are kept.

C3 01, then the CRC-64-AVRO fingerprint of the writer's schema (little endian), then the body.
Source: Apache Avro 1.12 specification, "Single-object encoding". The fingerprint finds the
schema among all that were ever published, so bytes need no registry and no context.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint as avro_fingerprint
from fastavro.schema import to_parsing_canonical_form
from fastavro.types import Schema

import schemas
from events.errors import EventError, MalformedEvent, UnknownSchema
from events.generated_reader import MALFORMED, reader_of
from events.reading_plan import Record, plan_of
from events.touchpoints import Touchpoint, touchpoint_type
from events.upcasting import UPCASTERS, Fields, upcast

if TYPE_CHECKING:
    from events.compiled_reader import Reader

MARKER = b"\xc3\x01"
HEADER_BYTES = 10


class _Writer(NamedTuple):
    """What writes the latest version of a type."""

    header: bytes
    schema: Schema
    holds_instants: bool


class PublishedSchema(NamedTuple):
    """One published version of an event type, and the type that its bytes are read into."""

    event_type: str
    version: int
    touchpoint: type[Touchpoint]
    needs_upcast: bool


def fingerprint(schema: schemas.AvroSchema) -> bytes:
    """Return a schema's CRC-64-AVRO in the byte order of single-object encoding."""
    return bytes.fromhex(avro_fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def encode(data: Touchpoint) -> bytes:
    """Return the bytes of a touchpoint under the latest schema of its type.

    A touchpoint made by its constructor was never checked, so its fields' constraints are
    checked here. Raises: MalformedEvent.
    """
    touchpoint = type(data)
    writer = _writer(touchpoint)
    fields = msgspec.to_builtins(data, builtin_types=(bytes, date, datetime))
    body = BytesIO()
    body.write(writer.header)
    try:
        msgspec.convert(fields, touchpoint)
        schemaless_writer(body, writer.schema, fields)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise MalformedEvent(f"{touchpoint.event_type}: {error}") from error
    payload = body.getvalue()
    if writer.holds_instants:
        decode(payload)  # an offset may carry an instant out of the years that readers know
    return payload


def decode(payload: bytes) -> Touchpoint:
    """Return the touchpoint that the bytes hold, upcast to the latest version of its type.

    Raises: UnknownSchema, MalformedEvent.
    """
    return decoder()(payload)


@cache
def decoder() -> Callable[[bytes], Touchpoint]:
    """Return what does the work of `decode`, for whoever decodes many."""
    compiled = compiled_reader()
    return decode_in_python if compiled is None else compiled.read


@cache
def compiled_reader() -> "Reader | None":
    """Return the reader that `make native` has built, if it is there and wanted."""
    if find_spec("events.compiled_reader") is None:
        return None
    from events.compiled_reader import Reader

    return Reader(compiled_plans(), decode_in_python, EventError)


def compiled_plans() -> Mapping[bytes, Record]:
    """Return what a compiled reader reads by itself: every schema that needs no upcasting."""
    plans = {}
    for header, known in _published().items():
        if not known.needs_upcast:
            schema = schemas.load(known.event_type, known.version)
            with suppress(KeyError):  # edited since it was published: who asks for it is told
                plans[header] = plan_of(schema, known.touchpoint)
    return plans


def decode_in_python(payload: bytes) -> Touchpoint:
    """Return what `decode` returns, by the generated readers.

    Raises: UnknownSchema, MalformedEvent.
    """
    read = _readers().get(payload[:HEADER_BYTES]) or _made_reader(payload)
    try:
        return read(payload)
    except MALFORMED as error:
        known = published_schema(payload)
        raise MalformedEvent(f"{known.event_type} v{known.version}: {error}") from error


def _refuse_nul(value: object) -> None:
    """Let pass what holds no NUL in a text: no database can hold one. Raises: ValueError."""
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("a NUL in a text")
    elif isinstance(value, Mapping):
        for inner in value.values():
            _refuse_nul(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_nul(inner)


def decode_by_library(payload: bytes) -> Touchpoint:
    """Return what `decode` returns, by fastavro and msgspec: slower, and independent of our own.

    For versions that are upcast, and for tests. Raises: UnknownSchema, MalformedEvent.
    """
    known = published_schema(payload)
    body = BytesIO(payload)
    body.seek(HEADER_BYTES)
    try:
        fields = cast(Fields, schemaless_reader(body, _parsed(known), None))
        _refuse_nul(fields)
        if known.needs_upcast:
            latest = known.touchpoint.version
            fields = upcast(known.event_type, known.version, latest, fields)
        touchpoint: Touchpoint = msgspec.convert(fields, known.touchpoint)
    except (
        EOFError,  # cut short
        IndexError,  # no such branch of a union
        OverflowError,  # no such day or instant
        ValueError,  # no UTF-8
        msgspec.ValidationError,  # outside the type's constraints
    ) as error:
        raise MalformedEvent(f"{known.event_type} v{known.version}: {error}") from error
    if body.tell() != len(payload):
        raise MalformedEvent(f"{known.event_type} v{known.version}: bytes follow its end")
    return touchpoint


def written_version(payload: bytes) -> int:
    """Return the version of the schema that wrote the bytes.

    Raises: UnknownSchema, MalformedEvent.
    """
    return published_schema(payload).version


def published_schema(payload: bytes) -> PublishedSchema:
    """Return the published schema that wrote the bytes. Raises: UnknownSchema, MalformedEvent."""
    known = _published().get(payload[:HEADER_BYTES])
    if known is None:
        if len(payload) < HEADER_BYTES or not payload.startswith(MARKER):
            raise MalformedEvent("the bytes do not begin as Avro single-object encoding does")
        raise UnknownSchema(payload[len(MARKER) : HEADER_BYTES])
    return known


def make_all_readers() -> None:
    """Make now what reads each published schema, which else is made when it is first needed."""
    for header in _published():
        _made_reader(header)


@cache
def _writer(touchpoint: type[Touchpoint]) -> _Writer:
    schema = schemas.load(touchpoint.event_type, touchpoint.version)
    holds_instants = "timestamp-micros" in str(schema)
    return _Writer(MARKER + fingerprint(schema), parse_schema(schema), holds_instants)


@cache
def _readers() -> dict[bytes, Callable[[bytes], Touchpoint]]:
    """Return what reads each schema of which something was read, by the header of its bytes."""
    return {}


def _made_reader(payload: bytes) -> Callable[[bytes], Touchpoint]:
    """Make what reads bytes like these. Raises: UnknownSchema, MalformedEvent."""
    known = published_schema(payload)
    made: Callable[[bytes], Touchpoint] = decode_by_library
    if not known.needs_upcast:
        schema = schemas.load(known.event_type, known.version)
        made = reader_of(schema, known.touchpoint, HEADER_BYTES)
    return _readers().setdefault(payload[:HEADER_BYTES], made)


@cache
def _parsed(known: PublishedSchema) -> Schema:
    return parse_schema(schemas.load(known.event_type, known.version))


@cache
def _published() -> Mapping[bytes, PublishedSchema]:
    """Return every published schema, by the header under which its bytes travel."""
    found = {}
    for name, version in schemas.published():
        touchpoint = touchpoint_type(name)
        stepped = any((name, old) in UPCASTERS for old in range(version, touchpoint.version))
        header = MARKER + fingerprint(schemas.load(name, version))
        found[header] = PublishedSchema(name, version, touchpoint, stepped)
    return found
