#!/usr/bin/env bash
# Two Avro schemas with different amounts have one fingerprint, and the checker calls them equal.
#
# The canonical form, from which the fingerprint of the single-object encoding is made, leaves logical
# types out, scale and precision with them. A decimal of scale 2 and one of scale 4 are one schema
# to it: what was written as 12.50 is read as 0.1250 by whoever has the other schema under that
# fingerprint. The specification wants it so ("sufficient to read"). Nor does resolution help: with
# both schemas at hand, fastavro and Apache's library take the writer's scale in silence, where the
# specification says that decimals resolve only if scales match. The compatibility checker
# has no objection either, nor to a day that is read as an instant. So whoever stores events under
# fingerprints has to refuse a second schema of the same fingerprint at build time, by itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check avro==1.12.2 fastavro==1.13.1
"$work/venv/bin/python" - <<'EOF'
import io
import json
from datetime import date
from decimal import Decimal
from importlib.metadata import version

import avro.io
import avro.schema
import fastavro
from avro.compatibility import ReaderWriterCompatibilityChecker
from fastavro.schema import fingerprint, to_parsing_canonical_form

print("avro", version("avro"), "fastavro", version("fastavro"))


def paid(**amount):
    return {"type": "record", "name": "Paid", "fields": [{"name": "it", "type": amount}]}


def of_scale(scale):
    return paid(type="bytes", logicalType="decimal", precision=12, scale=scale)


def marks(schema):
    parsed = avro.schema.parse(json.dumps(schema))
    canonical = to_parsing_canonical_form(schema)
    return fingerprint(canonical, "CRC-64-AVRO"), parsed.fingerprint("CRC-64-AVRO").hex()


def compatible(reader, writer):
    r, w = (avro.schema.parse(json.dumps(schema)) for schema in (reader, writer))
    return ReaderWriterCompatibilityChecker().get_compatibility(r, w).compatibility.value


two, four = of_scale(2), of_scale(4)
print("fingerprints:", marks(two), marks(four))
assert marks(two) == marks(four)
print("checker:", compatible(four, two))
assert compatible(four, two) == "compatible"

written = io.BytesIO()
fastavro.schemaless_writer(written, fastavro.parse_schema(two), {"it": Decimal("12.50")})
data = written.getvalue()
by_mark = fastavro.schemaless_reader(io.BytesIO(data), four)["it"]
print("written with scale 2:", Decimal("12.50"), "read by the other schema of that mark:", by_mark)
assert str(by_mark) == "0.1250"

resolved = fastavro.schemaless_reader(io.BytesIO(data), two, four)["it"]
reader = avro.io.DatumReader(*(avro.schema.parse(json.dumps(s)) for s in (two, four)))
by_apache = reader.read(avro.io.BinaryDecoder(io.BytesIO(data)))["it"]
print("scale 4 asked for, both schemas at hand: fastavro", resolved, "avro", by_apache)
assert str(resolved) == str(by_apache) == "12.50"

day, instant = paid(type="int", logicalType="date"), paid(type="long", logicalType="timestamp-millis")
written = io.BytesIO()
fastavro.schemaless_writer(written, fastavro.parse_schema(day), {"it": date(2026, 3, 1)})
got = fastavro.schemaless_reader(io.BytesIO(written.getvalue()), day, instant)["it"]
print("a day read as an instant: checker", compatible(instant, day), "and fastavro gives", repr(got))
assert compatible(instant, day) == "compatible" and got == date(2026, 3, 1)
EOF
