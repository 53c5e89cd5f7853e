"""Files damaged by a few bytes: read or refused with a remedy, never a traceback or a crash.

In a process of its own: what a library's C++ code ends, no exception tells.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.embedded import REPOSITORY

_DAMAGE = r"""
import json, random, sys
from pathlib import Path
import pyarrow as pa
import pyarrow.parquet as pq
from services.importing.compiling import RowRefused, compile_text
from services.importing.lines import FileRefused
from services.importing.rows import open_rows, scan

form, folder, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
rows = [
    {"id": f"a{i % 7}", "at": "2026-01-01", "n": {"amount": 1.5}, "l": ["a", "b"]}
    for i in range(30)
]
file = folder / f"export.{form}"
if form == "parquet":
    pq.write_table(pa.Table.from_pylist(rows), file)
elif form == "jsonl":
    file.write_text("\n".join(map(json.dumps, rows)))
else:
    cells = (f'"{r["id"]}",{r["at"]},1.5,"a"' for r in rows)
    file.write_text("id,at,n.amount,l\n" + "\n".join(cells))
whole = file.read_bytes()
mapping = compile_text(Path(sys.argv[4]).read_text().replace("FORMAT", form))
dice = random.Random(seed)
told = {"read": 0, "refused": 0}
for _ in range(400):
    raw = bytearray(whole)
    for _ in range(dice.choice([1, 1, 2, 3, 8])):
        at, way = dice.randrange(len(raw)), dice.random()
        if way < 0.6:
            raw[at] = dice.randrange(256)
        elif way < 0.8:
            raw[at] = dice.choice(b'",\\{}[]:\n\r\0\xff\x1a')
        elif way < 0.9:
            del raw[at : at + dice.randrange(1, 9)]
        else:
            raw[at:at] = dice.randbytes(dice.randrange(1, 9))
    file.write_bytes(raw)
    try:
        scan(file, mapping)
        for row in open_rows(file, mapping):
            if isinstance(row, RowRefused):
                assert row.reason and row.remedy and len(row.reason) < 300, row
            else:
                made, refused = mapping.read(row, "b1")
                assert all(one.reason and one.remedy for one in refused)
        told["read"] += 1
    except FileRefused as refused:
        assert len(str(refused)) < 700, refused
        told["refused"] += 1
print(json.dumps(told))
"""
MAPPING = """
mapping = "damaged"
[source]
format = "FORMAT"
key = ["id"]
currency = "CNY"
[[touchpoint]]
name = "paid"
type = "payment.payment_received"
subject = "id"
occurred_at = "at"
[touchpoint.data]
payment_id = "id"
amount = "n.amount"
invoice_ids = "l"
"""


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, form: str, seed: int) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(MAPPING)
    done = subprocess.run(
        [sys.executable, "-c", _DAMAGE, form, str(tmp_path), str(seed), str(mapping)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert '"read": 0' not in done.stdout
    assert '"refused": 0' not in done.stdout
