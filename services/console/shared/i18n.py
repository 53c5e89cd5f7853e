"""The console's two languages: which one a request gets, its texts, its money and its days.

The texts in the code and the templates are the English ones; the other language comes from
its gettext catalogue. Every format is Babel's, from pinned CLDR data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache, lru_cache
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from starlette.requests import Request

from events.money import from_minor, minor_digits
from events.texts import N_ as N_
from services.web.languages import (
    DAYS,
    INSTANTS,
    LANGUAGES,
    known_language,
    preferred_language,
    texts,
)

COOKIE = "lang"


def language_of(request: Request) -> str:
    """Return the language of a request: asked for, remembered, preferred, or English."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        tag = known_language(wanted)
        if tag:
            return tag
    return preferred_language(request.headers.get("accept-language", ""))


_KEPT = 4096
"""What was said of so many values is kept, of each kind: lists show the same ones again."""


class Speaker:
    """Says numbers, money and days in one language; one per language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = Locale.parse(LANGUAGES[language])
        catalogue = texts(language)
        self._money_pattern = self.locale.currency_formats["standard"].pattern
        self.gettext = catalogue.gettext
        self.ngettext = catalogue.ngettext
        self.number: Callable[[int | Decimal], str] = lru_cache(_KEPT)(self._number)
        self.money: Callable[[int, str], str] = lru_cache(_KEPT)(self._money)
        self.day: Callable[[date], str] = lru_cache(_KEPT)(self._day)
        self.instant: Callable[[datetime, tzinfo], str] = lru_cache(_KEPT)(self._instant)

    def _number(self, value: int | Decimal) -> str:
        """Return a number with its groups: 1,234,567."""
        return numbers.format_decimal(value, locale=self.locale)

    def tenths(self, value: Decimal) -> str:
        """Return a number with its groups and one decimal: 1,234.0."""
        return numbers.format_decimal(value, format="#,##0.0", locale=self.locale)

    def capped(self, value: int, cap: int) -> str:
        """Return a count that was not followed beyond `cap`: 10,000+."""
        return f"{self.number(cap)}+" if value > cap else self.number(value)

    def compact(self, value: int | Decimal) -> str:
        """Return a number for an axis: 1.2K, 1.2万."""
        return numbers.format_compact_decimal(value, fraction_digits=1, locale=self.locale)

    def rate(self, value: Decimal) -> str:
        """Return a rate: one decimal below ten, whole above."""
        digits = Decimal("0.1") if 0 < value < 10 else Decimal(1)
        return numbers.format_decimal(value.quantize(digits), locale=self.locale)

    def percent(self, share: Decimal) -> str:
        """Return a share with one decimal: 12.3%."""
        return numbers.format_percent(share, format="#,##0.0%", locale=self.locale)

    def yearly_rate(self, millionths: int) -> str:
        """Return a rate of interest exactly: 4.65%."""
        share = Decimal(millionths) / 1_000_000
        return numbers.format_percent(share, format="#,##0.####%", locale=self.locale)

    def _money(self, minor: int, currency: str) -> str:
        """Return an amount to the minor unit, however many digits people usually show."""
        digits = minor_digits(currency)
        return numbers.format_currency(
            from_minor(minor, currency),
            currency,
            format=self._money_pattern.replace("0.00", f"0.{'0' * digits}" if digits else "0"),
            currency_digits=False,
            locale=self.locale,
        )

    def short_money(self, minor: int, currency: str) -> str:
        """Return an amount rounded for a tile or a label: ¥76.0M, ¥7,600.0万."""
        return numbers.format_compact_currency(
            from_minor(minor, currency), currency, fraction_digits=1, locale=self.locale
        )

    def short_amount(self, minor: int, currency: str) -> str:
        """Return a rounded amount where the currency is said elsewhere: 76.0M, 7,600.0万."""
        return numbers.format_compact_decimal(
            from_minor(minor, currency), fraction_digits=1, locale=self.locale
        )

    def _day(self, value: date) -> str:
        """Return a local day."""
        return dates.format_date(value, DAYS[self.language], locale=self.locale)

    def _instant(self, value: datetime, tz: tzinfo) -> str:
        """Return an instant in a zone, to the minute, with the zone's offset."""
        return dates.format_datetime(value, INSTANTS[self.language], tzinfo=tz, locale=self.locale)

    def zone(self, tz: ZoneInfo) -> str:
        """Return what a zone is called where it is kept."""
        return dates.get_timezone_name(tz, locale=self.locale)

    def clock(self, value: datetime, tz: tzinfo) -> str:
        """Return the time of day in a zone, to the second, with the zone's offset."""
        return dates.format_time(value, "HH:mm:ss xxx", tzinfo=tz, locale=self.locale)

    def working_time(self, seconds: int) -> str:
        """Return business time in hours and minutes, named as such: clocks of a case run in it."""
        hours, minutes = divmod(seconds // 60, 60)
        parts = {"hours": self.number(hours), "minutes": minutes}
        if not hours:
            return self.gettext("%(minutes)s min of business time") % parts
        return self.gettext("%(hours)s h %(minutes)s min of business time") % parts

    def duration(self, seconds: int) -> str:
        """Return a length of time in its largest unit: 5 seconds, 3 minutes."""
        return dates.format_timedelta(seconds, threshold=1.5, locale=self.locale)


@cache
def speaker(language: str) -> Speaker:
    """Return the speaker of a language tag of LANGUAGES."""
    return Speaker(language)


def with_parameters(
    request: Request, changes: Mapping[str, str | None], path: str | None = None
) -> str:
    """Return the request's own path, or another, and its query with some parameters set.

    None removes one; what is given several times stays so.
    """
    # What begins with two slashes would name another host.
    path = f"/{request.url.path.lstrip('/')}" if path is None else path
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in changes]
    kept += [(k, v) for k, v in changes.items() if v is not None]
    return f"{path}?{urlencode(kept)}" if kept else path
