"""Records within a touchpoint: an empty one stays out, half of one is refused."""

import pytest

from services.importing.cells import Row
from services.importing.compiling import MadeEvent, RowRefused, compile_text
from services.importing.conversions import Cell

HEAD = """
mapping = "test"
[source]
format = "jsonl"
key = ["no"]
currency = "CNY"
null = ["-"]
[[touchpoint]]
name = "issued"
type = "payment.invoice_issued"
subject = "no"
occurred_at = { value = 2026-01-01 }
[touchpoint.data]
invoice_id = "no"
amount = { value = 900 }
due_on = { value = 2026-01-31 }
"""
FIRST = '{ due_on = { value = 2026-03-31 }, amount = "p1" }'
SECOND = '{ due_on = "d2", amount = { column = "p2", default = 900 } }'


def instalments(*, written: str, **cells: Cell) -> object:
    """Return the instalments' days and amounts that a row gives, or the refused row."""
    mapping = compile_text(f"{HEAD}\ninstalments = [{written}]\n")
    made, refused = mapping.read(Row(1, {"no": "I1", **cells}), "b1")
    if refused:
        return refused[0].column
    [one] = made
    data = one.event["data"]
    assert isinstance(data, dict)
    parts = data.get("instalments")
    assert parts is None or isinstance(parts, list)
    return parts and [part["due_on"] for part in parts if isinstance(part, dict)]


@pytest.mark.parametrize("empty", [None, "", " ", "-", [], {}])
def test_an_empty_member_stays_out_whatever_constants_it_has(empty: Cell) -> None:
    both = f"{FIRST}, {SECOND}"
    assert instalments(written=both, p1="900", d2=empty, p2=empty) == ["2026-03-31"]
    assert instalments(written=both, p1=empty, d2="2026-06-30", p2=empty) == ["2026-06-30"]
    assert instalments(written=both, p1=empty, d2=empty, p2=empty) is None


def test_half_a_member_is_refused_with_its_column() -> None:
    assert instalments(written=SECOND, d2="", p2="900") == "d2"


def test_a_touchpoint_without_what_it_requires_is_refused_and_not_left_out() -> None:
    mapping = compile_text(HEAD.replace("due_on = { value = 2026-01-31 }", 'due_on = "due"'))
    made, [refused] = mapping.read(Row(1, {"no": "I1", "due": ""}), "b1")
    assert not made
    assert isinstance(refused, RowRefused)
    assert (refused.block, refused.column) == ("issued", "due")


def test_yes_is_no_identifier_and_the_column_is_named() -> None:
    mapping = compile_text(HEAD)
    made, [refused] = mapping.read(Row(1, {"no": True}), "b1")
    assert not made
    assert (refused.column, "no identifier" in refused.reason) == ("no", True)


def test_a_group_of_whole_numbers_is_one_whatever_type_brought_them() -> None:
    from services.importing.groups import with_first_cells

    rows = [
        Row(1, {"case": 7, "customer": "C1"}),
        Row(2, {"case": 7.0, "customer": "C2"}),
        Row(3, {"case": "7", "customer": "C3"}),
    ]
    shared = with_first_cells(iter(rows), {"customer": ["case"]}, compile_text(HEAD).style)
    assert [row.cells["customer"] for row in shared if isinstance(row, Row)] == ["C1"] * 3


def test_a_made_event_has_its_line() -> None:
    [made], _ = compile_text(HEAD).read(Row(7, {"no": 77.0}), "b1")
    assert isinstance(made, MadeEvent)
    assert (made.line, made.event["subject"]) == (7, "77")
