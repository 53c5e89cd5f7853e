"""`touchstone policy` over Kafka: published to its topic, listed and tried once it is mirrored."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.hosts.bootstrap import open_platform
from services.settings import Settings
from tests.support.gateway import payment_event
from tests.support.modes import catch_up
from tests.support.workers import variables

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

POLICY = ("alerts", "--set", "overdue_days=[1, 2]", "--effective-from", "2026-01-01")


@pytest.fixture
def settings(kafka: Settings, database: str, tmp_path: Path) -> Settings:
    return kafka.model_copy(update={"dsn": database, "data": tmp_path})


def touchstone(settings: Settings, *words: str) -> str:
    """Run a command and return what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "services", *words],
        env=os.environ | variables(settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def taken_in(settings: Settings) -> None:
    """Do what a worker does."""
    async with open_platform(settings) as platform:
        await catch_up(platform, settings)


def test_a_policy_is_tried_published_and_listed(settings: Settings, tmp_path: Path) -> None:
    due = {"amount": {"minor": 90_000, "currency": "CNY"}, "due_on": "2026-03-01"}
    issued = payment_event(1, type="payment.invoice_issued", data=due | {"invoice_id": "I-1"})
    events = tmp_path / "events.jsonl"
    events.write_text(json.dumps(issued))
    touchstone(settings, "publish", str(events), "--branch", "SH-01")
    asyncio.run(taken_in(settings))
    tried = touchstone(settings, "policy", "try", *POLICY, "--at", "2026-03-20")
    assert "alerts overdue 2: 1 raised, 0 cleared" in tried
    publish = ("policy", "publish", *POLICY, "--format", "json")
    first, before_it_is_mirrored = (json.loads(touchstone(settings, *publish)) for _ in range(2))
    asyncio.run(taken_in(settings))
    mirrored = json.loads(touchstone(settings, *publish))
    answers = (first, before_it_is_mirrored, mirrored)
    assert [one["status"] for one in answers] == ["accepted", "duplicate", "duplicate"]
    assert {one["event_id"] for one in answers} == {first["event_id"]}
    listed = touchstone(settings, "policy", "list", "alerts")
    assert "IN FORCE  from 2026-01-01 00:00+08:00  published by " in listed
    assert first["event_id"] in listed
