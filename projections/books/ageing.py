"""Open balances by days past due, and the provision for bad debt on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

from events.touchpoints.policy import AgeingPolicy

_DEFAULT_AGEING = AgeingPolicy()


class Balance(NamedTuple):
    """A term of ageing: how much of how many items is open with that due day."""

    due_day: int  # proleptic ordinal
    amount_minor: int
    items: int = 1


class Bucket(Struct, frozen=True):
    """An ageing bucket: items, amount, and the provision for bad debt on it."""

    label: str
    items: int
    amount_minor: int
    provision_minor: int


class Ageing(Struct, frozen=True):
    """The open items of one currency on a day, by days past due."""

    buckets: Sequence[Bucket]
    items: int
    outstanding_minor: int
    overdue_items: int
    overdue_minor: int
    provision_minor: int


def bucket_labels(policy: AgeingPolicy = _DEFAULT_AGEING) -> tuple[str, ...]:
    """Return the buckets' names: "not_due", "1-30", ... "121+".

    A first bucket that reaches beyond the due date is named by its upper end, as "-5".
    """
    uppers = policy.upper_days
    if not uppers:
        return ("all",)
    first = "not_due" if uppers[0] == 0 else f"-{uppers[0]}"
    middle = [f"{low + 1}-{high}" for low, high in pairwise(uppers)]
    return (first, *middle, f"{uppers[-1] + 1}+")


def bucket_index(days_past_due: int, policy: AgeingPolicy = _DEFAULT_AGEING) -> int:
    """Return which bucket holds that many days past due."""
    for i, upper in enumerate(policy.upper_days):
        if days_past_due <= upper:
            return i
    return len(policy.upper_days)


def ageing(balances: Iterable[Balance], on: date, policy: AgeingPolicy = _DEFAULT_AGEING) -> Ageing:
    """Return the ageing on a day of open balances in one currency.

    The provision of a bucket is its amount times the policy's rate, rounded half-even to the
    minor unit; a bucket without a rate has none.
    """
    today = on.toordinal()
    labels = bucket_labels(policy)
    counts = [0] * len(labels)
    amounts = [0] * len(labels)
    overdue_items = overdue_minor = 0
    for due_day, amount, items in balances:
        past = today - due_day
        i = bucket_index(past, policy)
        counts[i] += items
        amounts[i] += amount
        if past > 0:
            overdue_items += items
            overdue_minor += amount
    rates = [*policy.provision, *([0] * len(labels))]
    buckets = tuple(
        Bucket(label, counts[i], amounts[i], _share(amounts[i], rates[i]))
        for i, label in enumerate(labels)
    )
    return Ageing(
        buckets=buckets,
        items=sum(counts),
        outstanding_minor=sum(amounts),
        overdue_items=overdue_items,
        overdue_minor=overdue_minor,
        provision_minor=sum(bucket.provision_minor for bucket in buckets),
    )


def _share(amount_minor: int, basis_points: int) -> int:
    return int((Decimal(amount_minor) * basis_points / 10_000).quantize(1, ROUND_HALF_EVEN))
