"""The commands for keys and quarantine, as a person or a script runs them."""

import asyncio
import json
from pathlib import Path

import pytest

from services.hosts.bootstrap import open_platform
from services.intake.keys import Keys
from services.settings import Settings
from services.vault.master_key import master_key
from tests.support.commands import Run
from tests.support.gateway import complaint_event, event_id, open_gateway
from tests.support.log import SetClock

pytestmark = pytest.mark.postgres


def test_a_key_is_made_shown_once_listed_and_revoked(run: Run) -> None:
    made = run("branch", "key", "create", "SH-01", "--label", "till 3")
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    assert token.startswith("tsk_")

    [listed] = json.loads(run("branch", "key", "list", "--format", "json").stdout)
    assert (listed["branch_id"], listed["label"]) == ("SH-01", "till 3")
    assert token not in json.dumps(listed)

    revoked = run("branch", "key", "revoke", listed["key_id"])
    assert revoked.returncode == 0, revoked.stderr
    assert "revoked" in run("branch", "key", "list", "--branch", "SH-01").stdout

    unknown = run("branch", "key", "list", "--branch", "SH-02", "--format", "json")
    assert (unknown.returncode, json.loads(unknown.stdout)) == (0, [])
    assert "no key is of a branch 'SH-02'; did you mean 'SH-01'?" in unknown.stderr
    assert "did you mean 'SH-01'?" in run("quarantine", "list", "--branch", "SH-02").stderr


def test_a_key_of_a_member_of_staff_is_no_key_of_a_branch(run: Run) -> None:
    made = run("staff", "key", "create", "SH-S4", "--label", "desk 3", "--format", "json")
    assert made.returncode == 0, made.stderr
    created = json.loads(made.stdout)
    assert created["staff_id"] == "SH-S4"

    [listed] = json.loads(
        run("staff", "key", "list", "--staff", "SH-S4", "--format", "json").stdout
    )
    assert (listed["staff_id"], listed["branch_id"], listed["label"]) == ("SH-S4", None, "desk 3")
    assert json.loads(run("branch", "key", "list", "--format", "json").stdout) == []

    revoked = json.loads(run("staff", "key", "revoke", listed["key_id"], "--format", "json").stdout)
    assert (revoked["staff_id"], revoked["revoked"]) == ("SH-S4", True)
    assert "revoked" in run("staff", "key", "list").stdout


def test_a_key_for_nobody_is_told_of_when_it_is_made(run: Run) -> None:
    made = run("staff", "key", "create", "NOBODY")
    assert made.returncode == 0
    assert "know nobody of the number 'NOBODY'" in made.stderr
    assert made.stdout.startswith("tsk_")
    assert len(run("staff", "key", "list", "--in-force").stdout.splitlines()) == 1


async def test_many_keys_are_listed_a_screen_at_a_time(run: Run, database: str) -> None:
    async with open_platform(Settings(dsn=database)) as platform:
        keys = Keys(platform.pool, platform.clock)
        for n in range(45):
            key_id, _ = await keys.create_for_staff(f"S-{n}", "simulator")
            if n < 5:
                await keys.revoke(key_id)
        await keys.create_for_staff("S-9", "desk 3")
    listed = run("staff", "key", "list")
    assert len(listed.stdout.splitlines()) == 40
    assert "revoked" not in listed.stdout, "those in force stand first"
    assert "6 more of 46" in listed.stderr
    assert len(run("staff", "key", "list", "--all").stdout.splitlines()) == 46
    assert len(run("staff", "key", "list", "--in-force", "--all").stdout.splitlines()) == 41
    [line] = run("staff", "key", "list", "--label", "desk 3").stdout.splitlines()
    assert "S-9" in line
    told = json.loads(run("staff", "key", "list", "--format", "json").stdout)
    assert len(told) == 46


@pytest.mark.parametrize(
    "words",
    [
        ("staff", "key", "create", "a/b"),
        ("branch", "key", "create", "a/b"),
        ("branch", "key", "revoke", "nonsense"),
        ("branch", "key", "revoke", event_id(1)),
        ("quarantine", "show", "nonsense"),
        ("quarantine", "show", event_id(1)),
        ("quarantine", "discard", event_id(1), "--reason", "a test"),
        ("quarantine", "resubmit", event_id(1)),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_and_exit_code_2(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1


def test_what_was_refused_is_listed_without_the_event_and_shown_with_it(
    run: Run, database: str, tmp_path: Path
) -> None:
    assert run("branch", "key", "list").returncode == 0  # brings the database up to date
    refused = complaint_event(1, sequence=0)

    async def publish() -> None:
        key = master_key(Settings(data=tmp_path))
        async with open_gateway(database, SetClock(), key) as gateway:
            assert (await gateway.post(refused)).status_code == 422

    asyncio.run(publish())
    listed = run("quarantine", "list")
    assert event_id(1) in listed.stdout
    assert "sequence" in listed.stdout
    assert "王小明" not in listed.stdout
    [shown] = json.loads(run("quarantine", "show", event_id(1), "--format", "json").stdout)
    assert json.loads(shown["event"]) == refused


def test_what_was_refused_is_corrected_and_sent_again_or_discarded(
    run: Run, database: str, tmp_path: Path
) -> None:
    assert run("branch", "key", "list").returncode == 0  # brings the database up to date

    async def publish() -> None:
        key = master_key(Settings(data=tmp_path))
        async with open_gateway(database, SetClock(), key) as gateway:
            for number in (1, 2):
                wrong = complaint_event(number, sequence=0)
                assert (await gateway.post(wrong)).status_code == 422

    asyncio.run(publish())
    still = run("quarantine", "resubmit", event_id(1), "--set", "data.severity=awful")
    assert (still.returncode, "sequence" in still.stderr) == (1, True)
    sent = run("quarantine", "resubmit", event_id(1), "--set", "sequence=1", "--format", "json")
    assert (sent.returncode, json.loads(sent.stdout)["status"]) == (0, "accepted")
    gone = run("quarantine", "discard", event_id(2), "--reason", "sent by a test")
    assert gone.returncode == 0, gone.stderr

    listed = json.loads(run("quarantine", "list", "--format", "json").stdout)
    assert (listed["events"], listed["entries"]) == (0, [])
    listed = json.loads(run("quarantine", "list", "--all", "--format", "json").stdout)
    settled = {one["event_id"]: (one["state"], one["settled_reason"]) for one in listed["entries"]}
    assert settled[event_id(2)] == ("discarded", "sent by a test")
    assert settled[event_id(1)] == ("resubmitted", f"accepted as {event_id(1)}")
    again = run("quarantine", "discard", event_id(2), "--reason", "once more")
    assert (again.returncode, "discarded before" in again.stderr) == (2, True)
