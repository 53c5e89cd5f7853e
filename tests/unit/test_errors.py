"""Of several failures at once the one that a caller waits for is what comes out."""

import ast

import pytest

from services.errors import LogMoved, TouchstoneError, Unavailable, first_of
from tests.support.embedded import REPOSITORY

MOVED, AWAY, OTHER = LogMoved(1), Unavailable("away"), ValueError("something else")


@pytest.mark.parametrize(
    ("failed", "first"),
    [
        (ExceptionGroup("", [MOVED]), MOVED),
        (ExceptionGroup("", [AWAY, MOVED]), AWAY),
        (ExceptionGroup("", [ExceptionGroup("", [MOVED]), AWAY]), MOVED),
    ],
)
def test_the_first_failure_stands_for_several_of_its_kind(
    failed: ExceptionGroup[Exception], first: Exception
) -> None:
    assert first_of(TouchstoneError, failed) is first


def test_a_failure_of_another_kind_is_not_hidden() -> None:
    failed = ExceptionGroup("", [MOVED, OTHER])
    assert first_of(TouchstoneError, failed) is failed


def test_nothing_is_raised_out_of_a_clause_that_older_pythons_answer_with_a_group() -> None:
    raising = [
        f"{path}:{clause.lineno}"
        for path in sorted((REPOSITORY / "services").rglob("*.py"))
        for tried in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(tried, ast.TryStar)
        for clause in tried.handlers
        if any(isinstance(node, ast.Raise) for node in ast.walk(clause))
    ]
    assert raising == []
