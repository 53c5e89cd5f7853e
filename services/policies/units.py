"""The values of policies as people read them: each with what it is measured in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from services.wording import amount

_UNITS: Mapping[str, str] = {
    r".*business_days": "business days",
    r".*days.*": "days",
    r".*_hours": "hours",
    r".*_minutes|minutes": "business minutes",
    r".*_minor": "minor units",
    r"capital_per_day|interest_per_year": "parts per million",
    r"provision|weight_.*|.*_share|.*_rate": "basis points",
}
"""What a field is measured in, by its name; the first that fits. Others count or are words."""


def unit_of(field: str) -> str:
    """Return what a field of a policy is measured in, or nothing."""
    return next((unit for name, unit in _UNITS.items() if re.fullmatch(name, field)), "")


def in_lines(field: str, value: object, currency: str = "") -> Iterator[str]:
    """Yield a field's name and value: in one line, but records that hold records one by one.

    What such records leave empty is left out.
    """
    records = _records(value)
    if not any(_records(part) for record in records for part in record.values()):
        yield f"{field} = {measured(field, value, currency)}"
        return
    yield f"{field} ="
    for record in records:
        inner = {name: _records(part) for name, part in record.items()}
        yield f"    {_said(field, {n: v for n, v in record.items() if not inner[n]}, currency)}"
        for name, parts in inner.items():
            yield from (f"        {_said(name, part, currency)}" for part in parts)


def _records(value: object) -> list[dict[str, object]]:
    """Return a value that is a list of records; of any other, none."""
    return (
        [one for one in value if isinstance(one, dict)] if isinstance(value, list | tuple) else []
    )


def _said(field: str, record: Mapping[str, object], currency: str) -> str:
    return measured(field, {n: v for n, v in record.items() if v not in (None, [], ())}, currency)


def measured(field: str, value: object, currency: str = "") -> str:
    """Return a field's value, as JSON has it, with its unit: `[1,31] days`, `50.00 CNY`.

    `currency` is that of amounts which name none; unless it is given they are minor units.
    """
    match value:
        case {"minor": int(minor), "currency": str(code)}:
            return amount(minor, code)
        case int() if field.endswith("_minor") and currency:
            return amount(value, currency)
        case dict():
            parts = ((name, measured(name, part, currency)) for name, part in value.items())
            return ", ".join(f"{name.removesuffix('_minor')} {text}" for name, text in parts)
        case [dict(), *_]:
            return "; ".join(measured(field, part, currency) for part in value)
    unit = "" if value in (None, []) else unit_of(field)
    return f"{msgspec.json.encode(value).decode()} {unit}".rstrip()
