"""`make run-kafka` looks after its broker, and leaves nothing behind whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.kafka.broker import free_ports
from deploy.kafka.run import main, run_platform
from services.errors import UsageError
from services.hosts.only_run import only_run_of
from services.settings import Settings
from tests.support.embedded import REPOSITORY, wait_until
from tests.support.kafka import local_cluster

pytestmark = [pytest.mark.postgres, pytest.mark.kafka]

KILL_AND_WAIT = """
import os, signal, socket, sys, time
os.kill(int(sys.argv[1]), signal.SIGKILL)
deadline = time.monotonic() + 60
time.sleep(1)
while time.monotonic() < deadline:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", int(sys.argv[2]))) == 0:
            sys.exit(0)
    time.sleep(0.1)
sys.exit(1)
"""


@pytest.fixture
def signals() -> Iterator[None]:
    """What this process does on signals, brought back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_a_broker_that_dies_is_started_again(capsys: pytest.CaptureFixture[str]) -> None:
    with local_cluster() as cluster:
        port = cluster.bootstrap.rpartition(":")[2]
        command = [sys.executable, "-c", KILL_AND_WAIT, str(cluster.pid(1)), port]
        assert run_platform(command, os.environ, cluster) == 0
    said = capsys.readouterr().out
    assert said.index("started again") < said.index("broker is back")


def test_a_second_one_on_its_data_is_refused_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TOUCHSTONE_KAFKA", raising=False)
    monkeypatch.setenv("TOUCHSTONE_DATA", str(tmp_path))
    monkeypatch.setattr("deploy.kafka.jars.fetch", lambda: pytest.fail("it was not refused"))
    with only_run_of(tmp_path):
        assert main([]) == UsageError.exit_code
    assert f"{tmp_path} is in use" in capsys.readouterr().err


def test_killed_with_9_it_takes_all_its_processes_along(
    kafka: Settings, database: str, tmp_path: Path
) -> None:
    console, gateway = free_ports(2)
    given = {
        "TOUCHSTONE_KAFKA": str(kafka.kafka),
        "TOUCHSTONE_KAFKA_PREFIX": kafka.kafka_prefix,
        "TOUCHSTONE_DSN": database,
        "TOUCHSTONE_DATA": str(tmp_path),
        "TOUCHSTONE_CONSOLE_PORT": str(console),
        "TOUCHSTONE_GATEWAY_PORT": str(gateway),
    }
    log = tmp_path / "out.log"
    with log.open("wb") as output:
        parent = subprocess.Popen(
            [sys.executable, "-m", "deploy.kafka.run"],
            cwd=REPOSITORY,
            env=os.environ | given,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "up to date" in log.read_text("utf-8"), 60)
        family = psutil.Process(parent.pid).children(recursive=True)
        assert {"run", "serve", "work"} <= {word for one in family for word in one.cmdline()}
    finally:
        parent.kill()
        parent.wait()
    assert psutil.wait_procs(family, 10)[1] == []
