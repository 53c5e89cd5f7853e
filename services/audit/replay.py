"""One customer replayed from its events, as of any instant and as known at any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from msgspec import Struct

from events.calendars import zone
from events.envelope import CustomerId
from projections.protocol import Facts
from projections.receivables.replay import HANDLED
from projections.receivables.statement import ItemStatement, SourceLine, Statement, explain
from services.audit.texts import amount
from services.audit.walk import picture
from services.bootstrap import Platform
from services.errors import UsageError

When = Callable[[datetime], str]


class Replay(Struct, frozen=True, kw_only=True):
    """A customer's statement, and which events it was made of."""

    known_at: datetime | None
    position: str
    events: int  # of all kinds in the dossier
    receivables: Statement


async def replay(
    platform: Platform, customer: CustomerId, at: datetime, known_at: datetime | None
) -> Replay:
    """Return a customer's statement at `at`, of what was recorded by `known_at`.

    Raises: UsageError, for a customer without events; Unavailable.
    """
    async with picture(platform) as seen:
        dossier = await seen.dossier(customer)
        if not dossier:
            raise UsageError(f"no event names the customer {customer!r}: look the id up again")
        known = [e for e in dossier if known_at is None or e.recorded_at <= known_at]
        facts = Facts(event for event in known if type(event.data) in HANDLED)
        return Replay(
            known_at=known_at,
            position=seen.heads.token(),
            events=len(known),
            receivables=explain(customer, facts, at, await seen.reference(known_at)),
        )


def replay_lines(found: Replay) -> Iterator[str]:
    """Yield the lines of a replay: every balance with the events that explain it."""
    told = found.receivables
    local = zone(told.zone)

    def when(instant: datetime) -> str:
        return f"{instant.astimezone(local):%Y-%m-%d %H:%M}"

    known = f", as known {when(found.known_at)}" if found.known_at else ""
    branch = told.branch_id or "no branch"
    yield (
        f"{told.customer_id} as of {when(told.at)} {told.zone}{known} ({branch}, "
        f"{found.events:,} events)"
    )
    for row in told.accounts:
        yield (
            f"{row.currency}: outstanding {amount(row.outstanding_minor, row.currency)}, "
            f"overdue {amount(row.overdue_minor, row.currency)}, "
            f"credit {amount(row.credit_minor, row.currency)}, "
            f"reserved {amount(row.reserved_minor, row.currency)}; "
            f"gate {row.gate_refusal or 'open'}"
        )
    for item in told.items:
        yield from _item_lines(item, told, when)
    for source in told.sources:
        state = _state(source, when)
        if state:
            yield (
                f"{source.kind} {source.source_id} {when(source.at)}: "
                f"{amount(source.amount_minor, source.currency)}, {state}  event {source.event_id}"
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


def _item_lines(item: ItemStatement, told: Statement, when: When) -> Iterator[str]:
    row = item.row
    past = (told.today - row.due_on).days
    state = f"{past} days past due" if row.balance_minor and past > 0 else row.status
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
    for line in item.allocations:
        undone = f", undone {when(line.undone_at)} by {line.undone_by}" if line.undone_at else ""
        yield (
            f"    {when(line.at)}  {amount(line.amount_minor, row.currency):>18}  {line.kind} "
            f"{line.source_id}{undone}  event {line.event_id}"
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
