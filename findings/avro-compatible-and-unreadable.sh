#!/usr/bin/env bash
# The checker in Apache's Python Avro calls schemas compatible that its own reader refuses.
#
# Text read as bytes, bytes read as text, and an enum's unknown symbol where the reader's enum has a
# default: all three are resolutions that the specification asks for. The checker says compatible;
# the DatumReader of the same package raises "Schemas do not match" or "not present". fastavro does
# the resolutions. A build that asks the checker, and a service that reads with the same package,
# meet for the first time in production.
#
# A promotion that both do differs as well: a long read as a float stays an exact integer in Apache's
# reader, though the reader asked for a float, and is a float with its rounding in fastavro.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check avro==1.12.2 fastavro==1.13.1
"$work/venv/bin/python" - <<'EOF'
import io
import json
from importlib.metadata import version

import avro.io
import avro.schema
import fastavro
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.errors import SchemaResolutionException

print("avro", version("avro"), "fastavro", version("fastavro"))


def record(type_):
    return {"type": "record", "name": "Told", "fields": [{"name": "it", "type": type_}]}


def enum(*symbols, **more):
    return {"type": "enum", "name": "Kind", "symbols": list(symbols), **more}


def tried(writer, reader, value):
    """Return what the checker says, and what each library reads."""
    written = io.BytesIO()
    fastavro.schemaless_writer(written, fastavro.parse_schema(record(writer)), {"it": value})
    w, r = (avro.schema.parse(json.dumps(record(type_))) for type_ in (writer, reader))
    verdict = ReaderWriterCompatibilityChecker().get_compatibility(r, w).compatibility
    try:
        decoder = avro.io.BinaryDecoder(io.BytesIO(written.getvalue()))
        apache = avro.io.DatumReader(w, r).read(decoder)["it"]
    except SchemaResolutionException as error:
        apache = error
    fast = fastavro.schemaless_reader(
        io.BytesIO(written.getvalue()), record(writer), record(reader)
    )["it"]
    return verdict, apache, fast


CASES = {
    "text read as bytes": ("string", "bytes", "abc", b"abc"),
    "bytes read as text": ("bytes", "string", b"abc", "abc"),
    "a symbol that the reader has a default for": (
        enum("A", "B"), enum("A", default="A"), "B", "A",
    ),
}
for name, (writer, reader, value, wanted) in CASES.items():
    verdict, apache, fast = tried(writer, reader, value)
    said = str(apache).splitlines()[0]
    print(f"{name}: checker {verdict.value}; avro reads: {said!r}; fastavro reads: {fast!r}")
    assert verdict is SchemaCompatibilityType.compatible, name
    assert isinstance(apache, SchemaResolutionException), name
    assert fast == wanted, name

exact = 2**53 + 1
verdict, apache, fast = tried("long", "float", exact)
print(f"a long read as float: avro {apache!r}, fastavro {fast!r}")
assert (type(apache), apache, type(fast), fast) == (int, exact, float, float(2**53))
EOF
