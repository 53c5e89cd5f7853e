"""Turns a cell of a file into a number, a day, an instant, an amount: exactly, or not at all.

Nothing is guessed: a cell that does not have the declared shape is refused with a remedy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from msgspec import Struct

from events.calendars import UnknownZone, zone
from events.money import MAX_MINOR, UnknownCurrency, minor_digits, to_minor
from events.texts import either, worded
from services.errors import TouchstoneError
from services.importing.mapping import MappingError, Negatives, Source
from services.intake.characters import HALF_PAIR
from services.wording import quoted

Cell = str | bool | int | float | Decimal | date | list["Cell"] | None
"""What a reader gives: text of CSV, or the typed values of JSON and Parquet."""

MAX_TEXT = 4_000
"""Characters of a cell that is used as text: no field of a touchpoint takes more."""

_LARGEST = 100
"""Digits before the point: no number that anybody counts has more, and they cost memory."""

_EXACT = 2**53
"""From here on a floating-point number stands for several whole ones."""


_A_NUMBER = worded("write a number here")

_NAMED = frozenset({"iso", "epoch", "epoch_ms"})


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
        if isinstance(cell, str):
            return cell in self.null
        return cell is None or (isinstance(cell, list | dict) and not cell)


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
            raise CellRefused(
                worded("%(cell)s is no number", cell=quoted(cell)), remedy or _A_NUMBER
            )
        case int() | float() | Decimal():
            value = Decimal(repr(cell)) if isinstance(cell, float) else Decimal(cell)
            if not value.is_finite():
                remedy = remedy or worded("write a number, or leave the cell empty")
                raise CellRefused(worded("%(cell)s is no number", cell=cell), remedy)
            if value.adjusted() > _LARGEST:
                raise CellRefused(
                    worded("%(cell)s is out of all range", cell=quoted(cell)),
                    remedy or worded("correct it"),
                )
            return value
        case str():
            return _number_text(cell, style, remedy)
        case _:
            raise CellRefused(
                worded("%(cell)s is no number", cell=quoted(cell)), remedy or _A_NUMBER
            )


def _number_text(text: str, style: Style, remedy: str) -> Decimal:
    digits = text.strip()
    if len(digits) > _LARGEST:
        raise CellRefused(worded("%(text)s is no number", text=quoted(text)), remedy or _A_NUMBER)
    for symbol in style.symbols:
        digits = digits.replace(symbol, "", 1)
    digits, negative = _sign(digits.strip(), style.negatives)
    if not digits or not style.number.fullmatch(digits) or digits == style.decimal:
        if re.fullmatch(r"[0-9.,]+[eE][+-]?[0-9]+", digits):
            remedy = _SHORTENED_REMEDY
        remedy = remedy or _number_remedy(style)
        raise CellRefused(
            worded("%(text)s is no number written as declared", text=quoted(text)), remedy
        )
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
    if style.symbols:
        return worded(
            "write it as %(number)s, below zero as %(below)s; %(symbols)s may stand with it",
            number=number,
            below=below,
            symbols=either(style.symbols),
        )
    return worded("write it as %(number)s, below zero as %(below)s", number=number, below=below)


def integer(cell: Cell, style: Style) -> int:
    """Return the whole number in a cell. Raises: CellRefused."""
    remedy = worded("write a whole number, such as 12")
    value = number(cell, style, remedy)
    if value != value.to_integral_value():
        raise CellRefused(worded("%(cell)s is no whole number", cell=cell), remedy)
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
        worded("%(word)s is neither yes nor no", word=quoted(word)),
        worded(
            "write %(yes)s for yes, %(no)s for no",
            yes=either(sorted(style.yes)),
            no=either(sorted(style.no)),
        ),
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
        raise CellRefused(error.args[0], worded("write a code of ISO 4217, such as CNY")) from error
    except ArithmeticError as error:
        raise CellRefused(
            worded("%(cell)s is too large for an amount", cell=cell), worded("correct the amount")
        ) from error
    if minor < 0:
        raise CellRefused(
            worded("the amount %(cell)s is negative", cell=cell),
            worded(
                "write it without the sign if that is a mistake; if the row is a credit note or "
                "a refund, the mapping must make that of it (`when`, `negate`)"
            ),
        )
    if minor > MAX_MINOR:
        raise CellRefused(
            worded("the amount %(cell)s is too large", cell=cell), worded("correct the amount")
        )
    return minor, rounded


_SHORTENED = re.compile(r"-?[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}")
_SHORTENED_REMEDY = worded(
    "a spreadsheet shortened it: export the column as text or as a plain number"
)


def text(cell: Cell) -> str:
    """Return a cell as text; a whole number has no decimals. Raises: CellRefused."""
    match cell:
        case str():
            if len(cell) > MAX_TEXT:
                raise CellRefused(
                    worded("a text of %(cell)s characters", cell=format(len(cell), ",")),
                    worded("write at most %(most)s", most=format(MAX_TEXT, ",")),
                )
            if "E+" in cell and _SHORTENED.fullmatch(cell):
                raise CellRefused(
                    worded("%(cell)s stands for many numbers", cell=repr(cell)), _SHORTENED_REMEDY
                )
            if not cell.isprintable() and HALF_PAIR.search(cell):
                raise CellRefused(
                    worded("%(cell)s is no Unicode text", cell=quoted(cell)),
                    worded("encode it as UTF-8"),
                )
            return cell
        case bool():
            return "true" if cell else "false"
        case int():
            return str(cell)
        case Decimal() | float():
            return _digits(cell)
        case date():
            return cell.isoformat()
        case _:
            raise CellRefused(
                worded("%(cell)s is no single value", cell=quoted(cell)),
                worded("write one value here"),
            )


def identifier(cell: Cell) -> str:
    """Return a cell as a text of its own: as `text`, but yes or no is none. Raises: "
    "CellRefused."""
    if isinstance(cell, bool):
        raise CellRefused(
            worded("%(cell)s is no text and no identifier", cell="true" if cell else "false"),
            worded("name another column, or translate it by a `table`"),
        )
    return text(cell)


def _digits(cell: Decimal | float) -> str:
    """Return a number plainly: 77 for 77.000, 0.5 for 0.50. Raises: CellRefused."""
    if isinstance(cell, float):
        if abs(cell) >= _EXACT:
            raise CellRefused(
                worded(
                    "%(cell)s is a floating-point number that stands for several whole ones",
                    cell=repr(cell),
                ),
                worded("write it as text, or as a whole number"),
            )
        cell = Decimal(repr(cell))
    if not cell.is_finite():
        raise CellRefused(
            worded("%(cell)s is no number", cell=cell), worded("write the identifier itself")
        )
    exponent = cell.as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent > 0 or exponent < -_LARGEST:
        raise CellRefused(
            worded("%(cell)s is written with an exponent", cell=quoted(str(cell))),
            worded("write all digits, or a text"),
        )
    if exponent == 0:
        return str(int(cell))
    plain = format(cell, "f").rstrip("0").rstrip(".")
    return "0" if plain in {"-0", ""} else plain
