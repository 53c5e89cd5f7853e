"""`touchstone case` and `alert`: an operator commands, under the rules that hold for all."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from events.money import Money
from events.touchpoints.payment import CreditLimitSet, InvoiceIssued
from services.hosts.project import Projector
from tests.support.casework import COLLEAGUE, MONDAY, company, open_desk, settings_of
from tests.support.commands import Run
from tests.support.log import SetClock

pytestmark = pytest.mark.postgres


async def _with_a_case(database: str) -> str:
    async with open_desk(settings_of(database), SetClock(MONDAY)) as desk:
        for number, data in enumerate(company()):
            await desk.publish(data, f"company {number}", customer=None, till="policy")
        return await desk.case()


def test_an_operator_commands_a_case_and_sees_what_was_decided(
    run: Run, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_MASTER_KEY", str(settings_of(database).master_key))
    case_id = asyncio.run(_with_a_case(database))
    once = ("case", "do", case_id, "take", "--by", COLLEAGUE, "--seen", "2", "--key", "k-1")
    done = run(*once, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["events"] == ["case.assigned"]
    assert "done before" in run(*once).stdout

    refused = run("case", "do", case_id, "resume", "--by", COLLEAGUE)
    assert (refused.returncode, "not_waiting" in refused.stderr) == (1, True)
    late = run("case", "do", case_id, "take", "--by", "service-head", "--seen", "2")
    assert (late.returncode, "case.assigned came since" in late.stderr) == (1, True)

    shown = json.loads(run("case", "show", case_id, "--format", "json").stdout)
    assert shown["case"]["owner"] == COLLEAGUE
    assert f"case.assigned  by {COLLEAGUE}" in run("case", "show", case_id).stdout

    for words, said in (
        (("case", "show", "nothing"), "nothing was ever decided"),
        (("case", "do", case_id, "tke", "--by", COLLEAGUE), "did you mean 'take'?"),
        (("case", "do", case_id, "reply", "--by", "nobody"), "no member of staff"),
        (("case", "do", case_id, "fulfil", "--by", COLLEAGUE), "obligation_id"),
    ):
        result = run(*words)
        assert (result.returncode, said in result.stderr) == (2, True), result.stderr


async def _with_an_alert(database: str) -> str:
    async with open_desk(settings_of(database), SetClock(MONDAY)) as desk:
        for number, data in enumerate(company()):
            await desk.publish(data, f"company {number}", customer=None, till="policy")
        # An alert that time does not end: the program's clock is that of the machine.
        await desk.publish(CreditLimitSet(limit=Money(50_00, "CNY")), "limit")
        due_on = MONDAY.date() + timedelta(days=9)
        above = InvoiceIssued(invoice_id="I-1", amount=Money(100_00, "CNY"), due_on=due_on)
        await desk.publish(above, "above")
        await Projector(desk.platform).catch_up()
        found = await desk.platform.pool.fetchval(
            "SELECT alert_id::text FROM alerts WHERE kind = $1", "limit_exceeded"
        )
        assert isinstance(found, str)
        return found


def test_an_operator_commands_an_alert(
    run: Run, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_MASTER_KEY", str(settings_of(database).master_key))
    alert_id = asyncio.run(_with_an_alert(database))
    passed_on = (
        "alert",
        "do",
        alert_id,
        "delegate",
        "--by",
        "credit-1",
        "--set",
        f"to={COLLEAGUE}",
    )
    done = run(*passed_on, "--note", "knows the buyer", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["events"] == ["alert.delegated"]
    once = ("alert", "do", alert_id, "acknowledge", "--by", COLLEAGUE, "--key", "k-1")
    assert run(*once).stdout.startswith("done: alert.acknowledged")
    assert "done before" in run(*once).stdout
    refused = run("alert", "do", alert_id, "acknowledge", "--by", "credit-1")
    assert (refused.returncode, "taken_up" in refused.stderr) == (1, True)
    for words, said in (
        (("alert", "do", alert_id, "snoze", "--by", COLLEAGUE), "did you mean 'snooze'?"),
        (("alert", "do", alert_id, "snooze", "--by", COLLEAGUE), "until"),
        (("alert", "do", alert_id, "acknowledge", "--by", "nobody"), "no member of staff"),
    ):
        result = run(*words)
        assert (result.returncode, said in result.stderr) == (2, True), result.stderr
