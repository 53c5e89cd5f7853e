"""What a killed worker over Kafka leaves in the machine's temporary directory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services.hosts.worker.host import _folder
from tests.support.embedded import REPOSITORY

_WORK = """
import time
from services.hosts.worker.host import _folder
with _folder() as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def test_folders_of_workers_that_live_stay_and_those_of_others_go(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WORK]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as worker:
        try:
            assert worker.stdout is not None
            working = worker.stdout.readline().decode().strip()
            (Path(working) / "v1" / "tables").mkdir(parents=True)
            with _folder() as another:
                assert {str(path) for path in tmp_path.iterdir()} == {working, another}
        finally:
            worker.kill()
    with _folder() as living, _folder() as another:
        assert {str(path) for path in tmp_path.iterdir()} == {living, another}
    assert not list(tmp_path.iterdir())


def test_a_folder_that_another_worker_is_just_making_stays(tmp_path: Path) -> None:
    begun = tmp_path / "touchstone-worker-abc"
    begun.mkdir()
    with _folder():
        assert begun.exists()
