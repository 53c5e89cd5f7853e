"""Nothing that people are refused with is written in English alone: every text is worded."""

import ast
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import get_args

import pytest

from events.customers.identity import Contradiction
from events.texts import either, worded
from services.console.credit.parameters import CreditParameters
from services.console.shared.refusals import BadParameter
from services.intake.moves import refusal
from services.web.languages import told
from tests.support.chinese import assert_chinese

# Who refuses, and which of its arguments are told.
TOLD = {
    "BadParameter": (1, 2),
    "Conflict": (1,),
    "EventRefused": (2, 3),
    "Fault": (1, 2),
    "Limits": (2,),
    "Problem": (2, 3),
    "Unusable": (0, 1),
    "busy": (0,),
    "too_large": (0,),
    "wrong_kind": (2, 3),
}


def english_only(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and text of what is told as it stands in the code."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        positions = TOLD.get(call.func.id, ())
        for position in positions:
            for text in ast.walk(call.args[position]) if position < len(call.args) else ():
                if isinstance(text, ast.Call):
                    break  # a marked text, or whatever else makes it
                if isinstance(text, ast.JoinedStr | ast.Constant) and ast.unparse(text) != "''":
                    yield text.lineno, ast.unparse(text)


def test_no_refusal_is_told_in_english_alone() -> None:
    looked_at = 0
    for room in ("events", "services"):
        with as_file(files(room)) as folder:
            for path in sorted(Path(folder).rglob("*.py")):
                source = path.read_text(encoding="utf-8")
                looked_at += sum(source.count(f"{name}(") for name in TOLD)
                assert not list(english_only(source)), f"{path.name}: mark it with worded(...)"
    assert looked_at > 150


@pytest.mark.parametrize("why", get_args(Contradiction))
def test_why_a_published_merge_cannot_be_so_is_told_in_chinese(why: Contradiction) -> None:
    refused = refusal(why)
    for text in (refused.reason, refused.remedy):
        assert_chinese(told(text, "zh-CN"))


def test_a_currency_that_is_none_is_told_in_chinese() -> None:
    asked = CreditParameters.model_validate({"currency": "ABC", "least": "1.00"})
    with pytest.raises(BadParameter) as refused:
        asked.work_filter()
    assert_chinese(told(refused.value.detail, "zh-CN"))


@pytest.mark.parametrize(
    "call",
    [
        'Problem(status, "code", "it is wrong", worded("mend it"))',
        'Problem(status, "code", f"{it} is wrong", worded("mend it"))',
        'EventRefused("missing", "id", "is missing" if x else worded("is odd"), REMEDY)',
    ],
)
def test_a_text_as_it_stands_is_found(call: str) -> None:
    assert list(english_only(call))


def test_what_a_text_names_is_told_too_and_foreign_words_stay() -> None:
    kinds = either([worded("a number"), worded("a text"), worded("null")])
    text = worded("is %(kind)s instead of %(wanted)s", kind="100% missing", wanted=kinds)
    assert text == "is 100% missing instead of a number, a text or null"
    assert told(text, "zh-CN") == "是100% missing，而不是数字、文本或null"
    assert told("is missing", "zh-CN") == "is missing"
    assert told(worded("is missing"), "zh-CN") == "缺失"
