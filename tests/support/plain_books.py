"""A few facts about invoices or an order, worked out from first principles.

Nothing of the product is used. Amounts are whole numbers. Where there is one debt each question is
answered by what the rules of domain.md, section 11, say should be left in the end, not by
following how it came about; debts that are late, with fees and interest, are lived through day by
day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True)
class Debt:
    """One invoice or till order of `amount`, whose goods cost `cost`."""

    amount: int
    cost: int
    paid: int = 0  # by payments that name it
    noted: int = 0  # by credit notes that name it
    written_off: int = 0
    refunded: int = 0
    returned: int = 0  # goods that came back

    @property
    def settled_by_notes(self) -> int:
        """Notes settle before anybody else, and never more than there is."""
        return min(self.noted, self.amount)

    @property
    def settled_by_payments(self) -> int:
        return min(self.paid, self.amount - self.settled_by_notes)

    @property
    def given_up(self) -> int:
        """What a write-off gave up is what nobody else settled, at most its amount."""
        left = self.amount - self.settled_by_notes - self.settled_by_payments
        return min(self.written_off, left)

    @property
    def outstanding(self) -> int:
        return (
            self.amount - self.settled_by_notes - self.settled_by_payments - self.given_up
        ) + self.owed_back

    @property
    def left_over(self) -> int:
        """What was paid or noted and settled nothing, before any refund."""
        return self.paid - self.settled_by_payments + self.noted - self.settled_by_notes

    @property
    def credit(self) -> int:
        return max(0, self.left_over - self.refunded)

    @property
    def owed_back(self) -> int:
        return max(0, self.refunded - self.left_over)

    @property
    def value(self) -> int:
        """Money that settled it, less the cost of the goods settled that did not come back."""
        settled = self.settled_by_notes + self.settled_by_payments + self.given_up
        sold = settled - min(self.returned, self.settled_by_notes)
        cost = Fraction(self.cost * sold, self.amount) if self.amount else Fraction(0)
        assert cost.denominator == 1, "choose amounts that divide"
        return self.settled_by_payments - int(cost)


Part = Literal["costs", "interest", "principal"]


@dataclass
class LateDebt:
    """An invoice that is late, with its fees and its interest at a yearly rate of actual/365."""

    name: str
    amount: int
    due: date
    left: int = 0
    fees: dict[str, tuple[date, int]] = field(default_factory=dict)  # day and what is open
    ran: Fraction = Fraction(0)
    interest_paid: int = 0
    fees_paid: int = 0

    def __post_init__(self) -> None:
        self.left = self.amount

    @property
    def interest(self) -> int:
        """What ran, rounded half-even as `round` does, less what was paid of it."""
        return round(self.ran) - self.interest_paid

    @property
    def costs(self) -> int:
        return sum(left for _, left in self.fees.values())

    def pay(self, part: Part, money: int) -> int:
        """Pay one part as far as the money goes; return what is left of it."""
        if part == "principal":
            used = min(money, self.left)
            self.left -= used
        elif part == "interest":
            used = min(money, self.interest)
            self.interest_paid += used
        else:
            used = 0
            for name in self.fees:
                used += self.pay_fee(name, money - used)
        return money - used

    def pay_fee(self, name: str, money: int) -> int:
        """Pay a fee as far as the money goes; return how much of it was used."""
        on, left = self.fees[name]
        used = min(money, left)
        self.fees[name] = on, left - used
        self.fees_paid += used
        return used


@dataclass(frozen=True)
class LatePayment:
    """Money on a day, for one debt or for none in particular."""

    on: date
    amount: int
    debt: str | None = None


def clear(
    debts: Sequence[LateDebt],
    notices: Sequence[tuple[date, str, int]],  # day, debt, fee
    payments: Sequence[LatePayment],
    rate: Fraction,
    order: Sequence[Part],
    until: date,
) -> int:
    """Live through the days, and return the money that nobody needed.

    In the morning of each day past due a day's interest is added, then come the day's notices,
    then its payments. Without an order the oldest due date goes first, interest last of all.
    """
    by_name = {debt.name: debt for debt in debts}
    over = 0
    day = min([debt.due for debt in debts] + [payment.on for payment in payments])
    while day <= until:
        for debt in debts:
            if day > debt.due:
                debt.ran += debt.left * rate / 365
        for n, (on, name, fee) in enumerate(notices):
            if on == day and by_name[name].left:
                by_name[name].fees[f"{n}"] = (on, fee)
        for payment in payments:
            if payment.on == day:
                over += _cleared(debts, by_name.get(payment.debt or ""), payment.amount, order)
        day += timedelta(days=1)
    return over


def _cleared(
    debts: Sequence[LateDebt], cited: LateDebt | None, money: int, order: Sequence[Part]
) -> int:
    if cited is not None:
        for part in order or ("principal", "costs", "interest"):
            money = cited.pay(part, money)
    oldest = sorted(debts, key=lambda debt: debt.due)
    if order:
        for debt in oldest:
            for part in order:
                money = debt.pay(part, money)
        return money
    while money:
        waiting = [(debt.due, debt.left, debt.name, debt, "") for debt in debts if debt.left]
        for debt in debts:
            for fee, (on, left) in debt.fees.items():
                if left:
                    waiting.append((on, left, f"fee:{debt.name}", debt, fee))
        if not waiting:
            break
        *_, debt, fee = min(waiting, key=lambda one: one[:3])
        money = money - debt.pay_fee(fee, money) if fee else debt.pay("principal", money)
    for debt in oldest:
        money = debt.pay("interest", money)
    return money
