"""Commands on a customer's account: decided on all facts that the log holds of the customer.

A command relies on there being no fact of the customer, nor of whoever is merged with it, that it
did not read: an order published meanwhile is counted, a merge decided meanwhile is seen, and of
two who ask for the last of a limit, one sees the room that the other's answer has reserved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from events.customers.account_commands import CheckCredit, Command
from events.customers.account_reasons import UNKNOWN_CUSTOMER
from events.customers.accounts import Account, Item, Verdict, decide
from events.envelope import BranchId, CustomerId, RecordedEvent
from events.facts import Fact
from events.home import Home
from events.money import MAX_MINOR, Money
from events.policy import Reference
from events.refusals import Refused, refuse
from events.streams import customer_stream
from events.texts import worded
from events.touchpoints.payment import DisputeSettled, InvoiceDisputed, PaymentReceived
from events.touchpoints.policy import CreditPolicy
from projections.facts import Facts
from projections.receivables.credit import CreditRequest, decide_credit
from projections.receivables.lines import Statement
from projections.receivables.statement import explain
from services.casework.customers import Customers, Group, done_before
from services.casework.executing import Answer, Decided, Stream, Streams
from services.casework.ordering import CommandOn
from services.errors import Unavailable
from services.intake.answers import EventRefused

_TRIES = 5


class Accounts:
    """The accounts of the company's customers, as commands find them.

    A customer who was merged has the account of the one it was merged into.
    """

    def __init__(self, streams: Streams, customers: Customers) -> None:
        self._streams = streams
        self._customers = customers

    async def execute(
        self, asked: CommandOn[Command], reference: Reference, now: datetime
    ) -> Answer:
        """Return what became of a command. Raises: Unavailable, UnreadableEvent, EventRefused."""
        customer = CustomerId(asked.on)
        for _ in range(_TRIES):
            group = await self._customers.group(customer)
            before = await done_before(self._streams, asked.order(), group)
            if before is not None:
                return before
            if not told_of(group, customer, now)[1]:
                return refuse(UNKNOWN_CUSTOMER, customer=customer)
            try:
                return await self._of_root(asked, group, reference, now)
            except _OtherRoot:
                continue
        raise Unavailable("the customer is merged and parted all the time; try again in a moment")

    async def standing(
        self, customer: CustomerId, asked: Command, reference: Reference, now: datetime
    ) -> Account | None:
        """Return how the account that a customer has stands for a command; None: unknown.

        Raises: Unavailable, UnreadableEvent, EventRefused.
        """
        group = await self._customers.group(customer)
        root, facts = told_of(group, customer, now)
        if not facts:
            return None
        version = len(await self._streams.events(customer_stream(root)))
        return account_at(root, facts, version, now, reference, asked)

    async def _of_root(
        self, asked: CommandOn[Command], group: Group, reference: Reference, now: datetime
    ) -> Answer:
        """Execute a command on the stream of whose account it is now. Raises: _OtherRoot."""
        customer = CustomerId(asked.on)
        (root, facts), is_new = told_of(group, customer, now), True

        async def decided(events: Sequence[RecordedEvent], now: datetime) -> Decided | Refused:
            nonlocal group, is_new
            if not is_new:  # somebody moved
                group = await self._customers.group(customer)
            is_new = False
            latest = group.and_own(root, events)
            whose, known = told_of(latest, customer, now)
            if whose != root:
                raise _OtherRoot
            account = account_at(root, known, len(events), now, reference, asked.command)
            found = decide(asked.command, asked.by, now, account)
            return found if isinstance(found, Refused) else Decided(found, latest.relied_on)

        latest = max(fact.effective_at for fact in facts)
        branch = BranchId(Home(facts).branch_at(latest) or "")
        stream = Stream(customer_stream(root), root, branch)
        return await self._streams.execute(stream, asked.order(), decided)


class _OtherRoot(Exception):
    """Whose account the customer has is another one by now."""


def told_of(group: Group, customer: CustomerId, now: datetime) -> tuple[CustomerId, Sequence[Fact]]:
    """Return whose account a customer has at an instant, and its facts."""
    root = group.facts.identity.root_at(customer, now)
    return root, group.facts.told(root, now) or ()


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


def open_invoices(
    customer: CustomerId, group: Group, now: datetime, reference: Reference
) -> frozenset[str]:
    """Return the invoices on which something is open in the account that a customer has."""
    root, facts = told_of(group, customer, now)
    statement = explain(root, Facts(facts), now, reference)
    return frozenset(
        one.row.invoice_id
        for one in statement.items
        if one.row.status == "open" and one.row.kind != "refund"
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
            worded(
                "comes on top of an exposure of more than %(max_minor)s minor units",
                max_minor=MAX_MINOR,
            ),
            worded("correct the invoices, orders or checks whose amounts cannot be right"),
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
