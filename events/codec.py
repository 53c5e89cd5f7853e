"""Touchpoints as bytes: Avro single-object encoding, readable for as long as schemas are kept.

C3 01, then the CRC-64-AVRO fingerprint of the writer's schema (little endian), then the body.
Source: Apache Avro 1.12 specification, "Single-object encoding". The fingerprint finds the
schema among all that were ever published, so bytes need no registry and no context.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from io import BytesIO
from typing import NamedTuple, cast

import msgspec
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint as avro_fingerprint
from fastavro.schema import to_parsing_canonical_form
from fastavro.types import Schema

import schemas
from events.errors import MalformedEvent, UnknownSchema
from events.touchpoints import Touchpoint, touchpoint_type
from events.upcasting import UPCASTERS, Fields, upcast

MARKER = b"\xc3\x01"
HEADER_BYTES = 10


class _Writer(NamedTuple):
    """What writes the latest version of a type."""

    header: bytes
    schema: Schema
    holds_instants: bool


class _Reader(NamedTuple):
    """What reads one published version of a type."""

    schema: Schema
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
    reader = _reader_of(payload)
    body = BytesIO(payload)
    body.seek(HEADER_BYTES)
    try:
        fields = cast(Fields, schemaless_reader(body, reader.schema, None))
        if reader.needs_upcast:
            latest = reader.touchpoint.version
            fields = upcast(reader.event_type, reader.version, latest, fields)
        touchpoint: Touchpoint = msgspec.convert(fields, reader.touchpoint)
    except (
        EOFError,  # cut short
        IndexError,  # no such branch of a union
        OverflowError,  # no such day or instant
        ValueError,  # no UTF-8
        msgspec.ValidationError,  # outside the type's constraints
    ) as error:
        raise MalformedEvent(f"{reader.event_type} v{reader.version}: {error}") from error
    if body.tell() != len(payload):
        raise MalformedEvent(f"{reader.event_type} v{reader.version}: bytes follow its end")
    return touchpoint


def written_version(payload: bytes) -> int:
    """Return the version of the schema that wrote the bytes.

    Raises: UnknownSchema, MalformedEvent.
    """
    return _reader_of(payload).version


def _reader_of(payload: bytes) -> _Reader:
    reader = _readers().get(payload[:HEADER_BYTES])
    if reader is None:
        if len(payload) < HEADER_BYTES or not payload.startswith(MARKER):
            raise MalformedEvent("the bytes do not begin as Avro single-object encoding does")
        raise UnknownSchema(payload[len(MARKER) : HEADER_BYTES])
    return reader


@cache
def _writer(touchpoint: type[Touchpoint]) -> _Writer:
    schema = schemas.load(touchpoint.event_type, touchpoint.version)
    holds_instants = "timestamp-micros" in str(schema)
    return _Writer(MARKER + fingerprint(schema), parse_schema(schema), holds_instants)


@cache
def _readers() -> Mapping[bytes, _Reader]:
    """Return a reader per published schema, by the header under which its bytes travel."""
    readers = {}
    for name, version in schemas.published():
        schema = schemas.load(name, version)
        touchpoint = touchpoint_type(name)
        stepped = any((name, old) in UPCASTERS for old in range(version, touchpoint.version))
        readers[MARKER + fingerprint(schema)] = _Reader(
            parse_schema(schema), name, version, touchpoint, stepped
        )
    return readers
