"""What is said of a service or database that dies."""

from __future__ import annotations

import asyncio
from pathlib import Path

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
