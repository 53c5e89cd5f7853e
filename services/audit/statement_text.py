"""A customer's receivables as text: every balance with the events that explain it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from projections.receivables.charged import AccountCharges
from projections.receivables.lines import InterestLine, ItemStatement, SourceLine, Statement
from projections.receivables.movements import MovementKind
from services.audit.texts import When
from services.wording import amount, counted

_MOVEMENTS: Mapping[MovementKind, str] = {
    "credit_note": "credit note",
    "credited_order": "credit note on order",
    "displaced": "payment displaced on",
    "gave_way": "write-off gave way on",
    "recovery": "recovery on",
    "restored": "written off again on",
    "refund": "refund",
    "refund_covered": "covered refund",
    "owed_back": "owed back as",
    "fee": "reminder fee",
    "fee_announced": "reminder fee announced, not owed, on",
    "interest": "interest charged as",
}
"""What each movement is called before its subject."""


def statement_lines(told: Statement, when: When) -> Iterator[str]:
    """Yield the lines of a statement: accounts, items, sources, promises, alerts."""
    for row, charges in zip(told.accounts, told.charges, strict=True):
        yield (
            f"{row.currency}: outstanding {amount(charges.outstanding_minor, row.currency)}, "
            f"overdue {amount(charges.overdue_minor, row.currency)}, "
            f"owed back {amount(row.owed_back_minor, row.currency)}, "
            f"credit {amount(row.credit_minor, row.currency)}, "
            f"reserved {amount(row.reserved_minor, row.currency)}; "
            f"gate {row.gate_refusal or 'open'}"
        )
        limit = row.limit_minor
        yield (
            f"    exposure {amount(row.exposure_minor, row.currency)}, of it reserved by credit "
            f"checks {amount(row.checks_minor, row.currency)}; limit "
            f"{'none' if limit is None else amount(limit, row.currency)}"
        )
        yield from _charges_lines(charges)
    for item in told.items:
        yield from _item_lines(item, told, when)
    for source in told.sources:
        state = _state(source, when)
        if state:
            yield (
                f"{source.kind} {source.source_id} {when(source.at)}: "
                f"{amount(source.amount_minor, source.currency)}, {state}  event {source.event_id}"
            )
    for line in told.movements:
        by = f" by event {line.by}" if line.by else ""
        yield (
            f"{_MOVEMENTS[line.kind]} {line.subject} {when(line.at)}: "
            f"{amount(line.amount_minor, line.currency)}{by}  event {line.event_id}"
        )
    for promise in told.promises:
        yield (
            f"promise {promise.promise_id}: {amount(promise.amount_minor, promise.currency)} by "
            f"{promise.promised_on}, {promise.verdict}, received "
            f"{amount(promise.received_minor, promise.currency)}  event {promise.event_id}"
        )
    for alert in told.alerts:
        yield (
            f"alert {alert.kind} {alert.threshold or ''} on {alert.subject} since "
            f"{when(alert.since)}: {amount(alert.amount_minor, alert.currency)}"
        )
    for ignored in told.ignored:
        waits = f", waits for {ignored.waits_for}" if ignored.waits_for else ""
        yield f"without effect: {ignored.reason}{waits}  event {ignored.event_id}"


def _charges_lines(charges: AccountCharges) -> Iterator[str]:
    """Yield an account's fees and interest, where there are any."""
    currency = charges.currency
    if charges.fees_minor or charges.interest_minor:
        yield (
            f"    of it fees {amount(charges.fees_minor, currency)}, interest "
            f"{amount(charges.interest_minor, currency)}"
        )
    if charges.fees_announced_minor or charges.interest_announced_minor:
        yield (
            f"    announced, not owed: fees {amount(charges.fees_announced_minor, currency)}, "
            f"interest {amount(charges.interest_announced_minor, currency)}"
        )


def _interest_line(line: InterestLine, currency: str) -> str:
    """Return an item's interest with the term by which it grows."""
    state = "owed" if line.is_owed else "announced, not owed"
    found = f"    interest {amount(line.owed_minor, currency)}"
    if line.announced_minor:
        found += f" and announced {amount(line.announced_minor, currency)}"
    if line.charged_minor:
        found += f", {amount(line.charged_minor, currency)} of it charged before"
    if line.rate_ppm:
        found += (
            f"; {state}: {line.rate_ppm / 10_000:g}% a year of "
            f"{amount(line.principal_minor, currency)} since {line.since}, {line.day_count}"
        )
    return found


def _item_lines(item: ItemStatement, told: Statement, when: When) -> Iterator[str]:
    row = item.row
    past = (told.today - row.due_on).days
    state = f"{counted(past, 'day')} past due" if row.balance_minor and past > 0 else row.status
    marks = [mark for mark in ("disputed" if row.disputed else "", row.hold or "") if mark]
    if row.dunning_level is not None:
        marks.append(f"level {row.dunning_level} sent")
    if row.dunning_due is not None:
        marks.append(f"level {row.dunning_due} due")
    yield (
        f"item {row.item_id}: {amount(row.balance_minor, row.currency)} of "
        f"{amount(row.amount_minor, row.currency)} open, due {row.due_on}, "
        f"{', '.join([state, *marks])}"
    )
    if item.interest is not None:
        yield _interest_line(item.interest, row.currency)
    for line in item.allocations:
        claim = f", in place of {line.in_place_of}" if line.in_place_of else ""
        if line.recovery:
            claim += " (a recovery)"
        undone = f", undone {when(line.undone_at)} by {line.undone_by}" if line.undone_at else ""
        yield (
            f"    {when(line.at)}  {amount(line.amount_minor, row.currency):>18}  {line.kind} "
            f"{line.source_id}{claim}{undone}  event {line.event_id}"
        )


def _state(source: SourceLine, when: When) -> str:
    """Return what a payment or credit note still holds, or why it counts for nothing."""
    if source.state != "live":
        return source.state
    free = amount(source.free_minor, source.currency)
    if source.reserved:
        until = when(source.release_at) if source.release_at else "it appears"
        return f"{free} reserved until {until}"
    return f"{free} is credit" if source.credit else ""
