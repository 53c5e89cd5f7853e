"""Golden bytes: samples of each schema with their exact bytes, and what they must still say."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import cast

import msgspec
from fastavro import schemaless_reader, schemaless_writer

import schemas
from events.codec import HEADER_BYTES, MARKER, decode, encode, fingerprint
from events.errors import EventError
from events.samples import sample_of
from events.touchpoints import Touchpoint, touchpoint_type
from events.upcasting import Fields, upcast
from services.schemas.files import FOLDER, SchemaId, label
from services.schemas.reading import AS_WRITTEN, differs


class GoldenSample(msgspec.Struct, frozen=True):
    """One sample: its fields as JSON, and its single-object encoding in hexadecimal."""

    data: dict[str, object]
    bytes: str


class Golden(msgspec.Struct, frozen=True):
    """The samples of one schema: all that it can say, then only what it must."""

    type: str
    version: int
    samples: tuple[GoldenSample, ...]


def golden_path(schema: SchemaId) -> Path:
    """Return the file that keeps a schema's golden bytes."""
    return FOLDER / "golden" / f"{schema[0]}.v{schema[1]}.json"


def golden_of(touchpoint: type[Touchpoint]) -> Golden:
    """Return the samples of a type and their bytes, under its latest schema."""
    samples = (sample_of(touchpoint), sample_of(touchpoint, least=True))
    return Golden(
        touchpoint.event_type,
        touchpoint.version,
        tuple(GoldenSample(_as_json(sample), encode(sample).hex()) for sample in samples),
    )


def load_golden(schema: SchemaId) -> Golden:
    """Return the golden bytes of a published schema. Raises: FileNotFoundError."""
    return msgspec.json.decode(golden_path(schema).read_bytes(), type=Golden)


def golden_faults(schema: SchemaId) -> Iterator[str]:
    """Yield what a schema's golden bytes no longer do; one sentence each."""
    name = label(schema)
    try:
        golden = load_golden(schema)
    except FileNotFoundError:
        yield f"{name} has no golden bytes: run `touchstone schemas generate`"
        return
    for sample in golden.samples:
        payload = bytes.fromhex(sample.bytes)
        if payload[:HEADER_BYTES] != MARKER + fingerprint(schemas.load(*schema)):
            yield f"{name}: its golden bytes carry another schema's fingerprint"
            continue
        yield from (f"{name}: {fault}" for fault in _sample_faults(schema, sample, payload))


def _sample_faults(schema: SchemaId, sample: GoldenSample, payload: bytes) -> Iterator[str]:
    """Yield in what way the bytes and the fields of a sample part, under their own schema."""
    avro = schemas.load(*schema)
    fields = schemaless_reader(BytesIO(payload[HEADER_BYTES:]), avro, None)
    if _as_json(fields) != sample.data:
        yield "its golden bytes do not hold its sample"
    again = BytesIO()
    schemaless_writer(again, avro, cast(dict[str, object], fields))
    if again.getvalue() != payload[HEADER_BYTES:]:
        yield "its sample no longer gives its golden bytes"
    touchpoint = touchpoint_type(schema[0])
    try:
        decoded = decode(payload)
        if touchpoint.version == schema[1]:
            if decoded != msgspec.convert(sample.data, touchpoint, strict=False):
                yield "the type no longer reads its golden bytes as its sample"
            if encode(decoded) != payload:
                yield "the type no longer writes its golden bytes"
        elif not _says(decoded, upcast(*schema, touchpoint.version, cast(Fields, fields))):
            yield "the type no longer says what its golden bytes say"
    except (EventError, msgspec.ValidationError) as error:
        yield f"the type cannot read its golden bytes: {error}"


def _says(touchpoint: Touchpoint, fields: Fields) -> bool:
    """Return whether a touchpoint says what these fields say."""
    return differs(fields, msgspec.to_builtins(touchpoint, builtin_types=AS_WRITTEN)) is None


def _as_json(value: object) -> dict[str, object]:
    """Return a touchpoint, or its fields, as parsed JSON."""
    return cast(dict[str, object], json.loads(msgspec.json.encode(value)))
