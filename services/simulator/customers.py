"""Who the customers are: segment, size, home branch, and how each of them pays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import exp
from random import Random
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from events.calendars import zone
from events.envelope import CustomerId
from events.money import Money
from services.simulator.branches import BRANCHES, Branch
from services.simulator.plan import Plan

Habit = Literal["prompt", "late", "slow", "partial", "overpays", "bounces", "prepays", "fails"]

_HABITS: tuple[tuple[Habit, int], ...] = (
    ("prompt", 415), ("late", 290), ("slow", 125), ("partial", 70), ("overpays", 20),
    ("bounces", 20), ("prepays", 25), ("fails", 35),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """A kind of customer: how many, how often and how much it buys, on which terms."""

    name: str
    weight: int
    orders_a_year: float
    typical_minor: int
    terms_days: tuple[int, ...]
    visits_a_year: float
    kind: str


SEGMENTS = (
    Segment("大客户", 5, 12.0, 8_000_000, (60, 60, 30), 5.0, "company"),
    Segment("企业", 25, 6.0, 1_500_000, (30, 30, 60), 1.6, "company"),
    Segment("门店", 40, 3.5, 420_000, (30, 30, 30, 60), 0.5, "company"),
    Segment("家庭", 30, 1.8, 150_000, (30,), 0.0, "person"),
)


@dataclass(slots=True)
class Invoice:
    """An invoice as the branch's books know it."""

    invoice_id: str
    order_id: str
    amount_minor: int
    open_minor: int
    due_on: date
    level: int | None = None
    promised_on: date | None = None
    disputed: bool = False
    closed: bool = False  # cancelled, written off or given to an agency


class Margin(NamedTuple):
    """What an order leaves once it is paid: its amount less tax and cost of goods."""

    amount_minor: int
    margin_minor: int


@dataclass(slots=True)
class Customer:
    """A customer with a character, a random stream of its own, and its open invoices."""

    customer_id: CustomerId
    branch: Branch
    segment: Segment
    habit: Habit
    typical_minor: int
    orders_a_year: float
    joined_at: datetime
    dice: Random
    tz: ZoneInfo
    staff: str
    credit_minor: int = 0
    unbilled_minor: int = 0
    limit_minor: int | None = None
    fails_from: datetime | None = None
    tier: str | None = None
    invoices: dict[str, Invoice] = field(default_factory=dict)
    margins: dict[str, Margin] = field(default_factory=dict)  # by order
    earned: list[tuple[datetime, int]] = field(default_factory=list)  # costs below zero

    def earn(self, when: datetime, rate: Money | None, units: int = 1) -> None:
        """Note what something earned, or cost."""
        if rate is not None:
            self.earned.append((when, rate.minor * units))

    def collect(self, when: datetime, order_id: str, minor: int, sign: int = 1) -> None:
        """Note what the part of an order earns that these minor units pay."""
        margin = self.margins.get(order_id)
        if margin is not None:
            share = min(minor, margin.amount_minor)
            self.earned.append((when, sign * margin.margin_minor * share // margin.amount_minor))


def customer_id(number: int) -> CustomerId:
    """Return the opaque id of the company's customer of that number."""
    return CustomerId(f"C{number:06d}")


def customers(plan: Plan) -> Iterator[Customer]:
    """Yield the plan's customers; two thirds are there when the books open."""
    branch_weights = [branch.weight for branch in BRANCHES]
    for number in range(1, plan.customers + 1):
        dice = plan.dice("customer", str(number))
        branch = dice.choices(BRANCHES, branch_weights)[0]
        segment = dice.choices(SEGMENTS, [kind.weight for kind in SEGMENTS])[0]
        habit = dice.choices([name for name, _ in _HABITS], [share for _, share in _HABITS])[0]
        span = plan.until - plan.since
        taken_over = dice.random() < 0.66
        wait = timedelta(days=20) if taken_over else span
        joined_at = plan.since + timedelta(hours=2) + wait * dice.random()
        fails_from = joined_at + span * dice.uniform(0.1, 1.1) if habit == "fails" else None
        yield Customer(
            customer_id=customer_id(number),
            branch=branch,
            segment=segment,
            habit=habit,
            typical_minor=int(segment.typical_minor * exp(dice.gauss(0.0, 0.55))),
            orders_a_year=segment.orders_a_year * exp(dice.gauss(0.0, 0.45)),
            joined_at=joined_at,
            dice=dice,
            tz=zone(branch.zone),
            staff=f"{branch.branch_id}-S{dice.randrange(1, 7)}",
            fails_from=fails_from,
        )
