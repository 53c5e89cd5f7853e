"""The doctor beside a real platform: each thing that is broken is found, on both logs."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.hosts.bootstrap import open_platform, room_of
from services.hosts.project import Projector
from services.log.kafka.cluster import cluster_of
from services.log.kafka.topics import all_topics, create
from services.operating.doctor.examining import examine
from services.operating.doctor.finding import Finding
from services.postgres.pool import open_pool
from services.settings import Settings
from tests.support.commands import Run
from tests.support.gateway import payment_event
from tests.support.kafka import admin_of, own_topics
from tests.support.operated import asked_platform
from tests.support.postgres import execute

pytestmark = pytest.mark.postgres


async def _found(settings: Settings) -> dict[str, Finding]:
    """What was found, the worst of each check."""
    order = ("unknown", "well", "warning", "fault")
    found = await examine(settings, room_of(settings), open_platform)
    return {one.check: one for one in sorted(found, key=lambda one: order.index(one.state))}


async def test_a_platform_that_works_has_no_fault_but_the_test_servers_own(
    database: str, tmp_path: Path
) -> None:
    async with asked_platform(database, tmp_path) as asked:
        await asked.publish(payment_event(1))
        await Projector(asked.platform).catch_up()
    found = await _found(Settings(dsn=database, data=tmp_path))
    server = found.pop("server_settings")
    assert "fsync is off" in server.says or "full_page_writes is off" in server.says
    assert [one for one in found.values() if one.state == "fault" and one.check != "ports"] == []
    assert found["lag"].remedy.startswith("start `touchstone project`"), "nobody projects here"


async def test_what_waits_is_parked_refused_or_missing_is_found(
    database: str, tmp_path: Path
) -> None:
    settings = Settings(dsn=database, data=tmp_path, quarantine_events=1)
    async with asked_platform(database, tmp_path) as asked:
        await asked.publish(payment_event(1), payment_event(4), payment_event(9, data={}))
        await Projector(asked.platform).catch_up()
        await asked.platform.pool.execute(
            "UPDATE projection_heads SET parked_reason = 'test', parked_at = now()"
            " WHERE projection = 'receivables'"
        )
        await asked.publish(payment_event(5))
        await asked.platform.pool.execute("ALTER TABLE events DISABLE TRIGGER facts_are_immutable")
        await asked.platform.pool.execute(
            "UPDATE events SET recorded_at = now() - interval '1 hour'"
        )
    found = await _found(settings)
    assert found["lag"].state == "fault"
    assert found["parked"].says == "parked: 1 of receivables"
    assert found["quarantine"].state == "fault"
    assert found["gaps"].says.endswith("2 events with lower numbers have not arrived")


async def test_a_database_that_is_behind_is_looked_at_and_not_changed(
    database: str, tmp_path: Path
) -> None:
    await execute(database, "DELETE FROM migrations WHERE name = '0028_alert_care'")
    found = await _found(Settings(dsn=database, data=tmp_path))
    assert found["migrations"].says == "1 are to be applied: 0028_alert_care"
    assert found["lag"].state == "unknown"
    async with await open_pool(database) as pool:
        left = await pool.fetchval("SELECT count(*) FROM migrations WHERE name LIKE '0028%'")
    assert left == 0


async def test_another_databases_key_and_a_database_that_is_away_are_found(
    database: str, tmp_path: Path
) -> None:
    async with asked_platform(database, tmp_path) as asked:
        await asked.publish(payment_event(1))
    (tmp_path / "master.key").write_bytes(base64.b64encode(os.urandom(32)))
    found = await _found(Settings(dsn=database, data=tmp_path))
    assert "not the one that this database was made with" in found["master_key"].says
    away = await _found(Settings(dsn="postgresql://127.0.0.1:1/none", data=tmp_path))
    assert "cannot be reached" in away["database"].says


async def test_nothing_is_made_by_looking_where_nothing_ran(tmp_path: Path) -> None:
    found = await _found(Settings(data=tmp_path / "none"))
    assert (found["database"].state, found["disk"].state) == ("unknown", "unknown")
    assert not (tmp_path / "none").exists()


def test_the_command_says_it_for_people_and_for_programs(
    run: Run,
) -> None:
    told = run("doctor")
    assert told.returncode == 1, "the master key was never made"
    assert "FAULT    master_key: there is no master key" in told.stdout
    listed = json.loads(run("doctor", "--format", "json").stdout)
    assert {"migrations", "disk", "clock", "tls", "open_files"} <= {one["check"] for one in listed}
    assert run("upgrade", "--check").returncode == 0


@pytest.mark.kafka
async def test_a_topic_that_deletes_is_found(
    database: str, tmp_path: Path, kafka_server: str
) -> None:
    async with own_topics(kafka_server) as kafka:
        settings = kafka.model_copy(update={"dsn": database, "data": tmp_path})
        assert (await _found(settings))["kafka"].state == "unknown", "nothing ran there yet"
        await create(cluster_of(settings), all_topics(settings.kafka_prefix, 1))
        async with open_platform(settings):
            pass
        assert (await _found(settings))["kafka"].state == "well"
        topic = f"{settings.kafka_prefix}touchpoints.g1"
        async with admin_of(settings) as admin:
            change = ConfigResource(
                ConfigResourceType.TOPIC, topic, configs={"retention.ms": "1000"}
            )
            await admin.alter_configs([change])
        found = await _found(settings)
        assert (found["kafka"].state, topic in found["kafka"].says) == ("fault", True)
        assert found["lag"].state == "unknown"
