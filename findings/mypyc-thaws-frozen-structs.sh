#!/usr/bin/env bash
# A msgspec Struct that says frozen=True can be changed once mypyc has compiled its module.
#
# mypy 2.4.1 with msgspec 0.23.0: of a class that mypyc leaves a Python class, the class keywords
# are dropped without a word. So the Struct is neither frozen nor hashable, and array_like writes an
# object instead of an array, which a process with the plain source then cannot read. mypy has
# checked meanwhile that nothing in the module assigns to a field.
#
# Field types that are more than a plain class go as well: of a NamedTuple with `date | None`
# the annotation that is left is `type`, and decoding a date is refused with "Expected `type`".
# The same source, not compiled, does all of it right. Needs a C compiler and Python's headers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    mypy==2.4.1 msgspec==0.23.0 setuptools==83.0.0
cd "$work"
cat >plain.py <<'PY'
from __future__ import annotations

from datetime import date
from typing import NamedTuple

from msgspec import Struct


class Price(Struct, frozen=True):
    currency: str
    minor: int


class Shelf(Struct, array_like=True):
    name: str
    full: bool


class Due(NamedTuple):
    day: date | None
PY
cp plain.py compiled.py
"$work/venv/bin/mypyc" compiled.py >build.log 2>&1 || { cat build.log; exit 1; }
rm compiled.py
"$work/venv/bin/python" - <<'PY'
import msgspec

import compiled
import plain


def tried(what):
    try:
        return str(what())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def raised_price(module):
    price = module.Price("EUR", 500)
    price.minor = 600
    return price.minor


def found(module):
    return {
        "changed to": tried(lambda: raised_price(module)),
        "hash": tried(lambda: isinstance(hash(module.Price("EUR", 500)), int)),
        "written": msgspec.json.encode(module.Shelf("A", True)).decode(),
        "read": tried(lambda: msgspec.json.decode(b'["2026-03-01"]', type=module.Due).day),
    }


expected = {
    plain: {
        "changed to": "AttributeError: immutable type: 'Price'",
        "hash": "True",
        "written": '["A",true]',
        "read": "2026-03-01",
    },
    compiled: {
        "changed to": "600",
        "hash": "TypeError: unhashable type: 'Price'",
        "written": '{"name":"A","full":true}',
        "read": "ValidationError: Expected `type`, got `str` - at `$[0]`",
    },
}
for module, wanted in expected.items():
    seen = found(module)
    print(f"{module.__name__}: {seen}")
    assert seen == wanted, seen
PY
