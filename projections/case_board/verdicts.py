"""What customers said of a solution when they were called: the calls that decide about a case.

A call decides while its case is resolved. One that is reported when the case was closed, or went
on, is history (domain rules, 11.8): closed unconfirmed, a case stays so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from events.facts import Fact
from events.policy import Reference
from events.touchpoints.contact import CallbackMade
from projections.case_board.cases import Case
from projections.case_board.replay import Board
from projections.facts import Facts


class _Listening(Board):
    """A board that notes which calls decided."""

    def __init__(self, facts: Facts, at: datetime, reference: Reference) -> None:
        self.verdicts: dict[str, tuple[str, CallbackMade]] = {}
        super().__init__(facts, at, reference, tell=False)

    def _tell(self, case: Case, event: Fact) -> None:
        data, decides = event.data, case.status == "resolved"
        super()._tell(case, event)
        if isinstance(data, CallbackMade):
            self.verdicts.pop(event.id, None)  # a case that began anew hears everything again
            if decides:
                self.verdicts[event.id] = case.case_id, data


def verdicts(
    facts: Facts, at: datetime, reference: Reference
) -> Mapping[str, tuple[str, CallbackMade]]:
    """Return the calls that decided as of an instant, by event, each with its case."""
    if not any(isinstance(fact.data, CallbackMade) for fact in facts):
        return {}
    return _Listening(facts, at, reference).verdicts
