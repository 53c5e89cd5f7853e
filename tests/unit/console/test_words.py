"""Words of a closed list are said in the reader's language, never as the code has them."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import get_args

import pytest
from msgspec.inspect import LiteralType, UnionType

from events.avro import struct_info
from events.envelope import Position, RecordedEvent
from events.touchpoints import TYPES
from projections.books.records import SourceKind, SourceState, StepReason
from projections.case_board.rows import CaseStatus, ObligationStatus
from projections.receivables.movements import MovementKind
from projections.receivables.promises import Verdict
from projections.receivables.rows import HoldReason, ItemStatus
from projections.timeline.entries import entry_of
from projections.value_tiers.contributions import Component
from projections.value_tiers.explain import CauseKind
from projections.value_tiers.tiers import Reason
from services.console.alerts.queries import AlertKind
from services.console.alerts.words import AlertWords
from services.console.cases.words import CaseWords
from services.console.customers.touchpoint_words import TouchpointWords
from services.console.receivables.words import ReceivablesWords
from services.console.shared.i18n import speaker
from services.console.value.words import ValueWords
from services.simulator.history import history, open_books
from services.simulator.plan import Plan

CHINESE = speaker("zh-CN")
CODE = re.compile("[a-z_]+")


def closed_lists() -> Iterator[tuple[str, str]]:
    """Give each field of a touchpoint that has a closed list, with each of its words."""
    for touchpoint in TYPES:
        for field in struct_info(touchpoint).fields:
            parts = field.type.types if isinstance(field.type, UnionType) else (field.type,)
            for part in parts:
                if isinstance(part, LiteralType):
                    yield from ((field.name, str(value)) for value in part.values)


@pytest.mark.parametrize(("field", "value"), sorted(set(closed_lists())))
def test_a_word_of_a_closed_list_is_translated(field: str, value: str) -> None:
    assert not CODE.search(TouchpointWords(CHINESE).value(field, value, UTC))


@pytest.mark.parametrize(("field", "value"), sorted(set(closed_lists())))
def test_a_word_of_a_closed_list_is_no_code_in_english(field: str, value: str) -> None:
    assert "_" not in TouchpointWords(speaker("en")).value(field, value, UTC)


def test_what_a_company_chose_is_shown_as_it_is() -> None:
    assert TouchpointWords(CHINESE).value("method", "barter_of_tea", UTC) == "barter_of_tea"
    assert TouchpointWords(CHINESE).value("method", "bank_transfer", UTC) == "银行转账"


def told_by_a_company() -> set[tuple[str, str]]:
    """Return each field of a touchpoint of a whole company's life with each word it holds."""
    plan = Plan.ending_today(datetime(2026, 11, 29, tzinfo=UTC), customers=60)
    found: set[tuple[str, str]] = set()
    for recording in history(open_books(plan)):
        event = RecordedEvent(
            recording.envelope, Position(1, 0, 0), recording.recorded_at, recording.data
        )
        entry = entry_of(event)
        if entry.family not in ("reference", "policy"):
            found |= {(name, word) for name, word in entry.words if isinstance(word, str)}
    return found


BY_ANOTHER_NAME = {"department", "home_branch", "referred_from", "tier"}
"""Fields whose words are ids, named by what was published of them."""


def test_no_code_of_the_demonstration_is_left_as_it_is() -> None:
    told = {(field, word) for field, word in told_by_a_company() if CODE.fullmatch(word)}
    words = TouchpointWords(CHINESE)
    left = {
        (field, word)
        for field, word in told
        if field not in BY_ANOTHER_NAME and CODE.search(words.value(field, word, UTC))
    }
    assert len(told) > 50
    assert left == set()


def test_an_escalation_names_its_clock() -> None:
    words = CaseWords(CHINESE)
    assert words.detail("response 75% owner") == "首次答复：时限已用 75% (负责人)"
    assert words.step("case_solution 100%") == "解决：时限已用 100%"
    assert words.detail("solution was no good") == "solution was no good"


def test_the_tier_that_an_alert_is_about_has_its_name() -> None:
    words = ValueWords(CHINESE)
    assert words.about("tier_warning", "gold") == "黄金"
    assert words.about("overdue", "gold") == "gold"


RECEIVABLES, VALUE, CASES = ReceivablesWords(CHINESE), ValueWords(CHINESE), CaseWords(CHINESE)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        (RECEIVABLES.hold, HoldReason),
        (RECEIVABLES.status, ItemStatus),
        (RECEIVABLES.verdict, Verdict),
        (RECEIVABLES.source, SourceKind),
        (RECEIVABLES.source_state, SourceState),
        (RECEIVABLES.step, StepReason),
        (RECEIVABLES.movement, MovementKind),
        (VALUE.component, Component),
        (VALUE.reason, Reason),
        (VALUE.cause, CauseKind),
        (CASES.status, CaseStatus),
        (CASES.obligation, ObligationStatus),
        (AlertWords(CHINESE).alert_kind, AlertKind),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_a_code_of_a_row_has_a_word(name: Callable[[str], str], codes: object) -> None:
    words = {code: name(code) for code in get_args(codes)}
    assert len(words) > 1
    assert not [word for word in words.values() if CODE.search(word)]
