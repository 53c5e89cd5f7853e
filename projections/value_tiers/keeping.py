"""The memo of customer value as it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from projections.books.keeping import Numbers, kept_books
from projections.books.records import Invoice, Source
from projections.keeping import kept_fact, packed
from projections.value_tiers.collected import CollectedLedger
from projections.value_tiers.contributions import (
    BalanceChange,
    Claim,
    Contribution,
    Contributions,
    Ending,
)
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
from projections.value_tiers.sales import Bought
from projections.value_tiers.tills import OrderParts, Subject

COUNTS, ENDS, BALANCE = 0, 1, 2
"""Kinds of happenings: a contribution counts, or ends, or a balance changes."""

ORDER, INVOICE, SOURCE = 0, 1, 2
"""Kinds of subjects of sales."""


def kept_memo(memo: ValueMemo) -> bytes:
    """Return a memo as it is kept."""
    books, read = memo.books, memo.read
    counted = _numbered(books.contributions)
    numbers = Numbers(books.ledger)
    return packed(
        KeptValue(
            for_all=books.for_all,
            happenings=_kept_happenings(books.contributions, counted, numbers),
            collected=_kept_collected(books.ledger, numbers, counted),
            counts=books.counts,
            sightings=books.sightings,
            segments=books.segments,
            first=None if books.first is None else kept_fact(books.first),
            orders=books.orders,
            freight={order_id: counted[one] for order_id, one in books.freight.items()},
            visits=books.visits,
            resold=_kept_subjects(books.ledger.resold, books.ledger, numbers),
            branch_id=memo.branch_id,
            zone=None if read is None else read[0].tz.key,
            bought=None if read is None else _kept_bought(read[2], books.ledger, numbers),
            history=None if read is None else read[1].kept(),
        )
    )


def _numbered(contributions: Contributions) -> dict[Contribution, int]:
    return {one: number for number, one in enumerate(contributions)}


def _kept_happenings(
    contributions: Contributions, counted: dict[Contribution, int], numbers: Numbers
) -> KeptHappenings:
    sources = {source.event_id: source for source in numbers.sources}
    kinds = bytearray()
    endings: list[tuple[datetime, int]] = []
    balances: list[tuple[datetime, str, int, int]] = []
    for one in contributions.happenings:
        if isinstance(one, Ending):
            kinds.append(ENDS)
            endings.append((one.at, counted[one.contribution]))
        elif isinstance(one, BalanceChange):
            kinds.append(BALANCE)
            balances.append((one.at, one.currency, one.due, one.change))
        else:
            kinds.append(COUNTS)
    return KeptHappenings(
        kinds=bytes(kinds),
        contributions=[_kept_contribution(one, sources, numbers) for one in counted],
        endings=endings,
        balances=balances,
        corrected=[counted[one] for one in contributions.corrected],
        currencies=contributions.currencies,
    )


def _kept_contribution(
    one: Contribution, sources: dict[str, Source], numbers: Numbers
) -> KeptContribution:
    source = sources.get(one.event_id)
    return KeptContribution(
        component=one.component,
        currency=one.currency,
        amount=one.amount,
        source=None if source is None else numbers.sources[source],
        event_id=one.event_id if source is None else None,
        at=None if source is not None and source.at == one.at else one.at,
        on=None if one.on == one.at else one.on,
        subject=one.subject,
        until=one.until,
        ended_by=one.ended_by,
        corrected=one.corrected,
    )


def _kept_claim(
    claim: Claim, counted: dict[Contribution, int], invoice: Invoice | None = None
) -> KeptClaim:
    known = invoice is not None and invoice.invoice_id == claim.subject
    return KeptClaim(
        subject=None if known else claim.subject,
        component=claim.component,
        currency=claim.currency,
        gross=claim.gross,
        net=claim.net,
        cost=claim.cost,
        total=claim.total,
        back=claim.back,
        paid=claim.paid,
        settled=claim.settled,
        live=tuple((key, counted[one]) for key, one in claim.live.items()),
    )


def _kept_collected(
    ledger: CollectedLedger, numbers: Numbers, counted: dict[Contribution, int]
) -> KeptCollected:
    sources = numbers.sources
    return KeptCollected(
        books=kept_books(ledger, numbers),
        claims=[
            (numbers.invoices[invoice], _kept_claim(claim, counted, invoice))
            for invoice, claim in ledger.claims.items()
        ],
        stood=[
            (numbers.items[item], balance, due_on)
            for item, (balance, due_on) in ledger.stood.items()
        ],
        parts=[
            _kept_parts(order_id, parts, numbers, counted)
            for order_id, parts in ledger.parts.items()
        ],
        cash=[
            (sources[source], None if one is None else counted[one])
            for source, one in ledger.cash.items()
        ],
        cash_notes=[(sources[note], amount) for note, amount in ledger.cash_notes.items()],
        by=ledger.by,
        correcting=ledger.correcting,
    )


def _kept_parts(
    order_id: str, parts: OrderParts, numbers: Numbers, counted: dict[Contribution, int]
) -> KeptParts:
    sources = numbers.sources
    return KeptParts(
        order_id=order_id,
        data=parts.data,
        placed_at=None if parts.data is None else parts.placed_at,
        notes=tuple(sources[note] for note in parts.notes),
        split=parts.split,
        billed=parts.billed,
        citing=[sources[source] for source in parts.citing],
        parts=[(sources[source], amount) for source, amount in parts.parts.items()],
        paid=parts.paid,
        kept=[(sources[source], amount) for source, amount in parts.kept.items()],
        own=[(sources[note], amount) for note, amount in parts.own.items()],
        stood_in=[(sources[note], amount) for note, amount in parts.stood_in.items()],
        back=parts.back,
        claim=None if parts.claim is None else _kept_claim(parts.claim, counted),
    )


def _kept_subjects(
    subjects: Iterable[Subject], ledger: CollectedLedger, numbers: Numbers
) -> KeptSubjects:
    placed = {parts: number for number, parts in enumerate(ledger.parts.values())}
    kinds = bytearray()
    found: list[int] = []
    for subject in subjects:
        if isinstance(subject, OrderParts):
            kinds.append(ORDER)
            found.append(placed[subject])
        elif isinstance(subject, Invoice):
            kinds.append(INVOICE)
            found.append(numbers.invoices[subject])
        else:
            kinds.append(SOURCE)
            found.append(numbers.sources[subject])
    return KeptSubjects(bytes(kinds), found)


def _kept_bought(bought: Bought, ledger: CollectedLedger, numbers: Numbers) -> KeptBought:
    return KeptBought(
        subjects=_kept_subjects(bought.sales, ledger, numbers),
        sales=list(bought.sales.values()),
        instants={currency: one.instants for currency, one in bought.purchases.items()},
        buying=bought.days_bought,
        last_on=bought.last_on,
        amounts=bought.amounts,
        months=bought.months,
    )
