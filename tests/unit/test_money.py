from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.errors import CurrencyMismatch
from events.money import MAX_MINOR, Money, UnknownCurrency, from_minor, minor_digits, to_minor


@pytest.mark.parametrize(
    ("currency", "digits"), [("CNY", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3)]
)
def test_a_currency_has_the_minor_unit_of_iso_4217(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@pytest.mark.parametrize("currency", ["XYZ", "cny", "", "CNY\n", "DEFAULT"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(UnknownCurrency):
        to_minor(Decimal(1), currency)


@pytest.mark.parametrize(
    ("amount", "minor"),
    [("0.125", 12), ("0.135", 14), ("0.1250001", 13), ("0.005", 0), ("0.015", 2)],
)
def test_amounts_finer_than_the_minor_unit_are_rounded_half_even(amount: str, minor: int) -> None:
    assert to_minor(Decimal(amount), "CNY") == (minor, True)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1000.00", "CNY", 100_000),
        ("1000", "JPY", 1000),
        ("1.234", "KWD", 1234),
        ("1E+3", "CNY", 100_000),
    ],
)
def test_an_amount_that_fits_the_minor_unit_is_exact(
    amount: str, currency: str, minor: int
) -> None:
    assert to_minor(Decimal(amount), currency) == (minor, False)


@given(st.integers(-MAX_MINOR, MAX_MINOR), st.sampled_from(["CNY", "JPY", "KWD"]))
def test_minor_units_come_back_through_decimals(minor: int, currency: str) -> None:
    assert to_minor(from_minor(minor, currency), currency) == (minor, False)


def test_amounts_of_one_currency_add_up() -> None:
    assert Money(1, "CNY").plus(Money(2, "CNY")) == Money(3, "CNY")


def test_amounts_of_two_currencies_never_add_up() -> None:
    with pytest.raises(CurrencyMismatch) as refused:
        Money(1, "CNY").plus(Money(1, "EUR"))
    assert (refused.value.left, refused.value.right) == ("CNY", "EUR")


@pytest.mark.parametrize(
    "said",
    [
        b'{"minor": -1, "currency": "CNY"}',
        b'{"minor": 1000000000000001, "currency": "CNY"}',
        b'{"minor": 1.5, "currency": "CNY"}',
        b'{"minor": "1", "currency": "CNY"}',
        b'{"minor": true, "currency": "CNY"}',
        b'{"minor": 1, "currency": "cny"}',
        b'{"minor": 1, "currency": "CNY\\n"}',
        b'{"minor": 1}',
    ],
)
def test_money_from_outside_is_a_whole_number_that_is_not_negative(said: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(said, type=Money)
