"""Amounts and days as other systems write them, exact or refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from events.money import MAX_MINOR, Money, UnknownCurrency, to_minor
from services.connectors.document import DocumentRefused
from services.wording import quoted


def money(written: str, currency: str | None, where: str) -> Money:
    """Return an amount that is not negative. Raises: DocumentRefused."""
    minor = signed_minor(written, currency, where)
    if minor < 0:
        raise DocumentRefused(f"{where}: the amount {quoted(written)} is negative")
    return Money(minor, currency or "")


def signed_minor(written: str, currency: str | None, where: str) -> int:
    """Return an amount in minor units, exactly. Raises: DocumentRefused."""
    try:
        amount = Decimal(written)
        if not amount.is_finite():
            raise InvalidOperation
        minor, rounded = to_minor(amount, currency or "")
    except InvalidOperation as error:
        raise DocumentRefused(f"{where}: {quoted(written)} is no amount") from error
    except UnknownCurrency as error:
        raise DocumentRefused(f"{where}: {error}") from error
    if rounded:
        raise DocumentRefused(
            f"{where}: {written} {currency} is finer than the currency's smallest unit"
        )
    if abs(minor) > MAX_MINOR:
        raise DocumentRefused(f"{where}: {written} {currency} is more than any payment")
    return minor


def local_day(written: str, tz: ZoneInfo, where: str) -> date:
    """Return the day of the zone that a day or an instant means; without an offset: as written.

    Raises: DocumentRefused.
    """
    try:
        if len(written) <= 10:
            return date.fromisoformat(written)
        if (len(written) == 16 and written[10] in "+-") or written[10:] == "Z":
            return date.fromisoformat(written[:10])  # a day with an offset of XML Schema's
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise DocumentRefused(f"{where}: {quoted(written)} is no day that exists") from error
    return (at if at.tzinfo is None else at.astimezone(tz)).date()


def midnight(day: date, tz: ZoneInfo) -> datetime:
    """Return the beginning of a day in a zone."""
    at = datetime.combine(day, time(), tz)
    # What a clock skipped is written as the first instant after it.
    return at if at.astimezone(UTC).astimezone(tz) == at else at.astimezone(UTC).astimezone(tz)
