"""What an import or a publishing did: counts that add up, and every refusal with its line.

Lists are cut at `MAX_LISTED` lines, so that the wrong file does not make a report of its own
size; the counts stay complete and `left_off` says how many lines are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from services.wording import counted

MAX_LISTED = 1000

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


class Report(Struct, kw_only=True):
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
        """List a line, as long as there is room."""
        if len(self.lines) < MAX_LISTED:
            self.lines.append(line)
        else:
            self.left_off += 1

    def text(self) -> Iterator[str]:
        """Yield the report's lines for people."""
        yield f"{self.file} -> {self.target}{' (dry run: nothing was sent)' * self.dry_run}"
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
            line.column and f"column {line.column!r}",
            line.field and not line.column and line.field,
        )
        if part
    )
    remedy = f" - {line.remedy}" if line.remedy else ""
    return f"  {line.trouble}: {place}: {line.reason}{remedy}"
