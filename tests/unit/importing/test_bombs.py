"""Small files that ask for gigabytes are refused in little memory, by a child that has no more.

Seconds are for a bench to say; what is held here is the memory and the refusal. Each file is
made here; the child reads it with 300 MB of data at most.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.importing.columns import MAX_COLUMNS
from tests.support.embedded import REPOSITORY

MEMORY_MB = 300

_READ = """
import resource, sys
from pathlib import Path
import pyarrow.parquet
from services.importing.compiling import RowRefused, compile_text
from services.importing.lines import FileRefused
from services.importing.rows import open_rows, scan

pyarrow.set_cpu_count(1)
pyarrow.set_io_thread_count(1)
pyarrow.set_memory_pool(pyarrow.system_memory_pool())
kind, path, limit = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) << 20
mapping = compile_text(Path(sys.argv[4]).read_text().replace("FORMAT", kind))
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
try:
    scan(path, mapping)
    made = []
    for row in open_rows(path, mapping):
        if isinstance(row, RowRefused):
            print("row:", row.line, row.reason, "-", row.remedy)
        else:
            events, refused = mapping.read(row, "b1")
            for one in refused:
                print("row:", one.line, one.reason, "-", one.remedy)
except FileRefused as refused:
    print("file:", refused)
"""
MAPPING = """
mapping = "bombs"
[source]
format = "FORMAT"
key = ["id"]
currency = "CNY"
[[touchpoint]]
name = "paid"
type = "payment.payment_received"
subject = "id"
occurred_at = { value = 2026-01-01 }
[touchpoint.data]
payment_id = "id"
amount = { value = 1 }
"""


def told(folder: Path, form: str, file: Path) -> str:
    """Return what a child with little memory says of the file."""
    mapping = folder / "map.toml"
    mapping.write_text(MAPPING)
    done = subprocess.run(
        [sys.executable, "-c", _READ, form, str(file), str(MEMORY_MB), str(mapping)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    return done.stdout


def _page(file: Path) -> None:
    """A page of zeros that unpacks to 100 MB."""
    column = pa.array([b"\0" * 1_000_000] * 100, pa.binary())
    how: dict[str, object] = {
        "use_dictionary": False,
        "write_statistics": False,
        "data_page_size": 1 << 30,
    }
    _written(file, pa.table({"id": column}), compression="zstd", **how)


def _shared(file: Path) -> None:
    """One text of 8 MB that all rows share: a batch of them would be 8 GB."""
    value = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), ["x" * 8_000_000])
    how: dict[str, object] = {"dictionary_pagesize_limit": 1 << 30, "write_statistics": False}
    _written(file, pa.table({"id": value}), compression="zstd", **how)


def _columns(file: Path) -> None:
    _written(file, pa.table({f"c{n}": [1] for n in range(20_000)} | {"id": ["a"]}))


def _rows(file: Path) -> None:
    """Twenty million rows of one value: a few kilobytes."""
    zeros = [None, pa.py_buffer(bytes(4 * 20_000_000))]
    indices = pa.Array.from_buffers(pa.int32(), 20_000_000, zeros)
    value = pa.DictionaryArray.from_arrays(indices, ["a"])
    _written(file, pa.table({"id": value}), compression="zstd")


def _written(file: Path, table: pa.Table, **how: object) -> None:
    pq.write_table(table, file, **how)
    assert file.stat().st_size < 10_000_000


PARQUET_BOMBS: dict[str, Callable[[Path], None]] = {
    "page": _page,
    "shared": _shared,
    "columns": _columns,
    "rows": _rows,
}


@pytest.mark.parametrize(
    ("bomb", "refusal"),
    [
        ("page", "file: .* the column 'id' unpacks from .* to 100,"),
        ("shared", "row: 1 is longer than 16,000 bytes - export a shorter text"),
        ("columns", f"file: .* 20,001 columns, and no more than {MAX_COLUMNS:,} are read"),
        ("rows", "file: .* 20,000,000 rows in .* bytes: no export with a key is so"),
    ],
)
def test_a_parquet_bomb_is_refused(tmp_path: Path, bomb: str, refusal: str) -> None:
    file = tmp_path / "bomb.parquet"
    PARQUET_BOMBS[bomb](file)
    said = told(tmp_path, "parquet", file)
    assert re.search(refusal, said), said[:500]


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ('{"id": 1e999999999}', "out of all range"),
        ('{"id": 1e99}', "is written with an exponent"),
        ('{"id": 1e5}', "is written with an exponent"),
        ('{"id": ' + "9" * 5_000_000 + "}", "a number of 5,000,000 digits"),
        ("[" * 5_000_000, "nested too deep"),
        ('{"id": ' + '{"a":' * 1_000_000, "nested too deep"),
        (json.dumps({f"c{n}": 1 for n in range(20_000)}), "20,000 columns"),
        ('{"id": "' + "x" * 5_000_000 + '"}', "a text of 5,000,000 characters"),
    ],
)
def test_a_json_line_that_costs_memory_is_refused(tmp_path: Path, line: str, refusal: str) -> None:
    file = tmp_path / "bomb.jsonl"
    file.write_text(f'{line}\n{{"id": "A"}}\n')
    assert refusal in told(tmp_path, "jsonl", file)


def test_a_quote_that_is_left_open_for_a_gigabyte_is_refused(tmp_path: Path) -> None:
    """The file has a hole where its disk has nothing: a gigabyte of NUL that takes no room."""
    file = tmp_path / "open.csv"
    with file.open("wb") as writing:
        writing.write(b'id,amount\nA,"')
        writing.truncate(1 << 30)
    assert "file: " in told(tmp_path, "csv", file)
    with file.open("wb") as writing:
        writing.write(b'id,amount\nA,"' + b"x" * 99 + b"\n")
        writing.write((b"y" * 99 + b"\n") * 1_000_000)
    assert "a quote may be left open" in told(tmp_path, "csv", file)
