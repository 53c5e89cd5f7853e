"""What a row of an import costs in processor time, nothing sent: `python -m tests.bench.importing`.

The same 20,000 rows as CSV, JSON lines and Parquet, each read, checked and answered as the
platform would, several times in turn; the least of each is printed, which other work on the
machine disturbs least. Before that, what it takes to refuse files that would unpack to gigabytes.
"""

from __future__ import annotations

import asyncio
import csv
import json
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from services.clock import SystemClock
from services.importing.compiling import compile_text
from services.importing.importer import Job, import_file
from services.importing.lines import FileRefused
from services.importing.publisher import DryRun
from services.importing.rows import scan
from tests.bench.machine import Measurement
from tests.unit.importing.test_bombs import MAPPING as BOMBS
from tests.unit.importing.test_bombs import PARQUET_BOMBS

ROWS = 20_000
ROUNDS = 3
MAPPING = """
mapping = "bench"
[source]
format = "{form}"
key = ["no"]
currency = "EUR"
[[touchpoint]]
name = "issued"
type = "payment.invoice_issued"
subject = "cust"
occurred_at = {{ column = "day", at = 18:00:00 }}
[touchpoint.data]
invoice_id = "no"
amount = "amt"
due_on = "due"
[[touchpoint]]
name = "paid"
type = "payment.payment_received"
when = [{{ column = "paid", empty = false }}]
subject = "cust"
occurred_at = "paid"
[touchpoint.data]
payment_id = {{ template = "P-{{no}}" }}
amount = "amt"
invoice_ids = ["no"]
"""

Table = list[dict[str, str]]


def table() -> Table:
    """Return the rows: invoices of 5,000 customers over two years, two thirds of them paid."""
    first = date(2024, 1, 1)
    return [
        {
            "no": f"R-{number:07}",
            "cust": f"C{number * 7919 % 5000:05}",
            "day": (first + timedelta(days=number % 700)).isoformat(),
            "due": (first + timedelta(days=number % 700 + 30)).isoformat(),
            "amt": f"{number % 9973 + 1}.{number % 100:02}",
            "paid": (first + timedelta(days=number % 700 + 20)).isoformat() if number % 3 else "",
            "note": "not read by the mapping",
        }
        for number in range(ROWS)
    ]


def written(rows: Table, folder: Path) -> dict[str, Path]:
    """Return the file of each format."""
    files = {form: folder / f"export.{form}" for form in ("csv", "jsonl", "parquet")}
    with files["csv"].open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    files["jsonl"].write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    pq.write_table(pa.Table.from_pylist(rows), files["parquet"])
    return files


def seconds(form: str, file: Path) -> float:
    """Return the processor time of a whole dry run."""
    mapping = compile_text(MAPPING.format(form=form))
    job = Job(path=file, mapping=mapping, branch="b1", dry_run=True)
    started = time.process_time()
    report = asyncio.run(import_file(job, DryRun("b1", SystemClock())))
    took = time.process_time() - started
    assert (report.rows, report.refused, report.rows_refused) == (ROWS, 0, 0), report
    return took


def refusals(folder: Path) -> dict[str, float]:
    """Print and return the seconds that each bomb of the tests takes to be refused."""
    seconds = {}
    mapping = compile_text(BOMBS.replace("FORMAT", "parquet"))
    for name, bomb in PARQUET_BOMBS.items():
        file = folder / f"{name}.parquet"
        bomb(file)
        started = time.perf_counter()
        try:
            scan(file, mapping)
            outcome = "read, its rows refused"
        except FileRefused:
            outcome = "refused"
        took = time.perf_counter() - started
        seconds[name] = round(took, 2)
        size = file.stat().st_size
        print(f"{name:8} {took:6.2f} s, a file of {size:,} bytes: {outcome}")
    return seconds


def main() -> None:
    """Print the microseconds a row costs in each format, and the seconds of refusals."""
    measurement = Measurement("importing")
    with tempfile.TemporaryDirectory() as folder:
        refused_s = refusals(Path(folder))
        files = written(table(), Path(folder))
        rounds = [
            {form: seconds(form, file) for form, file in files.items()} for _ in range(ROUNDS)
        ]
    us = {form: min(one[form] for one in rounds) / ROWS * 1e6 for form in files}
    for form, each in us.items():
        print(f"{form:8} {each:6.1f} us/row {1e6 / each:8,.0f} rows/s")
    us_per_row = {form: round(each, 1) for form, each in us.items()}
    print(measurement.line({"us_per_row": us_per_row, "refused_s": refused_s}))


if __name__ == "__main__":
    main()
