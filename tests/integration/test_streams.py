"""An application of the eventsourcing library saves units of the log and reads streams.

After the questions that the library asks of its own recorders, and those that only a log raises.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import TypeVar, cast

import pytest
from eventsourcing.application import AggregateNotFoundError
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import IntegrityError, NotSupportedError
from msgspec import Struct

from events.streams import case_stream, customer_stream
from events.touchpoints.payment import PaymentReceived
from services.log.embedded.event_log import EmbeddedEventLog
from services.ports import Accepted, Duplicate, Stale, StreamVersion, Submission
from services.postgres.migrate import migrate
from services.postgres.pool import open_pool
from services.streams.application import LogApplication, LogNotification
from services.streams.mapper import StreamEvent, decided
from services.streams.recorder import IdTaken, StreamMoved
from tests.support.log import SetClock, said, with_id_of

pytestmark = pytest.mark.postgres

T = TypeVar("T")
CASE = case_stream("1")


class Told(Struct, frozen=True):
    """An aggregate that remembers what was said, in order."""

    id: str
    version: int
    payments: tuple[str, ...] = ()


def fold(told: Told | None, events: Iterable[StreamEvent]) -> Told | None:
    for event in events:
        before = told.payments if told else ()
        assert isinstance(event.data, PaymentReceived)
        payments = (*before, event.data.payment_id)
        told = Told(event.originator_id, event.originator_version, payments)
    return told


@pytest.fixture
async def app(database: str) -> AsyncIterator[LogApplication]:
    async with await open_pool(database) as pool:
        await migrate(pool)
        async with EmbeddedEventLog(pool, SetClock()) as log:
            app = LogApplication(log)
            yield app
            app.close()


async def save(
    app: LogApplication, *sent: Submission, relied_on: tuple[StreamVersion, ...] = ()
) -> list[LogNotification]:
    def saved() -> list[LogNotification]:
        events = [cast("DomainEventProtocol[str]", decided(one)) for one in sent]
        recordings = app.save(*events, relied_on=relied_on)
        return [cast("LogNotification", one.notification) for one in recordings]

    return await app.in_thread(saved)


async def told(app: LogApplication, source: str, version: int | None = None) -> Told:
    def folded() -> Told:
        return app.repository.get(source, version=version, projector_func=fold)

    return await app.in_thread(folded)


async def read(app: LogApplication, read: Callable[[], Iterable[object]]) -> list[StreamEvent]:
    return await app.in_thread(lambda: cast("list[StreamEvent]", list(read())))


def versions(events: Iterable[StreamEvent]) -> list[int]:
    return [event.originator_version for event in events]


async def test_what_was_saved_is_folded_again(app: LogApplication) -> None:
    assert await save(app) == []
    with pytest.raises(AggregateNotFoundError):
        await told(app, CASE)
    await save(app, said(CASE, 1), said(CASE, 2))
    await save(app, said(CASE, 3))
    assert await told(app, CASE) == Told(CASE, 3, (f"{CASE} 1", f"{CASE} 2", f"{CASE} 3"))
    assert (await told(app, CASE, version=2)).payments == (f"{CASE} 1", f"{CASE} 2")


async def test_what_is_saved_tells_its_place_and_its_name_on_the_wire(app: LogApplication) -> None:
    [first, second] = await save(app, said(CASE, 1), said(CASE, 2))
    stored = await read(app, lambda: app.events.get(CASE))
    for notified, event in zip((first, second), stored, strict=True):
        assert isinstance(notified.outcome, Accepted)
        assert notified.outcome.position == event.position
        assert notified.outcome.recorded_at == event.recorded_at
        assert notified.topic == "payment.payment_received"
        assert notified.state[:2] == b"\xc3\x01"


async def test_a_repeat_is_told_as_one_and_written_once(app: LogApplication) -> None:
    [first] = await save(app, said(CASE, 1))
    [again] = await save(app, said(CASE, 1))
    assert again.outcome == Duplicate(first.outcome.position)
    assert (await told(app, CASE)).version == 1


async def test_a_stream_that_moved_is_an_integrity_error_that_says_where_it_is(
    app: LogApplication,
) -> None:
    await save(app, said(CASE, 1))
    other = case_stream("2")
    with pytest.raises(IntegrityError) as refused:
        await save(app, said(other, 1), said(CASE, 1, by="a rival"))
    assert isinstance(refused.value, StreamMoved)
    assert refused.value.stale == Stale(CASE, 0, 1)
    with pytest.raises(AggregateNotFoundError):
        await told(app, other)


async def test_a_stream_relied_on_that_moved_is_one_too(app: LogApplication) -> None:
    customer = customer_stream("C-1")
    await save(app, said(customer, 1))
    with pytest.raises(StreamMoved):
        await save(app, said(CASE, 1), relied_on=(StreamVersion(customer, 0),))
    await save(app, said(CASE, 1), relied_on=(StreamVersion(customer, 1),))


async def test_an_id_of_another_event_is_an_integrity_error(app: LogApplication) -> None:
    await save(app, said(case_stream("2"), 1))
    with pytest.raises(IdTaken, match="other content"):
        await save(app, with_id_of(said(case_stream("2"), 1), said(CASE, 1)))


async def test_events_are_selected_by_version_order_and_number(app: LogApplication) -> None:
    await save(app, *(said(CASE, n) for n in range(1, 6)))
    await save(app, said(case_stream("12"), 1))
    get = app.events.get
    assert versions(await read(app, lambda: get(CASE, gt=2))) == [3, 4, 5]
    assert versions(await read(app, lambda: get(CASE, gt=1, lte=3))) == [2, 3]
    assert versions(await read(app, lambda: get(CASE, desc=True, limit=2))) == [5, 4]
    assert versions(await read(app, lambda: get(CASE, lte=4, desc=True, limit=1))) == [4]
    assert versions(await read(app, lambda: get(CASE, limit=0))) == []


async def test_a_log_of_partitions_has_no_one_sequence_of_notifications(
    app: LogApplication,
) -> None:
    for ask in (
        lambda: app.notification_log.select(1, 10),
        app.recorder.max_notification_id,
        app.recorder.subscribe,
    ):
        with pytest.raises(NotSupportedError, match="places in partitions"):
            await app.in_thread(ask)


async def test_nothing_of_the_processs_environment_is_read(
    monkeypatch: pytest.MonkeyPatch, app: LogApplication
) -> None:
    for name, value in (
        ("PERSISTENCE_MODULE", "eventsourcing.postgres"),
        ("COMPRESSOR_TOPIC", "zlib"),
        ("AGGREGATE_CACHE_MAXSIZE", "10"),
        ("IS_SNAPSHOTTING_ENABLED", "y"),
    ):
        monkeypatch.setenv(name, value)
    other = LogApplication(app._log)
    assert other.snapshots is None
    assert other.repository.cache is None
    await save(other, said(CASE, 1))
    other.close()
    assert (await told(app, CASE)).version == 1
