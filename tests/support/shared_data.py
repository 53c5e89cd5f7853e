"""The real data files and what was computed from them independently, typed for tests."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import Struct

from events.money import to_minor

CURRENCY = "USD"
"""What the shipped mapping takes the invoices' nameless currency for."""


def minor(amount: Decimal) -> int:
    """Return an amount of the files in minor units, exactly."""
    units, rounded = to_minor(amount, CURRENCY)
    assert not rounded
    return units


class Bucket(Struct, frozen=True):
    n: int
    amount: Decimal


class AsOf(Struct, frozen=True):
    """The receivables at the end of a day."""

    open_invoices: int
    outstanding: Decimal
    overdue_invoices: int
    overdue_amount: Decimal
    customers_overdue: int
    max_days_overdue: int
    by_days_overdue: dict[str, Bucket]
    invoiced_last_90d: Decimal
    dso90: Decimal
    open_disputed: int
    settled_mean_days_late: Decimal


class AlertLevel(Struct, frozen=True):
    alerts: int
    customers: int
    amount: Decimal
    first: date | None


class Alerts(Struct, frozen=True):
    levels: dict[int, AlertLevel]


class Receivables(Struct, frozen=True):
    """Section "ar" of the ground truth."""

    invoices: int
    customers: int
    total_invoiced: Decimal
    disputed: int
    late_invoices: int
    max_days_late: int
    mean_days_late_all: Decimal
    mean_days_late_if_late: Decimal
    asof: dict[date, AsOf]
    alerts: Alerts


class _GroundTruth(Struct):
    ar: Receivables


def receivables_truth(folder: Path) -> Receivables:
    """Return the figures of the invoices file, computed independently of the platform."""
    raw = (folder / "ground_truth.json").read_bytes()
    return msgspec.json.decode(raw, type=_GroundTruth).ar


def invoices_file(folder: Path) -> Path:
    """Return the real file of invoices."""
    return folder / "ibm_accounts_receivable.csv"
