"""What must hold inside a touchpoint's data beyond the types of its fields.

A currency exists, a touchpoint has one currency, a day lies within two centuries, words hold
no control characters, instalments add up, zones and hours exist. A projection may rely on it.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from functools import lru_cache

from msgspec import Struct

from events.calendars import UnknownZone, zone
from events.money import Money, UnknownCurrency, minor_digits
from events.touchpoints import Touchpoint
from events.touchpoints.payment import InvoiceIssued
from events.touchpoints.policy import (
    AgeingPolicyPublished,
    BranchSet,
    CalendarSet,
    CompanySet,
    ReferenceTouchpoint,
    TierPolicyPublished,
)
from services.gateway.answers import EventRefused
from services.gateway.characters import CONTROL

EARLIEST_DAY = date(1900, 1, 1)
LATEST_DAY = date(2199, 12, 31)

_CURRENCY_REMEDY = "give a code of ISO 4217, such as CNY"


def check_data(data: Touchpoint) -> None:
    """Let data pass that a projection can rely on. Raises: EventRefused."""
    currencies: set[str] = set()
    _check_value(data, "data", currencies)
    if len(currencies) > 1 and not isinstance(data, ReferenceTouchpoint):
        raise EventRefused(
            "inconsistent",
            "data",
            f"mixes the currencies {' and '.join(sorted(currencies))}",
            "publish one touchpoint per currency",
        )
    _check_agreement(data)


def _check_value(value: object, path: str, currencies: set[str]) -> None:
    match value:
        case Money():
            _check_currency(value.currency, f"{path}.currency")
            currencies.add(value.currency)
        case Struct():
            for name in value.__struct_fields__:
                inner = getattr(value, name)
                if inner is not None:
                    _check_value(inner, f"{path}.{name}", currencies)
        case tuple():
            for i, inner in enumerate(value):
                _check_value(inner, f"{path}[{i}]", currencies)
        case _:
            _check_leaf(value, path)


def _check_leaf(value: object, path: str) -> None:
    match value:
        case str():
            if not value.isprintable() and CONTROL.search(value):
                raise EventRefused(
                    "malformed", path, "holds a control character", "give one line of plain text"
                )
        case datetime():
            _check_instant(value, path)
        case date():
            _check_day(value, path)
        case float():
            if not math.isfinite(value):
                raise EventRefused("out_of_range", path, "is no finite number", "give a number")
        case _:
            pass  # whole numbers, booleans and sealed bytes hold nothing to check


def _check_instant(value: datetime, path: str) -> None:
    if value.tzinfo is None:
        raise EventRefused(
            "malformed", path, "has no zone", "give the offset too: 2026-03-06T17:12:00+08:00"
        )
    try:
        day = value.astimezone(UTC).date()
    except OverflowError:
        day = value.date()
    _check_day(day, path)


def _check_day(day: date, path: str) -> None:
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise EventRefused(
            "out_of_range", path, f"is not from {EARLIEST_DAY} to {LATEST_DAY}", "correct the year"
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
        raise EventRefused("malformed", path, f"{code!r} is no currency", _CURRENCY_REMEDY)


def _check_zone(name: str, path: str) -> None:
    try:
        zone(name)
    except UnknownZone as error:
        raise EventRefused(
            "malformed", path, f"{name!r} is no time zone", "give an IANA name: Asia/Shanghai"
        ) from error


def _check_agreement(data: Touchpoint) -> None:
    """Check what fields of one touchpoint say about each other."""
    match data:
        case InvoiceIssued() if data.instalments:
            _check_instalments(data)
        case AgeingPolicyPublished():
            _check_ageing(data)
        case TierPolicyPublished():
            _check_currency(data.policy.currency, "data.policy.currency")
        case BranchSet():
            _check_zone(data.zone, "data.zone")
        case CompanySet():
            _check_zone(data.zone, "data.zone")
            _check_currency(data.currency, "data.currency")
        case CalendarSet():
            for i, hours in enumerate(data.hours):
                if hours.opens >= hours.closes:
                    raise EventRefused(
                        "inconsistent",
                        f"data.hours[{i}].closes",
                        "is not after opens",
                        "give a day's hours from opens to closes, in minutes since midnight",
                    )
        case _:
            pass


def _check_instalments(invoice: InvoiceIssued) -> None:
    total = sum(instalment.amount.minor for instalment in invoice.instalments)
    if total != invoice.amount.minor:
        raise EventRefused(
            "inconsistent",
            "data.instalments",
            f"add up to {total}, but the invoice's amount is {invoice.amount.minor}",
            "let the instalments add up to the amount",
        )


def _check_ageing(data: AgeingPolicyPublished) -> None:
    upper, provision = data.policy.upper_days, data.policy.provision
    if list(upper) != sorted(set(upper)):
        raise EventRefused(
            "inconsistent", "data.policy.upper_days", "do not rise", "give each end after the last"
        )
    if len(provision) != len(upper) + 1:
        raise EventRefused(
            "inconsistent",
            "data.policy.provision",
            f"has {len(provision)} rates for {len(upper) + 1} buckets",
            "give one rate more than there are upper ends: the last bucket has no end",
        )
