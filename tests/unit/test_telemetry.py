"""What is logged never fails the work, wherever the log lies."""

from __future__ import annotations

import json
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


_LIBRARY = """
import logging
from services.telemetry import configure_logging
configure_logging()
for error in (ConnectionRefusedError(111, "Connection refused"), ValueError("a bug")):
    try:
        raise error
    except (ConnectionRefusedError, ValueError):
        logging.getLogger("asyncpg.pool").warning("no connection; retrying", exc_info=True)
"""


def test_a_database_that_is_away_is_one_clear_line_and_a_bug_has_its_traceback() -> None:
    ended = subprocess.run([sys.executable, "-c", _LIBRARY], capture_output=True, check=True)
    away, bug = map(json.loads, ended.stderr.splitlines())
    assert away["event"] == "database_away"
    assert "the database cannot be reached just now ([Errno 111]" in away["reason"]
    assert away["said"] == "no connection; retrying"
    assert "exception" not in away
    assert "ValueError: a bug" in bug["exception"]
