"""What people read of a failure: all of it in the language of the page, with the remedy."""

import re
from http import HTTPStatus

import pytest

from services.console.shared.cursor import BadCursor
from services.console.shared.i18n import speaker
from services.console.shared.problem_words import _FIELDS, _PROBLEMS, ProblemWords
from services.console.shared.refusals import BadParameter, unavailable
from services.web.languages import LANGUAGES
from services.web.problems import Problem

WORD = re.compile("[A-Za-z]{2,}")
ADVICE = "touchstone parked list"  # a command is the same in every language
PROBLEMS = [
    BadCursor(),
    unavailable("the pool is empty"),
    *(BadParameter(field, "Input should be less than or equal to 3") for field in _FIELDS),
    *(Problem(HTTPStatus.BAD_REQUEST, code, "odd", "mend it") for code in _PROBLEMS),
    Problem(HTTPStatus.IM_A_TEAPOT, "teapot", "short and stout", "take coffee"),
]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: f"{problem.code} {problem.field}")
def test_a_failure_is_told_whole_in_chinese(problem: Problem) -> None:
    told = "\n".join(ProblemWords(speaker("zh-CN")).told(problem))
    assert not WORD.search(told.replace(ADVICE, "").replace("CNY", "")), told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_field_has_the_name_that_its_form_gives_it(language: str) -> None:
    words = ProblemWords(speaker(language))
    known = words.told(BadParameter("bucket", "Field required"))
    assert {"en": "Days past due", "zh-CN": "逾期天数"}[language] in known.detail
    assert "required" not in known.detail
    assert words.told(BadParameter("odd_one", "unknown")).detail.count("odd_one") == 1


def test_what_is_typed_has_a_remedy_of_its_own() -> None:
    words = ProblemWords(speaker("en"))
    assert "2026-03-20T10:00:00+08:00" in words.told(BadParameter("as_of", "odd")).remedy
    assert "first page" in words.told(BadCursor()).remedy
    assert "form" in words.told(BadParameter("sort", "odd")).remedy
