#!/usr/bin/env bash
# mt-940 reads the reversal of a credit as money that came in.
#
# A statement line of MT940 has one of four marks: D and C, and RD and RC for the reversal of a debit
# and of a credit. So RC takes money from the account. The package turns the sign for D alone: an
# RC of 250.00 is +250.00 in `amount`, the second time that the money seems to have come in. The
# mark is kept in `status`; a program that adds up amounts, or books what is above 0 as a payment,
# credits a payment that bounced. Nothing compares the lines with the statement's own balances,
# which is the check to make: opening balance and lines must give the closing balance.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mt-940==5.1.1
"$work/venv/bin/python" - <<'EOF'
from decimal import Decimal
from importlib.metadata import version

import mt940

STATEMENT = """\
:20:STATEMENT
:25:BANK/0000000001
:28C:1/1
:60F:C260101EUR1000,00
:61:2601020102C250,00NTRFINVOICE-1
:86:paid
:61:2601050105RC250,00NTRFINVOICE-1
:86:the payment is called back
:61:2601060106D80,00NTRFRENT
:86:rent
:61:2601070107RD80,00NTRFRENT
:86:the rent is called back
:62F:C260107EUR1000,00
"""

print("mt-940", version("mt-940"))
lines = mt940.parse(STATEMENT)
opening = lines.data["final_opening_balance"].amount.amount
closing = lines.data["final_closing_balance"].amount.amount
amounts = {line.data["status"]: line.data["amount"].amount for line in lines}
for mark, amount in amounts.items():
    print(f"{mark:2} {amount:>8}")
total = opening + sum(amounts.values())
print(f"opening {opening}, with its lines {total}, closing {closing}")
assert amounts == {
    "C": Decimal("250.00"), "RC": Decimal("250.00"), "D": Decimal("-80.00"), "RD": Decimal("80.00"),
}
assert (opening, closing, total) == (1000, 1000, 1500)
EOF
