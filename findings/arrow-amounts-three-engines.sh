#!/usr/bin/env bash
# One Arrow column of amounts, three engines, three answers: what a decimal is with a digit less.
#
# To decimal(10, 1), 1.25, 1.29 and 1.35 become
#   pyarrow 26.0.1 (safe=False)  1.2  1.2  1.3   cut off
#   polars 2.1.0                 1.2  1.3  1.4   half to even
#   duckdb 2.0.1                 1.3  1.3  1.4   half away from zero
# None warns, and all three share the column's memory, so the same export adds up to three totals.
#
# It goes on with 19% of them: polars gives a product the scale of the finer factor (1.05 x 0.19 is
# 0.20), pyarrow and duckdb keep all four digits (0.1995). And a mean is a double in polars and
# duckdb, but a decimal of the column's own scale, cut off, in pyarrow: 0.12 beside 0.1214.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1
"$work/venv/bin/python" - <<'PY'
from decimal import Decimal

import duckdb
import polars
import pyarrow
import pyarrow.compute as compute


def texts(values):
    return [str(value) for value in values]


def by_duckdb(expression):
    return texts(row[0] for row in duckdb.sql(f"select {expression} from arrow_table").fetchall())


amounts = [Decimal(text) for text in ("1.25", "1.29", "1.35", "-1.25")]
column = pyarrow.array(amounts, pyarrow.decimal128(10, 2))
arrow_table = pyarrow.table({"amount": column})
series = polars.from_arrow(column)
found = {
    "pyarrow": texts(column.cast(pyarrow.decimal128(10, 1), safe=False).to_pylist()),
    "polars": texts(series.cast(polars.Decimal(10, 1)).to_list()),
    "duckdb": by_duckdb("amount::decimal(10, 1)"),
}
for engine, rounded in found.items():
    print(f"{engine:8} with one digit: {rounded}")
assert found == {
    "pyarrow": ["1.2", "1.2", "1.3", "-1.2"],
    "polars": ["1.2", "1.3", "1.4", "-1.2"],
    "duckdb": ["1.3", "1.3", "1.4", "-1.3"],
}, found

price, rate = Decimal("1.05"), Decimal("0.19")
prices = pyarrow.array([price], pyarrow.decimal128(10, 2))
arrow_table = pyarrow.table({"amount": prices})
taxes = {
    "pyarrow": texts(compute.multiply(prices, pyarrow.scalar(rate)).to_pylist()),
    "polars": texts(
        polars.DataFrame({"amount": prices}).select(polars.col("amount") * rate)["amount"]
    ),
    "duckdb": by_duckdb("amount * 0.19"),
}
print(f"19% of 1.05: {taxes}")
assert taxes == {"pyarrow": ["0.1995"], "polars": ["0.20"], "duckdb": ["0.1995"]}, taxes

some = [Decimal(text) for text in ("1.05", "1.15", "1.25", "1.29", "-1.25", "-1.29", "-1.35")]
column = pyarrow.array(some, pyarrow.decimal128(10, 2))
arrow_table = pyarrow.table({"amount": column})
means = {
    "pyarrow": str(compute.mean(column).as_py()),
    "polars": f"{polars.from_arrow(column).mean():.4f}",
    "duckdb": f"{duckdb.sql('select avg(amount) from arrow_table').fetchall()[0][0]:.4f}",
}
print(f"mean: {means}")
assert means == {"pyarrow": "0.12", "polars": "0.1214", "duckdb": "0.1214"}, means
PY
