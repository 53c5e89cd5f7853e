"""What counts for a customer's value: one dated amount per cause, while it holds.

A contribution on local day d counts on d ... d + window - 1 (domain rules, section 5). One
that a later fact took back or changed ends at that fact's instant and is kept, so that the
value of every past instant can be told.

**Collected margin** (decision 25). Money is collected margin when it has paid something:

1. What a payment settles of an invoice counts on the day it is allocated: net of tax, less
   the cost of goods of the invoice's order times the share of the invoice that is settled by
   payments, credit notes and write-offs together. Rounded cumulatively, so that an invoice
   settled in any number of steps gives the same margin to the minor unit. A credit note or
   write-off settles cost and brings nothing; it is not subtracted a second time. What gave way
   to another (a payment to a credit note, a write-off to a payment or note) brings nothing from
   then on, and its cost keeps its day. Of the cost that credit notes settled as much is taken
   off as came back, or was cancelled, of the order (domain rules, section 11.1).
2. What a payment leaves over and cites an order not yet invoiced pays that order directly, as
   at a till: up to what is neither invoiced nor credited of it, against the same share of the
   order's cost. When the order is invoiced, rule 1 takes over on the day of that allocation.
3. A payment of a customer of whom no order and no invoice was known when it came, is a sale
   that nobody described: it counts whole, at a cost of 0 (unknown), as far as it is not
   reserved, until an item or refund uses it, or a credit note gives it back; of refunds and
   notes the larger sum counts, since a refund pays out what a note gave back. Without this a
   branch that publishes nothing but payments would have no customers of value (scenario 10).
4. Anything else that is left over is credit: we owe it, and it counts when it is used. So the
   50.00 of scenario 4 and the credit of scenario 7 add nothing.

What payments settle of a reminder fee, or of interest that was charged, counts whole on the day of
the allocation, apart from margin; nothing of either counts before.

An invoice's part of its order's cost follows the amounts with which the order's invoices
were issued, never more than the whole; an invoice amended later keeps its part.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Literal, NamedTuple

from projections.value_tiers.shares import share

Component = Literal[
    "margin", "fees", "interest", "freight", "orders", "visits", "callbacks", "complaints"
]
CHARGES: frozenset[Component] = frozenset({"fees", "interest"})
"""The components that were charged beside what was sold."""
SERVICE: frozenset[Component] = frozenset({"orders", "visits", "callbacks", "complaints"})
"""The components that make up the cost to serve."""


class Contribution:
    """A dated amount, costs below zero, that counts from `at` until `until`.

    `on` is the instant whose local day it is dated with. `corrected` says that what ended it
    was a correction: a reversal or rejection, after which it is as if it had never been.
    """

    __slots__ = (
        "amount", "at", "component", "corrected", "currency", "ended_by", "event_id", "on",
        "subject", "until",
    )  # fmt: skip

    def __init__(
        self,
        component: Component,
        currency: str,
        amount: int,
        at: datetime,
        on: datetime,
        event_id: str,
        subject: str,
    ) -> None:
        self.component = component
        self.currency = currency
        self.amount = amount
        self.at = at
        self.on = on
        self.event_id = event_id
        self.subject = subject
        self.until: datetime | None = None
        self.ended_by: str | None = None
        self.corrected = False

    def taken_back(self, by: datetime) -> bool:
        """Return whether a correction by that instant made it as if it had never been."""
        return self.corrected and self.until is not None and self.until <= by


class Ending:
    """At an instant, a contribution ended."""

    __slots__ = ("at", "contribution")

    def __init__(self, at: datetime, contribution: Contribution) -> None:
        self.at = at
        self.contribution = contribution


class BalanceChange:
    """At an instant, so much more (or less) is open that is due on a day."""

    __slots__ = ("at", "change", "currency", "due")

    def __init__(self, at: datetime, currency: str, due: int, change: int) -> None:
        self.at = at
        self.currency = currency
        self.due = due  # proleptic ordinal
        self.change = change


Happening = Contribution | Ending | BalanceChange


class Contributions:
    """All that ever counted and what was owed, in the order in which it came about.

    What was owed is left out where no policy weighs debt.
    """

    __slots__ = ("_weighs_debt", "corrected", "currencies", "happenings")

    def __init__(self, weighs_debt: bool) -> None:
        self._weighs_debt = weighs_debt
        self.happenings: list[Happening] = []
        self.corrected: list[Contribution] = []  # in the order of their corrections
        self.currencies: set[str] = set()

    def add(self, contribution: Contribution) -> None:
        """Let it count."""
        self.happenings.append(contribution)
        self.currencies.add(contribution.currency)

    def end(self, contribution: Contribution, at: datetime, by: str, corrected: bool) -> None:
        """Let it count no longer."""
        contribution.until = at
        contribution.ended_by = by
        contribution.corrected = corrected
        self.happenings.append(Ending(at, contribution))
        if corrected:
            self.corrected.append(contribution)

    def owe(self, change: BalanceChange) -> None:
        """Let more, or less, be owed."""
        if self._weighs_debt:
            self.happenings.append(change)
        self.currencies.add(change.currency)

    def gained_at(self, at: datetime | None) -> str | None:
        """Return the event that last brought something at an instant."""
        if at is None:
            return None
        i = bisect_right(self.happenings, at, key=attrgetter("at"))
        for one in (self.happenings[k] for k in reversed(range(i))):
            if one.at < at:
                break
            if isinstance(one, Contribution) and one.amount > 0:
                return one.event_id
        return None

    def __iter__(self) -> Iterator[Contribution]:
        return (one for one in self.happenings if isinstance(one, Contribution))

    def __reversed__(self) -> Iterator[Contribution]:
        return (one for one in reversed(self.happenings) if isinstance(one, Contribution))


class Settlement(NamedTuple):
    """An amount that settled something: whose, how much of it is payment, and since when."""

    key: int  # the entry's, or the paying source's, number within the account
    paid: int
    settled: int
    on: datetime
    event_id: str


class Claim:
    """An invoice, or an order paid without one: what its settlements are worth.

    `cost` of `total` is the cost of goods that settling all of it brings; `net` of `gross`
    what is left of a payment after tax.
    """

    __slots__ = (
        "back", "component", "cost", "currency", "gross", "live", "net", "paid", "settled",
        "subject", "total",
    )  # fmt: skip

    def __init__(
        self,
        subject: str,
        currency: str,
        gross: int,
        tax: int,
        component: Component = "margin",
    ) -> None:
        self.subject = subject
        self.component: Component = component
        self.currency = currency
        self.gross = max(gross, 1)
        self.net = max(0, self.gross - tax)
        self.cost = 0
        self.total = 0
        self.back = 0  # how much of what credit notes settled is goods that came back
        self.paid = self.settled = 0  # by the settlements in `live`
        self.live: dict[int, Contribution] = {}

    def worth(self, paid: int, settled: int) -> int:
        """Return the margin of having settled so much, of it so much by payments."""
        return share(paid, self.net, self.gross) - share(self.cost, settled, self.total)

    def add(self, settlement: Settlement, now: datetime, into: Contributions) -> None:
        """Take in a settlement after all others."""
        self._keep(settlement, self._next(settlement), now, into)

    def _next(self, settlement: Settlement) -> int:
        before = self.worth(self.paid, self.settled)
        self.paid += settlement.paid
        self.settled += settlement.settled
        return self.worth(self.paid, self.settled) - before

    def _keep(
        self, settlement: Settlement, amount: int, now: datetime, into: Contributions
    ) -> None:
        new = Contribution(
            self.component,
            self.currency,
            amount,
            now,
            settlement.on,
            settlement.event_id,
            self.subject,
        )
        self.live[settlement.key] = new
        into.add(new)

    def rebuild(
        self,
        settlements: list[Settlement],
        now: datetime,
        by: str,
        lost: Collection[int],
        into: Contributions,
    ) -> None:
        """Make the live contributions those of `settlements`.

        What ends of those that were `lost` to a correction never counted.
        """
        self.paid = self.settled = 0
        gone = dict(self.live)
        for settlement in settlements:
            amount = self._next(settlement)
            known = gone.pop(settlement.key, None)
            if known is not None:
                if known.amount == amount:
                    continue
                into.end(known, now, by, settlement.key in lost)
            on = settlement.on if known is None else known.on
            self._keep(settlement._replace(on=on), amount, now, into)
        for key, contribution in gone.items():
            into.end(contribution, now, by, key in lost)
            del self.live[key]
