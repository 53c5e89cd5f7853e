"""No line of the log names a customer: who is concerned stands where only those see it who may."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2] / "services"
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
OF_PERSONS = frozenset({"customer", "customer_id", "item", "name", "phone", "subject", "to"})


def lines_of(source: str) -> Iterator[tuple[int, str]]:
    """Yield the fields of log lines that may say who somebody is, by the line they stand on."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        logger = node.func.value
        if not (isinstance(logger, ast.Name) and logger.id == "_LOG" and node.func.attr in LEVELS):
            continue
        for one in node.keywords:
            is_count = isinstance(one.value, ast.Call) and ast.unparse(one.value.func) == "len"
            if one.arg in OF_PERSONS or (one.arg == "customers" and not is_count):
                yield node.lineno, one.arg or ""


def test_no_line_names_a_customer() -> None:
    found = [
        f"{path.relative_to(SERVICES)}:{line}: {field}"
        for path in sorted(SERVICES.rglob("*.py"))
        for line, field in lines_of(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('_LOG.error("x", customer=one)', ["customer"]),
        ('_LOG.exception("x", customers=[*them])', ["customers"]),
        ('_LOG.exception("x", customers=len(them), partition=3)', []),
    ],
)
def test_a_line_that_would_is_found(line: str, found: list[str]) -> None:
    assert [field for _, field in lines_of(line)] == found
