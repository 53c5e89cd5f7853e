"""What a contest measures: each work as the commands that do it in some build."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from projections import PROJECTIONS
from projections.case_board.projection import CaseBoard
from tests.bench.builds import Build
from tests.bench.databases import Company, State

_LITTLE = 1_500
"""With little memory a projector remembers one customer in so many: as of 30 million."""

_LITTLE_BATCH = 12
"""And a batch holds one event for so many customers: hardly one appears twice."""

Commands = list[list[str]]


class Work(Struct, frozen=True):
    """Something that builds do: on which state of the company, by which commands."""

    name: str
    state: State
    commands: Callable[[Build, Company], Commands]
    target: float | None = None  # how many times as cheap as the earlier build, with native parts
    target_plain: float | None = None  # the same without them
    writes: bool = False  # so each time it takes a fresh copy of the database
    answers: bool = False  # prints an answer that depends on the events alone
    earlier: bool = True  # an earlier build takes part


def _bare_loop(build: Build, company: Company) -> Commands:
    return [build.driver("bare_loop")]


def _catch_up(build: Build, company: Company) -> Commands:
    return [build.driver("catch_up")]


def _catch_up_case_board(build: Build, company: Company) -> Commands:
    return [build.driver("catch_up", "--projection", CaseBoard.name)]


def _catch_up_little(build: Build, company: Company) -> Commands:
    return [
        build.driver(
            "catch_up",
            *("--batch-events", str(max(1, company.customers // _LITTLE_BATCH))),
            *("--max-facts", str(max(1, company.events // _LITTLE))),
        )
    ]


def _rebuild(build: Build, company: Company) -> Commands:
    """Return the rebuild of every projection; an earlier build knows only of one at a time."""
    words = ("--processes", str(company.processes))
    if build.earlier:
        return [build.touchstone("rebuild", one.name, *words) for one in PROJECTIONS]
    return [build.touchstone("rebuild", *words)]


def _said(*words: str) -> Callable[[Build, Company], Commands]:
    """Return a work of one command, in whose words {day} stands for the last day of history."""
    return lambda build, company: [
        build.touchstone(*(word.format(day=company.last_day) for word in words), "--format", "json")
    ]


WORKS = (
    Work("rebuild", "live", _rebuild, 3.0, 2.0, writes=True),
    Work("catch-up", "log", _catch_up, 1.6, writes=True),
    Work("catch-up of the case board", "log", _catch_up_case_board, 1.0, 1.0, writes=True),
    Work("bare loop", "log", _bare_loop, writes=True, earlier=False),
    Work("catch-up with little memory", "late", _catch_up_little, 2.5, writes=True),
    Work("verify", "live", _said("verify"), 2.0),
    Work("digest", "live", _said("digest", "--at", "{day}"), 3.0, answers=True),
    Work("report ageing", "live", _said("report", "ageing", "--as-of", "{day}"), 3.0, answers=True),
    Work("report alerts", "live", _said("report", "alerts", "--as-of", "{day}"), 3.0, answers=True),
    Work("policy try", "live", _said("policy", "try", "tiers", "--set", "drop_days=60"), 3.0),
    Work(
        "policy calibrate", "live", _said("policy", "calibrate", "tiers", "--at", "{day}"), 3.0,
        answers=True,
    ),
)  # fmt: skip
