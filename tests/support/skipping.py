"""What may be skipped, and where: a person's machine may lack things, CI may not.

Tests that need a thing ask for its fixture or skip for a named reason. With CI=true a skip of a
test that must run there is a failure, so that a missing install step cannot hide behind a green
run.
"""

import os
from collections.abc import Generator

import pytest

MUST_RUN_IN_CI = frozenset(
    {"postgres", "kafka", "browser", "acceptance", "native", "prometheus", "provider", "systemd"}
)


def _is_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true"}


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why it was skipped, in the skipper's words."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, a test that must run there fails if it was skipped; expected failures may be."""
    report = yield
    marks = MUST_RUN_IN_CI.intersection(mark.name for mark in item.iter_markers())
    if _is_ci() and report.skipped and not hasattr(report, "wasxfail") and marks:
        report.outcome = "failed"
        kinds = "/".join(sorted(marks))
        report.longrepr = f"skipped, but {kinds} tests must run in CI: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In CI, no module may skip itself whole: nobody could tell which tests that took away."""
    report = yield
    if _is_ci() and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"module skipped in CI: {_reason(report)}"
    return report
