"""What the doctor looks at on a machine, each made to fail once."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from projections import PROJECTIONS
from services.native import Native
from services.operating.doctor import machine
from services.operating.doctor.database import clock, migrations, server, versions
from services.operating.doctor.finding import Finding
from services.operating.doctor.working import gaps, lag, parked, quarantine
from services.operating.measuring import Lag, Measured
from services.postgres.migrate import Migration
from services.settings import Settings

_NOW = datetime(2026, 3, 20, tzinfo=UTC)
_GB = 1024**3
_SERVER = {
    "fsync": "on", "full_page_writes": "on", "autovacuum": "on", "server_encoding": "UTF8",
    "max_connections": "100", "server_version_num": "170002",
}  # fmt: skip


def states(found: Iterable[Finding]) -> list[str]:
    """How things are; what is not well says what to do."""
    listed = list(found)
    assert all(one.remedy for one in listed if one.state in ("warning", "fault"))
    return [one.state for one in listed]


@pytest.mark.parametrize(
    ("free_gb", "state"),
    [(200, "well"), (20, "well"), (4, "warning"), (0.9, "fault"), (2.9, "fault")],
)
def test_a_disk_is_judged_by_what_is_free_of_it(free_gb: float, state: str) -> None:
    assert machine.disk(100 * _GB, int(free_gb * _GB), Path("/data")).state == state


def test_the_disk_is_the_one_of_the_data_directory(tmp_path: Path) -> None:
    assert str(tmp_path) in machine.disk_of(Settings(data=tmp_path)).says


def test_what_others_can_read_is_named(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert states(machine.permissions(settings)) == ["well"]
    log = tmp_path / "services.log"
    log.touch(mode=0o600)
    log.chmod(0o644)
    [found] = machine.permissions(settings)
    assert (found.state, found.remedy) == ("fault", f"chmod 600 {log}")


def test_a_directory_of_another_user_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    [found] = machine.permissions(Settings(data=tmp_path))
    assert "another user" in found.says


def test_a_master_key_that_is_missing_or_none_is_named(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert "is missing" in machine.key(settings).says
    assert not (tmp_path / "master.key").exists(), "looking makes no key"
    (tmp_path / "master.key").write_text("short")
    (tmp_path / "master.key").chmod(0o600)
    assert machine.key(settings).state == "fault"


@pytest.mark.parametrize(
    ("days", "state"), [(400, "well"), (13, "warning"), (0, "fault"), (-3, "fault")]
)
def test_a_certificate_is_judged_by_how_long_it_is_valid(
    days: int, state: str, tmp_path: Path
) -> None:
    ends = _NOW + timedelta(days=days)
    leaf = trustme.CA().issue_cert("localhost", not_before=_NOW - timedelta(9), not_after=ends)
    leaf.cert_chain_pems[0].write_to_path(str(tmp_path / "c.pem"))
    settings = Settings(tls_certificate=tmp_path / "c.pem", tls_key=tmp_path / "k.pem")
    assert machine.tls(settings, _NOW).state == state


def test_keys_in_the_clear_and_a_certificate_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    assert machine.tls(Settings(gateway_host="192.0.2.1"), _NOW).state == "warning"
    settings = Settings(tls_certificate=tmp_path / "none.pem", tls_key=tmp_path / "k.pem")
    assert machine.tls(settings, _NOW).state == "fault"


@pytest.fixture
def stranger() -> Iterator[int]:
    """A port on which something listens and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_that_another_program_has_is_named(
    stranger: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_PATIENCE_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as unused:
        free = unused.getsockname()[1]
    console, gateway = machine.ports(Settings(console_port=stranger, gateway_port=free))
    assert (console.state, gateway.state) == ("fault", "well")
    assert "TOUCHSTONE_CONSOLE_PORT" in console.remedy


def test_compiled_parts_of_other_sources_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "choose", lambda: Native((), out_of_date=True))
    assert machine.native().state == "warning"
    monkeypatch.setattr(machine, "choose", Native)
    assert machine.native().state == "well"


def test_too_few_open_files_are_named() -> None:
    settings = Settings(connections=1_000)
    assert machine.open_files(settings, hard=1_128).state == "well"
    assert machine.open_files(settings, hard=1_127).state == "fault"


@pytest.mark.parametrize(
    ("name", "setting", "state"),
    [
        ("fsync", "off", "fault"),
        ("full_page_writes", "off", "fault"),
        ("autovacuum", "off", "fault"),
        ("server_encoding", "SQL_ASCII", "fault"),
        ("server_version_num", "140011", "fault"),
        ("max_connections", "20", "warning"),
        ("max_connections", "100", "well"),
    ],
)
def test_a_servers_setting_that_loses_events_is_named(name: str, setting: str, state: str) -> None:
    assert states(server({**_SERVER, name: setting})) == [state]


def test_clocks_that_are_apart_are_named() -> None:
    def apart(seconds: float) -> str:
        return clock(_NOW, _NOW + timedelta(seconds=seconds)).state

    assert [apart(s) for s in (0.5, 5, -5, 31)] == ["well", "warning", "warning", "fault"]


def test_a_database_of_another_shape_is_named() -> None:
    known = (Migration("0001_a", "SELECT 1"), Migration("0002_b", "SELECT 2"))
    all_applied = {one.name: one.checksum for one in known}
    assert migrations(all_applied, known).state == "well"
    assert "to be applied: 0002_b" in migrations({"0001_a": known[0].checksum}, known).says
    assert "does not know" in migrations({**all_applied, "0003_c": "x"}, known).says
    assert "changed after" in migrations({**all_applied, "0001_a": "x"}, known).says


def test_rows_of_another_version_are_named_with_what_to_run() -> None:
    first = PROJECTIONS[0]
    assert states(versions({one.name: one.version for one in PROJECTIONS})) == ["well"]
    [older] = versions({first.name: first.version - 1})
    assert older.remedy.startswith(f"run `touchstone rebuild {first.name}`")
    [newer] = versions({first.name: first.version + 1})
    assert newer.remedy == "run the newer program"


def test_events_that_wait_too_long_are_named() -> None:
    late, soon = Lag("receivables", 3, 7, 121.0), Lag("value_tiers", 0, 2, 1.0)
    found = lag([late, soon], somebody_projects=True)
    assert (found.state, "9 events wait" in found.says) == ("fault", True)
    assert "value_tiers" not in found.says
    assert lag([soon], somebody_projects=True).state == "well"
    assert lag([soon], somebody_projects=False).state == "warning"


def test_what_is_parked_and_what_has_holes_is_named() -> None:
    assert parked({"receivables": 0, "casework": 0}).state == "well"
    assert parked({"receivables": 2, "casework": 0}).says == "parked: 2 of receivables"
    assert states(gaps({})) == ["well"]
    assert states(gaps({"/branches/A/till": 3})) == ["warning"]


@pytest.mark.parametrize(("fullest", "state"), [(0.79, "well"), (0.8, "warning"), (1.0, "fault")])
def test_a_quarantine_that_fills_is_named(fullest: float, state: str) -> None:
    measured = Measured((), (), {}, waiting=3, turned_away=0, fullest=fullest)
    assert quarantine(measured).state == state
