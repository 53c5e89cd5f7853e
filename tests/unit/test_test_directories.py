"""Directories of the tests: in memory where that serves; of killed runs nothing stays."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.postgres import clear_away, memory_serves, reachable_directory

ROOM = 4 * 1024**3


def disk(flags: int = 0, free: int = ROOM) -> os.statvfs_result:
    return os.statvfs_result(
        (4096, 4096, free // 4096, free // 4096, free // 4096, 0, 0, 0, flags, 255)
    )


@pytest.mark.parametrize(
    ("found", "serves"),
    [
        (disk(), True),
        (disk(free=64 * 1024**2), False),  # what a container has by default
        (disk(flags=os.ST_NOEXEC), False),  # programs are copied there for an account
    ],
)
def test_memory_serves_where_it_has_room_and_lets_programs_run(
    found: os.statvfs_result, serves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda path: found)
    monkeypatch.setattr(os, "access", lambda path, mode: True)
    assert memory_serves(Path("/")) is serves


def test_memory_does_not_serve_where_there_is_none(tmp_path: Path) -> None:
    assert not memory_serves(tmp_path / "nowhere")
    assert not memory_serves(tmp_path)


def test_what_a_killed_run_left_is_cleared_away_and_what_lives_stays(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    left = tmp_path / f"touchstone-test-{ended.pid}-abc"
    (left / "cluster").mkdir(parents=True)
    (left / "cluster" / "postmaster.pid").write_text(f"{ended.pid}\n")
    other = tmp_path / "touchstone-of-somebody"
    other.mkdir()
    with reachable_directory(tmp_path) as mine:
        clear_away(tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted([mine, other])
