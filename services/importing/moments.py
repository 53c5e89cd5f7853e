"""Turns a cell of a file into a day or an instant: exactly, or not at all."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from events.calendars import day_start
from events.texts import either, worded
from services.importing.conversions import Cell, CellRefused, Style, text
from services.wording import quoted

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK = re.compile(r"%-?[HIpMSfXcT]")
_SECONDS = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{0,40})?")
_FINER = re.compile(r"(\.[0-9]{6})[0-9]+")
_LONGEST_MOMENT = 80
_ENOUGH = Context(prec=80, rounding=ROUND_FLOOR)


def day(cell: Cell, formats: tuple[str, ...], style: Style) -> date:
    """Return the local day in a cell. Raises: CellRefused."""
    moment = _moment_of(cell, formats)
    if not isinstance(moment, datetime):
        return moment
    try:
        return (moment.astimezone(style.tz) if moment.tzinfo else moment).date()
    except OverflowError as error:
        raise CellRefused(
            worded("%(cell)s is outside the calendar", cell=cell), worded("correct the year")
        ) from error


def instant(cell: Cell, formats: tuple[str, ...], at: time | None, style: Style) -> datetime:
    """Return the UTC instant in a cell; a day without a time is its local `at`, or 00:00.

    A local time without an offset is meant in the source's zone; of two instants with the same
    local time (when clocks go back) it is the first. Raises: CellRefused.
    """
    return _in_utc(cell, formats, at, style.tz)


def instant_text(cell: Cell, formats: tuple[str, ...], at: time | None, style: Style) -> str:
    """Return the instant in a cell as RFC 3339 in UTC. Raises: CellRefused."""
    if isinstance(cell, str) and len(cell) <= _LONGEST_MOMENT:
        return _text_of_word(cell, formats, at, style.tz)
    return _rfc3339(_in_utc(cell, formats, at, style.tz))


@lru_cache(maxsize=16_384)  # files repeat their days
def _text_of_word(word: str, formats: tuple[str, ...], at: time | None, tz: ZoneInfo) -> str:
    return _rfc3339(_in_utc(word, formats, at, tz))


def _rfc3339(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _in_utc(cell: Cell, formats: tuple[str, ...], at: time | None, tz: ZoneInfo) -> datetime:
    moment = _moment_of(cell, formats)
    try:
        if not isinstance(moment, datetime):
            if at is None:
                return day_start(moment, tz)
            moment = datetime.combine(moment, at)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=tz)
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise CellRefused(
            worded("%(cell)s is outside the calendar", cell=moment), worded("correct the year")
        ) from error


def _moment_of(cell: Cell, formats: tuple[str, ...]) -> date:
    match cell:
        case date():
            return cell
        case str():
            word = cell.strip()
            if len(word) > _LONGEST_MOMENT:
                raise _no_moment(word, formats)
            return _moment(word, formats)
        case int() | float() | Decimal() if not isinstance(cell, bool):
            return _moment(text(cell), formats)
        case _:
            raise CellRefused(
                worded("%(cell)s is no date", cell=quoted(cell)), worded("write a date here")
            )


@lru_cache(maxsize=16_384)  # files repeat their days, and strptime takes microseconds
def _moment(word: str, formats: tuple[str, ...]) -> date:
    for form in formats:
        try:
            return _read_moment(word, form)
        except (ValueError, ArithmeticError):
            continue
    raise _no_moment(word, formats)


def _no_moment(word: str, formats: tuple[str, ...]) -> CellRefused:
    return CellRefused(
        worded("%(word)s is no date or time written as declared", word=quoted(word)),
        worded(
            "write it as %(examples)s, on a day that exists",
            examples=either([_example(form) for form in formats]),
        ),
    )


def _example(form: str) -> str:
    """Return how a format writes an instant."""
    sample = datetime(2026, 3, 20, 10, 0, tzinfo=UTC)
    seconds = int(sample.timestamp())
    named = {"iso": "2026-03-20", "epoch": f"{seconds}", "epoch_ms": f"{seconds}000"}
    return named.get(form) or sample.strftime(form)


def _read_moment(word: str, form: str) -> date:
    """Return the day or the instant in a word; finer than a microsecond is cut, never rounded."""
    match form:
        case "iso" if len(word) <= len("2024-02-29"):  # also 20240229
            return date.fromisoformat(word)
        case "iso":
            return datetime.fromisoformat(word)
        case "epoch":
            return _since_epoch(word, 1_000_000)
        case "epoch_ms":
            return _since_epoch(word, 1_000)
        case _:
            if "%f" in form:
                word = _FINER.sub(r"\1", word)
            moment = datetime.strptime(word, form)  # noqa: DTZ007 - the zone is the source's
            return moment if _CLOCK.search(form) else moment.date()


def _since_epoch(word: str, microseconds: int) -> datetime:
    if not _SECONDS.fullmatch(word):
        raise ValueError("no number of seconds")
    count = _ENOUGH.multiply(Decimal(word), Decimal(microseconds))
    return _EPOCH + timedelta(microseconds=int(count.to_integral_value(ROUND_FLOOR)))
