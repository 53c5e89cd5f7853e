"""What holds for customer value whatever happens, in whatever order it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from hypothesis import given, note
from hypothesis import strategies as st

from events.calendars import INSTANT
from events.facts import Fact
from events.policy import Reference
from events.touchpoints.payment import DunningNoticeSent
from events.touchpoints.policy import CostPolicy, TierPolicy
from projections.books.ageing import Balance, ageing
from projections.facts import Facts
from projections.protocol import Alert, Assessment
from projections.receivables.reading import ReceivablesAt
from projections.value_tiers.alerts import episodes
from projections.value_tiers.memo import memo_of
from projections.value_tiers.reading import ValueAt
from projections.value_tiers.rows import StandingRow, figures_on
from projections.value_tiers.shares import PPM, divided
from tests.support.given import CUSTOMER, assessed_however_delivered, digest_of
from tests.support.plain_tiers import PlainTiers
from tests.support.value import VALUE_TIERS
from tests.support.value_streams import asked, value_references, value_streams

Stream = Sequence[Fact]


def assess(events: Stream, at: datetime, reference: Reference) -> Assessment:
    return VALUE_TIERS.assess(CUSTOMER, Facts(events), at, reference)


def read(events: Stream, at: datetime, reference: Reference) -> ValueAt:
    return ValueAt(memo_of(Facts(events), at, reference), at)


def row_of(assessment: Assessment) -> StandingRow | None:
    rows = assessment.rows["standings"]
    if not rows:
        return None
    (row,) = rows
    assert isinstance(row, StandingRow)
    return row


@given(value_streams(), asked, value_references(), st.integers(0, 2**16))
def test_order_repetition_and_batches_change_nothing(
    events: Stream, at: datetime, reference: Reference, seed: int
) -> None:
    assessed_however_delivered(VALUE_TIERS, events, at, reference, seed=seed, rounds=2)


@given(value_streams(), asked, value_references())
def test_facts_of_the_future_do_not_matter(
    events: Stream, at: datetime, reference: Reference
) -> None:
    past = [event for event in events if event.effective_at <= at]
    expected = digest_of(assess(events, at, reference), VALUE_TIERS)
    assert digest_of(assess(past, at, reference), VALUE_TIERS) == expected


@given(value_streams(), asked, value_references(), st.integers(0, 60 * 86_400))
def test_nothing_changes_before_the_next_change(
    events: Stream, at: datetime, reference: Reference, ahead: int
) -> None:
    assessment = assess(events, at, reference)
    end = assessment.next_change_at
    later = at + timedelta(seconds=ahead)
    if end is not None:
        assert end > at
        note(f"next change at {end}")
        later = min(later, end - INSTANT)
    again = assess(events, later, reference)
    assert again.rows == assessment.rows
    assert again.alerts == assessment.alerts
    assert again.next_change_at == end


@given(value_streams(), asked, value_references(), st.integers(0, 40 * 86_400))
def test_stored_terms_give_the_figures_of_every_day_on_which_they_hold(
    events: Stream, at: datetime, reference: Reference, ahead: int
) -> None:
    """The row at `at`, read later, says what the day-by-day sums say."""
    assessment = assess(events, at, reference)
    row = row_of(assessment)
    if row is None:
        return
    later = at + timedelta(seconds=ahead)
    if assessment.next_change_at is not None:
        later = min(later, assessment.next_change_at - INSTANT)
    policy = reference.in_force(TierPolicy, later)
    reading = read(events, later, reference)
    today = reading.today
    capital = divided(
        sum(
            _owed_at(events, reading, reference, day, policy.currency)
            for day in range(today - policy.window_days + 1, today)
            if day >= reading.days.of(row.first_seen_at)
        ),
        PPM,
    )
    found = figures_on(row, date.fromordinal(today), policy)
    assert found.capital_minor == capital
    steady = row.margin_minor - row.freight_minor - row.service_minor
    assert found.contemporary_minor == steady - capital - row.provision_minor
    assert row.contemporary_minor == steady - row.capital_minor - row.provision_minor
    account = ReceivablesAt(Facts(events), later, reference).book.accounts.get(policy.currency)
    items = account.items if account else []
    open_items = [Balance(i.due_on.toordinal(), i.balance) for i in items if i.balance]
    aged = ageing(open_items, date.fromordinal(today), reading.rules.ageing_policy(later))
    assert row.provision_minor == aged.provision_minor


def _owed_at(
    events: Stream, reading: ValueAt, reference: Reference, day: int, currency: str
) -> int:
    """What a day costs, from the books of receivables at its end."""
    end = reading.days.start(day + 1) - INSTANT
    account = ReceivablesAt(Facts(events), end, reference).book.accounts.get(currency)
    rate = reference.in_force(CostPolicy, end).capital_per_day
    return account.outstanding * rate if account and rate else 0


@given(value_streams(), asked, value_references())
def test_stepping_from_change_to_change_meets_every_move_and_warning(
    events: Stream, at: datetime, reference: Reference
) -> None:
    """What was shown on the way is what the history says afterwards."""
    events = [event for event in events if type(event.data) in VALUE_TIERS.handles]
    if not events or any(e.data.event_type.startswith("customer.") for e in events):
        return  # another home branch redraws the days of the past
    seen = [e.effective_at for e in events if not isinstance(e.data, DunningNoticeSent)]
    now: datetime | None = min(seen, default=None)  # a notice says nothing of value by itself
    shown: list[tuple[datetime, str | None]] = []
    met: set[Alert] = set()
    while now is not None and now <= at:
        assessment = assess(events, now, reference)
        row = row_of(assessment)
        assert row is not None
        if not shown or shown[-1][1] != row.tier:
            shown.append((now, row.tier))
        if row.tier is not None:
            assert row.tier_since == shown[-1][0]
        met.update(assessment.alerts)
        now = assessment.next_change_at
    if not shown:
        return
    if shown[0][1] is None:
        shown.pop(0)
    reading = read(events, at, reference)
    assert [(move.at, move.tier) for move in reading.moves_shown()] == shown
    if shown and not reading.corrections:
        told = {(e.alert.subject, e.alert.since) for e in episodes(CUSTOMER, reading)}
        assert told == {(alert.subject, alert.since) for alert in met}


@given(value_streams(), asked, value_references())
def test_judging_only_where_it_matters_is_judging_everywhere(
    events: Stream, at: datetime, reference: Reference
) -> None:
    """Whatever the ladder's shape: the plain way judges at every fact and every midnight."""
    facts = Facts(events)
    memo = memo_of(facts, at, reference)
    if memo.books.first is None:
        return
    zone = facts.home.zone_at(at, reference)
    plain = PlainTiers(memo.books, zone, reference).way(at)
    found = ValueAt(memo, at).tiers
    assert found.moves == plain.moves
    assert found.warnings == plain.warnings
    assert (found.tier, found.warned_at) == (plain.tier, plain.warned_at)
    assert found.drop_at == plain.drop_at
