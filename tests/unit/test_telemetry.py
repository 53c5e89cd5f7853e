"""What is logged never fails the work, wherever the log lies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_FULL = Path("/dev/full")
_WORK = """
import structlog
from services.telemetry import configure_logging
configure_logging()
for _ in range(2_000):
    structlog.get_logger().warning("said", to="a disk without room")
print("done")
"""


@pytest.mark.skipif(not _FULL.exists(), reason="no /dev/full on this system")
def test_a_log_on_a_full_disk_does_not_fail_the_work() -> None:
    with _FULL.open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", _WORK], stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert ended.stdout == b"done\n"
