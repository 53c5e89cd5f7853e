#!/usr/bin/env bash
# mt-940 gives a payment's reference as two references with a line break between them.
#
# A statement line of MT940 carries the customer's reference in field 61. German and Austrian banks
# repeat the payer's reference in field 86, under ?20KREF+. The package hangs the second onto the
# first: `customer_reference` is then "INV-1001\n0815", which is neither, fits no invoice, and is
# another key for one payment than a bank gives that leaves KREF out. The other names of field 86
# (EREF, MREF, SVWZ) have fields of their own. The package's options change nothing about it; one of
# them has it keep the reference of field 61 at all where field 86 names none.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mt-940==5.1.1
"$work/venv/bin/python" - <<'EOF'
from importlib.metadata import version

import mt940

STATEMENT = """\
:20:STATEMENT
:25:BANK/0000000001
:28C:1/1
:60F:C260101EUR1000,00
:61:2601050105C100,00NTRFINV-1001//B77
:86:166?00CREDIT TRANSFER?20{names}?21SVWZ+SPARE PARTS?32MUSTER GMBH
:62F:C260105EUR1100,00
"""

print("mt-940", version("mt-940"))
seen = {}
for options in (None, mt940.Options.all()):
    for names in ("EREF+0815", "KREF+0815"):
        [line] = mt940.parse(STATEMENT.format(names=names), options=options)
        seen[options is not None, names] = line.data["customer_reference"]
for (with_options, names), reference in seen.items():
    print("all options" if with_options else "no options ", names, repr(reference))
assert seen == {
    (False, "EREF+0815"): None,
    (False, "KREF+0815"): "INV-1001\n0815",
    (True, "EREF+0815"): "INV-1001",
    (True, "KREF+0815"): "INV-1001\n0815",
}
EOF
