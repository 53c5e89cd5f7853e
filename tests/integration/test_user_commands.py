"""`touchstone user`, as whoever has a shell on the platform runs it."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.hosts.bootstrap import open_platform
from services.hosts.people import invite_the_first, people_here
from services.people.journal import Journal
from services.people.look_events import LookEvents
from services.people.looks import Looks
from services.people.principal import Principal
from services.settings import Settings
from tests.support.commands import Run
from tests.support.log import SetClock
from tests.support.people import PASSWORD

pytestmark = pytest.mark.postgres


def test_an_account_is_made_linked_locked_and_listed(
    run: Run, database: str, tmp_path: Path
) -> None:
    made = run("user", "create", "SH-S4", "--administrator")
    assert made.returncode == 0, made.stderr
    link = re.fullmatch(r"http://127\.0\.0\.1:8420/link/([A-Za-z0-9_-]{43})\n", made.stdout)
    assert link is not None
    again = json.loads(run("user", "link", "SH-S4", "--format", "json").stdout)["link"]
    settings = Settings(dsn=database, data=tmp_path)

    async def use() -> None:
        async with open_platform(settings) as platform:
            people = people_here(platform, settings)
            assert await people.proving.owner_of_link(link[1]) is None  # another was made
            await people.proving.set_password(again.rpartition("/")[2], PASSWORD)
            await people.sessions.begin("SH-S4", "password", "a browser")

    asyncio.run(use())
    assert run("user", "log-out", "SH-S4").stdout == "1 log-in of SH-S4 ended.\n"
    assert run("user", "lock", "SH-S4").returncode == 0
    [listed] = json.loads(run("user", "list", "--format", "json").stdout)
    assert (listed["staff_id"], listed["administrator"], listed["sessions"]) == ("SH-S4", True, 0)
    assert listed["locked_at"] is not None
    assert "password" not in listed
    assert run("user", "reset-second-factor", "NOBODY").returncode == 2


def test_what_is_done_with_keys_is_told_in_the_journal(
    run: Run, database: str, tmp_path: Path
) -> None:
    made = json.loads(run("branch", "key", "create", "SH-01", "--format", "json").stdout)
    assert run("branch", "key", "revoke", made["key_id"]).returncode == 0

    async def told() -> list[tuple[str, str, str | None]]:
        async with open_platform(Settings(dsn=database, data=tmp_path)) as platform:
            latest = await Journal(platform.pool, platform.clock).latest(10)
            assert {one.about for one in latest} == {made["key_id"]}
            return [(one.by, one.act, one.staff_id) for one in latest]

    assert asyncio.run(told()) == [
        ("command line", "key_revoked", "SH-01"),
        ("command line", "key_made", "SH-01"),
    ]


async def test_an_empty_platform_invites_its_first_administrator_until_somebody_came(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(dsn=database, data=tmp_path, console_url="https://crm.example.com")
    async with open_platform(settings) as platform:
        people = people_here(platform, settings)
        tokens = []
        for _ in range(2):
            await invite_the_first(platform, settings)
            said = capsys.readouterr().out
            found = re.search(r"\(admin\): https://crm\.example\.com/link/(\S{43})", said)
            assert found is not None, said
            tokens.append(found[1])
        assert await people.proving.owner_of_link(tokens[0]) is None
        assert await people.proving.set_password(tokens[1], PASSWORD) == "admin"
        await invite_the_first(platform, settings)
        assert capsys.readouterr().out == ""
        account = await people.accounts.one("admin")
        assert account is not None
        assert account.administrator


def test_looks_are_told_wherever_they_are(run: Run, database: str, tmp_path: Path) -> None:
    """One has its row still, and of one the log alone tells."""
    clock = SetClock(datetime(2026, 3, 2, 15, 59, tzinfo=UTC))  # 23:59 in Shanghai
    clerk = Principal("SH-S4", branch_id="SH")

    async def look() -> None:
        async with open_platform(Settings(dsn=database, data=tmp_path)) as platform:
            looks, told = Looks(platform.pool, clock), LookEvents(platform)
            looks.note(clerk, ["C-1"], "/customers/{customer}")
            await looks.kept()
            assert await told.tell() == 1
            assert await told.let_go(platform.clock.now()) == 1
            clock.move(timedelta(minutes=2))
            looks.note(clerk, ["C-2"], "/search")
            await looks.kept()

    asyncio.run(look())

    def asked(*options: str) -> list[str]:
        shown = run("user", "looks", *options, "--format", "json")
        assert shown.returncode == 0, shown.stderr
        return [one["customer_id"] for one in json.loads(shown.stdout)]

    assert asked() == ["C-2", "C-1"]
    assert asked("--most", "1") == ["C-2"]
    assert asked("--customer", "C-1", "--staff", "SH-S4") == ["C-1"]
    assert asked("--staff", "SH-S5") == []
    assert run("user", "looks").stdout.splitlines() == [
        "2026-03-02 16:01+00:00  SH-S4 C-2  /search",
        "2026-03-02 15:59+00:00  SH-S4 C-1  /customers/{customer}",
    ]
    assert run("user", "looks", "--from", "yesterday").returncode == 2
