"""Whether what one version wrote arrives as it was meant in the type of the latest version.

Our readers never resolve schemas as Apache Avro would. One decodes with the schema that wrote the
bytes, applies the steps of events.upcasting, and converts the fields to the type; where there is
no step, one is generated from the writer's schema. So both are tried here, with values of every
kind that the older schema can hold: what arrives must be what was written. A text that turns to
bytes would be taken for base64 or left a text, a day or a whole number for no instant; Avro calls
the first a promotion, and does not see the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from io import BytesIO
from itertools import zip_longest
from typing import Annotated, Any, cast

import msgspec
from fastavro import parse_schema, schemaless_reader, schemaless_writer

from events.avro import LONG_MAX, LONG_MIN
from events.generated_reader import reader_of
from events.upcasting import UPCASTERS, Fields, upcast
from schemas import AvroSchema

_SAMPLES: Mapping[str, tuple[object, ...]] = {
    "null": (None,),
    "boolean": (True, False),
    "int": (0, 1, -(2**31), 2**31 - 1),
    "long": (0, 1, LONG_MIN, LONG_MAX),
    "float": (0.5, -1.0),
    "double": (0.5, 1e300),
    "string": ("text", "", "2026-03-20", "2026-03-20T10:00:00Z", "17", "登録"),
    "bytes": (b"\xff\x00", b"", b"text"),
    "date": (date(2026, 3, 20), date(1970, 1, 1)),
    "timestamp-micros": (
        datetime(2026, 3, 20, 23, 59, 59, 999_999, UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
    ),
}
_TYPES: Mapping[str, Any] = {
    "boolean": bool,
    "int": int,
    "long": Annotated[int, msgspec.Meta(ge=LONG_MIN, le=LONG_MAX)],
    "float": float,
    "double": float,
    "string": str,
    "bytes": bytes,
    "date": date,
    "timestamp-micros": Annotated[datetime, msgspec.Meta(tz=True)],
}
AS_WRITTEN = (bytes, date, datetime)
"""What stays as it is where a touchpoint is turned to fields."""

_ABSENT = object()


def misread(
    event_type: str, reader: tuple[int, AvroSchema], writer: tuple[int, AvroSchema]
) -> tuple[str, ...]:
    """Return why the type of a version does not say what an older one wrote; nothing: it does."""
    latest, schema = reader
    version, written = writer
    stepped = any((event_type, old) in UPCASTERS for old in range(version, latest))
    wanted = _Types().record(schema)
    parsed = parse_schema(dict(written))
    try:
        generated = None if stepped else reader_of(written, wanted, 0)
        for fields in _records(written, {}):
            body = BytesIO()
            schemaless_writer(body, parsed, fields)
            body.seek(0)
            read = cast(Fields, schemaless_reader(body, parsed, None))
            read = upcast(event_type, version, latest, read)
            arrived = [msgspec.convert(read, wanted)]
            if generated is not None:
                arrived.append(generated(body.getvalue()))
            for one in arrived:
                said = msgspec.to_builtins(one, builtin_types=AS_WRITTEN)
                if (place := differs(read, said)) is not None:
                    return (f"what arrives at {place} is not what was written",)
    except LookupError as error:
        return (f"nothing is known of {error}",)
    except (AssertionError, ValueError, TypeError) as error:
        return (str(error) or "it holds what the type does not",)
    return ()


def differs(written: object, arrived: object, place: str = "$") -> str | None:
    """Return where something arrived as something else; None: nowhere."""
    match written, arrived:
        case {}, {}:
            names = cast(Mapping[str, object], written)
            pairs = [(f".{n}", v, cast(Fields, arrived).get(n)) for n, v in names.items()]
        case [*ones], [*others]:
            both = zip_longest(ones, others, fillvalue=_ABSENT)
            pairs = [(f"[{i}]", one, other) for i, (one, other) in enumerate(both)]
        case _:
            return None if type(written) is type(arrived) and written == arrived else place
    found = (differs(one, other, f"{place}{name}") for name, one, other in pairs)
    return next(filter(None, found), None)


# --- values that a schema can hold ---


def _records(schema: AvroSchema, named: dict[str, Any]) -> Iterator[Fields]:
    """Yield records in which each field takes each of its values at least once."""
    _name(schema, named)
    fields = cast(Sequence[Mapping[str, Any]], schema["fields"])
    values = {field["name"]: _values(field["type"], named) for field in fields}
    for i in range(max((len(each) for each in values.values()), default=1)):
        yield {name: each[i % len(each)] for name, each in values.items()}


def _name(schema: Mapping[str, Any], named: dict[str, Any]) -> None:
    named[f"{schema.get('namespace', '')}.{schema['name']}"] = schema
    named[schema["name"]] = schema


def _values(kind: object, named: dict[str, Any]) -> Sequence[object]:
    if isinstance(kind, list):
        return [value for one in kind for value in _values(one, named)]
    if isinstance(kind, str):
        return _SAMPLES[kind] if kind in _SAMPLES else list(_records(named[kind], named))
    assert isinstance(kind, Mapping)
    match kind["type"]:
        case "record":
            return list(_records(cast(AvroSchema, kind), named))
        case "array":
            return [list(_values(kind["items"], named)), []]
        case plain:
            return _SAMPLES[kind.get("logicalType", plain)]


# --- the type that a schema stands for ---


class _Types:
    """Makes struct types of schemas; a part that is named again is the same type."""

    def __init__(self) -> None:
        self._named: dict[str, type] = {}

    def record(self, schema: Mapping[str, Any]) -> type:
        fields = []
        for field in schema["fields"]:
            kind = self._of(field["type"])
            default = [msgspec.field(default=None)] if "default" in field else []
            fields.append((field["name"], kind, *default))
        made = msgspec.defstruct(
            schema["name"],
            fields,
            namespace={"event_type": schema["name"]},
            forbid_unknown_fields=True,
            kw_only=True,
        )
        self._named[f"{schema.get('namespace', '')}.{schema['name']}"] = made
        self._named[schema["name"]] = made
        return made

    def _of(self, kind: object) -> Any:  # noqa: ANN401 - a type, or a union of types
        if isinstance(kind, list):
            union: Any = None
            for one in kind:
                part = type(None) if one == "null" else self._of(one)
                union = part if union is None else union | part
            return union
        if isinstance(kind, str):
            return _TYPES[kind] if kind in _TYPES else self._named[kind]
        assert isinstance(kind, Mapping)
        match kind["type"]:
            case "record":
                return self.record(kind)
            case "array":
                return tuple.__class_getitem__((self._of(kind["items"]), ...))
            case plain:
                return _TYPES[kind.get("logicalType", plain)]
