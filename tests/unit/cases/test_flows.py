"""Service flows: which department owes what, and when, in cases decided by commands."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest

from events.cases.asking import Rules
from events.cases.commands import Command, Decline, Fulfil, Open, Reopen, Resolve, Withdraw
from events.cases.decide import decide
from events.cases.evolve import evolved
from events.cases.staff import BY_ITSELF, Staff
from events.cases.state import Case
from events.policy import Reference
from events.refusals import Refused
from events.touchpoints.policy import CaseKind, Flow, FlowPolicy, FlowPolicyPublished, Stage
from services.intake.answers import EventRefused
from services.intake.soundness import check_data
from tests.support.given import instant, recorded_events, told

SHIPPED = Path(__file__).parents[3] / "examples" / "service-flows"
OPENED = instant("2026-03-02 09:00")
OWNER = Staff("ann", "call-centre", "B-1", frozenset({"department_head"}))


def shipped(name: str) -> FlowPolicy:
    with (SHIPPED / name).open("rb") as file:
        return msgspec.convert(tomllib.load(file)["policy"], FlowPolicy)


def under(*policies: tuple[FlowPolicy, str]) -> Rules:
    published = [
        told(FlowPolicyPublished(effective_from=instant(since), policy=policy), since)
        for policy, since in policies
    ]
    return Rules(Reference(recorded_events(published)))


def stage(name: str, *after: str) -> Stage:
    return Stage(stage=name, department=f"{name} desk", owes=name, minutes=60, after=after)


def flows(*stages: Stage, kind: CaseKind = "enquiry", flow: str = "f") -> FlowPolicy:
    return FlowPolicy(flows=(Flow(flow=flow, kind=kind, stages=stages),))


class Story:
    """A case of a kind, under rules, and what commands make of it."""

    def __init__(self, rules: Rules, kind: CaseKind | None = "enquiry") -> None:
        self.rules = rules
        self.case: Case | None = None
        opening = Open(
            case_id="K", severity="low", received_at=OPENED, agent="ann",
            department="call-centre", kind=kind,
        )  # fmt: skip
        self.does(opening, BY_ITSELF)

    def does(self, command: Command, by: Staff = OWNER) -> str | None:
        """Return the rule that refused, if one did."""
        found = decide(self.case, command, by, OPENED, self.rules)
        if isinstance(found, Refused):
            return found.rule
        self.case = evolved(self.case, found, OPENED, "B-1")
        return None

    @property
    def owed(self) -> list[str | None]:
        assert self.case is not None
        return [one.stage for one in self.case.owed]

    def fulfils(self, name: str) -> None:
        assert self.case is not None
        owed = next(one for one in self.case.owed if one.stage == name)
        by = Staff("eve", owed.department, None, frozenset())
        assert self.does(Fulfil(obligation_id=owed.obligation_id), by) is None

    def withdraws(self, name: str) -> None:
        assert self.case is not None
        owed = next(one for one in self.case.owed if one.stage == name)
        assert self.does(Withdraw(obligation_id=owed.obligation_id)) is None


def test_stages_begin_when_all_they_wait_for_is_done_and_run_side_by_side() -> None:
    story = Story(under((shipped("utility.toml"), "2026-01-01")), "new_connection")
    assert story.owed == ["proposal"]
    story.fulfils("proposal")
    assert story.owed == ["design-check", "metering"]
    story.fulfils("design-check")
    assert story.owed == ["metering", "interim-check"]
    story.fulfils("interim-check")
    story.fulfils("final-inspection")
    assert story.owed == ["metering"], "energising waits for the meter, too"
    assert story.does(Resolve()) == "obligation_open"
    story.fulfils("metering")
    assert story.owed == ["energising"]
    story.fulfils("energising")
    assert story.does(Resolve()) is None
    assert story.case is not None
    assert story.case.status == "resolved"
    assert story.case.callback_due_at is not None
    assert story.case.owner == "ann"
    assert story.case.told == 1 + 6 + 6 + 1, "received, each stage handed on and done, resolved"


def test_a_stage_that_is_not_needed_is_withdrawn_and_the_next_begins() -> None:
    story = Story(under((flows(stage("a"), stage("b", "a"), stage("c", "b")), "2026-01-01")))
    story.withdraws("a")
    assert story.owed == ["b"]
    story.fulfils("b")
    assert story.owed == ["c"]


def test_a_case_keeps_to_the_flow_in_force_at_its_opening() -> None:
    before, after = flows(stage("a"), stage("b", "a")), flows(stage("a"), stage("z", "a"))
    story = Story(under((before, "2026-01-01"), (after, "2026-03-02 09:01")))
    story.fulfils("a")
    assert story.owed == ["b"]


@pytest.mark.parametrize("kind", [None, "complaint"])
def test_a_kind_of_case_without_a_flow_owes_nothing_by_itself(kind: CaseKind | None) -> None:
    assert Story(under((flows(stage("a")), "2026-01-01")), kind).owed == []


def test_what_closing_cut_short_begins_again_when_the_case_is_reopened() -> None:
    story = Story(under((flows(stage("a"), stage("b", "a"), stage("c", "a")), "2026-01-01")))
    story.fulfils("a")
    story.fulfils("b")
    assert story.does(Decline(reason="not ours")) is None
    assert story.owed == []
    assert story.does(Reopen(reason="it is ours")) is None
    assert story.owed == ["c"]


@pytest.mark.parametrize("name", ["retailer.toml", "utility.toml"])
def test_shipped_flows_are_sound(name: str) -> None:
    check_data(FlowPolicyPublished(effective_from=OPENED, policy=shipped(name)))


def test_the_retailer_has_a_flow_for_each_of_its_six_services() -> None:
    kinds = {flow.kind for flow in shipped("retailer.toml").flows}
    assert kinds == {
        "enquiry", "on_site_service", "account_query", "complaint", "immediate_need", "membership",
    }  # fmt: skip


TWICE = flows(stage("a")).flows + flows(stage("a"), flow="g").flows


@pytest.mark.parametrize(
    ("policy", "field", "named"),
    [
        (flows(), "flows[0].stages", "empty"),
        (flows(stage("a"), stage("a")), "flows[0].stages[1].stage", "a"),
        (flows(stage("a", "b")), "flows[0].stages[0].after[0]", "b"),
        (flows(stage("a"), stage("b", "c"), stage("c", "b")), "flows[0].stages", "b"),
        (flows(stage("a", "a")), "flows[0].stages", "a -> a"),
        (FlowPolicy(flows=TWICE), "flows[1].kind", "enquiry"),
    ],
)
def test_a_flow_that_would_never_end_or_begin_is_refused_with_field_and_remedy(
    policy: FlowPolicy, field: str, named: str
) -> None:
    with pytest.raises(EventRefused) as refused:
        check_data(FlowPolicyPublished(effective_from=OPENED, policy=policy))
    assert refused.value.field == f"data.policy.{field}"
    assert named in refused.value.reason
    assert refused.value.remedy
