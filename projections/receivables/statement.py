"""A customer's receivables explained: which events make each figure, and which do not count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from events.envelope import CustomerId
from events.policy import Reference
from projections.books.account import Account
from projections.books.records import Item, Source
from projections.facts import Facts
from projections.receivables.alerts import AlertBook
from projections.receivables.balances import ItemState, Tally, account_row, item_row
from projections.receivables.charged import (
    AccountCharges,
    account_charges,
    charge_row,
    charge_rows,
)
from projections.receivables.lines import (
    AllocationLine,
    AnnouncedFeeLine,
    CheckLine,
    HoldLine,
    IgnoredLine,
    InterestLine,
    ItemStatement,
    NoticeLine,
    OrderLine,
    OverrideLine,
    PromiseLine,
    RefundLine,
    SourceLine,
    Statement,
    StepLine,
)
from projections.receivables.movements import covers, movements_of
from projections.receivables.promises import PromiseState
from projections.receivables.reading import ReceivablesAt
from projections.receivables.rows import AccountRow, interest_on


def explain(customer: CustomerId, facts: Facts, at: datetime, reference: Reference) -> Statement:
    """Return the customer's statement; its rows are those of the assessment."""
    reading = ReceivablesAt(facts, at, reference)
    book = reading.book
    items: list[ItemStatement] = []
    accounts: list[AccountRow] = []
    charges: list[AccountCharges] = []
    today = date.fromordinal(reading.today)
    for account in book.accounts.values():
        mine = [_item(reading, item) for item in account.items]
        items.extend(mine)
        tally = Tally()
        for item, line in zip(account.items, mine, strict=True):
            tally.count(item, line.row)
        open_rows = [line.row for line in mine if line.row.balance_minor]
        row = account_row(reading, account, tally, open_rows)
        accounts.append(row)
        terms = charge_rows(reading, account.items)
        charges.append(account_charges(row, open_rows, terms, today))
    episodes = AlertBook(customer, reading).episodes()
    return Statement(
        customer_id=customer,
        at=at,
        today=today,
        zone=reading.days.tz.key,
        branch_id=reading.branch_id,
        accounts=accounts,
        charges=charges,
        items=items,
        sources=[line for a in book.accounts.values() for line in _sources(a)],
        refunds=[line for a in book.accounts.values() for line in _refunds(a)],
        movements=[line for a in book.accounts.values() for line in movements_of(book, a)],
        promises=[_promise(promise) for promise in reading.promises.states],
        orders=list(_orders(reading)),
        checks=list(_checks(reading)),
        overrides=list(_overrides(reading)),
        alerts=[episode.alert for episode in episodes if episode.until is None],
        episodes=episodes,
        ignored=list(_ignored(reading)),
        longest_overdue_days=reading.longest_overdue,
        next_fact_at=book.next_fact_at,
    )


def _item(reading: ReceivablesAt, item: Item) -> ItemStatement:
    return ItemStatement(
        row=item_row(reading, item, ItemState(reading, item)),
        interest=_interest(reading, item),
        announced_fees=[
            AnnouncedFeeLine(
                event_id=fee.event_id, at=fee.at, level=fee.level, amount_minor=fee.amount
            )
            for fee in reading.announced(item)
        ],
        steps=[
            StepLine(
                event_id=step.event_id,
                at=step.at,
                reason=step.reason,
                balance_minor=step.balance,
                due_on=step.due_on,
            )
            for step in item.steps
        ],
        allocations=[
            AllocationLine(
                event_id=entry.source.event_id,
                at=entry.at,
                kind=entry.source.kind,
                source_id=entry.source.source_id,
                amount_minor=entry.amount,
                undone_at=entry.undone_at,
                undone_by=entry.undone_by,
                in_place_of=entry.instead_of.source.event_id if entry.instead_of else None,
                recovery=entry.recovery,
            )
            for entry in item.entries
        ],
        notices=[NoticeLine(event_id=n.event_id, at=n.at, level=n.level) for n in item.notices],
        holds=[
            HoldLine(event_id=s.event_id, at=s.start, reason=s.reason, until=s.end)
            for s in reading.holds(item)
        ],
    )


def _interest(reading: ReceivablesAt, item: Item) -> InterestLine | None:
    row = charge_row(reading, item)
    if row is None:
        return None
    found = interest_on(row, date.fromordinal(reading.today))
    return InterestLine(
        owed_minor=found.owed_minor,
        announced_minor=found.announced_minor,
        charged_minor=row.charged_minor,
        since=row.interest_from,
        principal_minor=row.principal_minor,
        rate_ppm=row.rate_ppm,
        day_count=row.day_count,
        is_owed=row.is_owed,
    )


def _sources(account: Account) -> Iterator[SourceLine]:
    for source in account.sources:
        if source.kind != "write_off":
            yield _source(account.currency, source)


def _source(currency: str, source: Source) -> SourceLine:
    return SourceLine(
        event_id=source.event_id,
        at=source.at,
        kind=source.kind,
        source_id=source.source_id,
        currency=currency,
        amount_minor=source.amount,
        free_minor=source.free,
        state=source.state,
        credit=source.pooled and source.free > 0,
        reserved=source.reserved and source.free > 0,
        release_at=source.release_at if source.reserved else None,
        invoice_ids=source.invoice_refs,
        order_ids=source.order_refs,
    )


def _refunds(account: Account) -> Iterator[RefundLine]:
    for refund in account.refunds:
        yield RefundLine(
            event_id=refund.event_id,
            at=refund.at,
            refund_id=refund.refund_id,
            currency=account.currency,
            amount_minor=refund.amount,
            uncovered_minor=refund.item.balance if refund.item is not None else 0,
            item_id=refund.item.item_id if refund.item is not None else None,
            covered_by=covers(refund),
        )


def _promise(promise: PromiseState) -> PromiseLine:
    note = promise.note
    return PromiseLine(
        event_id=note.event_id,
        at=note.at,
        promise_id=note.promise_id,
        currency=note.account.currency,
        amount_minor=note.amount,
        promised_on=note.promised_on,
        item_ids=[item.item_id for item in promise.items],
        verdict=promise.verdict,
        judged_at=promise.judged_at,
        received_minor=promise.received,
    )


def _orders(reading: ReceivablesAt) -> Iterator[OrderLine]:
    for order in reading.book.orders.values():
        if order.unbilled:
            yield OrderLine(
                order_id=order.order_id,
                event_id=order.event_id,
                currency=order.account.currency,
                amount_minor=order.amount,
                returned_minor=order.returned,
                unbilled_minor=order.unbilled,
            )


def _checks(reading: ReceivablesAt) -> Iterator[CheckLine]:
    for check in reading.book.checks:
        if check.room:
            yield CheckLine(
                event_id=check.event_id,
                at=check.at,
                check_id=check.check_id,
                purpose=check.purpose,
                order_id=check.order_id,
                currency=check.account.currency,
                room_minor=check.room,
                until=check.until,
            )


def _overrides(reading: ReceivablesAt) -> Iterator[OverrideLine]:
    for override in reading.book.overrides:
        yield OverrideLine(
            event_id=override.event_id,
            at=override.at,
            override_id=override.override_id,
            role=override.role,
            reason=override.reason,
            granted_on=date.fromordinal(reading.days.of(override.at)),
            amount_minor=override.amount,
            currency=override.currency,
            order_id=override.order_id,
            until=override.until,
        )


def _ignored(reading: ReceivablesAt) -> Iterator[IgnoredLine]:
    for note in reading.book.ignored:
        yield IgnoredLine(event_id=note.event_id, reason=note.reason)
    for (kind, ref), events in reading.book.unseen.items():
        for event in events:
            yield IgnoredLine(event_id=event.id, reason=f"unseen_{kind}", waits_for=ref)
