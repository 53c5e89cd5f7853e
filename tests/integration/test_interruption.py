"""SIGINT and SIGTERM end every command, also one that was started with SIGINT ignored."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.kafka.broker import free_ports
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.postgres.migrate import migrate
from services.postgres.pool import open_pool
from services.settings import Settings
from services.simulator.load import ensure_history
from tests.support.embedded import wait_until
from tests.support.workers import variables

pytestmark = pytest.mark.postgres

# What a script's background job is started with, in a shell without job control.
IGNORING = 'trap "" INT; exec "$0" "$@"'
SIGNALS = (signal.SIGINT, signal.SIGTERM)

WAITING = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity WHERE application_name LIKE $1 AND wait_event_type = 'Lock'
    )
"""
MAPPING = """
mapping = "plain"
[source]
format = "csv"
key = ["id"]
currency = "CNY"
[[touchpoint]]
name = "paid"
type = "payment.payment_received"
subject = "id"
occurred_at = { value = 2026-01-01 }
[touchpoint.data]
payment_id = "id"
amount = { value = 1 }
"""

MORE_THAN_A_PIPE_HOLDS = 1_000_000

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def ports() -> list[int]:
    """Where the console and the gateway are to listen."""
    return free_ports(2)


@pytest.fixture
def start(database: str, ports: list[int], tmp_path: Path) -> Iterator[Start]:
    """Start `touchstone` on this test's database, deaf to Ctrl-C as it begins."""
    console, gateway = ports
    started = []
    given = {
        "TOUCHSTONE_DSN": database,
        "TOUCHSTONE_DATA": str(tmp_path),
        "TOUCHSTONE_CONSOLE_PORT": str(console),
        "TOUCHSTONE_GATEWAY_PORT": str(gateway),
    }

    def start(*words: str, **more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["sh", "-c", IGNORING, sys.executable, "-m", "services", *words],
            env=os.environ | given | more,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def heard(process: subprocess.Popen[str], words: str) -> None:
    """Return once a process has said this."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return
    raise AssertionError(f"ended without saying {words!r}:\n{said}")


def ended(process: subprocess.Popen[str], signum: int) -> tuple[int, str]:
    """Send a signal; return the exit code and what was said until then."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.send_signal(signum)
    code = process.wait(60)  # its standard input stays open: nobody else ends it
    return code, process.stdout.read()


@pytest.mark.parametrize("signum", SIGNALS)
def test_run_ends_in_good_order(start: Start, signum: int) -> None:
    process = start("run")
    heard(process, "up to date")
    code, said = ended(process, signum)
    assert (code, "Traceback" in said) == (0, False)


@pytest.mark.parametrize("signum", SIGNALS)
def test_what_serves_ends_in_good_order(start: Start, ports: list[int], signum: int) -> None:
    process = start("serve")
    wait_until(lambda: all(map(listens, ports)), 60)
    code, said = ended(process, signum)
    assert (code, "Traceback" in said) == (0, False)


@pytest.mark.parametrize("signum", SIGNALS)
def test_the_projector_ends_in_good_order(start: Start, signum: int) -> None:
    process = start("project")
    heard(process, "projecting")
    code, said = ended(process, signum)
    assert (code, "Traceback" in said) == (0, False)


@pytest.mark.parametrize("signum", SIGNALS)
def test_what_waits_for_input_that_does_not_come_ends(start: Start, signum: int) -> None:
    process = start("publish", "-")
    assert process.stdin is not None
    process.stdin.write("\n" * MORE_THAN_A_PIPE_HOLDS)  # returns once it reads
    process.stdin.flush()
    code, said = ended(process, signum)
    assert (code, "Traceback" in said) == (130, False)


@pytest.mark.parametrize("signum", SIGNALS)
def test_an_import_that_waits_for_a_gateway_ends(start: Start, tmp_path: Path, signum: int) -> None:
    file = tmp_path / "export.csv"
    file.write_text("id\nP-1\n", "utf-8")
    mapping = tmp_path / "map.toml"
    mapping.write_text(MAPPING, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        address = f"http://127.0.0.1:{gateway.getsockname()[1]}"
        words = ("--mapping", str(mapping), "--gateway", address, "--key", "tsk_a")
        process = start("import", str(file), *words)
        gateway.settimeout(60)
        connection, _ = gateway.accept()
        with connection:
            assert connection.recv(1)  # a request, which nobody answers
            code, said = ended(process, signum)
    assert (code, "Traceback" in said) == (130, False)


@pytest.mark.parametrize("signum", SIGNALS)
async def test_a_rebuild_that_waits_for_the_database_ends(
    start: Start, database: str, tmp_path: Path, signum: int
) -> None:
    async with open_platform(Settings(dsn=database, data=tmp_path)) as platform:
        await ensure_history(platform, customers=3)
        await Projector(platform).catch_up()
        async with platform.pool.acquire() as holder, holder.transaction():
            await holder.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
            process = start("rebuild")
            while not await platform.pool.fetchval(WAITING, "touchstone rebuild %"):
                assert process.poll() is None
                await asyncio.sleep(0.05)
            code, said = await asyncio.to_thread(ended, process, signum)
    assert (code, "Traceback" in said) == (130, False)


@pytest.mark.parametrize("signum", SIGNALS)
async def test_a_history_that_is_being_written_ends(
    start: Start, database: str, signum: int
) -> None:
    async with await open_pool(database) as pool:
        await migrate(pool)
        process = start("simulate", "history")
        while not await pool.fetchval("SELECT EXISTS (SELECT FROM events)"):
            assert process.poll() is None
            await asyncio.sleep(0.05)
        code, said = await asyncio.to_thread(ended, process, signum)
    assert (code, "Traceback" in said) == (130, False)


@pytest.mark.kafka
@pytest.mark.parametrize("signum", SIGNALS)
def test_a_worker_ends_in_good_order(start: Start, kafka: Settings, signum: int) -> None:
    process = start("work", **variables(kafka))
    heard(process, "assigned")
    code, said = ended(process, signum)
    assert (code, "Traceback" in said) == (0, False)
