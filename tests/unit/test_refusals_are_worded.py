"""Nothing that people are refused with is written in English alone: every text is worded."""

import ast
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import TypeGuard

import pytest

from events.texts import either, worded
from services.console.credit.parameters import CreditParameters
from services.console.shared.refusals import BadParameter
from services.intake.answers import EventRefused
from services.intake.rules import check_customer
from services.web.languages import told
from tests.support.chinese import assert_chinese

# Who refuses, and which of its arguments are told.
TOLD = {
    "BadParameter": (1, 2),
    "_Ambiguous": (0, 1),
    "_Broken": (1, 2),
    "_Trouble": (0, 1),
    "CellRefused": (0, 1),
    "Conflict": (1,),
    "EventRefused": (2, 3),
    "Fault": (1, 2),
    "FileRefused": (0,),
    "Limits": (2,),
    "Problem": (2, 3),
    "RowRefused": (3, 4),
    "Unusable": (0, 1),
    "busy": (0,),
    "too_large": (0,),
    "wrong_kind": (2, 3),
}


def english_only(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and text of what is told as it stands in the code."""
    module = ast.parse(source)
    written = dict(_written(module))
    for call in ast.walk(module):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        positions = TOLD.get(call.func.id, ())
        if positions and any(isinstance(one, ast.Starred) for one in call.args):
            yield call.lineno, ast.unparse(call)  # nobody sees what is told
        for position in positions:
            argument = call.args[position] if position < len(call.args) else None
            if isinstance(argument, ast.Name):
                yield from written.get(argument.id, ())
            for text in ast.walk(argument) if argument is not None else ():
                if isinstance(text, ast.Call):
                    break  # a marked text, or whatever else makes it
                if isinstance(text, ast.expr) and _is_text(text) and ast.unparse(text) != "''":
                    yield text.lineno, ast.unparse(text)


def _is_text(one: ast.AST) -> TypeGuard[ast.Constant | ast.JoinedStr]:
    constant = isinstance(one, ast.Constant) and isinstance(one.value, str)
    return constant or isinstance(one, ast.JoinedStr)


def _written(module: ast.Module) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """Yield the names that are given a text as it stands, wherever, and the text."""
    for one in ast.walk(module):
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            value = one.value
            is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
            if is_text or isinstance(value, ast.JoinedStr):
                yield one.targets[0].id, [(value.lineno, ast.unparse(value))]


def test_no_refusal_is_told_in_english_alone() -> None:
    looked_at = 0
    for room in ("events", "services"):
        with as_file(files(room)) as folder:
            for path in sorted(Path(folder).rglob("*.py")):
                source = path.read_text(encoding="utf-8")
                looked_at += sum(source.count(f"{name}(") for name in TOLD)
                assert not list(english_only(source)), f"{path.name}: mark it with worded(...)"
    assert looked_at > 150


def test_a_currency_that_is_none_is_told_in_chinese() -> None:
    asked = CreditParameters.model_validate({"currency": ["ABC"], "least": "1.00"})
    with pytest.raises(BadParameter) as refused:
        asked.work_filter()
    assert_chinese(told(refused.value.detail, "zh-CN"))


@pytest.mark.parametrize("name", ["a/b", " C-1", "x" * 121, "branch:B-1"])
def test_why_a_name_is_no_customers_is_told_in_chinese(name: str) -> None:
    with pytest.raises(EventRefused) as refused:
        check_customer(name, "subject")
    assert_chinese(told(refused.value.reason, "zh-CN"))
    assert_chinese(told(refused.value.remedy, "zh-CN"))


@pytest.mark.parametrize(
    "call",
    [
        'Problem(status, "code", "it is wrong", worded("mend it"))',
        'Problem(status, "code", f"{it} is wrong", worded("mend it"))',
        'EventRefused("missing", "id", "is missing" if x else worded("is odd"), REMEDY)',
        'remedy = "give it"\nEventRefused("missing", "id", worded("is missing"), remedy)',
        'EventRefused("missing", *told)',
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
