"""A data directory has one `touchstone run` at a time, and a killed one is not in the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services.embedded.running import only_run_of
from services.errors import UsageError
from tests.support.embedded import REPOSITORY

_HOLD = """
import sys, time
from pathlib import Path
from services.embedded.running import only_run_of
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
        pytest.raises(UsageError, match="file cannot be used: File exists"),
        only_run_of(tmp_path / "file"),
    ):
        pass
