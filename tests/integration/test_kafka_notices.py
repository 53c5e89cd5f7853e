"""What workers tell others: alerts and refusals on topics, alerts to a web address."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from msgspec.structs import replace

from events.notices import AlertNotice, ChangeNotice
from services.errors import Unavailable
from services.hosts.bootstrap import open_platform
from services.hosts.project import project_for_ever
from services.notify.deliveries import Deliveries
from services.notify.relay import ALERTS, Relay
from services.notify.webhook import Webhook
from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool
from services.settings import Settings
from tests.support.log import payment
from tests.support.workers import first_notice, the_leader_relays, workers

JOURNAL = """
INSERT INTO alert_journal (alert_id, occurrence, action, at, kind, subject, threshold,
    customer_id, since, currency, amount_minor)
VALUES (gen_random_uuid(), 1, 'raised', now(), 'overdue', $1, 30, 'C-1', now(), 'CNY', 100)
"""

NOTICE = AlertNotice(
    alert_id="019cad2f-6a3a-7c31-9d52-5f0e3b8a7c11", occurrence=1, action="raised",
    at=datetime(2026, 3, 2, tzinfo=UTC), kind="overdue", subject="I-1", threshold=30,
    customer_id="C-1", since=datetime(2026, 3, 2, tzinfo=UTC), currency="CNY", amount_minor=100,
)  # fmt: skip


class Told:
    """A topic that fails when it is told to, and what it has taken."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        self.away = False

    async def send(self, key: bytes, value: bytes) -> None:
        if self.away:
            raise Unavailable("away")
        self.subjects.append(msgspec.json.decode(value, type=AlertNotice).subject)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database) as pool:
        await migrate(pool)
        yield pool


@pytest.mark.postgres
async def test_rows_are_told_in_order_and_again_only_where_it_is_not_known(pool: Pool) -> None:
    told = Told()
    await pool.execute(JOURNAL, "before there was a relay")
    relay = Relay(pool, ALERTS, told.send)
    assert await relay.ship() == 0
    for subject in "abc":
        await pool.execute(JOURNAL, subject)
    assert await relay.ship() == 3
    await pool.execute(JOURNAL, "d")
    told.away = True
    with pytest.raises(Unavailable):
        await relay.ship()
    told.away = False
    assert await Relay(pool, ALERTS, told.send).ship() == 1
    assert told.subjects == ["a", "b", "c", "d"]
    assert await relay.ship() == 0


@pytest.mark.postgres
async def test_a_row_that_commits_late_under_a_low_number_is_not_left_out(pool: Pool) -> None:
    told = Told()
    relay = Relay(pool, ALERTS, told.send)
    await relay.ship()
    async with pool.acquire() as late, late.transaction():
        await late.execute(JOURNAL, "low number")
        await pool.execute(JOURNAL, "high number")
        assert await relay.ship() == 0  # it waits for the other one, a while
    assert await relay.ship() == 2
    assert told.subjects == ["low number", "high number"]


class Slow:
    """A receiver that leaves some alerts unanswered until it is told to answer."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.asked: list[str] = []
        self.taken: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            subject = str(json.loads(await reader.readexactly(length))["subject"])
            self.asked.append(subject)
            if subject.startswith("slow"):
                await self.answers.wait()
            # An answer whose body never ends.
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n.\r\n")
            await writer.drain()
            self.taken.append(subject)
            await reader.read()  # until the other side has had enough
        finally:
            writer.close()


@asynccontextmanager
async def slow_receiver() -> AsyncIterator[tuple[Slow, str]]:
    slow = Slow()
    server = await asyncio.start_server(slow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield slow, f"http://127.0.0.1:{port}/alerts"
        slow.answers.set()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - another task's doing
            await asyncio.sleep(0.01)


async def test_an_answer_whose_body_never_ends_is_an_answer() -> None:
    async with slow_receiver() as (slow, url):
        webhook = Webhook(url)
        assert await webhook.deliver(NOTICE)
        await webhook.close()
    assert slow.taken == ["I-1"]


async def test_an_attempt_that_is_never_answered_ends_by_itself() -> None:
    async with slow_receiver() as (slow, url):
        webhook = Webhook(url, first_pause_s=0.001, attempt_s=0.05)
        assert not await webhook.deliver(replace(NOTICE, subject="slow"))
        await webhook.close()
    assert len(slow.asked) == 8


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::1/", "https://\u2603.invalid/"])
async def test_whatever_is_wrong_with_an_address_an_alert_is_given_up_and_no_more(
    url: str,
) -> None:
    webhook = Webhook(url, first_pause_s=0.001)
    assert not await webhook.deliver(NOTICE)
    await webhook.close()


@pytest.mark.postgres
async def test_a_slow_receiver_of_one_alert_delays_no_other_and_none_is_lost(pool: Pool) -> None:
    async with slow_receiver() as (slow, url):
        webhook = Webhook(url)
        deliveries = Deliveries(pool, webhook, look_s=0.01)
        going = asyncio.create_task(deliveries.run())
        while not await pool.fetchval("SELECT count(*) FROM relays"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await pool.execute(JOURNAL, "slow")
        for subject in "abc":
            await pool.execute(JOURNAL, subject)
        await until(lambda: sorted(slow.taken) == ["a", "b", "c"])
        assert await pool.fetchval("SELECT upto FROM relays WHERE name = 'webhook'") == 0
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        # Who goes on from there delivers what was under way, and what came after it again.
        slow.answers.set()
        again = asyncio.create_task(Deliveries(pool, webhook, look_s=0.01).run())
        await until(lambda: "slow" in slow.taken and slow.taken.count("c") == 2)
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)
        await webhook.close()


@pytest.mark.postgres
async def test_the_embedded_log_delivers_as_well(database: str, tmp_path: Path) -> None:
    with listening(Listener()) as listener:
        settings = Settings(dsn=database, data=tmp_path, alert_webhook=listener.url)
        async with open_platform(settings) as platform:
            going = asyncio.create_task(project_for_ever(settings))
            while not await platform.pool.fetchval("SELECT count(*) FROM relays"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await platform.pool.execute(JOURNAL, "I-7")
            await until(lambda: bool(listener.bodies))
            going.cancel()
            await asyncio.gather(going, return_exceptions=True)
    assert [body["subject"] for body in listener.bodies] == ["I-7"]


class Listener:
    """A web address that answers with these statuses, then 204, and keeps what it was sent."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.keys: list[str] = []
        self.bodies: list[dict[str, object]] = []
        self.url = ""


@contextmanager
def listening(listener: Listener) -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            listener.bodies.append(json.loads(body))
            listener.keys.append(self.headers["idempotency-key"])
            self.send_response(listener.statuses.pop(0) if listener.statuses else 204)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        listener.url = f"http://127.0.0.1:{server.server_port}/alerts"
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_listener_that_is_ill_gets_the_same_alert_again_under_the_same_key() -> None:
    with listening(Listener(503, 429)) as listener:
        webhook = Webhook(listener.url, first_pause_s=0.01)
        assert await webhook.deliver(NOTICE)
        await webhook.close()
    assert listener.keys == [f"{NOTICE.alert_id}-1"] * 3
    assert listener.bodies[0]["subject"] == "I-1"


async def test_a_listener_that_refuses_is_not_asked_again() -> None:
    with listening(Listener(400)) as listener:
        webhook = Webhook(listener.url, first_pause_s=0.01)
        assert not await webhook.deliver(NOTICE)
        await webhook.close()
    assert len(listener.keys) == 1


async def test_an_address_where_nobody_listens_is_given_up_after_some_tries() -> None:
    with listening(Listener()) as listener:
        pass
    webhook = Webhook(listener.url, first_pause_s=0.001)
    assert not await webhook.deliver(NOTICE)
    await webhook.close()


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://alerts.example/in", True),
        ("http://127.0.0.1:9000/in", True),
        ("http://[::1]:9000/", True),
        ("http://localhost/", True),
        ("http://alerts.example/in", False),
        ("http://127.0.0.1.alerts.example/in", False),
        ("ftp://127.0.0.1/", False),
        ("alerts", False),
    ],
)
def test_alerts_travel_encrypted_or_stay_here(url: str, *, allowed: bool) -> None:
    if allowed:
        assert Settings(alert_webhook=url).alert_webhook == url
    else:
        with pytest.raises(ValueError, match="https"):
            Settings(alert_webhook=url)


@pytest.mark.postgres
@pytest.mark.kafka
async def test_a_worker_delivers_each_alert_that_is_raised(
    kafka: Settings, database: str, tmp_path: Path
) -> None:
    with listening(Listener()) as listener:
        settings = kafka.model_copy(
            update={"dsn": database, "data": tmp_path, "alert_webhook": listener.url}
        )
        async with open_platform(settings) as platform:
            with workers(settings, 1, tmp_path) as [worker]:
                await the_leader_relays(platform)
                webhook_place = "SELECT count(*) FROM relays WHERE name = 'webhook'"
                while not await platform.pool.fetchval(webhook_place):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                await platform.pool.execute(JOURNAL, "I-7")
                await platform.log.append([payment(1)])
                told = await first_notice(settings, "changes", ChangeNotice)
                assert (told.generation, told.change_no, told.customers) == (1, 1, ("C-1",))
                async with asyncio.timeout(60):
                    while not listener.bodies:
                        assert worker.process.poll() is None, worker.said()
                        await asyncio.sleep(0.1)
    assert [body["subject"] for body in listener.bodies] == ["I-7"]
