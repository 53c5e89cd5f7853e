"""From an exchange's channel events to the touchpoint of each call, once it is over.

What an exchange said while the line was down is gone, and nobody guesses it: a call that went on
meanwhile is recorded from the exchange's own log file, or is counted as one that nobody recorded
until somebody hands that file in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from services.connectors.calls.pops import CallPlatform
from services.connectors.delivering import deliver
from services.connectors.directory import Directories
from services.connectors.document import Document, DocumentRefused, Feed
from services.connectors.formats.asterisk import LAST, rows_in
from services.errors import LogMoved, Unavailable
from services.importing.publisher import LocalPublisher
from services.intake.intake import Intake

_LOG = structlog.get_logger(__name__)

_MOST_CALLS = 10_000
_MOST_RECORDS = 2_000
"""Of one call: a conference of a day has less."""

_LOG_FILE_BYTES = 64 * 1024 * 1024
_WRITTEN_AFTER_S = 1.0
_AGAIN_S = 2.0

Row = Mapping[str, str]


class RecordingPlatform(CallPlatform, Protocol):
    """The open parts of a platform that recording calls takes."""

    @property
    def intake(self) -> Intake:
        """The way in."""
        ...


class CallRecorder:
    """Gathers the channel events of one exchange, and records each call that is over."""

    def __init__(self, platform: RecordingPlatform, feed: Feed, log_file: str) -> None:
        self._platform = platform
        self._feed = feed
        self._log_file = Path(log_file) if log_file else None
        self._answers = Directories(platform).answers
        self._publisher = LocalPublisher(platform.intake, feed.branch, "")
        self._rows: dict[str, list[Row]] = {}
        self._cut: dict[str, None] = {}  # calls that went on while nobody heard
        self._over: asyncio.Queue[tuple[str, Sequence[Row]]] = asyncio.Queue()
        self.recorded = 0
        self.incomplete = 0

    def hear(self, event: Row) -> None:
        """Keep a channel event; a call's last one has it recorded."""
        call_id = event.get("LinkedID", "")
        if event.get("Event") != "CEL" or not call_id:
            return
        rows = self._rows.setdefault(call_id, [])
        if len(rows) < _MOST_RECORDS:
            rows.append(event)
        if event.get("EventName") == LAST:
            self._is_over(call_id)
        elif len(self._rows) > _MOST_CALLS:
            self._is_over(next(iter(self._rows)))

    def line_lost(self) -> None:
        """Take note that calls that go on will have been heard in part alone."""
        self._cut |= dict.fromkeys(self._rows)
        self._rows.clear()

    def forget_but(self, there: Iterable[str]) -> None:
        """Take note of which calls the exchange still has: others ended unheard."""
        known = set(there)
        for call_id in [one for one in self._cut if one not in known]:
            self._is_over(call_id)

    def _is_over(self, call_id: str) -> None:
        rows = self._rows.pop(call_id, [])
        if call_id in self._cut:
            del self._cut[call_id]
            rows = []
        self._over.put_nowait((call_id, rows))

    async def run(self) -> None:
        """Record what is over until cancelled; what the database cannot take waits.

        Raises: LogMoved.
        """
        while True:
            call_id, rows = await self._over.get()
            while True:
                try:
                    await self._record(call_id, rows)
                    break
                except LogMoved:
                    raise
                except Unavailable as error:
                    _LOG.warning("call_waits", feed=self._feed.name, reason=str(error))
                    await asyncio.sleep(_AGAIN_S)
            self._over.task_done()

    async def all_recorded(self) -> None:
        """Return once all that is over was recorded or counted."""
        await self._over.join()

    async def _record(self, call_id: str, rows: Sequence[Row]) -> None:
        if not rows or not await self._delivered(call_id, rows):
            found = await self._from_log(call_id)
            if not found or not await self._delivered(call_id, found):
                self.incomplete += 1
                _LOG.warning(
                    "call_incomplete", feed=self._feed.name, call=call_id,
                    remedy="hand in the exchange's event log of that time: touchstone connect send",
                )  # fmt: skip
                return
        self.recorded += 1

    async def _delivered(self, call_id: str, rows: Sequence[Row]) -> bool:
        """Tell whether a call's rows were whole, so that it is recorded."""
        document = Document(
            feed=self._feed.name,
            name=f"call {call_id}",
            body=b"\n".join(msgspec.json.encode(row) for row in rows),
            received_at=self._platform.clock.now(),
        )
        try:
            report = await deliver(document, self._feed, self._answers, self._publisher)
        except DocumentRefused as error:
            _LOG.warning("call_unreadable", feed=self._feed.name, call=call_id, reason=str(error))
            return False
        return report.all_well

    async def _from_log(self, call_id: str) -> Sequence[Row]:
        """Return what the exchange's own file has of a call."""
        if self._log_file is None:
            return ()
        await asyncio.sleep(_WRITTEN_AFTER_S)
        try:
            return await asyncio.to_thread(_rows_of, self._log_file, call_id)
        except OSError as error:
            _LOG.warning("call_log_unreadable", feed=self._feed.name, reason=str(error))
            return ()


def _rows_of(path: Path, call_id: str) -> Sequence[Row]:
    """Return a call's rows in the last part of a log file."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LOG_FILE_BYTES))
        body = file.read()
    wanted = call_id.encode()
    header, *lines = body.splitlines() or [b""]
    own = [line for line in lines if wanted in line]
    if b"linkedid" in header.lower() or wanted in header:
        own.insert(0, header)
    return [row for _, row in rows_in(b"\n".join(own)) if call_id in row.values()]
