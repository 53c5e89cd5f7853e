"""A cluster that speaks TLS and asks for a user: all works, and a wrong setting is named."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.kafka.broker import LocalCluster, missing
from deploy.kafka.security import Security
from events.notices import ChangeNotice
from services.errors import Unavailable
from services.hosts.bootstrap import open_platform
from services.log.kafka.cluster import KafkaRefused, cluster_of
from services.log.kafka.event_log import open_kafka_log
from services.log.kafka.topics import all_topics, create, describe, faults
from services.ports import Accepted, Duplicate
from services.postgres.migrate import migrate
from services.postgres.pool import open_pool
from services.settings import Settings
from tests.support.certificates import make_certificates
from tests.support.gateway import open_gateway, payment_event
from tests.support.log import SetClock, payment
from tests.support.postgres import quick_directory
from tests.support.workers import (
    first_notice,
    the_leader_relays,
    until_caught_up,
    variables,
    workers,
)

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

USER = "touchstone"
PASSWORD = "open sesame"


@pytest.fixture(scope="module")
def whole() -> Iterator[Settings]:
    """Settings that are as they must be for the module's cluster."""
    if lack := missing():
        pytest.skip(lack)
    with quick_directory() as home:
        authority, server = make_certificates(home)
        make_certificates(home, "stranger")
        security = Security(server, authority, {USER: PASSWORD})
        with LocalCluster(home / "kafka", security=security) as cluster:
            yield Settings.model_validate(
                {
                    "kafka": cluster.bootstrap,
                    "kafka_tls": True,
                    "kafka_ca": authority,
                    "kafka_user": USER,
                    "kafka_password": PASSWORD,
                }
            )


def changed(settings: Settings, **changes: object) -> Settings:
    """Return other settings, checked; `...` leaves one out."""
    given = settings.model_dump(exclude_unset=True) | changes
    return Settings.model_validate({name: v for name, v in given.items() if v is not ...})


@pytest.fixture
def settings(whole: Settings, database: str, tmp_path: Path) -> Settings:
    """Settings of a log of this test's own."""
    return changed(whole, kafka_prefix=f"{uuid4().hex[:8]}.", dsn=database, data=tmp_path)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
async def test_topics_log_and_gateway_work(settings: Settings, mechanism: str) -> None:
    settings = changed(settings, kafka_mechanism=mechanism)
    cluster = cluster_of(settings)
    topics = all_topics(cluster.prefix, 1)
    assert await create(cluster, topics) == tuple(topic.name for topic in topics)
    assert await faults(cluster, topics) == ()
    assert settings.dsn is not None
    async with await open_pool(settings.dsn) as pool:
        await migrate(pool)
    async with open_gateway(
        settings.dsn,
        SetClock(),
        open_log=lambda pool, clock: open_kafka_log(settings, pool, clock),
    ) as gateway:
        [accepted] = await gateway.results([payment_event(1)])
        assert accepted["status"] == "accepted"
        [outcome] = await gateway.log.append([payment(1)])
        assert isinstance(outcome, Accepted)
        [again] = await gateway.log.append([payment(1)])
        assert isinstance(again, Duplicate)
        assert len(await gateway.log.read(outcome.position.partition, 0, 10)) >= 1


async def test_a_worker_and_its_faust_log_in(settings: Settings, tmp_path: Path) -> None:
    cluster = cluster_of(settings)
    await create(cluster, all_topics(cluster.prefix, 1))
    async with open_platform(settings) as platform:
        with workers(settings, 1, tmp_path) as [worker]:
            await platform.log.append([payment(1)])
            await until_caught_up(platform)
            await the_leader_relays(platform)  # Faust has joined its group and elected it
            told = await first_notice(settings, "changes", ChangeNotice)  # and appends
            assert told.customers == ("C-1",)
        assert worker.process.returncode == 0, worker.said()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (
            {"kafka_password": "guess"},
            "does not let user touchstone in: .* TOUCHSTONE_KAFKA_PASSWORD",
        ),
        (
            {"kafka_password": "guess", "kafka_mechanism": "PLAIN"},
            "does not let user touchstone in: .* TOUCHSTONE_KAFKA_USER",
        ),
        (
            {"kafka_mechanism": "SCRAM-SHA-256"},
            "TOUCHSTONE_KAFKA_MECHANISM to one of PLAIN, SCRAM-SHA-512",
        ),
        ({"kafka_user": ..., "kafka_password": ...}, "asks for a user: set TOUCHSTONE_KAFKA_USER"),
        ({"kafka_ca": ...}, "not trusted .*: set TOUCHSTONE_KAFKA_CA"),
        ({"kafka_tls": ..., "kafka_ca": ...}, "speaks TLS: set TOUCHSTONE_KAFKA_TLS=true"),
    ],
)
async def test_a_wrong_or_missing_setting_is_named(
    whole: Settings, wrong: dict[str, object], told: str
) -> None:
    with pytest.raises(KafkaRefused, match=told):
        await describe(cluster_of(changed(whole, **wrong)), all_topics("", 1))


async def test_a_stranger_s_certificate_and_name_are_refused(whole: Settings) -> None:
    assert whole.kafka is not None
    assert whole.kafka_ca is not None
    stranger = whole.kafka_ca.with_name("stranger.pem")
    with pytest.raises(KafkaRefused, match="set TOUCHSTONE_KAFKA_CA"):
        await describe(cluster_of(changed(whole, kafka_ca=stranger)), all_topics("", 1))
    elsewhere = whole.kafka.replace("127.0.0.1", "localhost")
    with pytest.raises(KafkaRefused, match="give in TOUCHSTONE_KAFKA the name"):
        await describe(cluster_of(changed(whole, kafka=elsewhere)), all_topics("", 1))


async def test_an_open_broker_says_what_is_too_much(kafka_server: str, whole: Settings) -> None:
    with pytest.raises(KafkaRefused, match="unset TOUCHSTONE_KAFKA_TLS"):
        await describe(cluster_of(changed(whole, kafka=kafka_server)), all_topics("", 1))
    no_tls = changed(whole, kafka=kafka_server, kafka_tls=..., kafka_ca=...)
    with pytest.raises(KafkaRefused, match="unset TOUCHSTONE_KAFKA_USER"):
        await describe(cluster_of(no_tls), all_topics("", 1))


async def test_a_broker_that_is_away_is_no_wrong_setting(whole: Settings) -> None:
    with pytest.raises(Unavailable, match="try again"):
        await describe(cluster_of(changed(whole, kafka="127.0.0.1:1")), all_topics("", 1))


def test_a_command_says_it_in_one_line(settings: Settings) -> None:
    wrong = changed(settings, kafka_password="guess")
    told = subprocess.run(
        [sys.executable, "-m", "services", "topics", "check"],
        env=os.environ | variables(wrong),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 1
    assert told.stderr.startswith("touchstone: Kafka at 127.0.0.1:")
    assert told.stderr.count("\n") == 1
    assert "guess" not in told.stderr
