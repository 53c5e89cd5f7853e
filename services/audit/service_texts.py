"""What the report on service prints for people."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from projections.case_board.sums import CaseSums, GroupService, Kept
from services.audit.service_report import ServiceReport
from services.wording import asked_words, counted

_HOUR_S = 3600
_HEADS = ("cases", "open", "answered", "solved", "1st contact", "hand-overs", "back", "satisfied")


def service_lines(report: ServiceReport, tz: ZoneInfo) -> Iterator[str]:
    """Yield the lines of a report on service."""
    scope = f"branch {report.branch_id}" if report.branch_id else "all branches"
    known = f", as known {asked_words(report.known_at, tz)}" if report.known_at else ""
    yield (
        f"Cases opened from {report.first} through {report.last}, {scope}, as of "
        f"{asked_words(report.at, tz)}{known}"
    )
    if not report.company.cases:
        yield "no case was opened then"
        return
    yield from _groups("department", report.departments)
    yield from _groups("branch", report.branches)
    yield _line("all", report.company)
    yield (
        "answered, solved: in time of all whose time is over or that are done; 1st contact: solved "
        "by one agent and department; hand-overs: between agents + between departments; back: of "
        "them to whom had it before"
    )
    yield from _stages(report)
    yield from _hours(report)
    for one in report.drivers:
        mean = one.scores.total / one.scores.answers
        yield f"driver {one.driver}: {mean:.1f} of 10, {counted(one.scores.answers, 'answer')}"


def _groups(title: str, groups: list[GroupService]) -> Iterator[str]:
    yield ""
    yield f"{title:>20}" + "".join(f"  {head:>12}" for head in _HEADS)
    for one in groups:
        yield _line(one.name or "(none)", one.sums)


def _line(name: str, sums: CaseSums) -> str:
    called = sums.satisfied + sums.dissatisfied
    cells = (
        f"{sums.cases:,}",
        f"{sums.under_way:,}",
        _share(sums.answers),
        _share(sums.solutions),
        f"{sums.first_contact:,}",
        f"{sums.handovers:,}+{sums.department_handovers:,}",
        f"{sums.returns:,}+{sums.department_returns:,}",
        f"{sums.satisfied:,} of {called:,}",
    )
    return f"{name:>20}" + "".join(f"  {cell:>12}" for cell in cells)


def _share(kept: Kept) -> str:
    over = kept.in_time + kept.late
    return f"{kept.in_time:,} of {over:,}"


def _stages(report: ServiceReport) -> Iterator[str]:
    if not report.stages:
        return
    yield ""
    heads = ("in time", "late", "open", "not needed", "hours late")
    yield f"{'owed':>44}" + "".join(f"  {head:>10}" for head in heads)
    for one in report.stages:
        name = f"{one.flow}: {one.stage}" if one.stage else "handed off"
        kept = one.sums.kept
        cells = (
            f"{kept.in_time:,}",
            f"{kept.late:,}",
            f"{kept.open:,}",
            f"{one.sums.not_needed:,}",
            f"{one.sums.late_s / _HOUR_S:,.1f}",
        )
        owed = f"{name}, {one.department}"
        yield f"{owed:>44}" + "".join(f"  {cell:>10}" for cell in cells)


def _hours(report: ServiceReport) -> Iterator[str]:
    if report.hours:
        yield ""
    for one in report.hours:
        mean = one.hours.held_s / one.hours.cases / _HOUR_S
        yield (
            f"{one.department} had {counted(one.hours.cases, 'case')} in hand, {mean:,.1f} working "
            "hours each on average"
        )
