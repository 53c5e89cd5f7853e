"""Stored amounts are counted in minor units: what they are must not move unnoticed."""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256

import pytest

from events.iso4217 import MINOR_DIGITS, PUBLISHED
from events.money import UnknownCurrency, from_minor, minor_digits, to_minor
from services.console.shared.i18n import speaker


def test_the_table_is_the_one_that_stored_amounts_were_counted_with() -> None:
    """A change of any line moves stored amounts: who makes one renews the date and digest."""
    lines = "".join(f"{code} {digits}\n" for code, digits in sorted(MINOR_DIGITS.items()))
    digest = sha256(f"{PUBLISHED}\n{lines}".encode()).hexdigest()
    assert digest == "f8f1546ded2baa18b77bcbdee26c49da071e9b674026879f6d6c230f18cd3e98"


@pytest.mark.parametrize(
    ("digits", "codes"),
    [
        (0, "JPY KRW VND CLP ISK XAF XOF UGX"),
        (
            2,
            "CNY EUR RSD ALL AFN IRR KPW LAK LBP MGA MMK SOS SYP YER HUF IDR COP PKR TZS UZS "
            "AMD CRC CZK TWD NOK SEK MNT BGN HRK",
        ),
        (3, "IQD KWD BHD JOD LYD OMR TND"),
        (4, "CLF UYW"),
    ],
)
def test_minor_units_are_those_of_iso_4217_and_not_those_people_show(
    digits: int, codes: str
) -> None:
    assert {code: minor_digits(code) for code in codes.split()} == dict.fromkeys(
        codes.split(), digits
    )


@pytest.mark.parametrize("code", ["XXX", "XTS", "XAU", "XDR", "CNH", "ZZZ"])
def test_what_has_no_minor_unit_is_no_currency(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        minor_digits(code)


@pytest.mark.parametrize(
    ("currency", "minor", "amount"),
    [
        ("RSD", 123_450, "1234.50"),
        ("IQD", 1_234_500, "1234.500"),
        ("JPY", 1_234, "1234"),
        ("KWD", 1_234_500, "1234.500"),
        ("HUF", 123_450, "1234.50"),
        ("ALL", 123_450, "1234.50"),
        ("COP", 123_450, "1234.50"),
        ("ISK", 1_234, "1234"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_an_amount_is_read_and_shown_to_its_minor_unit(
    language: str, currency: str, minor: int, amount: str
) -> None:
    assert str(from_minor(minor, currency)) == amount
    assert to_minor(Decimal(amount), currency) == (minor, False)
    shown = speaker(language).money(minor, currency)
    digits = "".join(c for c in shown if c.isdigit() or c == ".").lstrip(".")
    assert digits == amount
