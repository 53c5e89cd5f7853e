"""Parquet's types as cells, one column at a time; what has no cell spoils its own row alone."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.importing.cells import Row
from services.importing.compiling import RowRefused
from services.importing.lines import FileRefused
from services.importing.parquet_rows import parquet_rows

NINES = datetime.fromisoformat("2026-01-05T23:59:59.999999")
BEFORE_1970 = datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def read(folder: Path, column: pa.Array, wanted: str = "c") -> list[object]:
    """Return the cells of the column `c`, a refusal where a row has none."""
    file = folder / "export.parquet"
    pq.write_table(pa.table({"c": column, "n": list(range(len(column)))}), file)
    return [
        row.cells[wanted] if isinstance(row, Row) else (row.line, row.column, row.reason)
        for row in parquet_rows(file, [wanted, "n"])
    ]


@pytest.mark.parametrize(
    "kind",
    [
        pa.binary(),
        pa.large_binary(),
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary_view(),
        pa.dictionary(pa.int32(), pa.string()),
    ],
)
def test_text_of_any_type_is_text(tmp_path: Path, kind: pa.DataType) -> None:
    values = ["Q4", None, "王", "Q4"]
    assert read(tmp_path, pa.array(values, pa.string()).cast(kind)) == values


def test_binary_of_fixed_length_is_text_where_it_is_utf_8(tmp_path: Path) -> None:
    assert read(tmp_path, pa.array([b"Q4", b"Q5"], pa.binary(2))) == ["Q4", "Q5"]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_binary_that_is_no_text_refuses_its_row(tmp_path: Path, kind: pa.DataType) -> None:
    assert read(tmp_path, pa.array([b"Q4", b"\xff\xfe", None], kind)) == [
        "Q4",
        (2, "c", "is no text in UTF-8"),
        None,
    ]


@pytest.mark.parametrize(
    ("kind", "count", "expected"),
    [
        (pa.timestamp("ns"), 1_767_657_599_999_999_999, NINES),
        (pa.timestamp("ns", "UTC"), 1_767_657_599_999_999_999, NINES.replace(tzinfo=UTC)),
        (pa.timestamp("ns", "UTC"), -1, BEFORE_1970),
        (pa.timestamp("ns", "America/New_York"), -999, BEFORE_1970),
        (pa.timestamp("us", "Mars/Olympus"), -1, BEFORE_1970),
        (pa.timestamp("ms"), 1_767_571_200_000, datetime.fromisoformat("2026-01-05T00:00:00")),
        (pa.timestamp("ms"), 253_402_300_800_000, None),  # the year 10000
        (pa.timestamp("us"), -62_135_596_800_000_001, None),  # the year 0
        (pa.timestamp("s"), 2**48, None),
    ],
)
def test_instants_are_cut_and_those_outside_the_calendar_refused(
    tmp_path: Path, kind: pa.DataType, count: int, expected: datetime | None
) -> None:
    """At the top, in a record, in a list and in a list of a record."""
    value = pa.array([0, count]).cast(pa.int64()).view(kind)
    outside = "is outside the calendar, which has the years 1 to 9999"
    wanted = (2, "c", outside) if expected is None else expected
    assert read(tmp_path, value)[1] == wanted
    offsets = pa.array([0, 1, 2], pa.int32())
    assert read(tmp_path, pa.ListArray.from_arrays(offsets, value))[1] in (wanted, [wanted])
    record = pa.StructArray.from_arrays([value], ["d"])
    within = (2, "c.d", outside) if expected is None else expected
    assert read(tmp_path, record, "c.d")[1] == within


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (20_458, date(2026, 1, 5)),
        (2_932_896, date(9999, 12, 31)),
        (2_932_897, None),
        (-(10**6), None),
    ],
)
def test_days_outside_the_calendar_are_refused(
    tmp_path: Path, days: int, expected: date | None
) -> None:
    [cell] = read(tmp_path, pa.array([days], pa.int32()).view(pa.date32()))
    assert cell == (expected or (1, "c", "is outside the calendar, which has the years 1 to 9999"))


def test_numbers_lists_and_missing_records_are_what_they_are(tmp_path: Path) -> None:
    assert read(tmp_path, pa.array([Decimal("77.000"), None])) == [Decimal("77.000"), None]
    assert read(tmp_path, pa.array([77.0, None])) == [77.0, None]
    assert read(tmp_path, pa.array([["a", None], None, [], ["b"]])) == [
        ["a", None],
        None,
        [],
        ["b"],
    ]
    assert read(tmp_path, pa.array([{"d": 1}, None]), "c.d") == [1, None]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        pa.array([[{"a": 1}]]),
        pa.array([5], pa.duration("s")),
    ],
)
def test_a_column_without_cells_is_named(tmp_path: Path, column: pa.Array) -> None:
    with pytest.raises(FileRefused, match=r"the column 'c' is of Parquet's type"):
        read(tmp_path, column)


@pytest.mark.parametrize(
    ("names", "twice"),
    [(["c", "n", "c"], "c"), (["c", "n", "x", "x"], "x"), (["c", "n", "m", "m"], "m")],
)
def test_a_column_that_stands_twice_is_refused(
    tmp_path: Path, names: list[str], twice: str
) -> None:
    """Also one that the mapping does not read, and a record."""
    record = pa.array([{"a": 1}])
    columns = [record if name == "m" else pa.array([1]) for name in names]
    file = tmp_path / "export.parquet"
    pq.write_table(pa.Table.from_arrays(columns, names), file)
    with pytest.raises(FileRefused, match=f"the column '{twice}' appears twice"):
        list(parquet_rows(file, ["c", "n"]))


def test_a_nested_name_and_a_dotted_one_are_the_same(tmp_path: Path) -> None:
    file = tmp_path / "export.parquet"
    pq.write_table(pa.table({"c": [1], "x.due": [1], "x": [{"due": 2}]}), file)
    with pytest.raises(FileRefused, match=r"the column 'x\.due' appears twice"):
        list(parquet_rows(file, ["c"]))


def test_a_text_longer_than_any_cell_refuses_its_row(tmp_path: Path) -> None:
    [long, short] = read(tmp_path, pa.array(["x" * 20_000, "y"]))
    assert long == (1, "c", "is longer than 16,000 bytes")
    assert short == "y"


def test_a_refused_row_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "export.parquet"
    instants = pa.array([0, 2**60, 0]).view(pa.timestamp("ms"))
    pq.write_table(pa.table({"c": instants}), file)
    kinds = [isinstance(row, RowRefused) for row in parquet_rows(file, ["c"])]
    assert kinds == [False, True, False]
