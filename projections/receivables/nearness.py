"""What will happen to an open item by the mere passing of days, if nothing comes in before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

from msgspec import Struct

from events.calendars import zone
from events.policy import Reference
from events.touchpoints.policy import CreditPolicy
from projections.books.days import days_in
from projections.receivables.lines import ItemStatement, Statement
from projections.receivables.rules import rules_of


class NearItem(Struct, frozen=True):
    """On `on` a dunning level falls due about an item, or the item shuts the credit gate."""

    what: Literal["dunning", "gate"]
    on: date
    item_id: str
    level: int | None  # of dunning
    amount_minor: int
    currency: str


def near_items(statement: Statement, reference: Reference, days: int) -> list[NearItem]:
    """Return what comes within so many days, what comes first first.

    The gate shuts once: what would shut it is told only while nothing is overdue too long yet.
    """
    last = statement.today + timedelta(days=days)
    found = [*_dunning(statement, reference), *_gate(statement, reference)]
    near = [one for one in found if statement.today < one.on <= last]
    return sorted(near, key=lambda one: (one.on, one.what, one.item_id))


def _dunning(statement: Statement, reference: Reference) -> Iterator[NearItem]:
    rules, local = rules_of(reference), days_in(zone(statement.zone))
    for item in _sold(statement):
        row = item.row
        if row.hold is not None or row.dunning_due is not None:
            continue
        level = (row.dunning_level or 0) + 1
        sent = max((line.at for line in item.notices if line.level == level - 1), default=None)
        ready = rules.dunning_from(
            level, row.due_on.toordinal(), local, None if sent is None else local.of(sent)
        )
        if ready is not None:
            day = date.fromordinal(local.of(ready))
            yield NearItem("dunning", day, row.item_id, level, row.balance_minor, row.currency)


def _gate(statement: Statement, reference: Reference) -> Iterator[NearItem]:
    most = reference.in_force(CreditPolicy, statement.at).max_days_overdue
    if statement.longest_overdue_days > most:
        return
    for item in _sold(statement):
        row = item.row
        day = row.due_on + timedelta(days=most + 1)
        yield NearItem("gate", day, row.item_id, None, row.balance_minor, row.currency)


def _sold(statement: Statement) -> Iterator[ItemStatement]:
    """Yield open items by themselves: a fee and interest go with what they are on."""
    for item in statement.items:
        if item.row.status == "open" and item.row.kind not in ("fee", "interest"):
            yield item
