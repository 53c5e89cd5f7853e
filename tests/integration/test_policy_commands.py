"""`touchstone policy` as a person or a script runs it."""

import json
from pathlib import Path

import pytest

from tests.support.commands import Run
from tests.support.gateway import payment_event

pytestmark = pytest.mark.postgres


def test_a_policy_is_tried_published_and_listed(run: Run, tmp_path: Path) -> None:
    due = {"amount": {"minor": 90_000, "currency": "CNY"}, "due_on": "2026-03-01"}
    issued = payment_event(1, type="payment.invoice_issued", data=due | {"invoice_id": "I-1"})
    events, policy = tmp_path / "events.jsonl", tmp_path / "ageing.toml"
    events.write_text(json.dumps(issued))
    assert run("publish", str(events), "--branch", "SH-01").returncode == 0
    policy.write_text('kind = "alerts"\n[policy]\noverdue_days = [1, 2]\n')
    words = (str(policy), "--effective-from", "2026-01-01")
    tried = run("policy", "try", *words, "--at", "2026-03-20")
    assert tried.returncode == 0, tried.stderr
    assert "overdue_days: [1,31,61,91,121] days -> [1,2] days" in tried.stdout
    assert "alerts overdue 2: 1 raised, 0 cleared" in tried.stdout
    assert json.loads(run("policy", "list", "alerts", "--format", "json").stdout)[0]["state"] == (
        "in_force"
    )
    first, again = (run("policy", "publish", *words, "--format", "json") for _ in range(2))
    assert [json.loads(one.stdout)["status"] for one in (first, again)] == ["accepted", "duplicate"]
    listed = run("policy", "list", "alerts").stdout
    assert "IN FORCE  from 2026-01-01 00:00+08:00  published by " in listed
    assert "published by headquarters on 20" in listed
    assert json.loads(first.stdout)["event_id"] in listed


def test_a_policy_that_a_later_one_hides_is_told_so(run: Run) -> None:
    later = ("dunning", "--set", "level_1_days_past_due=4", "--effective-from", "2026-02-01")
    assert run("policy", "publish", *later, "--branch", "SH-01").returncode == 0
    earlier = ("dunning", "--set", "level_1_days_past_due=5", "--effective-from", "2026-01-01")
    hidden = "it does not count now: the version of SH-01 (event "
    assert hidden in run("policy", "try", *earlier).stdout
    published = run("policy", "publish", *earlier)
    assert published.returncode == 0
    assert hidden in published.stdout
    assert "since 2026-02-01 00:00+08:00" in published.stdout
    assert "publish it with an --effective-from after that" in published.stdout
    again = json.loads(run("policy", "publish", *earlier, "--format", "json").stdout)
    assert (again["status"], again["counts"]) == ("duplicate", "past")
    to_come = ("dunning", "--set", "level_1_days_past_due=6", "--effective-from", "2199-01-01")
    assert "until then what is in force stays" in run("policy", "publish", *to_come).stdout
    now = run("policy", "publish", "dunning", "--set", "level_1_days_past_due=7").stdout
    assert "it counts until 2199-01-01 00:00+08:00, when the version of headquarters" in now


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("publish", "nothing.toml"), "neither a file nor a kind"),
        (("list", "teirs"), "'teirs' is no kind of policy"),
        (("try", "tiers", "--set", "x=1"), "--set: 'x=1' sets no field of tiers"),
        (("publish", "tiers", "--id", "abc"), "--id: 'abc' is no UUID"),
        (("publish", "tiers", "--branch", "a/b"), "--branch: 'a/b' is no branch id"),
        (("publish", "tiers", "--branch", "SH\u200b-01"), "characters that nobody sees"),
        (("publish", "tiers", "--effective-from", "soon"), "--effective-from: 'soon'"),
        (("calibrate", "tiers", "--at", "2026-02-30"), "--at: '2026-02-30' is no day"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(run: Run, words: tuple[str, ...], told: str) -> None:
    answer = run("policy", *words)
    assert answer.returncode == 2
    assert told in answer.stderr
    assert answer.stderr.count("\n") == 1
