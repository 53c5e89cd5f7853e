"""Log files have an end."""

from pathlib import Path

import pytest

from services.hosts.supervision import Supervision
from services.log_files import open_log


def test_a_large_log_is_put_aside_when_it_is_opened_and_one_older_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.log_files.LOG_BYTES", 4)
    path = tmp_path / "services.log"
    for words in (b"old and long", b"new and long", b"now", b"!"):
        with open_log(path) as log:
            log.write(words)
    assert path.read_bytes() == b"now!"
    assert (tmp_path / "services.log.1").read_bytes() == b"new and long"
    assert path.stat().st_mode & 0o077 == 0


async def test_what_the_services_say_goes_to_such_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.log_files.LOG_BYTES", 4)
    path = tmp_path / "data" / "services.log"
    path.parent.mkdir()
    path.write_bytes(b"of an earlier run")
    async with Supervision(path, {}):
        assert path.read_bytes() == b""
    assert path.with_name("services.log.1").read_bytes() == b"of an earlier run"
