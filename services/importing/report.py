"""What an import or a publishing did: counts that add up, and every refusal with its line.

What is wrong in the same way again and again is listed a few times, and then counted in the last
of these lines. Lists are cut at `MAX_LISTED` lines, so that the wrong file does not make a report
of its own size; the counts stay complete and `left_off` says how many lines are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from services.wording import counted, cut

MAX_LISTED = 1000
MAX_ALIKE = 10
"""Lines of one kind that are listed: the same column and remedy, each with other words."""

Trouble = Literal["refused", "repeated"]


class Line(Struct, frozen=True):
    """One line of the report: a refused row or event, or a row that the file has twice."""

    trouble: Trouble
    line: int
    block: str | None  # the mapping's touchpoint; None: the row as a whole
    column: str | None
    field: str | None  # of the event, as the platform names it
    code: str | None
    reason: str
    remedy: str
    more: int = 0  # lines further down of which the same is to be said
    last: int | None = None  # the last of these

    @property
    def kind(self) -> tuple[str | None, ...]:
        """What lines have in common that ask for the same remedy."""
        return (self.trouble, self.block, self.column, self.field, self.code, self.remedy)


class Report(Struct, kw_only=True, dict=True):
    """The running account of an import or a publishing.

    Each event of a row is accepted, duplicate (already recorded before), repeated (the file has
    it twice with one content) or refused; a row that cannot be read gives no event at all.
    """

    file: str
    mapping: str | None = None
    branch: str
    target: str
    dry_run: bool = False
    rows: int = 0
    rows_without_touchpoint: int = 0
    rows_refused: int = 0
    events: int = 0
    accepted: int = 0
    duplicate: int = 0
    repeated: int = 0
    refused: int = 0
    rounded: int = 0  # amounts finer than the minor unit, rounded half-even
    resumed_at_row: int | None = None
    seconds: float = 0.0
    lines: list[Line] = []
    left_off: int = 0

    @property
    def all_well(self) -> bool:
        """Whether nothing was refused."""
        return not self.rows_refused and not self.refused

    def add(self, line: Line) -> None:
        """List a line, as long as there is room, or count it with those like it."""
        alike = self._alike.get(line.kind, [])
        said = next((index for index in alike if self.lines[index].reason == line.reason), None)
        if said is None and len(alike) >= MAX_ALIKE:
            said = alike[-1]
        if said is not None:
            first = self.lines[said]
            self.lines[said] = replace(first, more=first.more + 1, last=line.line)
        elif len(self.lines) < MAX_LISTED:
            self._alike.setdefault(line.kind, []).append(len(self.lines))
            self.lines.append(line)
        else:
            self.left_off += 1

    @cached_property
    def _alike(self) -> dict[tuple[str | None, ...], list[int]]:
        """Where in the list the lines of each kind are."""
        found: dict[tuple[str | None, ...], list[int]] = {}
        for index, line in enumerate(self.lines):
            found.setdefault(line.kind, []).append(index)
        return found

    def text(self) -> Iterator[str]:
        """Yield the report's lines for people."""
        dry = " (dry run: nothing was sent)" if self.dry_run else ""
        yield f"{cut(self.file, 200)} -> {self.target}{dry}"
        if self.resumed_at_row is not None:
            yield f"  went on at row {self.resumed_at_row:,} of an interrupted import"
        yield f"  rows       {self.rows:>10,}"
        if self.rows_without_touchpoint:
            yield f"    without a touchpoint {self.rows_without_touchpoint:,}"
        if self.rows_refused:
            yield f"    refused as a whole {self.rows_refused:,}"
        yield f"  events     {self.events:>10,}"
        yield f"    accepted {self.accepted:>10,}"
        yield f"    duplicate{self.duplicate:>10,}  (recorded before)"
        if self.repeated:
            yield f"    repeated {self.repeated:>10,}  (several times in this file)"
        yield f"    refused  {self.refused:>10,}"
        if self.rounded:
            yield f"  amounts rounded half-even to the minor unit: {self.rounded:,}"
        if self.seconds and self.resumed_at_row is None:
            yield f"  {self.seconds:.1f} s, {self.rows / self.seconds:,.0f} rows/s"
        yield from map(_sentence, self.lines)
        if self.left_off:
            yield f"  ... and {counted(self.left_off, 'more line')}"
        if self.mapping is not None and 1 < self.rows == self.rows_refused:
            yield (
                f"  no row could be read: the mapping {self.mapping} may not be this file's; "
                "`touchstone mappings check` shows what it makes of the first rows"
            )


def _sentence(line: Line) -> str:
    place = ", ".join(
        part
        for part in (
            f"line {line.line}",
            line.block and f"touchpoint {line.block!r}",
            line.column and f"column {cut(line.column)!r}",
            line.field and not line.column and line.field,
        )
        if part
    )
    remedy = f" - {line.remedy}" if line.remedy else ""
    return f"  {line.trouble}: {place}: {line.reason}{remedy}{_more(line)}"


def _more(line: Line) -> str:
    if not line.more:
        return ""
    return f" ({counted(line.more, 'more line')} of this kind, the last is {line.last})"
