"""JSON lines: what means two things or would cost memory is refused with its line."""

from pathlib import Path

import pytest

from services.importing.cells import Row
from services.importing.compiling import RowRefused, compile_text
from services.importing.rows import open_rows, scan

MAPPING = """
mapping = "test"
[source]
format = "jsonl"
key = ["id"]
currency = "CNY"
[[touchpoint]]
name = "paid"
type = "payment.payment_received"
subject = "id"
occurred_at = { value = 2026-01-01 }
[touchpoint.data]
payment_id = "id"
amount = "amount"
"""
GOOD = '{"id": "A", "amount": 1}'


def rows(folder: Path, *lines: str) -> list[Row | RowRefused]:
    """Scan and read the lines and, last, a good one."""
    file = folder / "export.jsonl"
    file.write_text("\n".join([*lines, GOOD]), "utf-8")
    how = compile_text(MAPPING)
    scan(file, how)
    return list(open_rows(file, how))


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ('{"id": "B", "amount": 1, "amount": 2}', "amount"),
        ('{"id": "B", "amount": 1, "amount" : 1}', "amount"),
        ('{"id": "B", "amount": 1, "amoun\\u0074": 1}', "amount"),
        ('{"id": "B", "amount": 1, "more": {"a": {"b": 1, "b": 2}}}', "b"),
        ('{"id": "B", "amount": 1, "more": [{"a": 1, "a": 2}]}', "a"),
        ('{"id": "B", "amount": 1, "a.b": 1, "a": {"b": 2}}', "a.b"),
        ('{"id": "B", "amount": 1, "a": {"b.c": 2}, "a.b": {"c": 2}}', "a.b.c"),
    ],
)
def test_a_name_that_stands_twice_is_refused(tmp_path: Path, line: str, column: str) -> None:
    [refused, good] = rows(tmp_path, line)
    assert isinstance(refused, RowRefused)
    assert (refused.line, refused.column) == (1, column)
    assert f"'{column}' stands twice" in refused.reason
    assert isinstance(good, Row)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"id": ' + "[" * 100_000, "nested too deep"),
        ('{"id": ' + '{"a": ' * 40 + "1" + "}" * 41, "nested too deep"),
        ('{"id": "B", "amount": ' + "7" * 1_000_000 + "}", "a number of 1,000,000 digits"),
        ('{"id": "B", "amount": 0.' + "7" * 1_000_000 + "}", "out of all range"),
        ('{"id": "B", "amount": 1e999999999}', "out of all range"),
        ('{"id": "B", "amount": 1e-999999999}', "out of all range"),
        ('{"id": "B", "amount": NaN}', "NaN is no number"),
        ('{"id": "B", "amount": -Infinity}', "Infinity is no number"),
        ("{" + ",".join(f'"k{n}": 1' for n in range(20_000)) + "}", "20,000 columns"),
        ('{"id": "B" "amount": 1}', "no valid JSON"),
        ('["B", 1]', "no JSON object"),
    ],
)
def test_a_line_that_means_nothing_is_refused_alone(tmp_path: Path, line: str, told: str) -> None:
    [refused, good] = rows(tmp_path, line)
    assert isinstance(refused, RowRefused)
    assert told in refused.reason
    assert len(refused.reason) < 200
    assert refused.remedy
    assert isinstance(good, Row)


def test_empty_records_stay_out(tmp_path: Path) -> None:
    [only] = rows(tmp_path, "{}", "null", '{"id": null, "amount": " "}', '{"a": {}, "b": []}')
    assert only.line == 5
