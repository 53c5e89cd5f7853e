"""A branch's outbox: what it has to report waits here until the platform has answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import httpx2
import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from events.envelope import effective_instant
from services.simulator.cloudevents import cloud_event
from services.simulator.devices import Recording

_LOG = structlog.get_logger(__name__)

_BATCH = 200
_LONGEST_PAUSE_S = 30.0
_BATCH_TYPE = "application/cloudevents-batch+json"


class _Answer(Struct):
    status: str
    field: str | None = None
    reason: str | None = None


class _Answers(Struct):
    results: list[_Answer]


class Outbox:
    """Sends in order, in batches, and again until each event is answered."""

    def __init__(self, branch_id: str, client: httpx2.AsyncClient, key: str, dice: Random) -> None:
        """Prepare to send with a branch's key; `dice` spread the retries."""
        self.sent = 0
        self._branch_id = branch_id
        self._client = client
        self._key = key
        self._dice = dice
        self._waiting: list[Recording] = []
        self._down_until: datetime | None = None
        self._filled = asyncio.Event()

    def put(self, recording: Recording) -> None:
        """Take in something to report."""
        self._waiting.append(recording)
        self._filled.set()

    def cut(self, until: datetime) -> None:
        """Take the line down for a while: what waits is told late, with all three clocks."""
        self._down_until = until

    def is_down(self, now: datetime) -> bool:
        """Return whether the line is down; once it is up again, say when things were sent."""
        if self._down_until is None:
            return False
        if now < self._down_until:
            return True
        self._down_until = None
        self._waiting = [_collected(recording, now) for recording in self._waiting]
        return False

    async def send(self) -> None:
        """Send whatever comes, until cancelled; what failed for now is sent again."""
        pause_s = 0.5
        while True:
            await self._filled.wait()
            batch = self._waiting[:_BATCH]
            retry_after_s = await self._post(batch) if batch and self._down_until is None else 0.5
            if retry_after_s is None:
                del self._waiting[: len(batch)]
                pause_s = 0.5
                if not self._waiting:
                    self._filled.clear()
                continue
            await asyncio.sleep(max(retry_after_s, pause_s) * self._dice.uniform(0.8, 1.2))
            if batch and self._down_until is None:
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _post(self, batch: Sequence[Recording]) -> float | None:
        """Post a batch; return None once it is answered, else the least seconds to wait."""
        body = msgspec.json.encode([cloud_event(recording) for recording in batch])
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": _BATCH_TYPE}
        try:
            response = await self._client.post("/api/v1/events", content=body, headers=headers)
        except httpx2.TransportError:
            return 0.0
        if response.status_code in {429, 502, 503, 504}:
            with contextlib.suppress(ValueError):
                return float(response.headers.get("Retry-After", "1"))
            return 1.0
        if response.is_error:
            _LOG.error("batch_refused", branch=self._branch_id, status=response.status_code)
            return None
        answers = msgspec.json.decode(response.content, type=_Answers).results
        for recording, answer in zip(batch, answers, strict=True):
            if answer.status not in {"accepted", "duplicate"}:
                _LOG.warning(
                    "event_refused", branch=self._branch_id, type=recording.envelope.type,
                    field=answer.field, reason=answer.reason,
                )  # fmt: skip
        self.sent += len(batch)
        return None


def _collected(recording: Recording, now: datetime) -> Recording:
    """Return the recording with the clocks of a branch that sends only now."""
    envelope = recording.envelope
    if envelope.sent_at is not None:
        return recording
    late = replace(
        envelope,
        sent_at=now,
        collected_at=now + timedelta(milliseconds=40),
        effective_at=effective_instant(envelope.created_at, now, now),
    )
    return replace(recording, envelope=late)
