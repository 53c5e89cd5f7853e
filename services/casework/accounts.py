"""Commands on a customer's account: decided on all facts that the log holds of the customer.

What was decided before is in the customer's own stream, which a command relies on: so of two
who ask for the last of a limit, one sees the room that the other's answer has reserved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from events.customers.account_reasons import UNKNOWN_CUSTOMER
from events.customers.accounts import (
    Account,
    CheckCredit,
    Command,
    Item,
    Verdict,
    decide,
)
from events.envelope import BranchId, CustomerId, RecordedEvent
from events.facts import Fact, fact_of
from events.home import Home
from events.money import MAX_MINOR, Money
from events.policy import Reference
from events.refusals import Refused, refuse
from events.streams import customer_stream
from events.touchpoints.payment import DisputeSettled, InvoiceDisputed, PaymentReceived
from events.touchpoints.policy import CreditPolicy
from projections.facts import Facts
from projections.merged import Merged
from projections.receivables.credit import CreditRequest, decide_credit
from projections.receivables.lines import Statement
from projections.receivables.statement import explain
from services.casework.customers import CustomerOrder, Customers
from services.casework.executing import Answer, Decided, Order, Stream, Streams
from services.errors import Unavailable
from services.intake.answers import EventRefused
from services.ports import StreamVersion

AccountOrder = CustomerOrder[Command]


class Accounts:
    """The accounts of the company's customers, as commands find them.

    A customer who was merged has the account of the one it was merged into.
    """

    def __init__(self, streams: Streams, customers: Customers) -> None:
        self._streams = streams
        self._customers = customers

    async def execute(self, asked: AccountOrder, reference: Reference, now: datetime) -> Answer:
        """Return what became of a command. Raises: Unavailable, UnreadableEvent, EventRefused."""
        group = await self._customers.read(asked.customer)
        before = await self._done_before(asked.order(), group)
        if before is not None:
            return before
        told = _told(asked.customer, group, now)
        root, again = told.root, False
        if not told.facts:
            return refuse(UNKNOWN_CUSTOMER, customer=asked.customer)

        async def decided(events: Sequence[RecordedEvent], now: datetime) -> Decided | Refused:
            nonlocal told, again
            if again and told.relied_on:  # one of these moved, perhaps
                told = _told(asked.customer, await self._customers.read(asked.customer), now)
                if told.root != root:
                    raise Unavailable("the customer is being merged or parted; try again")
            again = True
            known = {fact.id: fact for fact in (*told.facts, *map(fact_of, events))}
            account = account_at(
                root, [*known.values()], len(events), now, reference, asked.command
            )
            found = decide(asked.command, asked.by, now, account)
            return found if isinstance(found, Refused) else Decided(found, told.relied_on)

        latest = max(fact.effective_at for fact in told.facts)
        branch = BranchId(Home(told.facts).branch_at(latest) or "")
        stream = Stream(customer_stream(root), root, branch)
        return await self._streams.execute(stream, asked.order(), decided)

    async def _done_before(self, order: Order, group: Merged) -> Answer | None:
        """Return what an order of this key did, to whichever of the group was the root then.

        Raises: Unavailable, UnreadableEvent.
        """
        first = None if order.only_tried else order.event_id(0)
        for customer in group.identity.customers:
            if any(fact.id == first for fact in group.own(customer)):
                return await self._streams.done_before(customer_stream(customer), order)
        return None


class _Told(NamedTuple):
    """Whose account a customer has, the facts of it, and the streams that these were read from."""

    root: CustomerId
    facts: Sequence[Fact]
    relied_on: Sequence[StreamVersion]  # besides the root's own


def _told(customer: CustomerId, group: Merged, now: datetime) -> _Told:
    root = group.identity.root_at(customer, now)
    facts = group.told(root, now) or ()
    members = group.identity.groups_at(now).get(root, ())
    relied_on = [_version(customer_stream(one), facts) for one in members if one != root]
    return _Told(root, facts, relied_on)


def _version(stream: str, facts: Sequence[Fact]) -> StreamVersion:
    numbers = (fact.sequence for fact in facts if fact.source == stream)
    return StreamVersion(stream, max(numbers, default=0))


def account_at(
    customer: CustomerId,
    facts: Sequence[Fact],
    version: int,
    now: datetime,
    reference: Reference,
    command: Command,
) -> Account:
    """Return how an account stands at an instant, as a command needs to know it."""
    statement = explain(customer, Facts(facts), now, reference)
    policy = reference.in_force(CreditPolicy, now)
    verdict = None
    if isinstance(command, CheckCredit):
        verdict = _verdict(statement, command, policy)
    return Account(
        customer=customer,
        version=version,
        today=statement.today,
        items=_items(statement),
        disputes=_disputes(facts, now),
        suspects=_suspects(statement, facts),
        reserved_hours=policy.check_reservation_hours,
        verdict=verdict,
    )


def _items(statement: Statement) -> tuple[Item, ...]:
    rows = [one.row for one in statement.items if one.row.balance_minor]
    rows.sort(key=lambda row: (row.due_on, row.item_id))
    return tuple(
        Item(row.invoice_id, Money(row.balance_minor, row.currency), row.due_on) for row in rows
    )


def _disputes(facts: Sequence[Fact], now: datetime) -> Mapping[str, str]:
    """Return the disputes that are open, and the invoices that they are about."""
    past = [fact.data for fact in facts if fact.effective_at <= now]
    settled = {data.dispute_id for data in past if isinstance(data, DisputeSettled)}
    return {
        data.dispute_id: data.invoice_id
        for data in past
        if isinstance(data, InvoiceDisputed) and data.dispute_id not in settled
    }


def _suspects(statement: Statement, facts: Sequence[Fact]) -> Mapping[str, str]:
    """Return the payments suspected to be double reports, each with the payment it equals."""
    suspects = {one.source_id for one in statement.sources if one.state == "suspect"}
    payments = [
        fact.data
        for fact in sorted(facts, key=lambda fact: fact.fact_key)
        if isinstance(fact.data, PaymentReceived)
    ]
    first: dict[tuple[str | None, Money], str] = {}
    for one in payments:
        first.setdefault((one.bank_reference, one.amount), one.payment_id)
    return {
        one.payment_id: first[one.bank_reference, one.amount]
        for one in payments
        if one.payment_id in suspects
    }


def _verdict(statement: Statement, command: CheckCredit, policy: CreditPolicy) -> Verdict:
    request = CreditRequest(
        purpose=command.purpose, amount=command.amount, order_id=command.order_id
    )
    found = decide_credit(statement, request, policy)
    if found.exposure_minor > MAX_MINOR:
        raise EventRefused(
            "out_of_range",
            "amount",
            f"comes on top of an exposure of more than {MAX_MINOR} minor units",
            "correct the invoices, orders or checks whose amounts cannot be right",
        )
    currency = command.amount.currency
    items = _items(statement)
    return Verdict(
        approved=found.approved,
        rule=found.reason,
        exposure=Money(max(0, found.exposure_minor), currency),  # whoever has credit owes nothing
        limit=None if found.limit_minor is None else Money(found.limit_minor, currency),
        longest=items[0].invoice_id if items else None,
        days=max(0, statement.longest_overdue_days),
    )
