"""Random doings of a family of customers who are merged and parted, and the rows they come to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from msgspec import structs

from events.envelope import CustomerId
from events.facts import Fact
from events.money import Money
from events.partitioning import partition_of
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from events.touchpoints.order import OrderPlaced
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from projections import PROJECTIONS
from projections.facts import Facts
from services.platform import Platform
from services.ports import Submission
from services.rows.row_tables import tables_of
from tests.support.log import START, submission
from tests.support.merging import chain, parents

FAMILY = tuple(CustomerId(one) for one in ("C-X", "C-Y", "C-Z"))
NEIGHBOUR = CustomerId("C-N")
EVERYBODY = (*FAMILY, NEIGHBOUR)
NOTHING = Reference()
TOLD = 60


def told(dice: random.Random) -> list[Submission]:
    """Random invoices, payments, merges and unmerges, in the order in which they are sent."""
    found = []
    for n in range(1, TOLD + 1):
        customer = dice.choice(EVERYBODY)
        other = dice.choice(FAMILY)
        amount = Money(100 * dice.randint(1, 9), "CNY")
        due = date(2026, 3, 2) + timedelta(days=dice.randint(1, 80))
        data: Touchpoint = dice.choice(
            (
                OrderPlaced(order_id=f"O-{n}", amount=amount),
                InvoiceIssued(invoice_id=f"I-{n}", amount=amount, due_on=due),
                InvoiceIssued(invoice_id=f"I-{n}", amount=amount, due_on=due),
                PaymentReceived(payment_id=f"P-{n}", amount=amount),
                PaymentReceived(payment_id=f"P-{n}", amount=amount),
                CustomerMerged(into=other),
                CustomerMerged(into=other),
                CustomerUnmerged(out_of=other),
            )
        )
        one = submission(n, data, customer)
        at = START + timedelta(hours=dice.randint(0, 24 * 80))
        found.append(structs.replace(one, envelope=structs.replace(one.envelope, effective_at=at)))
    return found


def facts_of(submissions: Sequence[Submission]) -> dict[CustomerId, list[Fact]]:
    facts: dict[CustomerId, list[Fact]] = {}
    for one in submissions:
        e = one.envelope
        assert e.subject is not None
        fact = Fact(e.id, e.effective_at, e.branch_id, e.source, e.epoch, e.sequence, one.data)
        facts.setdefault(e.subject, []).append(fact)
    return facts


Rows = dict[tuple[str, str], set[str]]


def expected(submissions: Sequence[Submission], at: datetime) -> Rows:
    """The rows from nothing: of each root what one customer would have who did all of it."""
    facts = facts_of(submissions)
    parent = parents(facts, at)
    found: Rows = {}
    for root in EVERYBODY:
        if root in parent:
            continue
        union = [f for one in facts if chain(parent, one)[-1] == root for f in facts[one]]
        for projection in PROJECTIONS:
            some = Facts(union, projection.handles)
            if not len(some):
                continue
            for table, rows in projection.assess(root, some, at, NOTHING).rows.items():
                key = (root, f"{projection.name} {table}")
                found[key] = {repr(row) for row in rows}
    return {key: rows for key, rows in found.items() if rows}


async def live(platform: Platform) -> Rows:
    """The rows that stand in the database."""
    found: Rows = {}
    for projection in PROJECTIONS:
        for name, table in tables_of(projection).items():
            for record in await platform.pool.fetch(f"SELECT * FROM {table.name}"):
                fields = dict(record)
                customer = fields.pop("customer_id")
                assert fields.pop("partition") == partition_of(customer)
                row = projection_row(table.table.row, fields)
                found.setdefault((customer, f"{projection.name} {name}"), set()).add(row)
    return found


def projection_row(kind: type, fields: dict[str, object]) -> str:
    return repr(kind(**fields))
