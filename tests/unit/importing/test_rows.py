"""Reading files: CSV, JSON lines, Parquet, and everything that can be wrong with their bytes."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.importing.cells import Row
from services.importing.compiling import CompiledMapping, RowRefused, compile_text
from services.importing.lines import FileRefused
from services.importing.rows import open_rows, scan


def mapping(source: str = "", form: str = "csv", column: str = "amount") -> CompiledMapping:
    return compile_text(f"""
mapping = "test"
[source]
format = "{form}"
key = ["id"]
currency = "CNY"
{source}
[[touchpoint]]
name = "paid"
type = "payment.payment_received"
subject = "id"
occurred_at = {{ value = 2026-01-01 }}
[touchpoint.data]
payment_id = "id"
amount = "{column}"
""")


def read(file: Path, how: CompiledMapping) -> list[tuple[int, object]]:
    scan(file, how)
    return [
        (row.line, dict(row.cells) if isinstance(row, Row) else row.reason)
        for row in open_rows(file, how)
    ]


def written(folder: Path, content: str | bytes, name: str = "export.csv") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_csv_rows_carry_the_line_where_they_start(tmp_path: Path) -> None:
    file = written(tmp_path, 'id,amount\r\nA,1\r\n\r\n"B\r\nb",2\r\nC,3')
    assert read(file, mapping()) == [
        (2, {"id": "A", "amount": "1"}),
        (4, {"id": "B\r\nb", "amount": "2"}),
        (6, {"id": "C", "amount": "3"}),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16", "utf-16-le", "shift_jis"])
def test_csv_is_read_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    file = written(tmp_path, "id,amount\n王,1\n".encode(encoding))
    named = "utf-8" if encoding == "utf-8-sig" else encoding
    assert read(file, mapping(f'encoding = "{named}"')) == [(2, {"id": "王", "amount": "1"})]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("named", [";", "\t", ","])
def test_a_spreadsheets_first_line_names_the_delimiter(
    tmp_path: Path, mark: str, named: str
) -> None:
    """Whatever the mapping says: the file knows."""
    line = f"{mark}sep={named}\r\n"
    file = written(tmp_path, f'{line}id{named}amount\r\nA{named}1\r\n"B\r\n"{named}2\r\nC{named}3')
    assert read(file, mapping('delimiter = ";"')) == [
        (3, {"id": "A", "amount": "1"}),
        (4, {"id": "B\r\n", "amount": "2"}),
        (6, {"id": "C", "amount": "3"}),
    ]


def test_a_line_of_separators_alone_stays_out(tmp_path: Path) -> None:
    file = written(tmp_path, "id,amount\n,\nA,1\n , \n,,,\n,1\n")
    assert read(file, mapping()) == [
        (3, {"id": "A", "amount": "1"}),
        (6, {"id": "", "amount": "1"}),
    ]


def test_a_ragged_row_is_refused_alone(tmp_path: Path) -> None:
    file = written(tmp_path, "id,amount\nA,1\nB\nC,1,5\nD,2\n")
    lines = read(file, mapping())
    assert [line for line, _ in lines] == [2, 3, 4, 5]
    assert lines[1][1] == "the row has 1 cell where the header has 2"
    assert lines[2][1] == "the row has 3 cells where the header has 2"


@pytest.mark.parametrize(
    ("content", "source", "told"),
    [
        (b"", "", "is empty"),
        (b"\n\n", "", "is empty"),
        (b"id,amount\n", "", "has no rows"),
        (b"id,amuont\nA,1\n", "", "no column 'amount' that the mapping reads; did you mean"),
        (b"id,amount,id\nA,1,2\n", "", "the column 'id' appears twice"),
        (b"id;amount\nA;1\n", "", "only one column; source.delimiter = ','"),
        (b"id,amount\nA,1\nB\xb2,2\n", "", "line 3, byte 2 (0xb2): not written in utf-8"),
        ("id,amount\nA,1\n".encode("utf-16"), "", 'say encoding = "utf-16"'),
        ("id,amount\nA,1".encode("utf-16")[:-1], 'encoding = "utf-16"', "not written in utf-16"),
        (b'id,amount\nA,1\n"B,2\nC,3\n', "", "line 3: this row is not valid CSV"),
        (b'id,amount\nA,1\n"B"x,2\n', "", "line 3: this row is not valid CSV"),
        (b'id,amount\nA,"' + b"x\n" * 100_000, "", "line 2: this row is not valid CSV"),
        (b"id,amount\n" + b"x" * 9_000_000, "", "line 2: longer than"),
        (
            b'id,amount\nA,"' + (b"x" * 99_000 + b'\n","') * 90,
            "",
            "line 86: the row that ends here",
        ),
        (b"id,amount" + b",x" * 20_000 + b"\n", "", "20,002 columns"),
        (b"id,amount\rA,1\r", "", "line 1: this row is not valid CSV"),
        (b"PK\x03\x04....", "", "a spreadsheet or zip archive: export it as CSV"),
        (b"\x1f\x8b......", "", "compressed by gzip"),
        (b"id,amount\nA,1\n", 'encoding = "klingon"', "no encoding 'klingon'"),
        (b"id,amount\nA,1\n", 'encoding = "base64"', "no encoding 'base64'"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    tmp_path: Path, content: bytes, source: str, told: str
) -> None:
    with pytest.raises(FileRefused, match=re.escape(told)):
        scan(written(tmp_path, content), mapping(source))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="No such file"):
        scan(tmp_path / "none.csv", mapping())
    with pytest.raises(FileRefused, match="Is a directory"):
        scan(tmp_path, mapping())


def test_json_lines_name_nested_values_with_dots(tmp_path: Path) -> None:
    file = written(tmp_path, '{"id": "A", "sum": {"amount": 0.1, "of": [1]}}\n\n{"id": "B"}\n')
    how = mapping(form="jsonl", column="sum.amount")
    assert read(file, how) == [
        (1, {"id": "A", "sum.amount": Decimal("0.1"), "sum.of": [1]}),
        (3, {"id": "B"}),
    ]


def test_a_line_that_is_no_object_is_refused_alone(tmp_path: Path) -> None:
    deep = "[" * 100_000
    odd = ["[1]", '{"id": "B"', deep, '{"id": NaN}', "true", "7"]
    good = json.dumps({"id": "A", "amount": 1})
    how = mapping(form="jsonl")
    file = written(tmp_path, "\n".join([*odd, good]))
    scan(file, how)
    rows = list(open_rows(file, how))
    assert [isinstance(row, RowRefused) for row in rows] == [True] * len(odd) + [False]


def test_a_column_that_no_json_line_has_is_a_misspelt_one(tmp_path: Path) -> None:
    file = written(tmp_path, '{"id": "A", "amuont": 1}\n')
    with pytest.raises(FileRefused, match="did you mean 'amuont'"):
        scan(file, mapping(form="jsonl"))


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    table = pa.table(
        {
            "id": pa.array(["A", None, None]),
            "amount": pa.array([Decimal("1.50"), None, Decimal("2.00")], pa.decimal128(9, 2)),
            "unused": pa.array([b"\x00", b"", b""]),
        }
    )
    file = tmp_path / "export.parquet"
    pq.write_table(table, file)
    assert read(file, mapping(form="parquet")) == [
        (1, {"id": "A", "amount": Decimal("1.50")}),
        (3, {"id": None, "amount": Decimal("2.00")}),
    ]
    pq.write_table(
        pa.table({"id": pa.array([at], pa.timestamp("ns", "UTC")), "amount": [date(2026, 1, 2)]}),
        file,
    )
    assert read(file, mapping(form="parquet")) == [(1, {"id": at, "amount": date(2026, 1, 2)})]


def test_parquet_structs_have_dotted_names(tmp_path: Path) -> None:
    file = tmp_path / "export.parquet"
    pq.write_table(pa.table({"id": ["A"], "sum": [{"amount": 5, "other": 1}]}), file)
    how = mapping(form="parquet", column="sum.amount")
    assert read(file, how) == [(1, {"id": "A", "sum.amount": 5})]


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"id,amount\nA,1\n", b"PAR1" + b"x" * 100 + b"PAR1"):
        with pytest.raises(FileRefused, match="not readable as Parquet"):
            scan(written(tmp_path, content), mapping(form="parquet"))
    with pytest.raises(FileRefused, match='say format = "parquet"'):
        scan(written(tmp_path, b"PAR1....PAR1"), mapping())
    pq.write_table(pa.table({"id": ["A"]}), tmp_path / "export.csv")
    with pytest.raises(FileRefused, match="no column 'amount'"):
        scan(tmp_path / "export.csv", mapping(form="parquet"))


def test_the_first_row_of_a_group_says_what_holds_for_all_of_it(tmp_path: Path) -> None:
    file = written(tmp_path, "id,amount,case\nA,1,x\nB,2,y\nC,3,x \n")
    how = mapping('first = { amount = ["case"] }')
    amounts = [row["amount"] for _, row in read(file, how) if isinstance(row, dict)]
    assert amounts == ["1", "2", "1"]


def test_a_group_by_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "id,amount,case\nA,1,x\n")
    with pytest.raises(FileRefused, match=r"no column 'cases'.*did you mean 'case'"):
        read(file, mapping('first = { amount = ["cases"] }'))
