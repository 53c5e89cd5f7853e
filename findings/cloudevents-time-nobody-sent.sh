#!/usr/bin/env bash
# The CloudEvents SDK for Python gives an event that was sent without `time` the reader's own clock.
#
# `time` is optional in CloudEvents 1.0. What the SDK hands on after reading cannot be told from an
# event whose sender did say when it happened: the instant is an ordinary attribute. Read twice, one
# message has two times, so whoever compares a repeat with what is recorded sees another event, and
# whoever dates facts by `time` dates them by its own queue. True of the old interface and the new
# one, in structured and binary mode. To know, look at the raw message before the SDK does.
#
# Beside it: in binary mode a true extension attribute goes out as the text "True", where the
# specification has Booleans as "true"; and JSON text as data comes back as text in structured mode
# and as what it spells in binary mode.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cloudevents==2.2.0
"$work/venv/bin/python" - <<'EOF'
import json
import time
from importlib.metadata import version

from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.http import from_json

print("cloudevents", version("cloudevents"))
FORMAT = JSONFormat()
SENT = {"specversion": "1.0", "id": "e-1", "source": "/till/1", "type": "paid", "data": {"minor": 5}}

structured = http.HTTPMessage(
    headers={"content-type": "application/cloudevents+json"}, body=json.dumps(SENT).encode()
)
binary = http.HTTPMessage(
    headers={f"ce-{name}": SENT[name] for name in ("specversion", "id", "source", "type")},
    body=b'{"minor": 5}',
)
readers = {
    "structured": lambda: http.from_structured(structured, FORMAT).get_time(),
    "binary": lambda: http.from_binary(binary, FORMAT).get_time(),
    "old interface": lambda: from_json(json.dumps(SENT))["time"],
}
for name, read in readers.items():
    first = read()
    time.sleep(0.01)
    second = read()
    print(f"{name}: sent without time; read as {first}, and again as {second}")
    assert first is not None and second is not None and first != second, name

flagged = CloudEvent(
    {"specversion": "1.0", "id": "e-2", "source": "/till/1", "type": "paid", "rush": True}, data="12"
)
in_binary = http.to_binary(flagged, FORMAT)
print("a true attribute in binary mode:", in_binary.headers["ce-rush"])
assert in_binary.headers["ce-rush"] == "True"
back = [
    http.from_structured(http.to_structured(flagged, FORMAT), FORMAT).get_data(),
    http.from_binary(in_binary, FORMAT).get_data(),
]
print("the text 12 as data, after structured and after binary mode:", back)
assert back == ["12", 12]
EOF
