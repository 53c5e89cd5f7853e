"""What must hold inside a touchpoint's data beyond the types of its fields.

A currency exists, a touchpoint has one currency, a day lies within two centuries, words hold
no control characters, instalments add up, zones, hours and countries exist. A projection may
rely on it.
"""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from itertools import pairwise

from msgspec import Struct

from events.calendars import UnknownZone, zone
from events.cases.flows import fault_in
from events.money import Money, UnknownCurrency, minor_digits
from events.public_days import knows_country
from events.texts import worded
from events.touchpoints import Touchpoint
from events.touchpoints.base import Key
from events.touchpoints.payment import InvoiceIssued
from events.touchpoints.policy import (
    AgeingPolicyPublished,
    BranchSet,
    CalendarSet,
    CompanySet,
    FeesPolicyPublished,
    FlowPolicyPublished,
    PublicDaysSet,
    ReferenceTouchpoint,
    TierPolicyPublished,
)
from services.intake.answers import EventRefused
from services.intake.characters import CONTROL, flaw, flaw_on_a_page

EARLIEST_DAY = date(1900, 1, 1)
LATEST_DAY = date(2199, 12, 31)

_DAY_MINUTES = 24 * 60
_CURRENCY_REMEDY = worded("give a code of ISO 4217, such as CNY")


def check_data(data: Touchpoint) -> None:
    """Let data pass that a projection can rely on. Raises: EventRefused."""
    currencies: set[str] = set()
    _check_value(data, "data", currencies)
    if len(currencies) > 1 and not isinstance(data, ReferenceTouchpoint):
        raise EventRefused(
            "inconsistent",
            "data",
            worded("mixes currencies: %(codes)s", codes=", ".join(sorted(currencies))),
            worded("publish one touchpoint per currency"),
        )
    _check_agreement(data)


def check_words(data: Struct, path: str) -> None:
    """Let any other data pass whose words and identifiers are sound. Raises: EventRefused."""
    _check_value(data, path, set())


def _check_value(value: object, path: str, currencies: set[str]) -> None:
    kind = type(value)
    if kind in _ALWAYS_SOUND:
        return
    check_leaf = _LEAVES.get(kind)
    if check_leaf is not None:
        check_leaf(value, path)
    elif isinstance(value, tuple):
        for i, inner in enumerate(value):
            _check_value(inner, f"{path}[{i}]", currencies)
    elif isinstance(value, Money):
        _check_currency(value.currency, f"{path}.currency")
        currencies.add(value.currency)
    else:
        assert isinstance(value, Struct), f"no touchpoint has a field of type {kind.__name__}"
        identifiers = _identifiers(type(value))
        for name in value.__struct_fields__:
            if name in identifiers:
                _check_identifier(getattr(value, name), f"{path}.{name}")
            else:
                _check_value(getattr(value, name), f"{path}.{name}", currencies)


@cache
def _identifiers(kind: type[Struct]) -> frozenset[str]:
    """Return the names of a struct's fields that hold identifiers."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return frozenset(name for name, hint in hints.items() if _holds_keys(hint))


def _holds_keys(hint: object) -> bool:
    return hint == Key or (hint is not Key and any(map(_holds_keys, typing.get_args(hint))))


def _check_identifier(value: object, path: str) -> None:
    """Check an identifier, several of them, or none."""
    if isinstance(value, tuple):
        for i, inner in enumerate(value):
            _check_identifier(inner, f"{path}[{i}]")
    elif isinstance(value, str):
        on_a_page = path.endswith("case_id")  # cases have pages of their own
        wrong = flaw_on_a_page(value) if on_a_page else flaw(value)
        if wrong:
            raise EventRefused("malformed", path, wrong, worded("give the identifier without"))


def _check_text(value: str, path: str) -> None:
    if not value.isprintable() and CONTROL.search(value):
        raise EventRefused(
            "malformed",
            path,
            worded("holds a control character"),
            worded("give one line of plain text"),
        )


def _check_number(value: float, path: str) -> None:
    if not math.isfinite(value):
        raise EventRefused(
            "out_of_range", path, worded("is no finite number"), worded("give a number")
        )


def _check_instant(value: datetime, path: str) -> None:
    if value.tzinfo is None:
        raise EventRefused(
            "malformed",
            path,
            worded("has no zone"),
            worded("give the offset too: 2026-03-06T17:12:00+08:00"),
        )
    try:
        day = value.astimezone(UTC).date()
    except OverflowError:
        day = value.date()
    _check_day(day, path)


def _check_day(day: date, path: str) -> None:
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise EventRefused(
            "out_of_range",
            path,
            worded(
                "is not from %(earliest_day)s to %(latest_day)s",
                earliest_day=EARLIEST_DAY,
                latest_day=LATEST_DAY,
            ),
            worded("correct the year"),
        )


@lru_cache(maxsize=1024)
def _is_currency(code: str) -> bool:
    try:
        minor_digits(code)
    except UnknownCurrency:
        return False
    return True


def _check_currency(code: str, path: str) -> None:
    if not _is_currency(code):
        raise EventRefused("malformed", path, worded("is no currency"), _CURRENCY_REMEDY)


def _check_zone(name: str, path: str) -> None:
    try:
        zone(name)
    except UnknownZone as error:
        raise EventRefused(
            "malformed", path, worded("is no time zone"), worded("give an IANA name: Asia/Shanghai")
        ) from error


def _check_agreement(data: Touchpoint) -> None:
    """Check what fields of one touchpoint say about each other."""
    check_fields = _AGREEMENTS.get(type(data))
    if check_fields is not None:
        check_fields(data)


def _check_tiers(data: TierPolicyPublished) -> None:
    _check_currency(data.policy.currency, "data.policy.currency")
    for i, (above, tier) in enumerate(pairwise(data.policy.tiers), start=1):
        if tier.line_minor >= above.line_minor:
            raise EventRefused(
                "inconsistent",
                f"data.policy.tiers[{i}].line_minor",
                worded(
                    "is %(line)s, no lower than the line of %(above)s: nobody would be %(tier)s",
                    line=tier.line_minor,
                    above=above.name,
                    tier=tier.name,
                ),
                worded(
                    "name the tiers from the highest down, each with a lower line than the one "
                    "before; where too few customers are too alike for that, have fewer tiers"
                ),
            )


def _check_branch(data: BranchSet) -> None:
    _check_zone(data.zone, "data.zone")


def _check_company(data: CompanySet) -> None:
    _check_zone(data.zone, "data.zone")
    _check_currency(data.currency, "data.currency")


def _check_calendar(data: CalendarSet) -> None:
    for i, hours in enumerate(data.hours):
        _check_hours(hours.opens, hours.closes, f"data.hours[{i}].closes")
    named = {*data.holidays, *data.makeup_workdays}
    for i, special in enumerate(data.special_days):
        for k, period in enumerate(special.hours):
            _check_hours(period.opens, period.closes, f"data.special_days[{i}].hours[{k}].closes")
        if special.day in named:
            raise EventRefused(
                "inconsistent",
                f"data.special_days[{i}].day",
                worded("names %(day)s, which is named before", day=special.day),
                worded(
                    "name each day once: its hours here, or among holidays and make-up workdays"
                ),
            )
        named.add(special.day)
    if data.country is not None:
        remedy = worded("leave it out and name the days in data.holidays and data.makeup_workdays")
        _check_country(data.country, remedy)


def _check_hours(opens: int, closes: int, field: str) -> None:
    remedy = worded("give a day's hours from opens to closes, in minutes since midnight")
    if opens >= closes:
        over = worded("%(remedy)s; 06:00 of the next day is 1800", remedy=remedy)
        raise EventRefused("inconsistent", field, worded("is not after opens"), over)
    if closes - opens > _DAY_MINUTES:
        raise EventRefused("inconsistent", field, worded("is more than a day after opens"), remedy)


def _check_country(code: str, otherwise: str) -> None:
    if not knows_country(code):
        raise EventRefused(
            "malformed",
            "data.country",
            worded("is no country whose public holidays are known"),
            worded("give a code of ISO 3166, such as CN, or %(otherwise)s", otherwise=otherwise),
        )


def _check_public_days(data: PublicDaysSet) -> None:
    _check_country(data.country, worded("name the days in a calendar of your own"))
    for name, days in (("holidays", data.holidays), ("makeup_workdays", data.makeup_workdays)):
        for i, day in enumerate(days):
            if day.year != data.year:
                raise EventRefused(
                    "inconsistent",
                    f"data.{name}[{i}]",
                    worded("is not in %(year)s", year=data.year),
                    worded(
                        "give the days of one year; those of another belong to a record of its own"
                    ),
                )
    both = sorted(set(data.holidays) & set(data.makeup_workdays))
    if both:
        raise EventRefused(
            "inconsistent",
            "data.makeup_workdays",
            worded("names %(both)s, which data.holidays names, too", both=both[0]),
            worded("name each day once: it is worked or it is not"),
        )


def _check_instalments(invoice: InvoiceIssued) -> None:
    if not invoice.instalments:
        return
    total = sum(instalment.amount.minor for instalment in invoice.instalments)
    if total != invoice.amount.minor:
        raise EventRefused(
            "inconsistent",
            "data.instalments",
            worded(
                "add up to %(total)s, but the invoice's amount is %(minor)s",
                total=total,
                minor=invoice.amount.minor,
            ),
            worded("let the instalments add up to the amount"),
        )


def _check_ageing(data: AgeingPolicyPublished) -> None:
    upper, provision = data.policy.upper_days, data.policy.provision
    if list(upper) != sorted(set(upper)):
        raise EventRefused(
            "inconsistent",
            "data.policy.upper_days",
            worded("do not rise"),
            worded("give each end after the last"),
        )
    if len(provision) != len(upper) + 1:
        raise EventRefused(
            "inconsistent",
            "data.policy.provision",
            worded(
                "has %(rates)s rates for %(buckets)s buckets",
                rates=len(provision),
                buckets=len(upper) + 1,
            ),
            worded("give one rate more than there are upper ends: the last bucket has no end"),
        )


def _check_fees(data: FeesPolicyPublished) -> None:
    levels = [fee.level for fee in data.policy.reminder_fees]
    for i, level in enumerate(levels):
        if level in levels[:i]:
            raise EventRefused(
                "inconsistent",
                f"data.policy.reminder_fees[{i}].level",
                worded("names level %(level)s a second time", level=level),
                worded("give one fee for each level"),
            )
    clearing = data.policy.clearing
    if len(set(clearing)) < len(clearing):
        raise EventRefused(
            "inconsistent",
            "data.policy.clearing",
            worded("names a part of a debt twice"),
            worded(
                "name each part once, in the order in which they are cleared, or none: oldest first"
            ),
        )


def _check_flows(data: FlowPolicyPublished) -> None:
    fault = fault_in(data.policy)
    if fault is not None:
        raise EventRefused("inconsistent", f"data.policy.{fault.field}", fault.reason, fault.remedy)


# By exact type: an isinstance test of a Struct is many times slower than a look-up.
_ALWAYS_SOUND = frozenset({type(None), bool, int, bytes})
_LEAVES: Mapping[type, Callable[..., None]] = {
    str: _check_text,
    float: _check_number,
    datetime: _check_instant,
    date: _check_day,
}
_AGREEMENTS: Mapping[type[Touchpoint], Callable[..., None]] = {
    InvoiceIssued: _check_instalments,
    AgeingPolicyPublished: _check_ageing,
    FeesPolicyPublished: _check_fees,
    TierPolicyPublished: _check_tiers,
    FlowPolicyPublished: _check_flows,
    BranchSet: _check_branch,
    CompanySet: _check_company,
    CalendarSet: _check_calendar,
    PublicDaysSet: _check_public_days,
}
