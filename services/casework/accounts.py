"""Commands on a customer's account: decided on all facts that the log holds of the customer.

What was decided before is in the customer's own stream, which a command relies on: so of two
who ask for the last of a limit, one sees the room that the other's answer has reserved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from events.cases.staff import Staff
from events.customers.account_reasons import UNKNOWN_CUSTOMER
from events.customers.accounts import (
    Account,
    CheckCredit,
    Command,
    Item,
    Verdict,
    decide,
)
from events.envelope import BranchId, CustomerId, PositionVector, RecordedEvent
from events.facts import Fact, fact_of
from events.home import Home
from events.money import Money
from events.partitioning import partition_of
from events.policy import Reference
from events.refusals import Refused, refuse
from events.streams import customer_stream
from events.touchpoints.payment import DisputeSettled, InvoiceDisputed, PaymentReceived
from events.touchpoints.policy import CreditPolicy
from projections.facts import Facts
from projections.receivables.credit import CreditRequest, decide_credit
from projections.receivables.lines import Statement
from projections.receivables.statement import explain
from services.casework.executing import Answer, Decided, Order, Stream, Streams
from services.errors import Unavailable, UnreadableEvent
from services.log.dossiers import PostgresDossiers
from services.ports import EventLog
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

_PATIENCE_S = 5.0
_LOOK_S = 0.05


class AccountOrder(Struct, frozen=True, kw_only=True):
    """A command on a customer's account: who asks, under which key, and what."""

    customer: CustomerId
    command: Command
    by: Staff
    key: str
    seen: int | None = None
    personal: Mapping[str, str] | None = None

    def order(self) -> Order:
        """Return the command as streams execute it."""
        command = self.command
        name = type(command).__name__
        content = [self.customer, name, msgspec.to_builtins(command), self.personal or {}]
        return Order(
            by=self.by.agent,
            key=self.key,
            content=msgspec.json.encode(content, order="sorted"),
            seen=self.seen,
            personal=self.personal,
        )


class Accounts:
    """The accounts of the company's customers, as commands find them."""

    def __init__(self, streams: Streams, log: EventLog, pool: Pool) -> None:
        self._streams = streams
        self._log = log
        self._pool = pool
        self._dossiers = PostgresDossiers(pool)

    async def execute(self, asked: AccountOrder, reference: Reference) -> Answer:
        """Return what became of a command. Raises: Unavailable, UnreadableEvent, EventRefused."""
        customer = asked.customer
        facts = await self._facts(customer)
        if not facts:
            return refuse(UNKNOWN_CUSTOMER, customer=customer)

        async def decided(events: Sequence[RecordedEvent], now: datetime) -> Decided | Refused:
            known = {fact.id: fact for fact in (*facts, *map(fact_of, events))}
            account = account_at(
                customer, [*known.values()], len(events), now, reference, asked.command
            )
            found = decide(asked.command, asked.by, now, account)
            return found if isinstance(found, Refused) else Decided(found)

        latest = max(fact.effective_at for fact in facts)
        branch = BranchId(Home(facts).branch_at(latest) or "")
        stream = Stream(customer_stream(customer), customer, branch)
        return await self._streams.execute(stream, asked.order(), decided)

    async def _facts(self, customer: CustomerId) -> Sequence[Fact]:
        """Return all facts that were in the log when this was asked. Raises: Unavailable."""
        heads = await self._log.heads()
        await self._kept(heads, partition_of(customer))
        found = await self._dossiers.facts_of([customer], heads)
        for dossier in found:
            for one in dossier.unreadable:
                raise UnreadableEvent(f"event {one.event_id} cannot be read: {one.reason}")
        return [fact for dossier in found for fact in dossier.facts]

    async def _kept(self, heads: PositionVector, partition: int) -> None:
        """Wait until the events table has what the log had. Raises: Unavailable."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _PATIENCE_S
        while True:
            with translated():
                rows = await self._pool.fetch(sql("readable_heads"), heads.generation)
            if rows[partition]["next_n"] >= heads.counts[partition]:
                return
            if loop.time() > end:
                raise Unavailable(
                    "the customer's latest events are not readable yet; try again in a moment"
                )
            await asyncio.sleep(_LOOK_S)


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
    currency = command.amount.currency
    items = _items(statement)
    return Verdict(
        approved=found.approved,
        rule=found.reason,
        exposure=Money(found.exposure_minor, currency),
        limit=None if found.limit_minor is None else Money(found.limit_minor, currency),
        longest=items[0].invoice_id if items else None,
        days=max(0, statement.longest_overdue_days),
    )
