"""What is logged into files: each request by its id, nobody's data, and no file without end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import structlog

from services.errors import UsageError
from services.hosts.log_directory import logging_to_directory
from services.settings import Settings
from tests.support.gateway import complaint_event, payment_event
from tests.support.operated import asked_platform


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_log_is_put_aside_when_it_is_large_and_old_ones_go(tmp_path: Path) -> None:
    settings = Settings(log_directory=tmp_path, log_mb=1, log_files=3)
    with logging_to_directory(settings, "gateway"):
        for number in range(4_500):
            structlog.get_logger().warning("said", number=number, long="x" * 1_000)
    files = sorted(path.name for path in tmp_path.glob("*.log*"))
    assert files == ["gateway.log", "gateway.log.1", "gateway.log.2"]
    assert all(path.stat().st_size <= 1024**2 for path in tmp_path.glob("*.log*"))
    assert _lines(tmp_path / "gateway.log")[-1]["number"] == 4_499
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.log*")} == {0o600}


def test_two_processes_of_one_kind_do_not_share_a_file(tmp_path: Path) -> None:
    settings = Settings(log_directory=tmp_path)
    with logging_to_directory(settings, "worker"), logging_to_directory(settings, "worker"):
        structlog.get_logger().warning("the second speaks")
    assert (tmp_path / "worker.log").read_text() == ""
    [line] = _lines(tmp_path / "worker-2.log")
    assert line["event"] == "the second speaks"


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings(log_directory=tmp_path / "file" / "logs")
    with (
        pytest.raises(UsageError, match="TOUCHSTONE_LOG_DIRECTORY"),
        logging_to_directory(settings, "gateway"),
    ):
        pass


@pytest.mark.postgres
async def test_requests_are_told_by_id_and_nobodys_data(database: str, tmp_path: Path) -> None:
    settings = Settings(log_directory=tmp_path, dsn=database, data=tmp_path, log_requests=True)
    with logging_to_directory(settings, "gateway"):
        async with asked_platform(settings) as asked:
            named = await asked.publish_one(complaint_event(1), **{"x-request-id": "one"})
            assert named.status_code == 201
            broken = complaint_event(2, data={"severity": "high", "personal": "王小明 13800138000"})
            assert (await asked.publish_one(broken)).status_code == 422
            await asked.client.get("/api/v1/events/王小明", params={"source": "13800138000"})
            asked.platform.pool.terminate()
            assert (await asked.publish_one(complaint_event(3))).status_code == 503
            assert (await asked.publish_one(payment_event(4))).status_code == 503
            token = asked.client.headers["authorization"].split()[1]
    log = tmp_path / "gateway.log"
    requests = [line for line in _lines(log) if line["event"] == "request"]
    assert requests[0] | {"took_s": 0, "timestamp": ""} == {
        "event": "request", "level": "info", "method": "POST", "route": "/api/v1/events",
        "status": 201, "request_id": "one", "took_s": 0, "timestamp": "",
    }  # fmt: skip
    assert [line["status"] for line in requests] == [201, 422, 404, 503, 503]
    assert len({line["request_id"] for line in requests}) == 5
    text = log.read_text() + json.dumps(_lines(log), ensure_ascii=False)
    for personal in ("王小明", "13800138000", "电视", "C-1001", token):
        assert personal not in text, personal
