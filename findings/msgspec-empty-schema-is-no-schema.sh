#!/usr/bin/env bash
# msgspec takes a schema_hook's {} for "I do not know this type", and says there is no hook.
#
# {} is the JSON schema that allows anything, the natural answer for a field of any value. The
# hook is called for the type, answers, and schema_components raises a TypeError that asks for a
# schema_hook, though one was passed and asked. A mere description instead is taken. The other way
# that the message offers, Meta(extra_json_schema={}), is refused with the same words. Seen with
# msgspec 0.23.0: it asks whether the answer is true, not whether there is one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.23.0
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version
from typing import Annotated

import msgspec

print("msgspec", version("msgspec"))


class Anything:
    """A value whose form is the sender's business."""


class Note(msgspec.Struct):
    body: Anything


class Marked(msgspec.Struct):
    body: Annotated[Anything, msgspec.Meta(extra_json_schema={})]


def tried(kind, answer):
    asked = []

    def hook(asked_for):
        asked.append(asked_for)
        return answer

    try:
        _, found = msgspec.json.schema_components([kind], schema_hook=hook)
    except TypeError as error:
        return [one.__name__ for one in asked], str(error).splitlines()[0]
    return [one.__name__ for one in asked], found[kind.__name__]["properties"]["body"]


no_hook = "Generating JSON schema for custom types requires either:"
expected = {
    "{}": (["Anything"], no_hook),
    "a description": (["Anything"], {"description": "anything"}),
}
for name, answer in {"{}": {}, "a description": {"description": "anything"}}.items():
    seen = tried(Note, answer)
    print(f"the hook returns {name}: asked for {seen[0]}, then {seen[1]}")
    assert seen == expected[name], seen
seen = tried(Marked, {})
print(f"with Meta(extra_json_schema={{}}) as well: asked for {seen[0]}, then {seen[1]}")
assert seen == expected["{}"], seen
PY
