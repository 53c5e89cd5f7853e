"""Takes a document to the platform: read and checked as a whole, then published part by part.

Nothing of a document is published before all of it was read and its controls held. Each part is
matched against what is known at that moment; memory follows the parts, not the directory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from services.connectors.document import Document, Feed
from services.connectors.ports import Directory, Made, MadeEvent, NotMade, Questions
from services.connectors.registry import connector
from services.connectors.report import DeliveryReport, Line
from services.importing.publisher import MAX_EVENTS, Publisher

Answers = Callable[[Questions], Awaitable[Directory]]
"""Tells what is known of what is asked (`services.connectors.directory`)."""

LINES = 500
"""Lines that are matched at once."""


async def deliver(
    document: Document,
    feed: Feed,
    answers: Answers,
    publisher: Publisher,
    *,
    dry_run: bool = False,
    tick: Callable[[int, int], None] = lambda done, lines: None,
) -> DeliveryReport:
    """Publish what a document says and return what became of every line.

    The report comes once the platform has answered for all of them; delivering the document again
    is harmless. Raises: DocumentRefused, UsageError, before anything is published; Unavailable.
    """
    reading = connector(feed.format).read(document, feed)
    report = DeliveryReport(
        document=document.name,
        feed=feed.name,
        format=feed.format,
        branch=feed.branch,
        target=publisher.target,
        dry_run=dry_run,
        lines=reading.lines,
        controls=list(reading.controls),
    )
    for start in range(0, reading.lines, LINES):
        stop = min(start + LINES, reading.lines)
        directory = await answers(reading.asks(start, stop))
        await _publish(reading.made(start, stop, directory), publisher, report)
        tick(stop, reading.lines)
    return report


async def _publish(made: Made, publisher: Publisher, report: DeliveryReport) -> None:
    for group, status in ((made.ignored, "ignored"), (made.seen, "seen")):
        for one in group:
            report.add(_not_made(one, status))
    for one in made.refused:
        report.add(_not_made(one, "refused"))
    for start in range(0, len(made.events), MAX_EVENTS):
        await _send(made.events[start : start + MAX_EVENTS], publisher, report)


async def _send(events: Sequence[MadeEvent], publisher: Publisher, report: DeliveryReport) -> None:
    answers = await publisher.publish([one.event for one in events])
    for one, answer in zip(events, answers, strict=True):
        subject = one.event.get("subject")
        status = {"accepted": "published", "duplicate": "seen", "refused": "refused"}[answer.status]
        if status == "published" and one.for_worklist:
            status = "worklist"
        because = one.because
        if answer.status == "refused":
            because = f"{answer.field or 'the event'} {answer.reason}; {answer.remedy}"
        report.add(
            Line(
                key=one.key,
                status=status,
                because=because,
                type=str(one.event["type"]),
                event_id=str(one.event["id"]),
                customer=subject if isinstance(subject, str) else None,
            )
        )


def _not_made(one: NotMade, status: str) -> Line:
    return Line(key=one.key, status=status, because=one.why)
