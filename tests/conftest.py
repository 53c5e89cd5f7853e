"""Fixtures and habits of every test; what may be skipped is in `tests.support.skipping`."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase, InMemoryExampleDatabase

pytest_plugins = [
    "pytester",
    "tests.support.skipping",
    "tests.support.commands",
    "tests.support.postgres",
    "tests.support.kafka",
    "tests.support.native",
]

# Commands that tests start are to buffer as they do for everybody.
os.environ.pop("PYTHONUNBUFFERED", None)

_REPOSITORY = Path(__file__).parents[1]
_EXAMPLES = _REPOSITORY / ".hypothesis" / "examples"

# Two shared cores: a deadline per example would measure the neighbours. What has failed is
# remembered where this checkout may be written.
settings.register_profile(
    "touchstone",
    deadline=None,
    database=DirectoryBasedExampleDatabase(_EXAMPLES)
    if os.access(_EXAMPLES if _EXAMPLES.exists() else _REPOSITORY, os.W_OK)
    else InMemoryExampleDatabase(),
)
settings.load_profile("touchstone")

# Each worker may run a database server and a broker of its own, half a gigabyte together.
_MOST_WORKERS = 4


@pytest.hookimpl(optionalhook=True)  # without pytest-xdist tests run one after another
def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than this process may use cores, up to a number: tests also wait."""
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(_MOST_WORKERS, usable + 1)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium: CHROMIUM, or the one on PATH."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not found:
        pytest.skip("no Chromium: install the package chromium or set CHROMIUM")
    return found


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data: TOUCHSTONE_SHARED_DATA, or the one beside the repository."""
    beside = _REPOSITORY.parent / "shared" / "data"
    folder = Path(os.environ.get("TOUCHSTONE_SHARED_DATA") or beside)
    if not folder.is_dir():
        pytest.skip("no real data: set TOUCHSTONE_SHARED_DATA to its folder")
    return folder
