#!/usr/bin/env bash
# Apache's Python Avro and fastavro give one schema two fingerprints as soon as it has a logical type.
#
# The specification's canonical form writes a primitive in its simple form: {"type": "bytes"} is
# "bytes". Apache's Python library decides whether a primitive is simple before it takes the logical
# type away, and leaves {"type":"bytes"} standing in the canonical form; fastavro writes "bytes". So
# a record with a decimal, a date or an instant, which is nearly every record of a business, has two
# CRC-64 fingerprints, and two of any other digest: what one library frames by the single-object
# encoding the other does not find. Without logical types the two agree. Pick one
# library for all fingerprints, or reduce the schema yourself before asking.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check avro==1.12.2 fastavro==1.13.1
"$work/venv/bin/python" - <<'EOF'
import json
from importlib.metadata import version

import avro.schema
from fastavro.schema import fingerprint, to_parsing_canonical_form

print("avro", version("avro"), "fastavro", version("fastavro"))


def record(type_):
    return {"type": "record", "name": "Paid", "fields": [{"name": "it", "type": type_}]}


def both(schema):
    """Return canonical form and fingerprints as fastavro and as Apache's library have them."""
    fast = to_parsing_canonical_form(schema)
    apache = avro.schema.parse(json.dumps(schema))
    marks = fingerprint(fast, "CRC-64-AVRO"), apache.fingerprint("CRC-64-AVRO").hex()
    return (fast, apache.canonical_form), marks


for type_ in ("bytes", "int", "long"):
    forms, marks = both(record(type_))
    print(type_, "alone:", *marks)
    assert forms[0] == forms[1] and marks[0] == marks[1]

for type_ in (
    {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
    {"type": "int", "logicalType": "date"},
    {"type": "long", "logicalType": "timestamp-micros"},
):
    forms, marks = both(record(type_))
    primitive = type_["type"]
    print(type_["logicalType"], "fastavro", marks[0], forms[0])
    print(" " * len(type_["logicalType"]), "avro    ", marks[1], forms[1])
    assert f'"type":"{primitive}"}}]' in forms[0]
    assert f'"type":{{"type":"{primitive}"}}' in forms[1]
    assert marks[0] != marks[1]
EOF
