"""Money as integer minor units with an ISO 4217 currency; no floats, no mixed sums."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, NewType

from msgspec import Meta, Struct

from events.errors import CurrencyMismatch, EventError
from events.iso4217 import MINOR_DIGITS

Currency = NewType("Currency", str)

MAX_MINOR = 10**15
"""The largest amount accepted in one touchpoint; anything above is a typing error."""

MinorUnits = Annotated[int, Meta(ge=0, le=MAX_MINOR)]
CurrencyCode = Annotated[str, Meta(pattern=r"^[A-Z]{3}$", max_length=3)]
"""The length keeps out a line break at the end, which `$` alone would let pass."""


class UnknownCurrency(EventError):
    """The code is no currency of ISO 4217 in which an amount can be stated."""


class Money(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An amount that is never negative: `minor` counts the currency's minor units.

    Direction is said by the touchpoint's type, never by a sign.
    """

    minor: MinorUnits
    currency: CurrencyCode

    def plus(self, other: "Money") -> "Money":
        """Return the sum. Raises: CurrencyMismatch."""
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return Money(self.minor + other.minor, self.currency)


def minor_digits(currency: str) -> int:
    """Return how many decimal digits the currency's minor unit has (CNY 2, JPY 0, KWD 3).

    Raises: UnknownCurrency. Source: ISO 4217, by our own table.
    """
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        raise UnknownCurrency(f"{currency!r} is no ISO 4217 currency code, such as CNY or EUR")
    return digits


def to_minor(amount: Decimal, currency: str) -> tuple[int, bool]:
    """Return `amount` in minor units, and whether rounding (half-even) changed it."""
    scaled = amount.scaleb(minor_digits(currency))
    rounded = scaled.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    return int(rounded), rounded != scaled


def from_minor(minor: int, currency: str) -> Decimal:
    """Return minor units as a decimal amount of the currency, exactly."""
    return Decimal(minor).scaleb(-minor_digits(currency))
