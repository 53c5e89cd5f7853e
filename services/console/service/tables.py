"""The report on service as tables: the page shows them, and each is a CSV file, too."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from msgspec import Struct

from projections.case_board.sums import CaseSums, GroupService, Kept
from services.console.service.behind import Figure
from services.console.service.report import Service
from services.console.shared.i18n import Speaker
from services.console.shared.spreadsheet import plain
from services.console.shared.usual_words import usual_word

TableName = Literal["compliance", "stages", "handling", "time", "satisfaction", "drivers"]

_HOUR_S = 3600
_TENTH = Decimal("0.1")
_SHARE = Decimal("0.0001")


class Share(NamedTuple):
    """A part of a whole; of nothing it is no share."""

    part: int
    whole: int

    @property
    def value(self) -> Decimal | None:
        """Return the share, four decimals; None of nothing."""
        return (Decimal(self.part) / self.whole).quantize(_SHARE) if self.whole else None


Cell = str | int | Decimal | Share


class Rows(NamedTuple):
    """Some rows of a table, each a name and its figures, under a heading; or without one."""

    heading: str
    rows: Sequence[tuple[Cell, ...]]
    about: Sequence[Mapping[str, str]] = ()
    """For each row the parameters that name it where the cases behind a figure are asked for."""


class Table(Struct, frozen=True):
    """A table: the first `names` columns name what a row is about, the others are figures."""

    name: TableName
    title: str
    heads: tuple[str, ...]
    groups: tuple[Rows, ...]
    figures: tuple[Figure, ...]  # of the columns behind the names
    names: int = 1
    note: str = ""


class Tables:
    """Makes the tables of a report in one language."""

    def __init__(
        self, say: Speaker, departments: Mapping[str, str], branches: Mapping[str, str]
    ) -> None:
        self._ = say.gettext
        self._say = say
        self._departments = departments
        self._branches = branches

    def all(self, report: Service) -> list[Table]:
        """Return every table that has anything to say."""
        made = (
            self.compliance(report), self.stages(report), self.handling(report),
            self.time(report), self.satisfaction(report), self.drivers(report),
        )  # fmt: skip
        return [table for table in made if any(group.rows for group in table.groups)]

    def compliance(self, report: Service) -> Table:
        """Return how first answers and solutions kept their deadlines."""
        _ = self._

        def cells(sums: CaseSums) -> tuple[Cell, ...]:
            return (sums.cases, sums.under_way, *_kept(sums.answers), *_kept(sums.solutions))

        heads = (
            "", _("Cases"), _("under way"),
            _("answered in time"), _("answered late"), _("answers kept"),
            _("solved in time"), _("solved late"), _("solutions kept"),
        )  # fmt: skip
        note = _("Kept: in time, of all that are done or whose time is over, cycle by cycle.")
        figures: tuple[Figure, ...] = (
            "cases", "under_way",
            "answers_in_time", "answers_late", "answers",
            "solutions_in_time", "solutions_late", "solutions",
        )  # fmt: skip
        title = _("Deadlines kept")
        return self._by_group("compliance", title, heads, report, cells, figures, note)

    def stages(self, report: Service) -> Table:
        """Return how departments kept what they owed, stage by stage."""
        _ = self._
        heads = (
            _("Flow"), _("Stage"), _("Department"), _("in time"), _("late"), _("open"),
            _("not needed"), _("hours late"), _("share kept"),
        )  # fmt: skip
        rows = [
            (
                one.flow or _("handed off"),
                one.stage or "–",
                self._department(one.department),
                one.sums.kept.in_time,
                one.sums.kept.late,
                one.sums.kept.open,
                one.sums.not_needed,
                _hours(one.sums.late_s),
                _kept(one.sums.kept)[-1],
            )
            for one in report.stages
        ]
        about = [
            {"department": one.department}
            | ({"stage": one.stage, "flow": one.flow} if one.stage else {})
            for one in report.stages
        ]
        figures: tuple[Figure, ...] = (
            "stage_in_time", "stage_late", "stage_open", "stage_not_needed", "stage_late_hours",
            "stage",
        )  # fmt: skip
        title = _("Deadlines kept by stage and department")
        return Table("stages", title, heads, (Rows("", rows, about),), figures, 3)

    def handling(self, report: Service) -> Table:
        """Return hand-overs, ping-pong, and what was solved at first contact."""
        _ = self._

        def cells(sums: CaseSums) -> tuple[Cell, ...]:
            return (
                sums.cases, sums.first_contact, Share(sums.first_contact, sums.cases),
                sums.handovers, sums.returns, sums.department_handovers,
                sums.department_returns, sums.reopened,
            )  # fmt: skip

        heads = (
            "", _("Cases"), _("solved at first contact"), _("share"),
            _("hand-overs between agents"), _("of them back"),
            _("hand-overs between departments"), _("of them back"), _("reopened"),
        )  # fmt: skip
        note = _(
            "First contact: solved by one agent and department, by a solution that held. Back: to "
            "whom had it before."
        )
        figures: tuple[Figure, ...] = (
            "cases", "first_contact", "first_contact", "handovers", "returns",
            "department_handovers", "department_returns", "reopened",
        )  # fmt: skip
        title = _("Hand-overs and first contact")
        return self._by_group("handling", title, heads, report, cells, figures, note)

    def time(self, report: Service) -> Table:
        """Return how long departments had cases in hand."""
        _ = self._
        heads = (
            _("Department"), _("Cases in hand"), _("working hours"), _("hours for each case"),
        )  # fmt: skip
        rows = [
            (
                self._department(one.department),
                one.hours.cases,
                _hours(one.hours.held_s),
                _hours(one.hours.held_s, one.hours.cases),
            )
            for one in report.hours
        ]
        about = [{"department": one.department} for one in report.hours]
        figures: tuple[Figure, ...] = ("held", "held_hours", "held_hours")
        title = _("Time per department")
        return Table("time", title, heads, (Rows("", rows, about),), figures)

    def satisfaction(self, report: Service) -> Table:
        """Return what customers said when they were called back."""
        _ = self._

        def cells(sums: CaseSums) -> tuple[Cell, ...]:
            reached = sums.satisfied + sums.dissatisfied
            share = Share(sums.satisfied, reached)
            return (sums.satisfied, sums.dissatisfied, sums.unreachable, share)

        heads = (
            "", _("satisfied"), _("dissatisfied"), _("not reached"),
            _("satisfied, of those reached"),
        )  # fmt: skip
        figures: tuple[Figure, ...] = ("satisfied", "dissatisfied", "unreachable", "reached")
        return self._by_group("satisfaction", _("Satisfaction"), heads, report, cells, figures)

    def drivers(self, report: Service) -> Table:
        """Return how customers scored the drivers of satisfaction."""
        _ = self._
        rows = [
            (
                usual_word(self._say, one.driver),
                one.scores.answers,
                (Decimal(one.scores.total) / one.scores.answers).quantize(_TENTH),
            )
            for one in report.drivers
        ]
        heads = (_("Driver"), _("Answers"), _("mean of 10"))
        about = [{"driver": one.driver} for one in report.drivers]
        figures: tuple[Figure, ...] = ("driver", "driver")
        title = _("Drivers of satisfaction")
        return Table("drivers", title, heads, (Rows("", rows, about),), figures)

    def _by_group(
        self,
        name: TableName,
        title: str,
        heads: tuple[str, ...],
        report: Service,
        cells: Callable[[CaseSums], tuple[Cell, ...]],
        figures: tuple[Figure, ...],
        note: str = "",
    ) -> Table:
        _ = self._

        def rows(
            found: Iterable[GroupService], called: Callable[[str], str]
        ) -> list[tuple[Cell, ...]]:
            return [(called(one.name), *cells(one.sums)) for one in found]

        if not report.company.cases:
            return Table(name, title, heads, (), figures, note=note)
        departments = [
            {"department": one.name} if one.name else {"nobody": "true"}
            for one in report.departments
        ]
        branches = [{"branch": one.name} for one in report.branches]
        groups = (
            Rows(_("By department"), rows(report.departments, self._department), departments),
            Rows(_("By branch"), rows(report.branches, self._branch), branches),
            Rows(_("Together"), [(_("all"), *cells(report.company))], [{}]),
        )
        return Table(name, title, heads, groups, figures, note=note)

    def _department(self, name: str) -> str:
        return self._departments.get(name, name) or self._("nobody in charge")

    def _branch(self, name: str) -> str:
        return self._branches.get(name, name) or self._("no branch")


def csv_text(table: Table) -> str:
    """Return a table as CSV that spreadsheets open as it is: UTF-8 with a mark, figures plain."""
    written = io.StringIO()
    out = csv.writer(written)
    grouped = any(group.heading for group in table.groups)
    out.writerow(["", *table.heads] if grouped else table.heads)
    for group in table.groups:
        for row in group.rows:
            told = [_plain(cell) for cell in row]
            out.writerow([group.heading, *told] if grouped else told)
    return "\ufeff" + written.getvalue()


def _plain(cell: Cell) -> str:
    if isinstance(cell, Share):
        return "" if cell.value is None else str(cell.value)
    return plain(cell) if isinstance(cell, str) else str(cell)


def _kept(kept: Kept) -> tuple[Cell, ...]:
    return kept.in_time, kept.late, Share(kept.in_time, kept.in_time + kept.late)


def _hours(seconds: int, among: int = 1) -> Decimal:
    return (Decimal(seconds) / _HOUR_S / among).quantize(_TENTH)
