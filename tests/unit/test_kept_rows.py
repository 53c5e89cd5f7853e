"""Rows beside a snapshot are those that were kept, whoever looked at them or not."""

from datetime import UTC, datetime
from types import UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import given
from hypothesis import strategies as st

from projections import PROJECTIONS
from projections.protocol import Row, RowKey, Table
from services.rows.kept_rows import KeptRows, kept_rows
from tests.support.counting import Counting, CountRow

TABLES = [table for projection in (*PROJECTIONS, Counting()) for table in projection.tables]


def rows_of(table: Table) -> st.SearchStrategy[Row]:
    hints = get_type_hints(table.row)
    return st.builds(
        table.row, **{name: values(hints[name]) for name in table.row.__struct_fields__}
    )


def values(hint: object) -> st.SearchStrategy[object]:
    """Any value that a column of the type holds."""
    if hint is int:
        return st.integers(-(2**63), 2**63 - 1)
    if hint is datetime:
        return st.datetimes(timezones=st.just(UTC))
    if get_origin(hint) in (Union, UnionType):
        return st.one_of([values(option) for option in get_args(hint)])
    assert isinstance(hint, type) or get_origin(hint) is Literal
    found: st.SearchStrategy[object] = st.from_type(hint)  # type: ignore[arg-type]
    return found


@st.composite
def some_rows(draw: st.DrawFn) -> tuple[Table, dict[RowKey, Row]]:
    table = draw(st.sampled_from(TABLES))
    rows = draw(st.lists(rows_of(table), max_size=4))
    return table, {table.key_of(row): row for row in rows}


@given(some_rows(), st.data())
def test_what_is_changed_before_it_was_looked_at_is_kept_with_the_rest(
    told: tuple[Table, dict[RowKey, Row]], data: st.DataObject
) -> None:
    table, expected = told
    rows = KeptRows(table.row, kept_rows(expected))
    assert len(rows) == len(expected)
    for key in data.draw(st.lists(st.sampled_from([*expected, ("nobody",)]), max_size=4)):
        match data.draw(st.sampled_from(["look", "set", "delete", "keep"])):
            case "look":
                assert rows.get(key) == expected.get(key)
            case "set":
                rows[key] = expected[key] = data.draw(rows_of(table))
            case "delete":
                assert rows.pop(key, None) == expected.pop(key, None)
            case _:
                rows = KeptRows(table.row, kept_rows(rows))
    assert dict(rows) == expected
    assert all(key in rows for key in expected)


def test_a_row_that_nobody_looks_at_is_not_read() -> None:
    rows: dict[RowKey, Row] = {
        (currency,): CountRow(currency=currency, payments=1, paid_minor=7, quiet=False)
        for currency in ("CNY", "EUR")
    }
    kept = kept_rows(rows)
    assert b"quiet" not in kept, "names stand in the row type alone"
    back = KeptRows(CountRow, kept)
    assert back["CNY",] is back["CNY",]
    assert kept_rows(back) == kept
