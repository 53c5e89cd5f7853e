"""The gateway as branches see it: the real application over an in-process transport."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import NAMESPACE_URL, uuid5

import httpx2
import pytest

from services.gateway.http import create_gateway
from services.intake.intake import Intake
from services.intake.keys import Keys
from services.log.embedded.event_log import EmbeddedEventLog
from services.log.kafka.event_log import open_kafka_log
from services.ports import Clock, EventLog
from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool
from services.settings import Settings
from services.streams.application import LogApplication
from services.vault.vault import PostgresVault
from services.web.rates import Rates
from tests.support.log import SetClock
from tests.support.modes import chosen_log

MASTER = bytes(range(32))
ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BRANCH = "SH-01"

Json = dict[str, object]
OpenLog = Callable[[Pool, Clock], AbstractAsyncContextManager[EventLog]]


@dataclass(frozen=True)
class Platform:
    """The parts of a platform that the gateway needs."""

    pool: Pool
    intake: Intake
    clock: Clock
    log: EventLog
    vault: PostgresVault
    streams: LogApplication


@dataclass(frozen=True)
class Gateway:
    """A client with a branch's key, and what stands behind the gateway."""

    client: httpx2.AsyncClient
    pool: Pool
    log: EventLog
    vault: PostgresVault
    intake: Intake
    clock: SetClock
    keys: Keys
    token: str

    async def post(
        self, body: object, content_type: str = ONE, *, token: str | None = None, **headers: str
    ) -> httpx2.Response:
        """Publish a body: bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"content-type": content_type, "authorization": f"Bearer {token or self.token}"}
        return await self.client.post("/api/v1/events", content=content, headers=given | headers)

    async def results(self, events: Sequence[object]) -> list[Json]:
        """Publish a batch and return the result of each event."""
        answer = await self.post(list(events), BATCH)
        assert answer.status_code == 200, answer.text
        results: list[Json] = answer.json()["results"]
        return results


@asynccontextmanager
async def open_gateway(
    dsn: str,
    clock: SetClock,
    master: bytes = MASTER,
    open_log: OpenLog = EmbeddedEventLog,
    rates: Rates | None = None,
) -> AsyncIterator[Gateway]:
    """Yield a gateway on a migrated database."""
    async with await open_pool(dsn) as pool, open_log(pool, clock) as log:
        vault = PostgresVault(pool, master)
        intake = Intake(log, vault, clock, pool)
        keys = Keys(pool, clock)
        _, token = await keys.create(BRANCH)
        streams = LogApplication(log)
        app = create_gateway(Platform(pool, intake, clock, log, vault, streams), rates)
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield Gateway(client, pool, log, vault, intake, clock, keys, token)
        await streams.ended()


@asynccontextmanager
async def gateway_on_chosen_log(
    request: pytest.FixtureRequest, database: str
) -> AsyncIterator[Gateway]:
    """Yield a gateway on a new database and the log that a test's parameter names."""
    async with await open_pool(database) as pool:
        await migrate(pool)
    async with chosen_log(request, Settings(dsn=database)) as settings:
        open_log = partial(open_kafka_log, settings) if settings.kafka else EmbeddedEventLog
        async with open_gateway(database, SetClock(), open_log=open_log) as gateway:
            yield gateway


def event_id(number: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"event {number}"))


def payment_event(number: int = 1, **changes: object) -> Json:
    """A payment as a branch publishes it; a change to `...` leaves the attribute out."""
    event: Json = {
        "specversion": "1.0",
        "id": event_id(number),
        "source": f"/branches/{BRANCH}/till-3",
        "type": "payment.payment_received",
        "subject": "C-1001",
        "time": "2026-02-27T17:12:00+08:00",
        "sequence": number,
        "data": {"payment_id": f"P-{number}", "amount": {"minor": 40_000, "currency": "CNY"}},
    }
    changed = event | changes
    return {name: value for name, value in changed.items() if value is not ...}


def complaint_event(number: int = 1, **changes: object) -> Json:
    """A complaint with personal data."""
    data = {"severity": "high", "personal": {"text": "王小明说电视坏了", "callback_phone": "138"}}
    return payment_event(number, type="complaint.filed", data=data) | changes
