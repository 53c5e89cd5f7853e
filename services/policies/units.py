"""The values of policies as people read them: each with what it is measured in."""

from __future__ import annotations

import re
from collections.abc import Mapping

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
