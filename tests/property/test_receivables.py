"""What holds for receivables whatever happens, in whatever order it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from hypothesis import given, note
from hypothesis import strategies as st

from events.calendars import INSTANT
from events.facts import Fact
from events.policy import Reference
from events.touchpoints.order import OrderDelivered
from events.touchpoints.payment import CreditChecked, PaymentReceived
from projections.books.days import ENDING
from projections.books.records import Item
from projections.facts import Facts
from projections.protocol import Alert, AlertKey, Assessment
from projections.receivables.alerts import AlertBook
from projections.receivables.promises import step_at
from projections.receivables.reading import ReceivablesAt
from projections.receivables.rows import AccountRow, ItemRow, RequestRow
from projections.receivables.stretches import item_stretches
from tests.support.given import CUSTOMER, RECEIVABLES, deliveries, digest_of
from tests.support.streams import instants, references, streams

Stream = Sequence[Fact]


def assess(events: Stream, at: datetime, reference: Reference) -> Assessment:
    return RECEIVABLES.assess(CUSTOMER, Facts(events), at, reference)


def items(assessment: Assessment) -> list[ItemRow]:
    return [row for row in assessment.rows["items"] if isinstance(row, ItemRow)]


def accounts(assessment: Assessment) -> list[AccountRow]:
    return [row for row in assessment.rows["accounts"] if isinstance(row, AccountRow)]


@given(streams(), instants, references())
def test_every_amount_is_accounted_for_and_nothing_is_negative(
    events: Stream, at: datetime, reference: Reference
) -> None:
    assessment = assess(events, at, reference)
    for row in items(assessment):
        settled = row.credited_minor + row.paid_minor + row.written_off_minor
        assert row.amount_minor == settled + row.balance_minor
        assert min(row.credited_minor, row.paid_minor, row.written_off_minor) >= 0
        assert row.balance_minor >= 0
        assert (row.status == "open") == (row.balance_minor > 0)
        late_or_in_time = row.status == "settled" and row.amount_minor > 0 and row.kind == "invoice"
        assert late_or_in_time == (row.days_late is not None)
    for account in accounts(assessment):
        mine = [row for row in items(assessment) if row.currency == account.currency]
        assert account.outstanding_minor == sum(row.balance_minor for row in mine)
        amounts = msgspec.structs.asdict(account)
        for name, value in amounts.items():
            if name.endswith("_minor") and name not in ("exposure_minor", "limit_minor"):
                assert value >= 0, name
        if account.credit_minor:
            assert not any(row.balance_minor and not row.disputed for row in mine)
    keys = [row.item_id for row in items(assessment)]
    assert len(set(keys)) == len(keys)


@given(streams(), instants, references())
def test_what_was_asked_for_comes_to_the_exposure_that_is_no_item(
    events: Stream, at: datetime, reference: Reference
) -> None:
    assessment = assess(events, at, reference)
    requests = [row for row in assessment.rows["requests"] if isinstance(row, RequestRow)]
    for account in accounts(assessment):
        mine = [row for row in requests if row.currency == account.currency]
        ordered = sum(row.amount_minor for row in mine if row.kind == "order")
        reserved = sum(row.amount_minor for row in mine if row.stage == "approved")
        assert ordered == account.unbilled_minor
        assert reserved == account.checks_minor
    delivered = {
        event.data.order_id
        for event in Facts(events)
        if isinstance(event.data, OrderDelivered) and event.effective_at <= at
    }
    for row in requests:
        assert (row.stage == "refused") == (row.refused_for is not None)
        if row.kind == "order":
            assert (row.stage == "delivered") == (row.request_id in delivered)
    refused = {
        event.data.check_id
        for event in Facts(events)
        if isinstance(event.data, CreditChecked) and not event.data.approved
    }
    assert {row.request_id for row in requests if row.stage == "refused"} <= refused


@given(streams(), instants, references())
def test_money_received_is_allocated_credit_reserved_set_aside_or_refunded(
    events: Stream, at: datetime, reference: Reference
) -> None:
    book = ReceivablesAt(Facts(events), at, reference).book
    told = [event for event in Facts(events) if event.effective_at <= at]
    for currency, account in book.accounts.items():
        received = sum(
            e.data.amount.minor
            for e in told
            if isinstance(e.data, PaymentReceived) and e.data.amount.currency == currency
        )
        sources = [s for s in account.sources if s.kind == "payment"]
        live = [s for s in sources if s.state == "live"]
        aside = sum(s.amount for s in sources if s.state != "live")
        allocated = sum(e.amount for s in live for e in s.entries if e.undone_at is None)
        refunded = sum(amount for s in live for _, amount in s.refunds)
        free = sum(s.free for s in live)
        assert received == aside + allocated + refunded + free
        assert allocated == sum(item.paid for item in account.items)
        assert all(s.pooled or s.reserved for s in live if s.free)
        pooled = [s for s in account.sources if s.pooled]
        assert account.credit == sum(s.free for s in pooled)
        assert account.reserved == sum(s.free for s in live if s.reserved)
        assert account.suspect == sum(s.amount for s in sources if s.state == "suspect")
        for refund in account.refunds:
            covered = sum(
                amount for s in account.sources for known, amount in s.refunds if known is refund
            )
            owed_back = refund.item.amount if refund.item is not None else 0
            assert covered + owed_back == refund.amount


@given(streams(), instants, references(), st.integers(0, 2**16))
def test_order_repetition_and_batches_change_nothing(
    events: Stream, at: datetime, reference: Reference, seed: int
) -> None:
    expected = digest_of(assess(events, at, reference))
    for batches in deliveries(events, seed, rounds=2):
        facts = Facts()
        for batch in batches:
            for event in batch:
                facts.remember(event)
            last = RECEIVABLES.assess(CUSTOMER, facts, at, reference)
        if batches:
            assert digest_of(last) == expected


@given(streams(), instants, references())
def test_facts_of_the_future_do_not_matter(
    events: Stream, at: datetime, reference: Reference
) -> None:
    past = [event for event in events if event.effective_at <= at]
    assert digest_of(assess(events, at, reference)) == digest_of(assess(past, at, reference))


@given(streams(), instants, references(), st.integers(0, 40 * 86_400))
def test_nothing_changes_before_the_next_change(
    events: Stream, at: datetime, reference: Reference, ahead: int
) -> None:
    assessment = assess(events, at, reference)
    end = assessment.next_change_at
    assert end is None or end > at
    note(f"next change at {end}")
    last = at + timedelta(days=400) if end is None else end - INSTANT
    for later in (last, min(last, at + timedelta(seconds=ahead))):
        again = assess(events, later, reference)
        assert again.rows == assessment.rows
        assert set(again.alerts) == set(assessment.alerts)
        assert again.next_change_at == end


@given(streams(), instants, references())
def test_stepping_from_change_to_change_meets_every_episode(
    events: Stream, at: datetime, reference: Reference
) -> None:
    """What alerts stood on the way is what the episodes say afterwards."""
    if not events:
        return
    met: set[Alert] = set()
    now: datetime | None = min(event.effective_at for event in events)
    while now is not None and now <= at:
        assessment = assess(events, now, reference)
        met.update(_bare(alert) for alert in assessment.alerts)
        end = assessment.next_change_at
        if end is not None:
            assert assess(events, end - INSTANT, reference).rows == assessment.rows
        now = end
    reading = ReceivablesAt(Facts(events), at, reference)
    episodes = AlertBook(CUSTOMER, reading).episodes()
    for episode in episodes:
        assert episode.until is None or episode.alert.since < episode.until
        assert (episode.until is None) == (episode.cause is None)
    # A home branch named later redraws the days before it: such customers are left out.
    moved = any(e.data.event_type.startswith("customer.") for e in events)
    if not moved:
        assert {_bare(e.alert) for e in episodes} == met


@given(streams(), instants, references())
def test_every_instant_of_an_item_has_the_alerts_that_stood_then(
    events: Stream, at: datetime, reference: Reference
) -> None:
    """Stretches are those of the rules asked at each instant: at every bound, and right before."""
    reading = ReceivablesAt(Facts(events), at, reference)
    for item in reading.book.items.values():
        stretches = item_stretches(reading, item)
        assert stretches == sorted(stretches, key=lambda one: (one.since, one.key))
        spans = reading.holds(item)
        cuts = {at, *(step.at for step in item.steps), *reading.rules.alerts_starts}
        cuts |= {notice.at for notice in item.notices} | {span.start for span in spans}
        cuts |= {one.since for one in stretches} | {one.until for one in stretches if one.until}
        cuts |= {
            reading.days.start(step.due_on.toordinal() + days)
            for step in item.steps
            for days in reading.rules.offsets
        }
        for t in sorted(t for cut in cuts for t in (cut - INSTANT, cut) if t <= at):
            stood = [one for one in stretches if one.since <= t < (one.until or ENDING)]
            assert {one.key for one in stood} == _stood_at(reading, item, t)
            assert len(stood) == len({one.key for one in stood})
        for one in stretches:
            assert one.until is None or one.key not in _stood_at(reading, item, one.until)


def _stood_at(reading: ReceivablesAt, item: Item, t: datetime) -> set[AlertKey]:
    step = step_at(item, t)
    if step is None or not step.balance:
        return set()
    due, today = step.due_on.toordinal(), reading.days.today(t)
    keys = set()
    soon = reading.rules.soon_from(due, reading.days)
    if today <= due and soon is not None and soon <= t:
        keys.add(AlertKey("due_soon", item.item_id, 0))
    threshold = reading.rules.threshold(due, today, reading.days)
    if threshold is not None:
        keys.add(AlertKey("overdue", item.item_id, threshold))
    level = reading.due_level(item, t, reading.holds(item))
    if level:
        keys.add(AlertKey("dunning_due", item.item_id, level))
    return keys


def _bare(alert: Alert) -> Alert:
    """An alert without its amount, which partial payments change."""
    return msgspec.structs.replace(alert, amount_minor=0)


@given(streams(), instants, references())
def test_every_alert_that_may_be_asked_about_has_a_cause(
    events: Stream, at: datetime, reference: Reference
) -> None:
    assessment = assess(events, at, reference)
    for key, cause in assessment.cleared.items():
        assert cause.reason, key
    standing = {alert.key for alert in assessment.alerts}
    assert not standing & set(assessment.cleared)
