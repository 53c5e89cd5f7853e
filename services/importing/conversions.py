"""Turns a cell of a file into a number, a day, an instant, an amount: exactly, or not at all.

Nothing is guessed: a cell that does not have the declared shape is refused with a remedy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from events.calendars import UnknownZone, day_start, zone
from events.money import MAX_MINOR, UnknownCurrency, minor_digits, to_minor
from services.errors import TouchstoneError
from services.importing.mapping import MappingError, Negatives, Source

Cell = str | bool | int | float | Decimal | date | list["Cell"] | None
"""What a reader gives: text of CSV, or the typed values of JSON and Parquet."""


class CellRefused(TouchstoneError):
    """A cell is not what the mapping says that it is."""

    def __init__(self, reason: str, remedy: str, column: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.column = column


class Style(Struct, frozen=True):
    """How a source writes numbers, days and yes or no."""

    number: re.Pattern[str]
    decimal: str
    thousands: str
    negatives: Negatives
    symbols: tuple[str, ...]
    tz: ZoneInfo
    dates: tuple[str, ...]
    null: frozenset[str]
    yes: frozenset[str]
    no: frozenset[str]

    def is_nothing(self, cell: Cell) -> bool:
        """Return whether a cell is empty or one of the null words."""
        return cell is None or cell == [] or (isinstance(cell, str) and cell in self.null)


def style_of(source: Source) -> Style:
    """Return the compiled style of a source. Raises: MappingError."""
    if source.decimal == source.thousands:
        raise MappingError("source: `decimal` and `thousands` are the same character")
    point, group = re.escape(source.decimal), re.escape(source.thousands)
    grouped = rf"|[0-9]{{1,3}}(?:{group}[0-9]{{3}})+" if source.thousands else ""
    try:
        tz = zone(source.timezone)
        if source.currency is not None:
            minor_digits(source.currency)
    except (UnknownZone, UnknownCurrency) as error:
        raise MappingError(f"source: {error}") from error
    return Style(
        number=re.compile(rf"(?:[0-9]+{grouped})?(?:{point}[0-9]*)?"),
        decimal=source.decimal,
        thousands=source.thousands,
        negatives=source.negatives,
        symbols=source.symbols,
        tz=tz,
        dates=known_formats(source.dates, "source.dates"),
        null=frozenset(source.null) | {""},
        yes=frozenset(word.lower() for word in source.yes),
        no=frozenset(word.lower() for word in source.no),
    )


def known_formats(formats: Sequence[str], where: str) -> tuple[str, ...]:
    """Return the date formats, each proven to read what it writes. Raises: MappingError."""
    for form in formats:
        if form in _NAMED:
            continue
        try:
            if "%" not in form:
                raise ValueError("it has no directive such as %Y")
            sample = datetime(2024, 2, 29, 13, 5, tzinfo=UTC)
            datetime.strptime(sample.strftime(form), form)  # noqa: DTZ007
        except ValueError as error:
            raise MappingError(
                f"{where}: {form!r} is no date format ({error}); write one such as %d.%m.%Y,"
                ' or "iso", "epoch" or "epoch_ms"'
            ) from error
    return tuple(formats)


def number(cell: Cell, style: Style, remedy: str = "") -> Decimal:
    """Return the number in a cell. Raises: CellRefused, with a remedy that fits any number or,
    where fewer will do, the one that is given.
    """
    match cell:
        case bool() | None | list() | date():
            raise CellRefused(f"{cell!r} is no number", remedy or "write a number here")
        case int() | float() | Decimal():
            value = Decimal(repr(cell)) if isinstance(cell, float) else Decimal(cell)
            if not value.is_finite():
                remedy = remedy or "write a number, or leave the cell empty"
                raise CellRefused(f"{cell} is no number", remedy)
            return value
        case _:
            return _number_text(cell, style, remedy)


def _number_text(text: str, style: Style, remedy: str) -> Decimal:
    digits = text.strip()
    for symbol in style.symbols:
        digits = digits.replace(symbol, "", 1)
    digits, negative = _sign(digits.strip(), style.negatives)
    if not digits or not style.number.fullmatch(digits) or digits == style.decimal:
        if re.fullmatch(r"[0-9.,]+[eE][+-]?[0-9]+", digits):
            remedy = "a spreadsheet shortened it: export the column as text or as a plain number"
        remedy = remedy or _number_remedy(style)
        raise CellRefused(f"{text!r} is no number written as declared", remedy)
    if style.thousands:
        digits = digits.replace(style.thousands, "")
    value = Decimal(digits.replace(style.decimal, "."))
    return -value if negative else value


def _sign(digits: str, negatives: Negatives) -> tuple[str, bool]:
    match negatives:
        case "parentheses" if digits.startswith("(") and digits.endswith(")"):
            return digits[1:-1].strip(), True
        case "trailing-minus" if digits.endswith("-"):
            return digits[:-1].strip(), True
        case _ if digits.startswith(("-", "\N{MINUS SIGN}")):
            return digits[1:].strip(), True
        case _:
            return digits.removeprefix("+"), False


def _number_remedy(style: Style) -> str:
    number = f"1{style.thousands}234{style.decimal}50"
    negative = {"parentheses": f"({number})", "trailing-minus": f"{number}-"}
    below = negative.get(style.negatives, f"-{number}")
    symbols = f"; {' or '.join(style.symbols)} may stand with it" if style.symbols else ""
    return f"write it as {number}, below zero as {below}{symbols}"


def integer(cell: Cell, style: Style) -> int:
    """Return the whole number in a cell. Raises: CellRefused."""
    remedy = "write a whole number, such as 12"
    value = number(cell, style, remedy)
    if value != value.to_integral_value():
        raise CellRefused(f"{cell} is no whole number", remedy)
    return int(value)


def boolean(cell: Cell, style: Style) -> bool:
    """Return the yes or no in a cell. Raises: CellRefused."""
    if isinstance(cell, bool):
        return cell
    word = text(cell).strip().lower()
    if word in style.yes:
        return True
    if word in style.no:
        return False
    raise CellRefused(
        f"{word!r} is neither yes nor no",
        f"write {' or '.join(sorted(style.yes))} for yes, {' or '.join(sorted(style.no))} for no",
    )


def money(cell: Cell, currency: str, unit: str, style: Style) -> tuple[int, bool]:
    """Return an amount in minor units, and whether it was finer and had to be rounded.

    Rounding is half-even. Raises: CellRefused, also for a negative amount: the direction of
    money is said by the touchpoint's type.
    """
    value = number(cell, style)
    try:
        shifted = value if unit == "major" else value.scaleb(-minor_digits(currency))
        minor, rounded = to_minor(shifted, currency)
    except UnknownCurrency as error:
        raise CellRefused(str(error), "write a code of ISO 4217, such as CNY") from error
    except ArithmeticError as error:
        raise CellRefused(f"{cell} is too large for an amount", "correct the amount") from error
    if minor < 0:
        raise CellRefused(
            f"the amount {cell} is negative",
            "write it without the sign if that is a mistake; if the row is a credit note or a"
            " refund, the mapping must make that of it (`when`, `negate`)",
        )
    if minor > MAX_MINOR:
        raise CellRefused(f"the amount {cell} is too large", "correct the amount")
    return minor, rounded


def text(cell: Cell) -> str:
    """Return a cell as text; a whole number has no decimals. Raises: CellRefused."""
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case int():
            return str(cell)
        case float() if cell.is_integer():
            return str(int(cell))
        case Decimal():
            return format(cell, "f")
        case float():
            return repr(cell)
        case date():
            return cell.isoformat()
        case _:
            raise CellRefused(f"{cell!r} is no single value", "write one value here")


def day(cell: Cell, formats: tuple[str, ...], style: Style) -> date:
    """Return the local day in a cell. Raises: CellRefused."""
    moment = _moment_of(cell, formats)
    if not isinstance(moment, datetime):
        return moment
    return (moment.astimezone(style.tz) if moment.tzinfo else moment).date()


def instant(cell: Cell, formats: tuple[str, ...], at: time | None, style: Style) -> datetime:
    """Return the UTC instant in a cell; a day without a time is its local `at`, or 00:00.

    A local time without an offset is meant in the source's zone; of two instants with the same
    local time (when clocks go back) it is the first. Raises: CellRefused.
    """
    moment = _moment_of(cell, formats)
    try:
        if not isinstance(moment, datetime):
            if at is None:
                return day_start(moment, style.tz)
            moment = datetime.combine(moment, at)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=style.tz)
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise CellRefused(f"{cell} is outside the calendar", "correct the year") from error


_NAMED = frozenset({"iso", "epoch", "epoch_ms"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK = re.compile(r"%-?[HIpMSfXcT]")


def _moment_of(cell: Cell, formats: tuple[str, ...]) -> date:
    match cell:
        case date():
            return cell
        case str():
            return _moment(cell.strip(), formats)
        case int() | float() | Decimal() if not isinstance(cell, bool):
            return _moment(text(cell), formats)
        case _:
            raise CellRefused(f"{cell!r} is no date", "write a date here")


@lru_cache(maxsize=16_384)  # files repeat their days, and strptime takes microseconds
def _moment(word: str, formats: tuple[str, ...]) -> date:
    for form in formats:
        try:
            return _read_moment(word, form)
        except (ValueError, ArithmeticError):
            continue
    raise CellRefused(
        f"{word!r} is no date or time written as declared",
        f"write it as {' or '.join(map(_example, formats))}, on a day that exists",
    )


def _example(form: str) -> str:
    """Return how a format writes an instant."""
    sample = datetime(2026, 3, 20, 10, 0, tzinfo=UTC)
    seconds = int(sample.timestamp())
    named = {"iso": "2026-03-20", "epoch": f"{seconds}", "epoch_ms": f"{seconds}000"}
    return named.get(form) or sample.strftime(form)


def _read_moment(word: str, form: str) -> date:
    match form:
        case "iso" if len(word) == len("2024-02-29"):
            return date.fromisoformat(word)
        case "iso":
            return datetime.fromisoformat(word)
        case "epoch":
            return _EPOCH + timedelta(microseconds=int(Decimal(word) * 1_000_000))
        case "epoch_ms":
            return _EPOCH + timedelta(microseconds=int(Decimal(word) * 1_000))
        case _:
            moment = datetime.strptime(word, form)  # noqa: DTZ007 - the zone is the source's
            return moment if _CLOCK.search(form) else moment.date()
