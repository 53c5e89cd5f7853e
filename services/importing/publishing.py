"""Publishes CloudEvents that are already in shape: one JSON object per line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from events.texts import worded
from services.importing.lines import MAX_LINE, open_binary
from services.importing.publisher import MAX_EVENTS, Publisher
from services.importing.report import Line, Report
from services.intake.answers import Answer
from services.web import strict_json
from services.web.strict_json import MalformedBody, Unusable

Tick = Callable[[int], None]
"""Told after every batch how many lines are done."""


class _Parsed(Struct, frozen=True):
    line: int
    event: object


class _Broken(Struct, frozen=True):
    line: int
    reason: str
    remedy: str
    field: str | None = None


async def publish_file(
    path: Path, branch: str, publisher: Publisher, tick: Tick = lambda done: None
) -> Report:
    """Publish the file's lines and return the report. Raises: FileRefused, Unavailable."""
    with open_binary(path) as file:
        return await publish_lines(file, str(path), branch, publisher, tick)


async def publish_lines(
    file: BinaryIO, name: str, branch: str, publisher: Publisher, tick: Tick = lambda done: None
) -> Report:
    """Publish what a stream holds, answer by answer; a bad line spoils no other.

    Raises: Unavailable; publishing the same lines again is then safe.
    """
    report = Report(file=name, branch=branch, target=publisher.target)
    started = time.perf_counter()
    batch: list[_Parsed] = []
    for parsed in _lines(file):
        report.rows += 1
        if isinstance(parsed, _Broken):
            report.rows_refused += 1
            report.add(_broken_line(parsed))
            continue
        batch.append(parsed)
        if len(batch) == MAX_EVENTS:
            await _send(batch, publisher, report)
            batch.clear()
            tick(report.rows)
    if batch:
        await _send(batch, publisher, report)
        tick(report.rows)
    report.seconds = time.perf_counter() - started
    return report


def _lines(file: BinaryIO) -> Iterator[_Parsed | _Broken]:
    line = 0
    while raw := file.readline(MAX_LINE):
        line += 1
        if len(raw) == MAX_LINE:
            _skip_line(file)
            yield _Broken(
                line,
                worded("longer than %(most)s bytes", most=format(MAX_LINE, ",")),
                worded("one event per line"),
            )
            continue
        if raw.strip():
            yield _parsed(line, raw)


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
        pass


def _parsed(line: int, raw: bytes) -> _Parsed | _Broken:
    try:
        event = strict_json.parse(raw)
    except MalformedBody as error:
        return _Broken(
            line, error.reason, worded("write one CloudEvent as JSON on each line, in UTF-8")
        )
    if not isinstance(event, dict | Unusable):
        return _Broken(
            line, worded("the line is no JSON object"), worded("write one CloudEvent per line")
        )
    try:
        return _unusable(line, event, "") or _Parsed(line, event)
    except RecursionError:
        return _Broken(
            line, worded("nested too deep"), worded("an event has no more than a few levels")
        )


def _unusable(line: int, value: object, path: str) -> _Broken | None:
    """Return what is wrong with a value that means nothing, wherever it is inside the event."""
    match value:
        case Unusable():
            return _Broken(line, value.reason, worded("mend the line"), path or None)
        case dict():
            parts = [(f"{path}.{name}" if path else name, part) for name, part in value.items()]
        case list():
            parts = [(f"{path}[{index}]", part) for index, part in enumerate(value)]
        case _:
            return None
    return next((found for at, part in parts if (found := _unusable(line, part, at))), None)


async def _send(batch: list[_Parsed], publisher: Publisher, report: Report) -> None:
    answers = await publisher.publish([parsed.event for parsed in batch])
    report.events += len(batch)
    for parsed, answer in zip(batch, answers, strict=True):
        match answer.status:
            case "accepted":
                report.accepted += 1
            case "duplicate":
                report.duplicate += 1
            case "refused":
                report.refused += 1
                report.add(_line(parsed.line, answer))


def _line(line: int, answer: Answer) -> Line:
    return Line(
        trouble="refused",
        line=line,
        block=None,
        column=None,
        field=answer.field,
        code=answer.code,
        reason=answer.reason or worded("refused"),
        remedy=answer.remedy or "",
    )


def _broken_line(broken: _Broken) -> Line:
    return Line(
        trouble="refused",
        line=broken.line,
        block=None,
        column=None,
        field=broken.field,
        code="malformed",
        reason=broken.reason,
        remedy=broken.remedy,
    )
