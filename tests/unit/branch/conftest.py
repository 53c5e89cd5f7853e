"""Fixtures of the branch's own tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from touchstone_branch import Branch
from touchstone_branch.settings import Settings, write_settings
from touchstone_branch.testing import FakePlatform, opened


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def directory(tmp_path: Path, platform: FakePlatform) -> Path:
    settings = Settings("http://127.0.0.1:9", "SH-01", "till-3", platform.verifier, reserve_mb=1)
    write_settings(tmp_path / "branch", settings, "tsk_x")
    return tmp_path / "branch"


@pytest.fixture
def branch(directory: Path, platform: FakePlatform) -> Iterator[Branch]:
    with opened(directory, platform) as found:
        yield found
