"""`touchstone` as a person or a script runs it, on a test's database."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(database: str, tmp_path: Path) -> Run:
    """Run `touchstone` on this test's database."""
    given = {"TOUCHSTONE_DSN": database, "TOUCHSTONE_DATA": str(tmp_path)}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "services", *words],
            env=os.environ | given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
