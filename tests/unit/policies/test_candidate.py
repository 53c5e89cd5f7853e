"""What a person means by a policy's file or kind, and what is refused with a reason."""

from datetime import UTC, datetime, timedelta
from errno import EACCES
from pathlib import Path

import pytest

from events.money import Money
from events.policy import Reference
from events.touchpoints.policy import (
    AlertsPolicy,
    AlertsPolicyPublished,
    CostPolicy,
    DunningPolicy,
    TierPolicy,
)
from services.errors import UsageError
from services.policies.calibration import portions
from services.policies.candidate import Candidate, candidate, given
from services.policies.kinds import KINDS
from services.policies.listing import versions
from services.policies.publishing import policy_id
from tests.support.given import recorded_events, told

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def meant(target: str, *changes: str, starts: str | None = None) -> Candidate:
    return candidate(given(target), changes, starts, NOW, Reference())


def test_every_policy_of_the_catalogue_is_a_kind() -> None:
    assert set(KINDS) == {
        "ageing", "alerts", "dunning", "credit", "tiers", "costs", "service_levels",
        "escalation", "fees", "flows", "model_parameters",
    }  # fmt: skip


def test_a_kind_alone_is_what_is_in_force_now() -> None:
    assert meant("dunning") == Candidate("dunning", NOW, DunningPolicy())


def test_changes_are_numbers_amounts_lists_and_json() -> None:
    costs = meant("costs", "per_order=50.00 CNY", "capital_per_day=200").policy
    assert costs == CostPolicy(per_order=Money(5_000, "CNY"), capital_per_day=200)
    assert meant("alerts", "overdue_days=5,40").policy == AlertsPolicy(overdue_days=(5, 40))
    assert meant("alerts", "overdue_days=5").policy == AlertsPolicy(overdue_days=(5,))
    tiers = meant("tiers", 'tiers=[{"name": "gold", "line_minor": 1000}]').policy
    assert isinstance(tiers, TierPolicy)
    assert [(line.name, line.line_minor) for line in tiers.tiers] == [("gold", 1000)]


def test_a_change_begins_with_the_version_in_force_at_its_instant() -> None:
    earlier = AlertsPolicyPublished(
        effective_from=NOW - timedelta(days=9), policy=AlertsPolicy(overdue_days=(7,))
    )
    reference = Reference(recorded_events([told(earlier, "2026-05-20")]))
    found = candidate(given("alerts"), ["due_soon_days=5"], None, NOW, reference)
    assert found.policy == AlertsPolicy(overdue_days=(7,), due_soon_days=5)
    before = candidate(given("alerts"), ["due_soon_days=5"], "2026-05-01", NOW, reference)
    assert before.policy == AlertsPolicy(due_soon_days=5)


def test_a_day_means_its_beginning_where_the_company_is() -> None:
    found = meant("dunning", starts="2026-03-01")
    assert found.effective_from == datetime(2026, 2, 28, 16, tzinfo=UTC)


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_a_file_says_kind_fields_and_beginning(tmp_path: Path, suffix: str) -> None:
    texts = {
        "toml": 'kind = "alerts"\neffective_from = 2026-03-01T00:00:00+08:00\n'
        "[policy]\noverdue_days = [3]\n",
        "json": '{"kind": "alerts", "effective_from": "2026-03-01T00:00:00+08:00", '
        '"policy": {"overdue_days": [3]}}',
    }
    file = tmp_path / f"alerts.{suffix}"
    file.write_text(texts[suffix])
    found = meant(str(file), "due_soon_days=1")
    assert found.policy == AlertsPolicy(overdue_days=(3,), due_soon_days=1)
    assert found.effective_from == datetime(2026, 2, 28, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("target", "changes", "reason"),
    [
        ("teirs", (), "neither a file nor a kind"),
        ("dunning", ("level_1_days=3",), "did you mean 'level_1_days_past_due'"),
        ("dunning", ("x=3",), "known are level_1_days_past_due, "),
        ("dunning", ("level_1_days_past_due",), "gives no value"),
        ("tiers", ("drop_days=",), "gives no value; write drop_days=VALUE"),
        (
            "tiers",
            ("drop_days=abc",),
            "--set 'drop_days=abc': drop_days is a text instead of a whole number; "
            "give a whole number from 0 to 36500",
        ),
        ("tiers", ("drop_days=-1",), "is negative; give a whole number from 0"),
        ("tiers", ("drop_days=1.5",), "has a decimal point; give a whole number"),
        ("tiers", ("tiers=gold",), "give an object with name, line_minor"),
        ("costs", ("per_order=50",), 'such as per_order="12.50 CNY"'),
        ("costs", ('per_order={"minor":-1,"currency":"CNY"}',), 'such as per_order="12.50 CNY"'),
        ("ageing", ("provision=1,2",), "provision has 2 rates for 6 buckets"),
        ("costs", ("per_order=1.005 CNY",), "finer than"),
        ("costs", ("per_order=1.00 ABC",), "no ISO 4217"),
        ("model_parameters", (), "r is missing; give --set r=VALUE"),
    ],
)
def test_what_makes_no_policy_is_refused(
    target: str, changes: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        meant(target, *changes)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("policy = 3\nkind = 'alerts'", "no table"),
        ("kind = 'tiers'\npolicy.drop_days = 'abc'", 'drop_days = "abc" is a text instead of'),
        ("kind = 'tiers'\npolicy.dorp_days = 3", "did you mean 'drop_days'"),
        ("kind = 'tiers'\neffective_from = 'soon'", "policy.toml: effective_from: 'soon'"),
        ("kind = 'costs'\npolicy.per_order.minor = -1", "is negative; write an amount from 0 up"),
        ("kind = 'alert'", "say the kind"),
        ("kind = 'alerts'\ntitle = 'x'", "'title' is none of"),
        ("kind = ", "cannot be read"),
    ],
)
def test_a_file_that_makes_no_policy_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=reason):
        meant(str(file))


def test_a_file_that_may_not_be_read_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> str:
        raise PermissionError(EACCES, "Permission denied")

    file = tmp_path / "policy.toml"
    file.touch()
    monkeypatch.setattr(Path, "read_text", denied)
    with pytest.raises(UsageError, match=r"policy.toml cannot be read: Permission denied; give a"):
        given(str(file))


def test_the_same_policy_has_the_same_id_wherever_it_is_published() -> None:
    one, again = meant("alerts", "due_soon_days=5"), meant("alerts", "due_soon_days=5")
    assert policy_id(one, Reference()) == policy_id(again, Reference())
    assert policy_id(one, Reference()) != policy_id(meant("alerts"), Reference())


def test_versions_are_past_in_force_and_to_come() -> None:
    spans = [NOW - timedelta(days=20), NOW - timedelta(days=5), NOW + timedelta(days=5)]
    published = [
        told(AlertsPolicyPublished(effective_from=at, policy=AlertsPolicy()), "2026-05-01")
        for at in spans
    ]
    found = list(versions(KINDS["alerts"], NOW, Reference(recorded_events(published))))
    assert [one.state for one in found] == ["past", "past", "in_force", "to_come"]
    assert [one.until for one in found] == [*spans, None]
    assert [one.state for one in versions(KINDS["alerts"], NOW, Reference())] == ["in_force"]


@pytest.mark.parametrize("shares", ["", "20,30", "20,30,x", "60,30,30", "0,30,30", "nan,1,1"])
def test_shares_that_make_no_pyramid_are_refused(shares: str) -> None:
    with pytest.raises(UsageError, match="--"):
        portions(shares, "platinum,gold,iron")
