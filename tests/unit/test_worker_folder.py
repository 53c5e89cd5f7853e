"""What a killed worker over Kafka leaves in the machine's temporary directory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services.kafka.host import _folder


def test_folders_of_workers_that_live_stay_and_those_of_others_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as killed:
        pass
    left = tmp_path / f"touchstone-worker-{killed.pid}-abc"
    (left / "v1" / "tables").mkdir(parents=True)
    with _folder() as living, _folder() as another:
        assert {str(path) for path in tmp_path.iterdir()} == {living, another}
    assert not list(tmp_path.iterdir())
