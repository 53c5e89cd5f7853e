"""After closing, only reopening changes a case; everything else is told in its history alone."""

from dataclasses import dataclass

import pytest
from msgspec import structs

from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseAssigned,
    CaseBroughtBack,
    CaseClosed,
    CaseDeclined,
    CaseDuplicateFound,
    CaseEscalated,
    CaseHandedOff,
    CaseNoted,
    CaseOpened,
    CasePrioritySet,
    CasePutOff,
    CaseReferred,
    CaseReplied,
    CaseResolved,
    CaseTouchpoint,
    CaseWaitingEnded,
    CaseWaitingStarted,
    ComplaintFiled,
    CustomerTold,
    EscalationAcknowledged,
    ObligationFulfilled,
    ObligationWithdrawn,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised
from projections.case_board.evolve import HANDLERS
from projections.protocol import Row
from tests.support.cases import CASE, Stand, closed, complaint, handed_off, reopened, story
from tests.support.given import Told, instant, told

LATER = "2026-03-20 10:00"


def assigned(agent: str, department: str, *, on: str, case_id: str = CASE) -> Told:
    data = CaseAssigned(case_id=case_id, agent=agent, department=department)
    return told(data, on, f"assigned {on}")


def test_an_assignment_after_closing_moves_neither_owner_nor_department() -> None:
    """The shared case `assigned-after-close`: four handovers before closing, none after it."""
    resolved = CaseResolved(case_id=CASE, agent="a1")
    escalated = CaseEscalated(
        case_id=CASE, cycle=1, clock="solution", percent=150, to_role="branch_manager"
    )
    stands = story(
        complaint("high", on="2026-06-01 08:00", agent="a1"),
        assigned("a2", "billing", on="2026-06-01 10:00"),
        assigned("a1", "service", on="2026-06-01 11:00"),
        assigned("a2", "billing", on="2026-06-01 12:00"),
        assigned("a1", "service", on="2026-06-01 13:00"),
        told(resolved, "2026-06-02 11:00", "resolved"),
        closed(on="2026-06-02 12:00"),
        told(escalated, "2026-06-03 12:00", "escalated"),
        assigned("a9", "legal", on="2026-06-03 12:30"),
    ).at("2026-06-10")
    stands.then(owner="a1", department="service", status="closed", handovers=4)
    assert stands.explained is not None
    assert [step.what for step in stands.explained.history if step.event_id][-3:] == [
        "closed", "escalated", "assigned",
    ]  # fmt: skip


WORDS: tuple[Touchpoint, ...] = (
    CaseOpened(
        case_id=CASE, priority="urgent", owner="a9", department="legal",
        response_minutes=1, solution_minutes=1,
    ),
    CaseAssigned(case_id=CASE, agent="a9", department="legal", activity="looking"),
    CaseReplied(case_id=CASE, agent="a9"),
    CaseHandedOff(
        case_id=CASE, obligation_id="O-9", department="legal", owes="a letter", due_minutes=60
    ),
    ObligationFulfilled(case_id=CASE, obligation_id="sales-owes"),
    CaseWaitingStarted(case_id=CASE, agent="a9", department="legal"),
    CaseWaitingEnded(case_id=CASE),
    CustomerTold(case_id=CASE, step="resolved"),
    CaseResolved(case_id=CASE, agent="a9", department="legal"),
    CaseClosed(case_id=CASE, agent="a9", department="legal", confirmed=False),
    CaseEscalated(case_id=CASE, cycle=1, clock="solution", percent=200, to_role="headquarters"),
    EscalationAcknowledged(case_id=CASE, escalation_id="E-9", agent="a9"),
    CaseReferred(case_id=CASE, referral_case_id="other", department="legal"),
    CallbackPromised(
        callback_id="B-9", purpose="again", due_at=instant("2026-03-30"), case_id=CASE
    ),
    CallbackMade(callback_id="B-9", outcome="dissatisfied", minutes=9, case_id=CASE),
    ObligationWithdrawn(case_id=CASE, obligation_id="sales-owes"),
    CaseNoted(case_id=CASE, by="a9"),
    CasePrioritySet(case_id=CASE, priority="low", response_minutes=1, solution_minutes=1),
    CaseDeclined(case_id=CASE, reason="no"),
    CaseDuplicateFound(case_id=CASE, duplicate_of="other"),
    CasePutOff(case_id=CASE, until=instant("2026-03-30")),
    CaseBroughtBack(case_id=CASE),
)  # fmt: skip

FACTS = (
    complaint("high", on="2026-03-09 09:00"),
    handed_off("sales", "a credit note", 8, on="2026-03-09 09:30"),
    closed(on="2026-03-10 10:00"),
)


def rows_of(stands: Stand) -> dict[str, list[Row]]:
    return {name: list(rows) for name, rows in stands.assessment.rows.items()}


@pytest.mark.parametrize("words", WORDS, ids=lambda words: type(words).__name__)
def test_words_about_a_closed_case_change_its_history_alone(words: Touchpoint) -> None:
    before = story(*FACTS).at("2026-03-25")
    after = story(*FACTS, told(words, LATER, "late")).at("2026-03-25")
    assert rows_of(after) == rows_of(before)
    assert not before.assessment.alerts
    assert not after.assessment.alerts
    assert before.explained is not None
    assert after.explained is not None
    assert len(after.explained.history) == len(before.explained.history) + 1
    assert structs.replace(after.explained, history=before.explained.history) == before.explained


@pytest.mark.parametrize("words", WORDS, ids=lambda words: type(words).__name__)
def test_words_about_a_closed_case_do_not_count_once_it_is_reopened(words: Touchpoint) -> None:
    again = reopened(on="2026-03-23 09:00")
    without = story(*FACTS, again).at("2026-03-25")
    assert rows_of(story(*FACTS, told(words, LATER, "late"), again).at("2026-03-25")) == rows_of(
        without
    )


def test_every_kind_of_word_was_tried() -> None:
    tried = {type(words) for words in WORDS}
    opening = {kind for kind in HANDLERS if not hasattr(kind, "case_id")}
    assert {kind.__name__ for kind in opening} == {"ComplaintFiled", "ServiceRequested"}
    assert {kind.__name__ for kind in HANDLERS.keys() - tried - opening} == {"CaseReopened"}


@dataclass(frozen=True)
class External:
    """What is said of a closed case that another system keeps, and what becomes of it."""

    words: CaseTouchpoint
    status: str
    cycle: int


@pytest.mark.parametrize(
    "said",
    [
        External(CaseAssigned(case_id="HD-1", agent="a9"), "open", 2),
        External(CaseWaitingStarted(case_id="HD-1"), "waiting", 2),
        External(CaseResolved(case_id="HD-1"), "resolved", 2),
        External(CaseReplied(case_id="HD-1", agent="a9"), "closed", 1),
        External(CustomerTold(case_id="HD-1", step="done"), "closed", 1),
    ],
    ids=lambda said: type(said.words).__name__,
)
def test_work_on_another_systems_closed_case_reopens_it_and_words_do_not(said: External) -> None:
    filed = ComplaintFiled(severity="low", agent="a1", case_ref="HD-1")
    facts = (
        told(filed, "2026-03-09 09:00", "filed"),
        told(CaseClosed(case_id="HD-1", agent="a1"), "2026-03-10 09:00", "ended"),
    )
    stands = story(*facts, told(said.words, LATER, "late")).at("2026-03-25")
    stands.then(status=said.status, cycle=said.cycle)
    if said.status == "closed":
        assert rows_of(stands) == rows_of(story(*facts).at("2026-03-25"))


def test_closing_another_systems_case_again_passes_it_on() -> None:
    filed = ComplaintFiled(severity="low", agent="a1", case_ref="HD-1")
    story(
        told(filed, "2026-03-09 09:00", "filed"),
        told(CaseClosed(case_id="HD-1", agent="a1"), "2026-03-10 09:00", "ended"),
        told(CaseClosed(case_id="HD-1", agent="a2"), LATER, "ended again"),
    ).at("2026-03-25").then(status="closed", cycle=1, handovers=1, closed_at="2026-03-10 09:00")
