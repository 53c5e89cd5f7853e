"""The invented company is the same every time, and looks like a company."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise

import msgspec
import pytest

from events.codec import encode
from events.touchpoints.payment import InvoiceIssued
from services.simulator.batches import batches
from services.simulator.branches import BRANCHES
from services.simulator.company import NEXT_CALENDAR
from services.simulator.devices import Recording
from services.simulator.history import history, open_books
from services.simulator.plan import Plan
from services.simulator.seasons import PEAK, demand
from services.simulator.world import World

NOON = datetime(2026, 6, 10, 4, tzinfo=UTC)


def told(customers: int, seed: int = 7) -> list[Recording]:
    plan = Plan.ending_today(NOON, seed=seed, customers=customers)
    return list(history(open_books(plan)))


def fingerprint(recordings: list[Recording]) -> str:
    digest = sha256()
    for recording in recordings:
        digest.update(msgspec.msgpack.encode((recording.recorded_at, recording.envelope)))
        digest.update(encode(recording.data))
        digest.update(msgspec.msgpack.encode(recording.personal))
    return digest.hexdigest()


@pytest.fixture(scope="module")
def company() -> tuple[World, list[Recording]]:
    world = open_books(Plan.ending_today(NOON, customers=600))
    return world, list(history(world))


@pytest.fixture(scope="module")
def recordings(company: tuple[World, list[Recording]]) -> list[Recording]:
    return company[1]


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert fingerprint(told(40)) == fingerprint(told(40))
    assert fingerprint(told(40)) != fingerprint(told(40, seed=8))


def test_the_history_ends_as_today_begins(recordings: list[Recording]) -> None:
    plan = Plan.ending_today(NOON)
    assert plan.until == datetime(2026, 6, 9, 16, tzinfo=UTC)
    assert recordings[0].recorded_at == plan.since
    assert recordings[-1].recorded_at == plan.until
    assert recordings[-1].envelope.correlation_id == NEXT_CALENDAR


def test_recordings_come_in_order_and_after_what_they_report(recordings: list[Recording]) -> None:
    for earlier, later in pairwise(recordings):
        assert earlier.recorded_at <= later.recorded_at
    assert all(r.envelope.effective_at <= r.recorded_at for r in recordings)


def test_every_device_numbers_its_reports_without_gaps(recordings: list[Recording]) -> None:
    numbers = defaultdict(list)
    for recording in recordings:
        numbers[recording.envelope.source].append(recording.envelope.sequence)
    kept_back = 0
    for sequence in numbers.values():
        assert len(set(sequence)) == len(sequence)
        kept_back += max(sequence) - len(sequence)  # still with a branch whose line is down
    assert kept_back < 50
    assert len({r.envelope.id for r in recordings}) == len(recordings)


def test_every_touchpoint_is_valid(recordings: list[Recording]) -> None:
    for recording in recordings:
        plain = msgspec.to_builtins(recording.data)
        assert msgspec.convert(plain, type(recording.data)) == recording.data
        allowed = recording.data.personal
        assert set(recording.personal or ()) <= allowed


def test_offline_branches_give_three_clocks(recordings: list[Recording]) -> None:
    late = [r for r in recordings if r.envelope.collected_at is not None]
    assert 0.005 < len(late) / len(recordings) < 0.08
    assert any(r.envelope.created_at != r.envelope.effective_at for r in late)


def test_the_company_is_of_a_likely_size(recordings: list[Recording]) -> None:
    assert 40 <= len(recordings) / 600 <= 60
    types = Counter(r.envelope.type for r in recordings)
    assert types["customer.registered"] == pytest.approx(600, abs=3)
    for rare in ("payment.reversed", "payment.rejected_as_duplicate", "payment.debt_written_off"):
        assert types[rare] > 0
    branches = {r.envelope.branch_id for r in recordings if r.envelope.subject}
    assert branches == {branch.branch_id for branch in BRANCHES}


def test_ageing_looks_like_a_companys(company: tuple[World, list[Recording]]) -> None:
    world, _ = company
    today = date(2026, 6, 10)
    open_items = [
        invoice
        for customer in world.customers.values()
        for invoice in customer.invoices.values()
        if invoice.open_minor > 0
    ]
    buckets = Counter(dict.fromkeys(range(5), 0))
    for invoice in open_items:
        buckets[_bucket((today - invoice.due_on).days)] += 1
    assert 0.5 < buckets[0] / len(open_items) < 0.85
    assert buckets[1] > buckets[2] > buckets[3]
    assert buckets[4] > 0


def _bucket(past_due: int) -> int:
    return 0 if past_due <= 0 else min(4, 1 + (past_due - 1) // 30)


def test_the_new_year_is_quiet_and_november_is_busy() -> None:
    assert demand(date(2026, 2, 18)) < 0.2
    assert demand(date(2026, 11, 11)) == PEAK
    assert all(0 < demand(date(2025, 1, 1) + timedelta(days=k)) <= PEAK for k in range(800))


def test_batches_are_short_in_number_and_in_time(recordings: list[Recording]) -> None:
    together = list(batches(recordings))
    assert [r for batch in together for r in batch] == recordings
    for batch in together:
        assert len(batch) <= 500
        assert batch[-1].recorded_at - batch[0].recorded_at <= timedelta(hours=12)


def test_a_plan_is_told_by_its_mark() -> None:
    plan = Plan.ending_today(NOON, seed=3, customers=12)
    assert Plan.from_mark(plan.mark()) == plan
    assert Plan.from_mark(None) is None
    assert Plan.from_mark("order 66") is None


def test_live_everything_is_told_as_of_now(company: tuple[World, list[Recording]]) -> None:
    world = open_books(Plan.ending_today(NOON, customers=150))
    for _ in history(world):
        pass
    world.go_live(session=1)
    now = NOON
    reported: list[Recording] = []
    while len(reported) < 3_000:
        now += timedelta(seconds=1)
        reported += world.step(now)
    assert all(r.recorded_at <= now + timedelta(seconds=3) for r in reported)
    assert all(r.envelope.effective_at <= r.recorded_at for r in reported)
    issued = [r.data.due_on for r in reported if isinstance(r.data, InvoiceIssued)]
    assert max(issued) <= date(2026, 6, 10) + timedelta(days=62)
    assert any(due < date(2026, 6, 10) for due in issued)  # paper invoices keyed in late
    assert len({(r.envelope.source, r.envelope.epoch, r.envelope.sequence) for r in reported}) == (
        len(reported)
    )
