"""A data directory has one `touchstone run` at a time, and a killed one is not in the way."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.errors import UsageError
from services.hosts.only_run import only_run_of
from services.hosts.run import run
from services.settings import Settings
from tests.support.embedded import REPOSITORY

_HOLD = """
import sys, time
from pathlib import Path
from services.hosts.only_run import only_run_of
with only_run_of(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_told_where_and_by_whom_until_the_first_is_gone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "-c", _HOLD, str(data)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as first:
        try:
            assert first.stdout is not None
            assert first.stdout.readline() == b"held\n"
            with pytest.raises(UsageError) as refused, only_run_of(data):
                pass
        finally:
            first.kill()
    assert all(
        words in str(refused.value) for words in (str(data), str(first.pid), "TOUCHSTONE_DATA")
    )
    with only_run_of(data):
        pass


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    with (
        pytest.raises(UsageError, match="file cannot be made: File exists"),
        only_run_of(tmp_path / "file"),
    ):
        pass


def test_in_a_directory_of_another_user_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = os.geteuid() + 1
    monkeypatch.setattr("os.geteuid", lambda: another)
    with pytest.raises(UsageError, match="belongs to another user"), only_run_of(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(UsageError, match=r"run\.lock cannot be .*No locks"), only_run_of(tmp_path):
        pass


def test_a_full_disk_takes_no_process_id_and_the_directory_is_held_all_the_same(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        _, most = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
        try:
            stack.enter_context(only_run_of(tmp_path))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        with pytest.raises(UsageError, match=r"works on it\. Stop"), only_run_of(tmp_path):
            pass


async def test_only_runs_on_the_embedded_database_keep_each_other_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Settings] = []

    async def pretend(settings: Settings, *_: object) -> None:
        ran.append(settings)

    monkeypatch.setattr("services.hosts.run._run", pretend)
    embedded = Settings(data=tmp_path, dsn=None)
    elsewhere = Settings(data=tmp_path, dsn="postgresql://one.example/touchstone")
    with only_run_of(tmp_path):
        with pytest.raises(UsageError, match=f"as process {os.getpid()}"):
            await run(embedded, demo=False, customers=1, rate=1.0)
        await run(elsewhere, demo=False, customers=1, rate=1.0)
    assert ran == [elsewhere]
