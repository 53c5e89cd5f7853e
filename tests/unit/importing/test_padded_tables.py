"""Exports with lines before and behind the table, padded cells and one delimiter too many."""

from pathlib import Path

import pytest

from services.importing.cells import Row
from services.importing.csv_rows import csv_rows
from services.importing.lines import FileRefused
from services.importing.mapping import Source

PADDED = "account 1\n\nday,id,amount\n2026-01-05 \t,`7\t, 1.50 ,\n \nTotal,,1.50,\n"


def rows(text: str, tmp_path: Path, **keys: str) -> list[object]:
    file = tmp_path / "export.csv"
    file.write_text(text, "utf-8")
    source = Source(format="csv", key=("id",), **keys)  # type: ignore[arg-type]
    return [one.cells if isinstance(one, Row) else one.reason for one in csv_rows(file, source, [])]


def test_the_table_within_is_read(tmp_path: Path) -> None:
    found = rows(
        PADDED, tmp_path, header="day", trailer="empty-or-total", cells="strip", ragged="one-more"
    )
    assert found == [{"day": "2026-01-05", "id": "7", "amount": "1.50"}]


def test_without_the_keys_each_oddity_is_refused(tmp_path: Path) -> None:
    [row, total] = rows(PADDED, tmp_path, header="day")
    assert "4 cells where the header has 3" in str(row)
    assert "4 cells where the header has 3" in str(total)
    with pytest.raises(FileRefused, match="no line begins with the cell 'date'"):
        rows(PADDED, tmp_path, header="date")


def test_a_row_keeps_its_line_below_what_stands_before_the_table(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_text("a\nb\nday,id\n1,2\n", "utf-8")
    [row] = csv_rows(file, Source(format="csv", key=("id",), header="day"), [])
    assert row.line == 4


@pytest.mark.parametrize("end", ["\n", "Total,,1.50\n", " ,,\n"])
def test_rows_behind_the_end_of_a_table_are_not_lost(end: str, tmp_path: Path) -> None:
    table = "day,id,amount\n2026-01-05,7,1.50\n"
    behind = "Total,,1.50\nprinted on,2026-01-07,by nobody\n"
    keys = {"header": "day", "trailer": "empty-or-total", "cells": "strip"}
    assert len(rows(table + end + behind, tmp_path, **keys)) == 1
    with pytest.raises(FileRefused, match="behind the end of the table"):
        rows(table + end + "2026-01-06,8,2.00\n" + behind, tmp_path, **keys)
