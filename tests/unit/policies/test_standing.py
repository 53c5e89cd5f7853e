"""Where open cases would stand in flows that somebody means to publish."""

from __future__ import annotations

import pytest

from events.cases.commands import Decline, Fulfil, Reopen, Withdraw
from events.touchpoints.complaint import ServiceRequested
from events.touchpoints.policy import Flow, FlowPolicy, FlowPolicyPublished, Stage
from projections.facts import Facts
from services.policies.standing import (
    FlowCounts,
    FlowStanding,
    StageStanding,
    count_standings,
    standings,
)
from tests.support.decisions import CASE_BOARD, RULES, Desk
from tests.support.given import CUSTOMER, instant, told

ON = "2026-03-09 09:00"


def stage(name: str, *after: str) -> Stage:
    return Stage(stage=name, department="sales", owes=name, minutes=60, after=after)


def policy(*stages: Stage) -> FlowPolicy:
    return FlowPolicy(flows=(Flow(flow="answer", kind="enquiry", stages=stages),))


IN_FORCE = policy(stage("a"), stage("b", "a"), stage("c", "a"))


def desk(*done: str) -> Desk:
    """Return an enquiry under the flow in force, with some of its stages done."""
    published = FlowPolicyPublished(effective_from=instant("2026-01-01"), policy=IN_FORCE)
    found = Desk((*RULES, told(published, "2026-01-01", "flows")))
    found.opens(ServiceRequested(kind="enquiry", agent="ann", department="service"), ON)
    for name in done:
        assert found.case is not None
        owed = next(one for one in found.case.owed if one.stage == name)
        found.does("bob", Fulfil(obligation_id=owed.obligation_id), ON)
    return found


def standing(meant: FlowPolicy, *desks: Desk) -> FlowStanding:
    counts: dict[str, FlowCounts] = {}
    for one in desks:
        rows = CASE_BOARD.assess(CUSTOMER, Facts(one.facts), instant(ON), one.reference).rows
        part: dict[str, FlowCounts] = {}
        count_standings(part, meant, rows)
        for flow, found in part.items():
            counts.setdefault(flow, FlowCounts()).take_in(found)
    return standings(meant, counts, {"sales", "service"})[0]


def test_the_flow_in_force_shows_cases_where_they_are() -> None:
    found = standing(IN_FORCE, desk(), desk("a"), desk("a", "c"), desk("a", "b", "c"))
    assert (found.cases, found.finished) == (4, 1)
    assert [(one.stage, one.cases) for one in found.stages] == [("a", 1), ("b", 2), ("c", 1)]


def test_another_flow_counts_what_was_done_under_the_same_name() -> None:
    meant = policy(stage("first"), stage("b", "first"), stage("last", "a", "b"))
    found = standing(meant, desk("a", "b"))
    assert found.stages == [
        StageStanding("first", "sales", True, 1),
        StageStanding("b", "sales", True, 0),
        StageStanding("last", "sales", True, 1),
    ]


def test_what_was_withdrawn_counts_as_done() -> None:
    one = desk()
    assert one.case is not None
    one.does("ann", Withdraw(obligation_id=one.case.owed[0].obligation_id), ON)
    assert [(s.stage, s.cases) for s in standing(IN_FORCE, one).stages] == [
        ("a", 0), ("b", 1), ("c", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["complaint", "account_query"])
def test_a_flow_for_another_kind_has_none_of_them(kind: str) -> None:
    flow = Flow(flow="other", kind=kind, stages=(stage("a"),))  # type: ignore[arg-type]
    assert standing(FlowPolicy(flows=(flow,)), desk()).cases == 0


def test_what_closing_cut_short_is_owed_again_once_the_case_is_reopened() -> None:
    again = desk("a")
    again.does("hans", Decline(reason="not ours"), ON)
    again.does("ann", Reopen(reason="ours after all"), ON)
    found = standing(IN_FORCE, again)
    assert found.finished == 0
    assert [(one.stage, one.cases) for one in found.stages] == [("a", 0), ("b", 1), ("c", 1)]


def test_a_case_that_is_over_stands_nowhere() -> None:
    over = desk()
    over.does("hans", Decline(reason="not ours"), ON)
    assert standing(IN_FORCE, over).cases == 0
