"""What people read of a refusal: all of it in the language of the page, with the remedy."""

import re
from datetime import UTC, datetime
from types import ModuleType

import pytest

from events.cases import reasons
from events.customers import account_reasons
from events.money import Money
from events.refusals import WORDS, Department, Named, Owing, Reason, Word, english, refuse
from services.web.languages import LANGUAGES
from services.web.refusal_words import refusal_teller

AT = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)
NAMED: dict[str, Named | tuple[Named, ...]] = {
    "agent": "7",
    "asked": Money(12_345, "CNY"),
    "attempts": 1,
    "by": "8",
    "case": "4711",
    "currency": "13",
    "customer": "14",
    "day": AT.date(),
    "days": 31,
    "department": Department("12"),
    "due": AT,
    "exposure": Money(12_345, "CNY"),
    "invoice": "13",
    "known": ("14", "15"),
    "limit": Money(12_345, "CNY"),
    "most": 3,
    "obligation": "16",
    "owed": (Owing("17", "18", AT), Owing("19", "20", None)),
    "owner": None,
    "payment": "21",
    "percent": 75,
    "priority": Word("urgent"),
    "since": AT,
    "status": Word("waiting"),
    "steps": ("75%", "100%"),
    "today": AT.date(),
    "now": AT,
    "until": AT,
    "who": tuple(Word(code) for code in WORDS),
}
MODULES = (reasons, account_reasons)
REASONS = [one for module in MODULES for one in vars(module).values() if isinstance(one, Reason)]
WORD = re.compile(r"\b(?!CNY)[A-Za-z]{2,}")


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.rule)
def test_a_refusal_is_told_whole_in_chinese(reason: Reason) -> None:
    told = refusal_teller("zh-CN", UTC).tell(refuse(reason, **NAMED))
    assert not WORD.search(f"{told.detail}{told.remedy}"), told


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.rule)
def test_a_refusal_says_what_is_wrong_and_what_would_help(reason: Reason) -> None:
    for teller in (english(UTC), *(refusal_teller(one, UTC) for one in LANGUAGES)):
        told = teller.tell(refuse(reason, **NAMED))
        assert told.detail
        assert told.remedy
        assert "%(" not in f"{told.detail}{told.remedy}"
        assert "_" not in f"{told.detail}{told.remedy}"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_rule_has_one_name(module: ModuleType) -> None:
    rules = [one.rule for one in vars(module).values() if isinstance(one, Reason)]
    assert len(rules) > 8
    assert len(rules) == len(set(rules))


def test_what_is_owed_is_named_with_its_deadline() -> None:
    refused = refuse(reasons.OBLIGATION_OPEN, owed=(Owing("sales", "a credit note", AT),))
    told = english(UTC).tell(refused)
    assert told.detail == "This is still owed: sales: a credit note by 2026-03-09 10:00+00:00."
    assert refused.rule == "obligation_open"


def test_a_department_is_told_by_its_name_beside_its_id() -> None:
    names = {"sales": "销售部", "logistics": "logistics"}
    refused = refuse(
        reasons.UNKNOWN_DEPARTMENT,
        department="sale",
        known=(Department("logistics"), Department("sales"), Department("gone")),
    )
    chinese = refusal_teller("zh-CN", UTC, names.get)
    assert "logistics" in chinese.tell(refused).remedy
    assert "销售部（sales）" in chinese.tell(refused).remedy
    assert "gone" in chinese.tell(refused).remedy
    owed = refuse(reasons.OBLIGATION_OPEN, owed=(Owing("sales", "a note", AT),))
    assert "销售部（sales）" in chinese.tell(owed).detail
    assert "销售部 (sales)" in refusal_teller("en", UTC, names.get).tell(owed).detail
