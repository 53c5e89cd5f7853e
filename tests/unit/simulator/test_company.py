"""The invented company, seen through the projections: its pyramid and its case board."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from events.envelope import CustomerId, Position, RecordedEvent
from events.facts import fact_of
from events.policy import Reference
from events.touchpoints.complaint import CaseTouchpoint
from events.touchpoints.policy import TierPolicy
from projections.case_board.projection import CaseBoard
from projections.case_board.rows import CaseRow, ObligationRow
from projections.facts import Facts
from projections.protocol import Assessment, Projection
from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.rows import StandingRow
from services.simulator.branches import BRANCHES
from services.simulator.company import DEPARTMENTS
from services.simulator.history import history, open_books
from services.simulator.plan import Plan

PLAN = Plan.ending_today(datetime(2026, 6, 10, 4, tzinfo=UTC), customers=800)

Dossiers = dict[CustomerId, list[RecordedEvent]]


class Company(NamedTuple):
    dossiers: Dossiers
    reference: Reference

    def assessed(self, projection: Projection) -> Iterator[Assessment]:
        """Assess everybody as the history ends."""
        for customer, events in self.dossiers.items():
            facts = Facts(fact_of(e) for e in events if type(e.data) in projection.handles)
            if len(facts):
                yield projection.assess(customer, facts, PLAN.until, self.reference)


@pytest.fixture(scope="module")
def company() -> Company:
    dossiers: Dossiers = defaultdict(list)
    rules = []
    for n, recording in enumerate(history(open_books(PLAN))):
        envelope = recording.envelope
        event = RecordedEvent(envelope, Position(1, 0, n), recording.recorded_at, recording.data)
        if envelope.subject is None:
            rules.append(event)
        else:
            dossiers[envelope.subject].append(event)
    return Company(dossiers, Reference(rules))


@pytest.fixture(scope="module")
def cases(company: Company) -> list[CaseRow]:
    rows = [row for found in company.assessed(CaseBoard()) for row in found.rows["cases"]]
    return [row for row in rows if isinstance(row, CaseRow)]


def test_the_customers_are_a_pyramid_by_lines_that_were_published(company: Company) -> None:
    rows = [row for found in company.assessed(ValueTiers()) for row in found.rows["standings"]]
    standings = [row for row in rows if isinstance(row, StandingRow)]
    count = Counter(row.tier for row in standings)
    share = {tier: n / len(standings) for tier, n in count.items()}
    expected = {"platinum": 0.20, "gold": 0.30, "iron": 0.30, "lead": 0.20}
    assert share == pytest.approx(expected, abs=0.04)
    assert any(row.warning_since for row in standings)
    assert any(row.share_of_wallet_bp for row in standings)
    worth = Counter[str | None]()
    for row in standings:
        worth[row.tier] += row.contemporary_minor
    assert worth["platinum"] > worth["gold"] > worth["iron"] > worth["lead"]
    versions = company.reference.versions(TierPolicy)
    assert 3 <= len(versions) <= 5
    assert len({version.policy for version in versions}) == len(versions)


def test_every_step_of_a_case_belongs_to_a_case_of_ours(
    company: Company, cases: list[CaseRow]
) -> None:
    known = {case.case_id for case in cases}
    told = {
        event.data.case_id
        for events in company.dossiers.values()
        for event in events
        if isinstance(event.data, CaseTouchpoint)
    }
    assert told <= known
    assert not any(case.external for case in cases)


def test_cases_travel_and_end_as_in_a_company(cases: list[CaseRow]) -> None:
    closed = [case for case in cases if case.status == "closed"]
    under_way = [case for case in cases if case.status in ("open", "waiting")]
    assert 0.9 < len(closed) / len(cases) < 0.995
    assert 5 <= len(under_way) <= 30
    assert any(case.status == "resolved" for case in cases)
    some = [
        sum(case.reopened > 0 for case in cases),
        sum(case.resumed > 0 for case in cases),
        sum(case.confirmed is False for case in cases),
        sum(case.referred_from is not None for case in cases),
        sum(case.handovers > 0 for case in cases),
        sum(case.returns > 0 for case in cases),
        sum(case.paused_s > 0 for case in cases),
        sum(case.tier == "platinum" and case.priority != case.severity for case in cases),
    ]
    assert min(some) > 0
    assert max(some) < len(cases) / 3
    assert {case.department for case in cases} <= {name for name, _, _ in DEPARTMENTS}


def test_departments_owe_and_mostly_keep_their_deadlines(company: Company) -> None:
    rows = [row for found in company.assessed(CaseBoard()) for row in found.rows["obligations"]]
    owed = [row for row in rows if isinstance(row, ObligationRow)]
    late = sum(row.breached_at is not None for row in owed)
    assert 0.05 < late / len(owed) < 0.4
    assert len({row.department for row in owed}) >= 4
    assert all(row.late_s for row in owed if row.status == "done" and row.breached_at)


def test_careful_branches_are_in_time_more_often(cases: list[CaseRow]) -> None:
    def late(careful: bool) -> float:
        codes = {branch.branch_id for branch in BRANCHES if (branch.care >= 0.88) is careful}
        mine = [case for case in cases if case.branch_id in codes]
        return sum(case.solution_breached_at is not None for case in mine) / len(mine)

    assert 0.05 < late(careful=True) < 0.25
    assert late(careful=False) > late(careful=True) * 1.3
