"""What every process tells operators: figures without anybody's data, and whether it is well."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.hosts.project import Projector
from services.vault.master_key import MasterKeyUnusable
from services.vault.vault import PostgresVault
from tests.support.gateway import BRANCH, payment_event
from tests.support.operated import Asked, asked_platform, value

pytestmark = pytest.mark.postgres

_EVENTS = "touchstone_events_total"


@pytest_asyncio.fixture
async def asked(database: str, tmp_path: Path) -> AsyncIterator[Asked]:
    async with asked_platform(database, tmp_path, metrics_from="10.1.0.0/16") as asked:
        yield asked


async def test_events_are_counted_by_what_became_of_them(asked: Asked) -> None:
    before = await asked.figures()
    bad = payment_event(9, data={"payment_id": "P-9", "amount": "much"})
    assert await asked.publish(payment_event(1), payment_event(2), bad) == [
        "accepted", "accepted", "refused",
    ]  # fmt: skip
    assert await asked.publish(payment_event(2)) == ["duplicate"]
    after = await asked.figures()

    def grew(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grew(_EVENTS, outcome="accepted") == 2
    assert grew(_EVENTS, outcome="duplicate") == 1
    assert grew(_EVENTS, outcome="refused") == 1
    assert grew("touchstone_events_refused_total", reason="malformed") == 1
    assert grew("touchstone_quarantine_events") == 1
    asked_for = {"route": "/api/v1/events", "method": "POST"}
    assert grew("touchstone_requests_total", status="200", **asked_for) == 2
    assert grew("touchstone_request_seconds_count", **asked_for) == 2


async def test_lag_is_what_is_not_projected_and_goes_when_it_is(asked: Asked) -> None:
    await asked.publish(*(payment_event(n) for n in range(1, 6)))
    heads = (await asked.platform.log.heads()).counts
    [partition] = [p for p, count in enumerate(heads) if count]
    projector = Projector(asked.platform)
    assert await projector.catch_up() == 5
    await asked.publish(payment_event(6), payment_event(7))
    figures = await asked.figures()
    place = {"projection": "receivables", "partition": str(partition)}
    assert value(figures, "touchstone_projection_lag_events", **place) == 2
    assert value(figures, "touchstone_log_head_events", partition=str(partition)) == 7
    before = value(figures, "touchstone_batch_seconds_count", work="events")
    await projector.catch_up()
    figures = await asked.figures()
    assert value(figures, "touchstone_projection_lag_events", **place) == 0
    assert value(figures, "touchstone_projection_lag_seconds", **place) == 0
    assert value(figures, "touchstone_batch_seconds_count", work="events") > before


async def test_nothing_that_is_told_names_anybody(asked: Asked) -> None:
    await asked.publish(payment_event(1, subject="C-4711"))
    await asked.client.get("/api/v1/events/019cad2f-6a3a-7c31-9d52-5f0e3b8a7c11")
    await asked.client.get("/api/v1/nowhere/C-4711")
    text = (await asked.client.get("/metrics")).text
    for told in ("C-4711", "019cad2f", "nowhere", "till-3"):
        assert told not in text
    names = set(re.findall(r'(\w+)="', text))
    assert names <= {
        "route", "method", "status", "outcome", "reason", "word", "work", "kind", "level", "le",
        "projection", "partition", "state", "check", "version", "native", "generation",
        "implementation", "major", "minor", "patchlevel", "branch", "format", "feed",
    }  # fmt: skip
    named = [line for line in text.splitlines() if BRANCH in line]
    assert all(line.startswith("touchstone_branch_") for line in named)
    assert 'route="/api/v1/events/{event_id}"' in text
    assert 'route="other"' in text


async def test_each_branch_has_its_figures(asked: Asked) -> None:
    """Two devices: one left out two numbers and has a clock an hour fast, one began anew."""
    sent = {"senttime": "2026-03-01T10:00:00Z", "collectedtime": "2026-03-01T09:00:00Z"}
    other = {"source": f"/branches/{BRANCH}/till-4", "sourceepoch": 3, "sequence": 1}
    await asked.publish(payment_event(1), payment_event(4, **sent))
    await asked.publish(payment_event(5, **other), payment_event(6, data={}))
    figures = await asked.figures()

    def of_branch(name: str) -> float:
        return value(figures, f"touchstone_branch_{name}", branch=BRANCH)

    assert of_branch("highest_number") == 4
    assert of_branch("missing_numbers") == 2
    assert of_branch("clock_error_seconds") == 3_600
    assert of_branch("device_restarts") == 2
    assert of_branch("refused_events") == 1
    assert of_branch("last_recorded_timestamp_seconds") > 1.7e9


async def test_figures_go_to_this_machine_and_to_named_networks_alone(asked: Asked) -> None:
    async def answered(address: str, **headers: str) -> int:
        async with asked.from_elsewhere(address) as client:
            return (await client.get("/metrics", headers=headers)).status_code

    assert await answered("127.0.0.1") == 200
    assert await answered("10.1.2.3") == 200
    assert await answered("10.2.0.1") == 403
    through_a_proxy = {"x-forwarded-for": "127.0.0.1"}
    assert await answered("127.0.0.1", **through_a_proxy) == 403


async def test_ready_says_what_is_wrong_and_live_says_that_it_lives(asked: Asked) -> None:
    ready = await asked.client.get("/readyz")
    assert ready.status_code == 200
    assert [check["name"] for check in ready.json()["checks"]] == [
        "database", "master_key", "log", "projector",
    ]  # fmt: skip
    asked.platform.pool.terminate()
    async with asked.from_elsewhere("192.0.2.1") as client:  # a probe comes from anywhere
        assert (await client.get("/livez")).json() == {"alive": True}
    asked.app.forget()
    gone = await asked.client.get("/readyz")
    assert gone.status_code == 503
    assert gone.json()["ready"] is False
    told = {check["name"]: check for check in gone.json()["checks"]}
    assert "cannot be reached" in told["database"]["reason"]
    assert value(await asked.figures(), "touchstone_check_ok", check="database") == 0


async def test_events_that_wait_long_make_a_projecting_process_unready_and_no_door(
    database: str, tmp_path: Path
) -> None:
    async with asked_platform(database, tmp_path) as asked:
        await asked.publish(payment_event(1))
        await Projector(asked.platform).catch_up()
        await asked.publish(payment_event(2))
        async with asked.platform.pool.acquire() as connection:
            # The event cannot be made older, so the log's clock is moved back under it.
            await connection.execute("ALTER TABLE events DISABLE TRIGGER facts_are_immutable")
            await connection.execute("UPDATE events SET recorded_at = now() - interval '1 hour'")
        door = await asked.client.get("/readyz")
        told = {check["name"]: check for check in door.json()["checks"]}
        assert (door.status_code, told["projector"]["ok"]) == (200, False)
        assert "events have waited 3600 s" in told["projector"]["reason"]
    async with asked_platform(database, tmp_path, projects=True) as asked:
        assert (await asked.client.get("/readyz")).status_code == 503


async def test_another_master_key_is_noticed(database: str, tmp_path: Path) -> None:
    async with asked_platform(database, tmp_path) as asked:
        await asked.publish(payment_event(1))
        other = PostgresVault(asked.platform.pool, bytes(32))
        with pytest.raises(MasterKeyUnusable):
            await other.check()
        await asked.platform.vault.check()
    (tmp_path / "master.key").write_bytes(base64.b64encode(os.urandom(32)))
    async with asked_platform(database, tmp_path) as asked:
        told = (await asked.client.get("/readyz")).json()["checks"]
        assert [one["name"] for one in told if not one["ok"]] == ["master_key"]


async def test_an_answer_names_its_request(asked: Asked) -> None:
    given = await asked.publish_one(payment_event(1), **{"x-request-id": "proxy-7"})
    assert given.headers["x-request-id"] == "proxy-7"
    made = await asked.publish_one(payment_event(2), **{"x-request-id": "no id\tat all"})
    assert re.fullmatch("[0-9a-f]{32}", made.headers["x-request-id"])
