"""The oracle itself: it must notice what would be wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from events.codec import encode
from events.envelope import EventId, Position
from events.partitioning import partition_of
from events.touchpoints.payment import PaymentReceived
from services.intake.answers import token_through
from services.ports import StoredEvent
from services.simulator.devices import Recording
from services.simulator.history import history, open_books
from services.simulator.plan import Plan
from tests.faults.clients import Ledger, Receipt
from tests.faults.oracle import Findings, clean_digest, no_loss_no_double

NOW = datetime(2026, 6, 10, 4, tzinfo=UTC)
Log = list[StoredEvent]


@pytest.fixture(scope="module")
def recordings() -> list[Recording]:
    plan = Plan.ending_today(NOW, customers=3)
    return [r for r in history(open_books(plan)) if r.envelope.subject is not None]


@pytest.fixture
def told(recordings: list[Recording]) -> tuple[Ledger, Log]:
    """A log without fault, and the ledger of the clients that filled it."""
    ledger, log = Ledger(), list[StoredEvent]()
    heads: dict[int, int] = {}
    for recording in recordings:
        e = recording.envelope
        partition = partition_of(e.subject or "")
        position = Position(1, partition, heads.get(partition, 0))
        heads[partition] = position.n + 1
        log.append(StoredEvent(e, position, recording.recorded_at, encode(recording.data)))
        ledger.receipts[e.id] = Receipt(recording, token_through([position]) or "")
        ledger.attempted.add(e.id)
    return ledger, sorted(log, key=lambda event: event.position)


def lose_the_last(ledger: Ledger, log: Log) -> None:
    log.pop()


def lose_one_between(ledger: Ledger, log: Log) -> None:
    del log[len(log) // 2]


def keep_one_twice(ledger: Ledger, log: Log) -> None:
    last = log[-1].position
    log.append(replace(log[-1], position=replace(last, n=last.n + 1)))


def keep_what_nobody_sent(ledger: Ledger, log: Log) -> None:
    log[0] = replace(log[0], envelope=replace(log[0].envelope, id=EventId("unknown")))


def keep_it_elsewhere_than_told(ledger: Ledger, log: Log) -> None:
    receipt = ledger.receipts[log[0].envelope.id]
    receipt.position = ledger.receipts[log[1].envelope.id].position


def never_answer(ledger: Ledger, log: Log) -> None:
    del ledger.receipts[log[0].envelope.id]


def test_a_log_without_fault_has_no_findings(told: tuple[Ledger, Log]) -> None:
    found = Findings()
    no_loss_no_double(found, *told)
    assert found.wrong == []


@pytest.mark.parametrize(
    "damage",
    [
        lose_the_last,
        lose_one_between,
        keep_one_twice,
        keep_what_nobody_sent,
        keep_it_elsewhere_than_told,
        never_answer,
    ],
)
def test_any_damage_is_found(
    told: tuple[Ledger, Log], damage: Callable[[Ledger, Log], None]
) -> None:
    damage(*told)
    found = Findings()
    no_loss_no_double(found, *told)
    assert found.wrong


def test_the_digest_notices_a_single_payment(recordings: list[Recording]) -> None:
    at = NOW + timedelta(days=1)
    payment = next(r for r in recordings if isinstance(r.data, PaymentReceived))
    without = [r for r in recordings if r is not payment]
    assert clean_digest(recordings, at) == clean_digest(recordings[::-1], at)
    assert clean_digest(recordings, at) != clean_digest(without, at)
