"""`touchstone project --once` and `parked` as a program reads them."""

import base64
import json
from datetime import UTC, datetime

import asyncpg
import pytest
import typer
from structlog.testing import capture_logs
from typer.testing import CliRunner

from services.cli import projector as commands
from services.hosts.bootstrap import open_platform
from services.settings import Settings
from services.terminal import run_async
from tests.support.log import payment

pytestmark = pytest.mark.postgres

app = typer.Typer()
app.command("project")(commands.project)
app.add_typer(commands.parked)


@pytest.fixture(autouse=True)
def installation(database: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation whose log holds one payment of each of two customers."""
    chosen = Settings(dsn=database, master_key=base64.b64encode(bytes(32)).decode())
    monkeypatch.setattr("services.settings.settings", lambda: chosen)

    async def fill() -> None:
        async with open_platform(chosen) as platform:
            await platform.log.append([payment(1, "C-1"), payment(2, "C-2")])

    run_async(fill())
    return chosen


def answer(*words: str) -> object:
    with capture_logs():  # which `touchstone` sends to standard error
        result = CliRunner().invoke(app, [*words, "--format", "json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_how_many_events_were_taken_in(installation: Settings) -> None:
    assert answer("project", "--once") == {"events": 2}
    assert answer("project", "--once") == {"events": 0}


def test_who_is_asked_for_again(installation: Settings) -> None:
    answer("project", "--once")
    assert answer("parked", "retry") == []

    async def park() -> None:
        connection = await asyncpg.connect(installation.dsn)
        await connection.execute(
            "UPDATE projection_heads SET parked_reason = 'odd', parked_at = $1 "
            "WHERE projection = 'receivables' AND customer_id = 'C-2'",
            datetime.now(UTC),
        )
        await connection.close()

    run_async(park())
    assert answer("parked", "retry", "C-2") == [{"projection": "receivables", "customer_id": "C-2"}]
    answer("project", "--once")
    assert answer("parked", "list") == []
