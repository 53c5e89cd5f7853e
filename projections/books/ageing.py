"""Open balances by days past due, and the provision for bad debt on them.

Reminder fees and late-payment interest are part of what is open, under headings of their own;
nothing is provided for them, since nothing of them counts before it is paid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

from events.touchpoints.policy import AgeingPolicy
from projections.books.interest import whole

_DEFAULT_AGEING = AgeingPolicy()


class Balance(NamedTuple):
    """A term of ageing: how much of how many items is open with that due day.

    Fees and interest that are items are part of the amount. Interest that runs comes on top, in
    exact parts (interest.py), which are rounded when those of a bucket are summed.
    """

    due_day: int  # proleptic ordinal
    amount_minor: int
    items: int = 1
    fees_minor: int = 0
    interest_minor: int = 0
    running: int = 0


class Bucket(Struct, frozen=True):
    """An ageing bucket: items, amount, and the provision for bad debt on it.

    Fees and interest are parts of the amount.
    """

    label: str
    items: int
    amount_minor: int
    provision_minor: int
    fees_minor: int = 0
    interest_minor: int = 0


class Ageing(Struct, frozen=True):
    """The open items of one currency on a day, by days past due."""

    buckets: Sequence[Bucket]
    items: int
    outstanding_minor: int
    overdue_items: int
    overdue_minor: int
    provision_minor: int
    fees_minor: int = 0
    interest_minor: int = 0


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
    sums = [_Sums() for _ in labels]
    overdue = _Sums()
    for balance in balances:
        past = today - balance.due_day
        sums[bucket_index(past, policy)].add(balance)
        if past > 0:
            overdue.add(balance)
    rates = [*policy.provision, *([0] * len(labels))]
    buckets = tuple(
        one.bucket(label, rate) for label, one, rate in zip(labels, sums, rates, strict=False)
    )
    return Ageing(
        buckets=buckets,
        items=sum(bucket.items for bucket in buckets),
        outstanding_minor=sum(bucket.amount_minor for bucket in buckets),
        overdue_items=overdue.items,
        overdue_minor=overdue.bucket("", 0).amount_minor,
        provision_minor=sum(bucket.provision_minor for bucket in buckets),
        fees_minor=sum(bucket.fees_minor for bucket in buckets),
        interest_minor=sum(bucket.interest_minor for bucket in buckets),
    )


class _Sums:
    """What balances add up to."""

    __slots__ = ("amount", "fees", "interest", "items", "running")

    def __init__(self) -> None:
        self.items = self.amount = self.fees = self.interest = self.running = 0

    def add(self, balance: Balance) -> None:
        """Add a balance."""
        self.items += balance.items
        self.amount += balance.amount_minor
        self.fees += balance.fees_minor
        self.interest += balance.interest_minor
        self.running += balance.running

    def bucket(self, label: str, rate: int) -> Bucket:
        """Return the bucket that they are, with the provision at a rate."""
        running = whole(self.running)
        sold = self.amount - self.fees - self.interest
        return Bucket(
            label, self.items, self.amount + running, _share(sold, rate), self.fees,
            self.interest + running,
        )  # fmt: skip


def _share(amount_minor: int, basis_points: int) -> int:
    return int((Decimal(amount_minor) * basis_points / 10_000).quantize(1, ROUND_HALF_EVEN))
