from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from services.importing import conversions, moments
from services.importing.conversions import Cell, CellRefused, Style, style_of
from services.importing.mapping import MappingError, Source


def style(**how: object) -> Style:
    import msgspec

    return style_of(msgspec.convert({"format": "csv", "key": ["k"], **how}, Source))


GERMAN = style(decimal=",", thousands=".", timezone="Europe/Berlin")
PLAIN = style()


@pytest.mark.parametrize(
    ("cell", "how", "expected"),
    [
        ("1250.5", PLAIN, "1250.5"),
        ("-3", PLAIN, "-3"),
        ("+3", PLAIN, "3"),
        (".5", PLAIN, "0.5"),
        ("\N{MINUS SIGN}3", PLAIN, "-3"),
        ("1.250.000,75", GERMAN, "1250000.75"),
        ("1250,75", GERMAN, "1250.75"),
        ("(1,234.50)", style(thousands=",", negatives="parentheses"), "-1234.50"),
        ("100.00-", style(negatives="trailing-minus"), "-100.00"),
        ("$ 1,234", style(thousands=",", symbols=["$"]), "1234"),
        (0.1, PLAIN, "0.1"),
        (7, PLAIN, "7"),
    ],
)
def test_a_number_is_read_exactly_as_declared(cell: Cell, how: Style, expected: str) -> None:
    assert conversions.number(cell, how) == Decimal(expected)


@pytest.mark.parametrize(
    ("cell", "how"),
    [
        ("1.250,75", PLAIN),
        ("1,250.75", GERMAN),
        ("12.50", GERMAN),
        ("1.25.000", GERMAN),
        ("1E+05", PLAIN),
        ("NaN", PLAIN),
        (float("nan"), PLAIN),
        ("", PLAIN),
        (".", PLAIN),
        ("--5", PLAIN),
        ("1_000", PLAIN),
        ("١٢", PLAIN),
        (True, PLAIN),
        ("5-", PLAIN),
    ],
)
def test_another_number_is_refused_and_not_guessed(cell: Cell, how: Style) -> None:
    with pytest.raises(CellRefused) as refused:
        conversions.number(cell, how)
    assert refused.value.remedy


@pytest.mark.parametrize("read", [conversions.number, conversions.integer])
def test_a_number_that_a_spreadsheet_shortened_says_so(
    read: Callable[[Cell, Style], object],
) -> None:
    with pytest.raises(CellRefused) as refused:
        read("1.2E+05", PLAIN)
    assert "spreadsheet" in refused.value.remedy


def test_a_remedy_is_a_number_as_the_source_writes_it() -> None:
    with pytest.raises(CellRefused) as refused:
        conversions.number("x", style(thousands=",", symbols=["$", "USD"]))
    assert refused.value.remedy == (
        "write it as 1,234.50, below zero as -1,234.50; $ or USD may stand with it"
    )


@pytest.mark.parametrize("cell", ["x", "12.5", True, float("nan")])
def test_what_must_be_whole_has_a_whole_number_for_remedy(cell: Cell) -> None:
    with pytest.raises(CellRefused) as refused:
        conversions.integer(cell, PLAIN)
    assert refused.value.remedy == "write a whole number, such as 12"


@pytest.mark.parametrize(
    ("cell", "currency", "unit", "minor", "rounded"),
    [
        ("50.39", "USD", "major", 5039, False),
        ("80.005", "EUR", "major", 8000, True),
        ("80.015", "EUR", "major", 8002, True),
        ("1200", "JPY", "major", 1200, False),
        ("1200.5", "JPY", "major", 1200, True),
        ("1.234", "KWD", "major", 1234, False),
        ("5039", "USD", "minor", 5039, False),
        ("5039.5", "USD", "minor", 5040, True),
        ("0", "USD", "major", 0, False),
    ],
)
def test_amounts_become_minor_units_and_rounding_is_told(
    cell: str, currency: str, unit: str, minor: int, rounded: bool
) -> None:
    assert conversions.money(cell, currency, unit, PLAIN) == (minor, rounded)


@pytest.mark.parametrize(("cell", "currency"), [("-1", "USD"), ("1", "XXQ"), ("1" * 20, "USD")])
def test_an_impossible_amount_is_refused(cell: str, currency: str) -> None:
    with pytest.raises(CellRefused):
        conversions.money(cell, currency, "major", PLAIN)


def test_a_date_without_a_time_is_local_midnight() -> None:
    assert moments.instant("2012-01-03", ("iso",), None, PLAIN) == datetime(
        2012, 1, 2, 16, tzinfo=UTC
    )


def test_a_date_without_a_time_may_be_given_one() -> None:
    assert moments.instant("03.07.2026", ("%d.%m.%Y",), time(18), GERMAN) == datetime(
        2026, 7, 3, 16, tzinfo=UTC
    )


def test_an_offset_in_the_cell_outranks_the_zone() -> None:
    at = moments.instant("2026-07-03T18:00:00+00:00", ("iso",), None, GERMAN)
    assert at == datetime(2026, 7, 3, 18, tzinfo=UTC)
    assert moments.day("2026-07-03T23:30:00Z", ("iso",), GERMAN) == date(2026, 7, 4)


def test_of_two_equal_local_times_the_first_is_meant() -> None:
    at = moments.instant("2026-10-25 02:30", ("%Y-%m-%d %H:%M",), None, GERMAN)
    assert at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "form"),
    [("1767225600", "epoch"), (1767225600, "epoch"), ("1767225600000", "epoch_ms")],
)
def test_epochs_are_instants(cell: Cell, form: str) -> None:
    assert moments.instant(cell, (form,), None, PLAIN) == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("cell", ["2026-02-30", "31.12.2026", "", "soon", "0001-01-01", True])
def test_a_day_that_does_not_exist_is_refused(cell: Cell) -> None:
    with pytest.raises(CellRefused):
        moments.instant(cell, ("iso",), None, PLAIN)


@pytest.mark.parametrize(
    ("cell", "expected"), [("Yes", True), ("否", False), (True, True), (0, False), ("n", False)]
)
def test_yes_and_no_are_words(cell: Cell, expected: bool) -> None:
    assert conversions.boolean(cell, PLAIN) is expected


def test_an_unknown_word_is_neither_yes_nor_no() -> None:
    with pytest.raises(CellRefused):
        conversions.boolean("perhaps", PLAIN)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("007", "007"),
        (7, "7"),
        (7.0, "7"),
        (Decimal("100.00"), "100"),
        (Decimal("77.0000000000"), "77"),
        (Decimal("-0.0"), "0"),
        (-0.0, "0"),
        (Decimal("12.50"), "12.5"),
        (12.5, "12.5"),
        (1e-7, "0.0000001"),
        (12345678901234567890123, "12345678901234567890123"),
        ("1001.0", "1001.0"),
        ("1E5", "1E5"),
        (date(2026, 1, 2), "2026-01-02"),
    ],
)
def test_an_identifier_keeps_its_form(cell: Cell, expected: str) -> None:
    """A whole number has no decimals, whatever type brought it; text stays as it is."""
    assert conversions.identifier(cell) == expected


@pytest.mark.parametrize(
    "cell",
    [
        Decimal("1E+5"),
        Decimal("1.5E+3"),
        Decimal("1E+999999"),
        Decimal("1E-999999"),
        Decimal("NaN"),
        float("nan"),
        float("inf"),
        2.0**53,
        1e300,
        "1.23457E+11",
        "1,2E+05",
        "1E+05",
        "\ud800",
        "x" * 4_001,
        True,
        b"Q4",
        [["a"]],
    ],
)
def test_what_stands_for_many_or_for_nothing_is_no_identifier(cell: Cell) -> None:
    with pytest.raises(CellRefused) as refused:
        conversions.identifier(cell)
    assert refused.value.remedy
    assert len(refused.value.reason) < 200


@pytest.mark.parametrize("cell", ["20260105", "2026-01-05", 20260105, 20260105.0, "2026-W02-1"])
def test_a_day_is_a_day_however_it_is_written(cell: Cell) -> None:
    at = moments.instant(cell, ("iso",), time(18), PLAIN)
    assert at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert moments.day(cell, ("iso",), PLAIN) == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("cell", "form"),
    [
        ("1969-12-31T23:59:59.9999999Z", "iso"),
        ("1969-12-31 23:59:59.9999999", "%Y-%m-%d %H:%M:%S.%f"),
        ("-0.0000001", "epoch"),
        (-0.0000001, "epoch"),
        ("-0.0000999999999999999999999999999999999", "epoch_ms"),
    ],
)
def test_what_is_finer_than_a_microsecond_is_cut_and_never_rounded(cell: Cell, form: str) -> None:
    """Also before 1970, where cutting a count towards zero would be rounding up."""
    at = moments.instant(cell, (form,), None, style(timezone="UTC"))
    assert at == datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize("cell", ["1e999999999", "9" * 19, "1" * 100, "NaN", Decimal("1E+99")])
@pytest.mark.parametrize("form", ["epoch", "epoch_ms", "iso"])
def test_a_count_out_of_all_range_is_no_instant(cell: Cell, form: str) -> None:
    with pytest.raises(CellRefused):
        moments.instant(cell, (form,), None, PLAIN)


def test_a_number_that_would_fill_the_memory_is_refused() -> None:
    for cell in (Decimal("1E+999999999"), "1" * 100_000):
        for read in (conversions.number, conversions.integer):
            with pytest.raises(CellRefused) as refused:
                read(cell, PLAIN)
            assert len(refused.value.reason) < 200


def test_an_instant_at_the_end_of_the_calendar_has_no_local_day() -> None:
    with pytest.raises(CellRefused, match="outside the calendar"):
        moments.day(datetime(9999, 12, 31, 23, tzinfo=UTC), ("iso",), PLAIN)


@pytest.mark.parametrize(
    "how",
    [
        {"timezone": "Mars/Olympus"},
        {"currency": "ZZZ"},
        {"dates": ["dd.mm.yyyy"]},
        {"dates": ["%Q"]},
        {"decimal": ",", "thousands": ","},
    ],
)
def test_an_impossible_style_is_refused(how: dict[str, object]) -> None:
    with pytest.raises(MappingError):
        style(**how)
