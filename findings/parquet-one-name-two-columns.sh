#!/usr/bin/env bash
# Parquet columns whose names differ by case, or not at all, come back as each other.
#
# A Parquet file may hold `Id` and `ID` (two systems joined by somebody), or one name twice. DuckDB
# takes names without regard to case, even in quotes: asked for "ID" it gives the values of `Id`,
# without a word, and has renamed the other column to ID_1. pyarrow has two readers: read_table
# refuses a file with one name twice, ParquetFile reads it, and its rows as dictionaries keep the
# last column alone. A dot is a third case: ParquetFile.read(columns=["a.b"]) gives the column `a.b`
# and the struct `a` with its field `b` as well; read_table gives the first only. polars refuses
# what stands twice and keeps the cases apart. Check the schema's own names before reading rows.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1
cd "$work"
"$work/venv/bin/python" - <<'EOF'
from importlib.metadata import version

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

print(*(f"{name} {version(name)}" for name in ("duckdb", "polars", "pyarrow")))


def written(name, columns):
    table = pa.table([pa.array([value]) for _, value in columns], names=[n for n, _ in columns])
    pq.write_table(table, name)
    return name


cases = written("cases.parquet", [("Id", 1), ("ID", 2)])
duck = duckdb.connect()
asked = duck.execute(f"SELECT \"ID\" FROM '{cases}'").fetchone()[0]
names = [column[0] for column in duck.execute(f"SELECT * FROM '{cases}'").description]
print(f'Id is 1, ID is 2; DuckDB, asked for "ID": {asked}; its names: {names};',
      "polars:", pl.read_parquet(cases)["ID"][0])
assert asked == 1 and names == ["Id", "ID_1"] and pl.read_parquet(cases)["ID"][0] == 2

twice = written("twice.parquet", [("amount", 1), ("amount", 2)])
rows = pq.ParquetFile(twice).read().to_pylist()
print("amount twice, 1 and 2; rows of ParquetFile:", rows)
assert rows == [{"amount": 2}]
for name, read, error in (
    ("read_table", pq.read_table, pa.ArrowInvalid),
    ("polars", pl.read_parquet, pl.exceptions.DuplicateError),
):
    try:
        read(twice)
    except error as refusal:
        print(f"{name} refuses: {str(refusal).splitlines()[0]}")
    else:
        raise AssertionError(f"{name} read it")

dotted = written("dotted.parquet", [("a.b", 1), ("a", {"b": 2})])
one = pq.read_table(dotted, columns=["a.b"]).to_pylist()
other = pq.ParquetFile(dotted).read(columns=["a.b"]).to_pylist()
print("asked for a.b: read_table", one, "ParquetFile", other)
assert one == [{"a.b": 1}] and other == [{"a.b": 1, "a": {"b": 2}}]
EOF
