"""What lies in a topic and cannot be read parks its customer, or stops every figure: said once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from events.codec import encode
from events.money import Money
from events.routing import partition_for
from events.touchpoints.payment import InvoiceIssued
from events.touchpoints.policy import AlertsPolicy, AlertsPolicyPublished
from services.errors import UnreadableEvent
from services.hosts.bootstrap import open_platform
from services.hosts.worker.projector import KafkaProjector
from services.log.kafka.cluster import cluster_of
from services.log.kafka.producing import Appender
from services.log.kafka.topics import TopicPartitions
from services.log.kafka.wire import Record, to_record
from services.platform import Platform
from services.ports import Submission
from services.settings import Settings
from tests.support.log import START, SetClock, payment, submission
from tests.support.modes import catch_up

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

POLICY = submission(
    9, AlertsPolicyPublished(effective_from=START, policy=AlertsPolicy(overdue_days=(1,))), None
)
BROKEN_BYTES = b"\xc3\x01\x00\x00"
CUSTOMERS = "SELECT customer_id FROM receivables_v5_accounts ORDER BY customer_id"


def changed(
    name: str, value: bytes | None
) -> Callable[[Record], tuple[tuple[str, bytes | None], ...]]:
    """Return what puts another value into a header, or adds it."""

    def change(record: Record) -> tuple[tuple[str, bytes | None], ...]:
        others = [header for header in record.headers if header[0] != name]
        return (*others, (name, value))

    return change


@pytest.fixture
def settings(kafka: Settings, database: str, tmp_path: Path) -> Settings:
    return kafka.model_copy(update={"dsn": database, "data": tmp_path})


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    async with open_platform(settings, clock=SetClock(START + timedelta(hours=1))) as platform:
        yield platform


async def append_broken(settings: Settings, one: Submission, value: bytes = BROKEN_BYTES) -> None:
    """Append an event whose bytes nobody can read, as only another program could."""
    record = to_record(one.envelope, one.data.version, encode(one.data), START)
    await append_record(settings, one, record._replace(value=value))


async def append_record(settings: Settings, one: Submission, record: Record) -> None:
    """Append a record where the event's would lie."""
    cluster = cluster_of(settings)
    appender = Appender(cluster)
    place = TopicPartitions(cluster.prefix, 1).of(partition_for(one.envelope, one.data))
    try:
        await appender.append({place: [record]})
    finally:
        await appender.close()


NUL = InvoiceIssued(invoice_id="I\x00", amount=Money(100, "CNY"), due_on=START.date())


@pytest.mark.parametrize("value", [BROKEN_BYTES, encode(NUL)], ids=["no avro", "a text with NUL"])
async def test_a_customer_whose_event_cannot_be_read_is_parked_and_others_go_on(
    platform: Platform, settings: Settings, value: bytes
) -> None:
    await append_broken(settings, payment(1, "C-1"), value)
    await platform.log.append([payment(2, "C-1"), payment(3, "C-2"), payment(4, "C-3")])
    await catch_up(platform, settings)
    rows = await platform.pool.fetch(CUSTOMERS)
    assert [row["customer_id"] for row in rows] == ["C-2", "C-3"]
    parked = await platform.pool.fetch(
        "SELECT DISTINCT customer_id FROM projection_heads WHERE parked_reason IS NOT NULL"
    )
    assert [row["customer_id"] for row in parked] == ["C-1"]


STRANGE: dict[str, Callable[[Record], tuple[tuple[str, bytes | None], ...]]] = {
    "an instant before the calendar": changed("ce_time", b"0001-01-01T00:00:00+14:00"),
    "an instant after the calendar": changed("ce_effectivetime", b"9999-12-31T23:59:59-14:00"),
    "a NUL in the customer": changed("ce_subject", b"C\x001"),
    "a NUL in a trace": changed("ce_tracestate", b"\x00"),
    "a header of nothing": changed("ce_correlationid", None),
    "no customer, as nothing": changed("ce_subject", None),
    "a header twice": lambda record: (*record.headers, ("ce_subject", b"C-9")),
    "recorded next year": changed("ce_recordedtime", b"2099-01-01T00:00:00Z"),
}


async def test_a_strangers_records_are_told_and_left_out_of_every_figure(
    platform: Platform, settings: Settings
) -> None:
    for number, strange in enumerate(STRANGE.values()):
        one = payment(100 + number, "C-1")
        record = to_record(one.envelope, 1, encode(one.data), START)
        await append_record(settings, one, record._replace(headers=strange(record)))  # type: ignore[arg-type]
    await platform.log.append([payment(2, "C-1"), payment(3, "C-2")])
    with capture_logs() as logs:
        await catch_up(platform, settings)
    told = {line["offset"]: line["reason"] for line in logs if line["event"] == "foreign_record"}
    assert len(told) == len(STRANGE), told
    rows = await platform.pool.fetch(CUSTOMERS)
    assert [row["customer_id"] for row in rows] == ["C-1", "C-2"]
    mirrored = await platform.pool.fetch("SELECT recorded_at FROM events")
    assert [row["recorded_at"] for row in mirrored] == [platform.clock.now()] * 2
    await platform.log.append([payment(4, "C-1")])
    heads = await platform.pool.fetch("SELECT max(recorded_at) AS latest FROM log_heads")
    assert heads[0]["latest"] == platform.clock.now(), "later events are not hidden behind it"


async def test_a_policy_that_cannot_be_read_is_said_once_and_mended_without_a_restart(
    platform: Platform, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.hosts.worker.projector._UNREADABLE_S", 0.02)
    await append_broken(settings, POLICY)
    await platform.log.append([payment(1)])
    projector = KafkaProjector(platform, cluster_of(settings), 1)
    with capture_logs() as logs:
        working = asyncio.create_task(projector.run())
        try:
            async with asyncio.timeout(30):
                while not said(logs):  # noqa: ASYNC110 - another task's word
                    await asyncio.sleep(0.05)
                await asyncio.sleep(1)
                [reason] = said(logs)
                assert f"event {POLICY.envelope.id} (policy.alerts_published)" in str(reason)
                assert projector.reached() == {}  # no stall: a restart would mend nothing
                assert not working.done()
                await platform.pool.execute("ALTER TABLE events DISABLE TRIGGER ALL")
                await platform.pool.execute(
                    "UPDATE events SET data = $1 WHERE partition = 12", encode(POLICY.data)
                )
                while not await platform.pool.fetch(CUSTOMERS):  # noqa: ASYNC110 - another's rows
                    await asyncio.sleep(0.05)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


async def test_projecting_once_names_the_event(platform: Platform, settings: Settings) -> None:
    await append_broken(settings, POLICY)
    with pytest.raises(UnreadableEvent, match="newer version"):
        await catch_up(platform, settings)


def said(logs: Iterable[Mapping[str, object]]) -> list[object]:
    return [line["reason"] for line in logs if line["event"] == "reference_unreadable"]
