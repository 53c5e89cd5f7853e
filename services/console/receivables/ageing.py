"""What is owed, by how long it is overdue, from sums that the projector keeps.

No item is read: the sums are grouped by due day and branch, so an answer costs the same with
a thousand open items and with a million.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import asyncpg
from msgspec import Struct

from events.policy import Reference
from events.touchpoints.policy import AgeingPolicy
from projections.books import ageing as buckets
from projections.books.ageing import Balance
from projections.books.interest import whole
from projections.receivables.reports import DSO_DAYS, dso
from projections.receivables.rows import FEES, INTEREST, INVOICED, OPEN, OWED_BACK
from services.casework.ages import bucket_ends
from services.console.receivables.interest import charges, running_interest
from services.console.shared.reading import RECEIVABLES, Reader


class Bucket(Struct, frozen=True):
    """Open items of one age: days past due from `from_day` to `to_day`, both included."""

    index: int
    from_day: int | None  # None: from the most distant future due date on
    to_day: int | None  # None: no upper end
    items: int
    amount_minor: int
    provision_minor: int  # expected to be lost, by the policy in force
    fees_minor: int  # of the amount, as is the interest
    interest_minor: int


class CurrencyAgeing(Struct, frozen=True):
    """Ageing in one currency."""

    currency: str
    buckets: tuple[Bucket, ...]
    open_items: int
    open_minor: int
    overdue_items: int
    overdue_minor: int
    invoiced_minor: int  # over the last DSO_DAYS local days
    provision_minor: int
    owed_back_minor: int  # of what is open: refunds that nothing covers
    fees_minor: int  # of what is open, as is the interest
    interest_minor: int

    @property
    def overdue_share(self) -> Decimal | None:
        """Return the overdue part of what is open; None when nothing is."""
        return Decimal(self.overdue_minor) / self.open_minor if self.open_minor else None

    @property
    def dso(self) -> Decimal | None:
        """Return days sales outstanding; None without invoices in the window."""
        invoiced = self.open_minor - self.owed_back_minor - self.charged_minor
        return dso(invoiced, self.invoiced_minor)

    @property
    def charged_minor(self) -> int:
        """Return the fees and interest of what is open."""
        return self.fees_minor + self.interest_minor


class BranchBalance(Struct, frozen=True):
    """What a branch's customers owe in one currency."""

    branch_id: str
    currency: str
    open_minor: int
    overdue_minor: int


async def ageing(reader: Reader, branch_id: str | None = None) -> tuple[CurrencyAgeing, ...]:
    """Return the ageing of open items at each branch's local today, by currency."""
    branches, days, elsewhere = reader.todays()

    of = None if branch_id is None else [branch_id]

    async def by_day(measure: str) -> list[asyncpg.Record]:
        version = reader.version_of(RECEIVABLES)
        return await reader.ask(
            "receivables/open_by_day", *version, measure, branches, days, elsewhere, of
        )

    rows = await by_day(OPEN)
    back: Counter[str] = Counter()
    for currency, _, _, amount in await by_day(OWED_BACK):
        back[currency] += amount
    invoiced = await reader.ask(
        "receivables/invoiced",
        *reader.version_of(RECEIVABLES),
        INVOICED,
        branches,
        days,
        elsewhere,
        DSO_DAYS,
        branch_id,
    )
    sales = {row["currency"]: row["amount_minor"] for row in invoiced}
    balances: dict[str, list[Balance]] = {}

    def add(currency: str, days_past_due: int, term: Balance) -> None:
        # As if all branches had one today: only the distance from the due day counts.
        due = elsewhere - days_past_due
        balances.setdefault(currency, []).append(term._replace(due_day=due))

    for currency, past, items, amount in rows:
        add(currency, past, Balance(0, amount, items))
    if charges(reader):
        for currency, past, _, amount in await by_day(FEES):
            add(currency, past, Balance(0, 0, 0, fees_minor=amount))
        for currency, past, _, amount in await by_day(INTEREST):
            add(currency, past, Balance(0, 0, 0, interest_minor=amount))
    for one in await running_interest(reader, of or ()):
        add(one.currency, one.days_past_due, Balance(0, 0, 0, running=one.exact))
    found = [
        _aged(reader, name, own, sales.get(name, 0), back[name]) for name, own in balances.items()
    ]
    return tuple(sorted(found, key=lambda one: _rank(one, reader.reference)))


def _aged(
    reader: Reader, currency: str, balances: list[Balance], invoiced: int, back: int
) -> CurrencyAgeing:
    policy = reader.reference.in_force(AgeingPolicy, reader.at)
    aged = buckets.ageing(balances, reader.today(None), policy)
    return CurrencyAgeing(
        currency=currency,
        buckets=tuple(
            Bucket(
                index,
                low,
                high,
                bucket.items,
                bucket.amount_minor,
                bucket.provision_minor,
                bucket.fees_minor,
                bucket.interest_minor,
            )
            for index, (bucket, (low, high)) in enumerate(
                zip(aged.buckets, bucket_ends(policy), strict=True)
            )
        ),
        open_items=aged.items,
        open_minor=aged.outstanding_minor,
        overdue_items=aged.overdue_items,
        overdue_minor=aged.overdue_minor,
        invoiced_minor=invoiced,
        provision_minor=aged.provision_minor,
        owed_back_minor=back,
        fees_minor=aged.fees_minor,
        interest_minor=aged.interest_minor,
    )


def _rank(one: CurrencyAgeing, reference: Reference) -> tuple[bool, int, str]:
    """Return the place of a currency: the company's own first, then by how much is in use."""
    own = reference.company.currency if reference.company else None
    return (one.currency != own, -one.open_items, one.currency)


async def balances_by_branch(reader: Reader) -> tuple[BranchBalance, ...]:
    """Return what each branch's customers owe in each currency, the most overdue first."""
    branches, days, elsewhere = reader.todays()
    rows = await reader.ask(
        "receivables/open_by_branch",
        *reader.version_of(RECEIVABLES),
        OPEN,
        branches,
        days,
        elsewhere,
    )
    known = [BranchBalance(**dict(row.items())) for row in rows]
    interest: Counter[tuple[str, str]] = Counter()
    late: Counter[tuple[str, str]] = Counter()
    for one in await running_interest(reader):
        interest[one.branch_id, one.currency] += one.exact
        late[one.branch_id, one.currency] += one.exact if one.days_past_due > 0 else 0
    found = [
        BranchBalance(
            one.branch_id,
            one.currency,
            one.open_minor + whole(interest[one.branch_id, one.currency]),
            one.overdue_minor + whole(late[one.branch_id, one.currency]),
        )
        for one in known
    ]
    return tuple(sorted(found, key=lambda one: (-one.overdue_minor, one.branch_id)))
