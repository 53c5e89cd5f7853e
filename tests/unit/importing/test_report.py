"""The report: what is wrong in the same way is said a few times and counted."""

from msgspec import json

from services.importing.report import MAX_ALIKE, MAX_LISTED, Line, Report


def line(number: int, reason: str, *, remedy: str = "mend it", column: str = "amt") -> Line:
    return Line(
        trouble="refused",
        line=number,
        block=None,
        column=column,
        field=None,
        code="row",
        reason=reason,
        remedy=remedy,
    )


def report() -> Report:
    return Report(file="f.csv", branch="b1", target="nowhere")


def test_the_same_refusal_ten_thousand_times_is_one_line_with_a_count() -> None:
    told = report()
    for number in range(2, 10_002):
        told.add(line(number, "the row has 1 cell where the header has 5"))
    [only] = told.lines
    assert (only.line, only.more, only.last) == (2, 9_999, 10_001)
    text = list(told.text())
    assert "line 2" in text[-1]
    assert "9,999 more lines of this kind, the last is 10001" in text[-1]


def test_other_words_of_one_kind_are_listed_a_few_times_and_then_counted() -> None:
    told = report()
    for number in range(10_000):
        told.add(line(number, f"'x{number}' is no number"))
    assert [one.reason for one in told.lines] == [
        f"'x{number}' is no number" for number in range(MAX_ALIKE)
    ]
    assert told.lines[-1].more == 10_000 - MAX_ALIKE
    assert told.left_off == 0


def test_other_columns_and_remedies_are_of_another_kind() -> None:
    told = report()
    for number in range(3):
        told.add(line(number, "is empty", column="a"))
        told.add(line(number, "is empty", column="b"))
        told.add(line(number, "is empty", remedy="drop it", column="b"))
    assert [(one.line, one.more) for one in told.lines] == [(0, 2)] * 3


def test_a_report_that_goes_on_counts_with_the_lines_it_had() -> None:
    told = report()
    told.add(line(1, "is empty"))
    resumed = json.decode(json.encode(told), type=Report)
    resumed.add(line(2, "is empty"))
    assert [(one.line, one.more, one.last) for one in resumed.lines] == [(1, 1, 2)]


def test_a_list_of_ever_new_kinds_is_cut() -> None:
    told = report()
    for number in range(MAX_LISTED + 5):
        told.add(line(number, "is empty", column=f"c{number}"))
    assert (len(told.lines), told.left_off) == (MAX_LISTED, 5)
    assert list(told.text())[-1] == "  ... and 5 more lines"
