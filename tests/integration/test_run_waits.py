"""`touchstone run` waits for a database that is away, whenever it goes, and ends when told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.kafka.broker import free_ports
from services.local_postgres.server import EmbeddedServer
from services.local_postgres.server_settings import ServerSettings
from tests.support.embedded import REPOSITORY, wait_until
from tests.support.postgres import reachable_directory

pytestmark = pytest.mark.postgres

PATIENCE_S = 120
SERVER = ServerSettings(fsync=False, shared_buffers_mb=64, max_wal_size_mb=1024)


class Run:
    """A `touchstone run` of a small demonstration on a database of somebody else's."""

    def __init__(self, data: Path, dsn: str) -> None:
        console, gateway = free_ports(2)
        self._log = data / "run.log"
        given = {
            "TOUCHSTONE_DSN": dsn,
            "TOUCHSTONE_DATA": str(data),
            "TOUCHSTONE_CONSOLE_PORT": str(console),
            "TOUCHSTONE_GATEWAY_PORT": str(gateway),
        }
        others = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHSTONE_")}
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services", "run", "--demo", "--customers", "300"],
                cwd=REPOSITORY,
                env=others | given,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._log.read_text("utf-8", errors="replace")

    def says(self, words: str, times: int = 1) -> None:
        """Wait until it has said something so many times."""

        def said() -> bool:
            assert self.process.poll() is None, self.said
            return self.said.count(words) >= times

        wait_until(said, PATIENCE_S)

    def end(self, signum: signal.Signals) -> int:
        self.process.send_signal(signum)
        return self.process.wait(PATIENCE_S)


@contextmanager
def running(data: Path, dsn: str) -> Iterator[Run]:
    run = Run(data, dsn)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait()


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    with reachable_directory() as home, EmbeddedServer(home, SERVER) as server:
        yield server


def test_a_database_may_blink_at_any_moment(server: EmbeddedServer, tmp_path: Path) -> None:
    server.stop()
    with running(tmp_path, server.dsn) as run:
        run.says("waiting: the database cannot be reached")
        server.start()  # it was away from the beginning
        run.says("the database is back")
        server.stop()  # while it migrates, or until pages are served
        run.says("waiting: ", 2)
        server.start()
        run.says("gateway: ")
        server.stop()  # while it fills
        run.says("waiting: the database cannot be reached", 2)
        server.start()
        run.says("up to date")
        assert run.end(signal.SIGINT) == 0
    assert "Traceback" not in run.said


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_order_while_it_fills(
    server: EmbeddedServer, tmp_path: Path, signum: signal.Signals
) -> None:
    with running(tmp_path, server.dsn) as run:
        run.says("gateway: ")
        assert run.end(signum) == 0
    assert "stopping" in run.said
    assert "service_killed" not in run.said
    assert "Traceback" not in run.said


def test_it_ends_while_the_database_is_away(server: EmbeddedServer, tmp_path: Path) -> None:
    server.stop()
    with running(tmp_path, server.dsn) as run:
        run.says("waiting: the database cannot be reached")
        assert run.end(signal.SIGTERM) == 0
    server.start()
