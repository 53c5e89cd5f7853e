"""What is said of a service or database that dies."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from services.hosts.supervision import Supervision
from services.local_postgres.keeping import kept_running
from services.local_postgres.server import EmbeddedServer, EmbeddedServerError
from tests.support.embedded import wait_until

_ENDS_ONCE = """
import sys, time
from pathlib import Path
mark = Path(sys.argv[1])
if not mark.exists():
    mark.touch()
    sys.exit(7)
time.sleep(60)
"""


_WORKS = """
import os, sys, time
from pathlib import Path
Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(60)
"""

_IS_DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
"""


def has_text(file: Path) -> bool:
    return file.exists() and file.read_text() != ""


async def ended_while_working(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> list[str]:
    """Start a service, tell it to end once it works, and return what is said of it."""
    package = tmp_path / "services"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(program)
    monkeypatch.chdir(tmp_path)
    mark = tmp_path / "mark"
    with capture_logs() as said:
        async with Supervision(
            tmp_path / "services.log", {"PYTHONPATH": str(tmp_path)}
        ) as supervision:
            supervision.start([str(mark)])
            await asyncio.to_thread(wait_until, lambda: has_text(mark), 30)
    return [str(line["event"]) for line in said]


def _wait_for_the_end_of(pid: int) -> None:
    """Wait, and let nothing else be done in this process meanwhile."""
    with contextlib.suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)


async def test_a_service_that_ended_in_time_is_not_said_to_be_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where so much is going on that its end is heard of too late."""

    async def late(ending: Coroutine[object, object, int], patience_s: float) -> int:
        del patience_s
        ending.close()
        _wait_for_the_end_of(int((tmp_path / "mark").read_text()))
        raise TimeoutError

    monkeypatch.setattr("services.hosts.supervision.asyncio.wait_for", late)
    assert await ended_while_working(tmp_path, monkeypatch, _WORKS) == []


async def test_a_service_that_does_not_end_is_killed_and_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.hosts.supervision._TERM_PATIENCE_S", 0.2)
    said = await ended_while_working(tmp_path, monkeypatch, _IS_DEAF + _WORKS)
    assert said == ["service_killed"]


async def test_a_service_that_died_is_said_to_be_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.hosts.supervision._FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr("services.hosts.supervision._BACK_AFTER_S", 0.5)
    package = tmp_path / "services"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(_ENDS_ONCE)
    environment = {"PYTHONPATH": str(tmp_path)}
    monkeypatch.chdir(tmp_path)
    with capture_logs() as said:
        async with Supervision(tmp_path / "services.log", environment) as supervision:
            supervision.start([str(tmp_path / "mark")])
            await asyncio.to_thread(wait_until, lambda: len(said) > 1, 30)
    assert [line["event"] for line in said] == ["service_ended", "service_back"]


async def test_a_service_that_could_not_be_started_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.hosts.supervision._FIRST_PAUSE_S", 0.0)
    tries = 0

    async def fails(*_: object, **__: object) -> None:
        nonlocal tries
        tries += 1
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("asyncio.create_subprocess_exec", fails)
    with capture_logs() as said:
        async with Supervision(tmp_path / "services.log", {}) as supervision:
            supervision.start(["project"])
            await asyncio.to_thread(wait_until, lambda: tries > 1, 30)
    first = said[0]
    assert (first["event"], first["service"]) == ("service_not_started", "project")
    assert "temporarily unavailable" in first["reason"]


class _StartsAtTheThird(EmbeddedServer):
    """A database server that runs, dies, does not start once, and then does."""

    starts = 0

    def start(self) -> str:
        self.starts += 1
        if self.starts == 2:
            raise EmbeddedServerError("the disk is full")
        return self.dsn


async def test_a_database_that_did_not_start_is_said_to_be_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.local_postgres.keeping._LOOK_EVERY_S", 0.01)
    server = _StartsAtTheThird(tmp_path)
    with capture_logs() as said:
        async with kept_running(server):
            await asyncio.to_thread(wait_until, lambda: server.starts > 4, 30)
    assert [line["event"] for line in said] == ["database_does_not_start", "database_back"]
