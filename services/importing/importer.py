"""Imports a file: rows to touchpoints to the platform, in batches, and one honest report.

Memory is constant, whatever the file's size. A row is taken whole or not at all as far as the
mapping can tell; what the platform then refuses is reported with the row's line.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from events.texts import either, worded
from services.errors import Unavailable
from services.importing.cells import Row
from services.importing.compiling import CompiledMapping, Event, MadeEvent, RowRefused
from services.importing.identity import source_of
from services.importing.mapping import MAX_BLOCKS
from services.importing.publisher import MAX_EVENTS, Publisher
from services.importing.report import Line, Report
from services.importing.resume import Progress, ProgressNote
from services.importing.rows import Scan, open_rows, scan
from services.importing.seen import RecentIdentities
from services.intake.answers import Answer
from services.wording import counted

Tick = Callable[[int, int], None]
"""Told after every batch how many rows are done, of how many."""

Heard = Callable[[Line], None]
"""Told every row or event that was refused, and every repeated one."""

_CONFLICT = Answer(status="refused", code="conflict", reason=worded("the identity is taken"))
"""What the log would say, in a dry run, to a second row of the same key."""

_MAX_ROWS = 2000


class Job(Struct, frozen=True, kw_only=True):
    """What to import, by which mapping, and in whose name."""

    path: Path
    mapping: CompiledMapping
    branch: str
    dry_run: bool = False


class Batch(Struct):
    """Consecutive rows, read: the touchpoints they give and what is wrong with the others."""

    rows: int = 0
    without: int = 0
    rounded: int = 0
    made: list[MadeEvent] = []
    refused: list[list[RowRefused]] = []


async def import_file(
    job: Job,
    publisher: Publisher,
    home: Path | None = None,
    tick: Tick = lambda done, rows: None,
    found: Scan | None = None,
    heard: Heard = lambda line: None,
) -> Report:
    """Import the file and return the report.

    `home` is where progress is noted, if anywhere; `found` is what a scan found, if there was
    one; `heard` is told every line of trouble, also of those that the report only counts.
    Raises: FileRefused before anything is sent; Unavailable, GatewayRefused on the way:
    the same import then goes on where it was.
    """
    found = found or scan(job.path, job.mapping)
    run = _Run(job, publisher, _note(job, publisher, home, found.digest), heard)
    started = time.perf_counter()
    start = await run.go_on()
    rows = islice(open_rows(job.path, job.mapping), start, None)
    try:
        async for _ in _one_ahead(run, _batches(rows, job)):
            tick(run.report.rows, found.rows)
    except Unavailable as error:
        raise Unavailable(
            f"stopped after {run.report.rows:,} of {counted(found.rows, 'row')}: {error}"
        ) from error
    run.report.seconds += time.perf_counter() - started
    run.finish()
    return run.report


async def _one_ahead(run: _Run, batches: Iterator[Batch]) -> AsyncIterator[None]:
    """Account for every batch in order, while the next one is read and already on its way."""
    under_way: deque[_Sent] = deque()
    try:
        for batch in batches:
            under_way.append(run.send(batch))
            await asyncio.sleep(0)  # let it leave before the next one is read
            if len(under_way) > 1:
                await run.settle(under_way.popleft())
                yield
        while under_way:
            await run.settle(under_way.popleft())
            yield
    finally:
        for sent in under_way:
            sent.answers.cancel()
        await asyncio.gather(*(sent.answers for sent in under_way), return_exceptions=True)


def _note(job: Job, publisher: Publisher, home: Path | None, file: bytes) -> ProgressNote | None:
    if home is None or job.dry_run:
        return None
    source = source_of(job.branch, job.mapping.name)
    return ProgressNote(home, file, job.mapping.digest, source.encode(), publisher.target.encode())


def _batches(rows: Iterator[Row | RowRefused], job: Job) -> Iterator[Batch]:
    """Yield the rows in groups that one call to the platform takes."""
    batch = Batch()
    for row in rows:
        batch.rows += 1
        if isinstance(row, RowRefused):
            batch.refused.append([row])
        else:
            made, refused = job.mapping.read(row, job.branch)
            batch.made.extend(made)
            if refused:
                batch.refused.append(refused)
            else:
                batch.rounded += row.rounded
                batch.without += not made
        if batch.rows == _MAX_ROWS or len(batch.made) > MAX_EVENTS - MAX_BLOCKS:
            yield batch
            batch = Batch()
    if batch.rows:
        yield batch


class _Sent(NamedTuple):
    """A batch on its way: its events, each with an earlier line of its identity if any."""

    batch: Batch
    fresh: list[tuple[MadeEvent, int | None]]
    repeated: list[tuple[MadeEvent, int]]
    answers: asyncio.Task[Sequence[Answer]]


class _Run:
    """One import under way: publishes batches and keeps the account."""

    def __init__(
        self, job: Job, publisher: Publisher, note: ProgressNote | None, heard: Heard
    ) -> None:
        self._heard = heard
        self._job = job
        self._publisher = publisher
        self._note = note
        self._seen = RecentIdentities()
        self._blocks = {block.name: block for block in job.mapping.blocks}
        self.report = self._fresh()

    def _fresh(self) -> Report:
        return Report(
            file=str(self._job.path),
            mapping=self._job.mapping.name,
            branch=self._job.branch,
            target=self._publisher.target,
            dry_run=self._job.dry_run,
        )

    async def go_on(self) -> int:
        """Return the row to go on from: 0, or where a proven earlier run was interrupted."""
        progress = self._note.load() if self._note else None
        if progress is None:
            return 0
        count = progress.next_row - progress.proven_from
        rows = islice(open_rows(self._job.path, self._job.mapping), progress.proven_from, None)
        events = [
            made.event for batch in _batches(islice(rows, count), self._job) for made in batch.made
        ]
        answers = [
            answer
            for start in range(0, len(events), MAX_EVENTS)
            for answer in await self._publisher.publish(events[start : start + MAX_EVENTS])
        ]
        statuses = {answer.status for answer in answers}
        if "accepted" in statuses or "duplicate" not in statuses:
            return 0  # nothing proves that this platform has what the note says: import it all
        self.report = progress.report
        self.report.resumed_at_row = progress.next_row + 1
        return progress.next_row

    def send(self, batch: Batch) -> _Sent:
        """Put a batch on its way, without what this file has given before."""
        fresh: list[tuple[MadeEvent, int | None]] = []
        repeated: list[tuple[MadeEvent, int]] = []
        for made in batch.made:
            match self._seen.first(made):
                case (line, True):
                    repeated.append((made, line))
                case (line, False):
                    fresh.append((made, line))
                case _:
                    fresh.append((made, None))
        events = [made.event for made, _ in fresh]
        return _Sent(batch, fresh, repeated, asyncio.create_task(self._publish(events)))

    async def _publish(self, events: Sequence[Event]) -> Sequence[Answer]:
        return await self._publisher.publish(events) if events else []

    async def settle(self, sent: _Sent) -> None:
        """Await a batch's answers, account for it and note the progress. Raises: Unavailable."""
        answers = await sent.answers
        start = self.report.rows
        self._count(sent.batch)
        for made, line in sent.repeated:
            self._repeated(made, line)
        for (made, twin), answer in zip(sent.fresh, answers, strict=True):
            self._answered(made, twin, answer)
        if self._note is not None:
            self._note.save(
                Progress(proven_from=start, next_row=self.report.rows, report=self.report)
            )

    def _count(self, batch: Batch) -> None:
        self.report.rows += batch.rows
        self.report.rows_without_touchpoint += batch.without
        self.report.rows_refused += len(batch.refused)
        self.report.rounded += batch.rounded
        self.report.events += len(batch.made)
        for refusals in batch.refused:
            for refused in refusals:
                self._add(_row_line(refused))

    def _add(self, line: Line) -> None:
        self.report.add(line)
        self._heard(line)

    def _repeated(self, made: MadeEvent, line: int) -> None:
        self.report.repeated += 1
        if not made.shared:
            self._add(
                Line(
                    trouble="repeated",
                    line=made.line,
                    block=made.block,
                    column=None,
                    field=None,
                    code="repeated",
                    reason=worded("the same key and content as line %(line)s", line=line),
                    remedy=worded("it was taken once; %(apart)s", apart=self._apart(made)),
                )
            )

    def _answered(self, made: MadeEvent, twin: int | None, answer: Answer) -> None:
        if twin is not None and self._job.dry_run:
            answer = _CONFLICT
        match answer.status:
            case "accepted":
                self.report.accepted += 1
            case "duplicate":
                self.report.duplicate += 1
            case "refused":
                self.report.refused += 1
                self._add(self._refused_line(made, twin, answer))

    def _refused_line(self, made: MadeEvent, twin: int | None, answer: Answer) -> Line:
        reason, remedy = answer.reason or worded("refused"), answer.remedy or ""
        if twin is not None:
            reason = worded(
                "%(reason)s; line %(line)s has the same key and other content",
                reason=reason,
                line=twin,
            )
            remedy = worded("mend the row that is wrong; %(apart)s", apart=self._apart(made))
        elif answer.code == "conflict":
            remedy = worded(
                "what was recorded under this key differs, and it stays: if a cell was changed, "
                "put it back and give the correction a row of its own; if the mapping was "
                "changed, "
                "undo that; %(apart)s",
                apart=self._apart(made),
            )
        return Line(
            trouble="refused",
            line=made.line,
            block=made.block,
            column=self._blocks[made.block].column_of(answer.field),
            field=answer.field,
            code=answer.code,
            reason=reason,
            remedy=remedy,
        )

    def _apart(self, made: MadeEvent) -> str:
        key = self._blocks[made.block].own_id or self._job.mapping.source.key
        return worded("different things need a different %(key)s", key=either(key))

    def finish(self) -> None:
        """Forget the progress: the file is imported to its end."""
        if self._note is not None:
            self._note.drop()


def _row_line(refused: RowRefused) -> Line:
    return Line(
        trouble="refused",
        line=refused.line,
        block=refused.block,
        column=refused.column,
        field=None,
        code="row",
        reason=refused.reason,
        remedy=refused.remedy,
    )


async def preview(job: Job, rows: int, publisher: Publisher) -> Sequence[MadeEvent | RowRefused]:
    """Return what the first rows of the file give, in order, and the publisher's refusals.

    Raises: FileRefused.
    """
    shown: list[MadeEvent | RowRefused] = []
    for row in islice(open_rows(job.path, job.mapping), rows):
        if isinstance(row, RowRefused):
            shown.append(row)
            continue
        made, refused = job.mapping.read(row, job.branch)
        shown.extend(refused)
        for one in made:
            [answer] = await publisher.publish([one.event])
            shown.append(one if answer.status != "refused" else _refused(one, answer, job))
    return shown


def _refused(made: MadeEvent, answer: Answer, job: Job) -> RowRefused:
    block = next(block for block in job.mapping.blocks if block.name == made.block)
    field = answer.field or worded("the event")
    reason = worded("%(field)s %(reason)s", field=field, reason=answer.reason)
    return RowRefused(
        made.line, made.block, block.column_of(answer.field), reason, answer.remedy or ""
    )
