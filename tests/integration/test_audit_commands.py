"""The auditor's commands, as a person or a script runs them."""

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest

from tests.support.commands import Run
from tests.support.gateway import Json, event_id, payment_event

pytestmark = pytest.mark.postgres


@pytest.fixture
def projected(run: Run, tmp_path: Path) -> None:
    """One invoice and a part of its payment, taken in."""
    due = {"invoice_id": "I-1", "amount": {"minor": 90_000, "currency": "CNY"}}
    issued = payment_event(2, type="payment.invoice_issued", data=due | {"due_on": "2026-03-01"})
    lines = [json.dumps(event) for event in (issued, payment_event(1))]
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(lines))
    published = run("publish", str(file), "--branch", "SH-01")
    assert published.returncode == 0, published.stdout
    assert run("project", "--once").returncode == 0


def change(database: str, *statements: str) -> None:
    """Change what nothing of the platform would."""

    async def execute() -> None:
        connection = await asyncpg.connect(database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(execute())


def differences(run: Run) -> list[Json]:
    found = run("verify", "--format", "json")
    named: list[Json] = json.loads(found.stdout)["named"]
    assert found.returncode == (4 if named else 0), found.stderr
    return [one for one in named if one["projection"] in ("receivables", "log")]


@pytest.mark.usefixtures("projected")
def test_verify_names_each_difference_and_nothing_else(run: Run, database: str) -> None:
    assert differences(run) == []
    change(
        database,
        "UPDATE receivables_v5_items SET balance_minor = 49999",
        "UPDATE alerts SET amount_minor = 1 WHERE kind = 'overdue'",
        "UPDATE totals SET count = 2 WHERE projection = 'receivables' AND measure = 'open'",
    )
    found = {(str(one["where"]), one["live"], one["refolded"]) for one in differences(run)}
    assert {where for where, _, _ in found} == {"items", "alerts", "totals"}
    assert ("items", "balance_minor=49999", "balance_minor=50000") in found


@pytest.mark.usefixtures("projected")
def test_sums_are_proven_also_while_a_customer_is_parked(run: Run, database: str) -> None:
    change(database, "UPDATE projection_heads SET parked_reason = 'odd'")
    assert differences(run) == []
    change(database, "UPDATE totals SET count = count + 1 WHERE projection = 'receivables'")
    assert {one["where"] for one in differences(run)} == {"totals"}
    told = json.loads(run("verify", "--format", "json").stdout)
    assert (told["customers"], told["events"]) == (1, 2)


@pytest.mark.usefixtures("projected")
def test_an_event_that_nobody_can_read_is_named_and_ends_no_command_in_a_trace(
    run: Run, database: str
) -> None:
    change(
        database,
        "ALTER TABLE events DISABLE TRIGGER ALL",
        rf"UPDATE events SET data = '\xc3010000' WHERE event_id = '{event_id(1)}'",
    )
    assert ("log", "unreadable") in {(one["projection"], one["live"]) for one in differences(run)}
    commands = ("digest",), ("replay", "--customer", "C-1001"), ("explain", "C-1001")
    for words in (*commands, ("report", "ageing")):
        told = run(*words)
        assert told.returncode == 1
        assert told.stderr.count("\n") == 1
        assert event_id(1) in told.stderr


@pytest.mark.usefixtures("projected")
def test_replay_shows_what_every_projection_says_and_explain_says_why(run: Run) -> None:
    replayed = json.loads(run("replay", "--customer", "C-1001", "--format", "json").stdout)
    projections = {one["projection"]: one for one in replayed["projections"]}
    assert set(projections) == {"receivables", "value_tiers", "case_board"}
    [item] = projections["receivables"]["tables"]["items"]
    assert item["balance_minor"] == 50_000
    explained = json.loads(run("explain", "C-1001", "--format", "json").stdout)
    assert explained["receivables"]["items"][0]["row"] == item
    [standing] = projections["value_tiers"]["tables"]["standings"]
    assert explained["value"]["row"] == standing
    assert [one["type"] for one in explained["timeline"]] == [
        "payment.invoice_issued",
        "payment.payment_received",
    ]
    told = run("explain", "C-1001", "--timeline", "1").stdout
    assert "event " + event_id(1) in told
    assert "potential value: not fitted" in told
    assert "TIMELINE (the latest 1)" in told
    known = run("explain", "C-1001", "--as-known", "2026-01-01").stdout
    assert "nothing that counts has happened yet" in known


@pytest.mark.usefixtures("projected")
def test_one_of_a_kind_is_told_in_the_singular_and_every_time_with_its_offset(run: Run) -> None:
    status = run("status").stdout
    assert "log: 2 events, " in status
    assert "receivables v5: 0 events behind, 1 customer, " in status
    digest = run("digest", "--at", "2026-03-20", "--as-known", "2026-03-20").stdout
    assert "at 2026-03-20, as known 2026-03-20: 0 events of 0 customers" in digest
    exact = run("digest", "--at", "2026-03-20T10:00:00.000001+08:00").stdout
    assert "at 2026-03-20T10:00:00.000001+08:00: 2 events of 1 customer" in exact
    aged = run("report", "ageing", "--as-of", "2026-03-20").stdout
    assert "on 1 item of 1 customer; 0 items disputed" in aged
    alerts = run("report", "alerts", "--as-of", "2026-03-20", "--list").stdout
    assert "2026-03-02 00:00+08:00  overdue 1  C-1001" in alerts


def test_nobody_is_explained_whom_no_event_names(run: Run) -> None:
    for words in (("explain", "C-0"), ("replay", "--customer", "C-0")):
        told = run(*words)
        assert told.returncode == 2
        assert "look the id up again" in told.stderr


def test_who_may_yet_come_is_told_so_while_the_platform_is_filled(run: Run, database: str) -> None:
    assert '"filling": false' in run("status", "--format", "json").stdout
    change(database, "INSERT INTO filling (stage, done, total) VALUES ('history', 1, 9)")
    told = run("explain", "C-0")
    assert told.returncode == 2
    assert "still being filled" in told.stderr
    assert "still being filled" in run("status").stdout


@pytest.mark.usefixtures("projected")
def test_an_id_that_is_nearly_one_is_told_it(run: Run) -> None:
    for words in (("explain", "c-1001"), ("replay", "--customer", "C-1010")):
        told = run(*words)
        assert told.returncode == 2
        assert "did you mean 'C-1001'?" in told.stderr


@pytest.mark.usefixtures("projected")
def test_a_branch_that_no_event_names_is_wrong_usage_and_the_near_one_is_named(run: Run) -> None:
    told = run("report", "ageing", "--branch", "SH-02")
    assert told.returncode == 2
    assert "--branch: no event names the branch 'SH-02'; did you mean 'SH-01'?" in told.stderr
    assert "known are SH-01" in run("report", "ageing", "--branch", "NOPE").stderr
    assert run("report", "ageing", "--branch", "SH-01").returncode == 0


@pytest.mark.usefixtures("projected")
def test_a_home_branch_that_publishes_nothing_has_its_ageing(run: Run, tmp_path: Path) -> None:
    registered = payment_event(
        3, type="customer.registered", data={"segment": "business", "home_branch": "HZ-09"}
    )
    file = tmp_path / "registered.jsonl"
    file.write_text(json.dumps(registered))
    published = run("publish", str(file), "--branch", "SH-01")
    assert published.returncode == 0, published.stdout
    told = run("report", "ageing", "--as-of", "2026-03-20", "--branch", "HZ-09")
    assert told.returncode == 0, told.stderr
    assert "on 1 item of 1 customer" in told.stdout


def test_nobody_who_is_not_parked_is_retried(run: Run) -> None:
    told = run("parked", "retry", "C-1001")
    assert told.returncode == 2
    assert "'C-1001' is not parked" in told.stderr
    assert run("parked", "retry").returncode == 0


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("digest", "--at", "9999-12-31"), "--at"),
        (("digest", "--at", "0001-01-01T00:00:00+08:00"), "--at"),
        (("digest", "--at", "2026-03-20T1"), "--at"),
        (("report", "ageing", "--as-of", "9999-12-31"), "--as-of"),
        (("report", "alerts", "--as-of", "2026-02-30"), "--as-of"),
        (("replay", "--customer", "C-1001", "--as-known", "2026-03-20T10:00"), "--as-known"),
    ],
)
def test_an_instant_that_means_nothing_is_wrong_usage(
    run: Run, words: tuple[str, ...], option: str
) -> None:
    told = run(*words)
    assert told.returncode == 2
    assert told.stderr.startswith(f"touchstone: {option}: ")
    assert told.stderr.count("\n") == 1


def test_status_says_which_parts_run_compiled_in_each_process_connected(
    run: Run, database: str
) -> None:
    async def programs_beside(*names: str) -> list[Json]:
        others = [
            await asyncpg.connect(database, server_settings={"application_name": name})
            for name in names
        ]
        try:
            said = await asyncio.to_thread(run, "status", "--format", "json")
        finally:
            for other in others:
                await other.close()
        found: list[Json] = json.loads(said.stdout)["programs"]
        return found

    work = "touchstone work 4711: reader, rules"
    names = (work, work, "touchstone serve 9: none", "touchstone backup")
    found = asyncio.run(programs_beside(*names))
    programs = [(one["command"], one["pid"], one["native"]) for one in found]
    assert programs == [("serve", 9, "none"), ("work", 4711, "reader, rules")]
