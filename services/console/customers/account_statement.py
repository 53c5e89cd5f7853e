"""A statement of account: what was owed, what changed it, and what is owed, for the customer.

It is told from the steps of each item, so that the opening balance and the lines make the closing
one. Money that has not settled anything yet stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo

from msgspec import Struct

from events.touchpoints.policy import AgeingPolicy
from projections.receivables.charged import AccountCharges
from projections.receivables.lines import ItemStatement, Statement
from projections.receivables.rows import AccountRow


class AccountLine(Struct, frozen=True):
    """What one event changed on one day, and what was owed after it."""

    at: datetime
    day: date
    reason: str  # of the step: issued, paid, credited, ...
    source: str | None  # the payment or credit note
    items: tuple[str, ...]
    change_minor: int
    balance_minor: int


class Aged(Struct, frozen=True):
    """What is owed of one age."""

    low: int | None
    high: int | None
    amount_minor: int


class AccountStatement(Struct, frozen=True):
    """An account in one currency over some days."""

    account: AccountRow
    charges: AccountCharges
    opening_minor: int
    lines: tuple[AccountLine, ...]
    closing_minor: int  # of items; interest that runs comes on top
    items: tuple[ItemStatement, ...]  # open at the end
    ageing: tuple[Aged, ...]

    @property
    def to_pay_minor(self) -> int:
        """Return what is owed with interest, less what was paid and has not settled anything."""
        return self.charges.outstanding_minor - self.account.credit_minor


def statements_of(
    statement: Statement, first: date, zone: tzinfo, policy: AgeingPolicy
) -> tuple[AccountStatement, ...]:
    """Return a customer's accounts from a local day on until the statement's own day."""
    return tuple(
        _account(statement, account, charges, first, zone, policy)
        for account, charges in zip(statement.accounts, statement.charges, strict=True)
    )


def _account(
    statement: Statement,
    account: AccountRow,
    charges: AccountCharges,
    first: date,
    zone: tzinfo,
    policy: AgeingPolicy,
) -> AccountStatement:
    items = [item for item in statement.items if item.row.currency == account.currency]
    sources = {line.event_id: line.source_id for line in statement.sources}
    opening = 0
    changes: dict[tuple[datetime, str], list[tuple[str, str, int]]] = {}
    for item in items:
        balance = 0
        for step in item.steps:
            change, balance = step.balance_minor - balance, step.balance_minor
            if step.at.astimezone(zone).date() < first:
                opening += change
            elif change:
                told = (step.reason, item.row.item_id, change)
                changes.setdefault((step.at, step.event_id), []).append(told)
    lines = []
    owed = opening
    for (at, event_id), parts in sorted(changes.items()):
        change = sum(one for _, _, one in parts)
        owed += change
        names = tuple(dict.fromkeys(item for _, item, _ in parts))
        day = at.astimezone(zone).date()
        source = sources.get(event_id)
        lines.append(AccountLine(at, day, parts[0][0], source, names, change, owed))
    left = sorted(
        (item for item in items if item.row.balance_minor),
        key=lambda item: (item.row.due_on, item.row.item_id),
    )
    ageing = _ageing(left, statement.today, policy)
    return AccountStatement(account, charges, opening, tuple(lines), owed, tuple(left), ageing)


def _ageing(items: Sequence[ItemStatement], today: date, policy: AgeingPolicy) -> tuple[Aged, ...]:
    uppers: list[int | None] = [*policy.upper_days, None]
    lowers: list[int | None] = [None, *(upper + 1 for upper in policy.upper_days)]
    found = []
    for low, high in zip(lowers, uppers, strict=True):
        amount = sum(
            item.row.balance_minor
            for item in items
            if (low is None or (today - item.row.due_on).days >= low)
            and (high is None or (today - item.row.due_on).days <= high)
        )
        found.append(Aged(low, high, amount))
    return tuple(found)
