"""Labels are few, whatever is counted."""

from __future__ import annotations

import pytest
from starlette.types import Scope

from services import metrics
from services.casework.executing import Answer, Done, Moved, OtherRequest, Tried, outcome_of
from services.web.routed import route_of


def _told(name: str) -> dict[tuple[str, ...], float]:
    """The samples of a counter by the values of their labels, in order of their names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in metrics.REGISTRY.collect()
        for sample in family.samples
        if sample.name == name
    }


def test_a_command_is_counted_by_its_word_and_what_became_of_it() -> None:
    before = _told("touchstone_commands_total").get(("refused", "hand-off"), 0.0)
    metrics.answered_command("HandOff", "refused")
    assert _told("touchstone_commands_total")[("refused", "hand-off")] == before + 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Done((), 0), "done"),
        (Done((), 0, replayed=True), "replayed"),
        (Moved(1, 2, ()), "moved"),
        (OtherRequest("k"), "other_request"),
        (Tried((), ()), "tried"),
    ],
)
def test_what_became_of_a_command_is_a_word(answer: Answer, outcome: str) -> None:
    assert outcome_of(answer) == outcome


def test_of_a_policy_of_many_levels_the_first_are_told_apart() -> None:
    for level in range(1_000):
        metrics.raised_alert("overdue_in_a_test", level)
    mine = {
        labels: value
        for labels, value in _told("touchstone_alerts_raised_total").items()
        if labels[0] == "overdue_in_a_test"
    }
    assert len(mine) <= 31
    assert sum(mine.values()) == 1_000
    assert mine[("overdue_in_a_test", "other")] >= 970


def test_what_nobody_routes_is_one_route() -> None:
    scope: Scope = {"type": "http", "path": "/customers/C-1"}
    assert route_of(scope) == "other"
