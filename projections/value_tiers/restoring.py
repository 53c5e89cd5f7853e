"""The memo of customer value made again of what was kept of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from sys import intern

import msgspec

from events.calendars import zone
from events.policy import Reference
from projections.books.days import Days, days_in
from projections.books.records import NOTHING, Invoice, Source
from projections.books.restoring import Parts, fill
from projections.keeping import fact_again
from projections.value_tiers.books import Sighting
from projections.value_tiers.collected import CollectedLedger
from projections.value_tiers.contributions import (
    BalanceChange,
    Claim,
    Contribution,
    Contributions,
    Ending,
)
from projections.value_tiers.history import History
from projections.value_tiers.keeping import COUNTS, ENDS, INVOICE, ORDER
from projections.value_tiers.kept import (
    KeptBought,
    KeptClaim,
    KeptCollected,
    KeptContribution,
    KeptHappenings,
    KeptParts,
    KeptSubjects,
    KeptValue,
)
from projections.value_tiers.memo import ValueMemo
from projections.value_tiers.sales import Bought, Purchases, Sale
from projections.value_tiers.tills import OrderParts, Subject

_DECODER = msgspec.msgpack.Decoder(KeptValue)


def memo_again(state: bytes, reference: Reference) -> ValueMemo:
    """Return a memo as it was kept under the same rules. Raises: msgspec.DecodeError."""
    told = _DECODER.decode(state)
    memo = ValueMemo(reference, told.for_all)
    books = memo.books
    parts = fill(books.ledger, told.collected.books)
    counted = _happenings_again(books.contributions, told.happenings, books.ledger, parts)
    _collected_again(books.ledger, told.collected, counted, parts)
    books.counts.update(told.counts)
    books.sightings = {
        currency: [Sighting(*one) for one in seen] for currency, seen in told.sightings.items()
    }
    books.segments = told.segments
    books.first = None if told.first is None else fact_again(told.first)
    books.orders = told.orders
    books.freight = {order_id: counted[n] for order_id, n in told.freight.items()}
    books.visits = told.visits
    books.ledger.resold = dict.fromkeys(_subjects_again(told.resold, books.ledger, parts))
    memo.branch_id = told.branch_id
    if told.zone is not None:
        assert told.history is not None
        assert told.bought is not None
        days = days_in(zone(told.zone))
        history = History(books, days)
        history.fill(told.history)
        memo.read = (days, history, _bought_again(days, told.bought, books.ledger, parts))
    return memo


def _happenings_again(
    into: Contributions, kept: KeptHappenings, ledger: CollectedLedger, parts: Parts
) -> list[Contribution]:
    """Let contributions be those that were kept; return them by number."""
    counted = [_contribution_again(one, ledger, parts) for one in kept.contributions]
    counts, endings, balances = iter(counted), iter(kept.endings), iter(kept.balances)
    happenings = into.happenings
    for kind in kept.kinds:
        if kind == COUNTS:
            happenings.append(next(counts))
        elif kind == ENDS:
            at, number = next(endings)
            happenings.append(Ending(at, counted[number]))
        else:
            at, currency, due, change = next(balances)
            happenings.append(BalanceChange(at, intern(currency), due, change))
    into.corrected = [counted[n] for n in kept.corrected]
    into.currencies = kept.currencies
    return counted


def _contribution_again(
    kept: KeptContribution, ledger: CollectedLedger, parts: Parts
) -> Contribution:
    """Return a contribution that has instants and texts in common with the books."""
    source = None if kept.source is None else parts.sources[kept.source]
    at, event_id = kept.at, kept.event_id
    if source is not None:
        event_id = source.event_id
        at = source.at if at is None else at
    assert at is not None
    assert event_id is not None
    invoice = ledger.invoices.get(kept.subject)
    subject = kept.subject if invoice is None else invoice.invoice_id
    one = Contribution(
        kept.component,
        intern(kept.currency),
        kept.amount,
        at,
        at if kept.on is None else kept.on,
        event_id,
        subject,
    )
    one.until = kept.until
    one.ended_by = kept.ended_by
    one.corrected = kept.corrected
    return one


def _claim_again(
    kept: KeptClaim, counted: list[Contribution], invoice: Invoice | None = None
) -> Claim:
    subject = kept.subject
    if subject is None:
        assert invoice is not None
        subject = invoice.invoice_id
    claim = Claim(subject, intern(kept.currency), kept.gross, 0, kept.component)
    claim.net = kept.net
    claim.cost = kept.cost
    claim.total = kept.total
    claim.back = kept.back
    claim.paid = kept.paid
    claim.settled = kept.settled
    for key, number in kept.live:
        claim.live[key] = counted[number]
    return claim


def _collected_again(
    ledger: CollectedLedger, kept: KeptCollected, counted: list[Contribution], parts: Parts
) -> None:
    sources, items, invoices = parts.sources, parts.items, parts.invoices
    for n, claim in kept.claims:
        ledger.claims[invoices[n]] = _claim_again(claim, counted, invoices[n])
    ledger.stood = {items[n]: (balance, due_on) for n, balance, due_on in kept.stood}
    for one in kept.parts:
        ledger.parts[one.order_id] = _parts_again(one, parts, counted)
    for n, number in kept.cash:
        ledger.cash[sources[n]] = None if number is None else counted[number]
    ledger.cash_notes = {sources[n]: amount for n, amount in kept.cash_notes}
    ledger.by = kept.by
    ledger.correcting = kept.correcting


def _parts_again(kept: KeptParts, parts: Parts, counted: list[Contribution]) -> OrderParts:
    sources = parts.sources
    found = OrderParts()
    found.data = kept.data
    if kept.placed_at is not None:
        found.placed_at = kept.placed_at
    found.notes = tuple(sources[n] for n in kept.notes)
    found.split = kept.split
    found.billed = kept.billed
    found.citing = tuple(sources[n] for n in kept.citing)
    found.parts = _amounts(kept.parts, sources)
    found.paid = kept.paid
    found.kept = _amounts(kept.kept, sources)
    found.own = _amounts(kept.own, sources)
    found.stood_in = _amounts(kept.stood_in, sources)
    found.back = kept.back
    if kept.claim is not None:
        found.claim = _claim_again(kept.claim, counted)
    return found


def _amounts(kept: Sequence[tuple[int, int]], sources: Sequence[Source]) -> dict[Source, int]:
    return {sources[n]: amount for n, amount in kept} if kept else NOTHING


def _subjects_again(kept: KeptSubjects, ledger: CollectedLedger, parts: Parts) -> list[Subject]:
    placed = list(ledger.parts.values())
    found: list[Subject] = []
    for kind, n in zip(kept.kinds, kept.numbers, strict=True):
        if kind == ORDER:
            found.append(placed[n])
        elif kind == INVOICE:
            found.append(parts.invoices[n])
        else:
            found.append(parts.sources[n])
    return found


def _bought_again(days: Days, kept: KeptBought, ledger: CollectedLedger, parts: Parts) -> Bought:
    bought = Bought(days)
    subjects = _subjects_again(kept.subjects, ledger, parts)
    for subject, sales in zip(subjects, kept.sales, strict=True):
        bought.sales[subject] = tuple(
            Sale(at, intern(currency), net, purchase, counts, sold)
            for at, currency, net, purchase, counts, sold in sales
        )
    for currency, instants in kept.instants.items():
        purchases = bought.purchases[currency] = Purchases()
        purchases.instants = instants
    bought.days_bought.update(kept.buying)
    bought.last_on = kept.last_on
    bought.amounts.update(kept.amounts)
    bought.months = None if kept.months is None else Counter(kept.months)
    return bought
