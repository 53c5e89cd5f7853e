"""Calls by webhook: signals are kept until the call is over, and then recorded as one.

They may come to any gateway, in any order and again: each is kept as it first came, and when it
came is when it happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

import msgspec

from services.connectors.calls.pops import Pops
from services.connectors.calls.recording import RecordingPlatform
from services.connectors.delivering import deliver
from services.connectors.directory import Directories
from services.connectors.document import Document, Feed
from services.connectors.formats.call_reading import event_id_of
from services.connectors.formats.cti import Signal, signal_in, signs_of
from services.connectors.formats.telephone import CtiSettings, Heard, heard_together
from services.connectors.ports import Questions
from services.connectors.report import DeliveryReport
from services.importing.publisher import LocalPublisher
from services.postgres.pool import retried
from services.postgres.statements import sql
from services.vault.vault import branch_subject

_FORGOTTEN_AFTER = timedelta(days=2)
"""A call of which no end was told so long after is none any more."""


class CallSignals:
    """Takes the signals of calls."""

    def __init__(self, platform: RecordingPlatform) -> None:
        self._platform = platform
        self._pops = Pops(platform)
        self._answers = Directories(platform).answers

    async def take(self, feed: Feed, content_type: str, body: bytes) -> DeliveryReport | None:
        """Keep a signal and show it; return the report of the call where it is over with it.

        Raises: UnknownSignal, UnreadableSignal, UsageError; Unavailable, then nothing is sure.
        """
        settings = feed.settings_as(CtiSettings)
        signal = signal_in(body, content_type)
        now = self._platform.clock.now()
        heard = Heard(now, content_type, body.decode("utf-8", "replace"))
        digest = sha256(content_type.encode() + b"\n" + body).digest()
        sealed = await self._platform.vault.seal(
            branch_subject(feed.branch),
            _content(feed, signal.call_id),
            {"heard": msgspec.json.encode(heard).decode()},
        )
        kept = (feed.name, signal.call_id, digest, now, sealed)
        await retried(lambda: self._platform.pool.execute(sql("call_signal_add"), *kept))
        each = await self._heard(feed, signal.call_id)
        before = [_signal(one) for found, one in each if found != digest]
        is_first = not before and signal.kind != "hangup"
        if is_first and await self._is_recorded(feed, signal.call_id):
            await self._forget(feed, signal.call_id)  # sent again, after the end: nothing rings
            return None
        await self._pops.show(feed, settings, signs_of(signal, before, settings))
        if all(one.kind != "hangup" for one in (signal, *before)):
            return None
        return await self._record(feed, signal.call_id, [one for _, one in each])

    async def _heard(self, feed: Feed, call_id: str) -> Sequence[tuple[bytes, Heard]]:
        rows = await retried(
            lambda: self._platform.pool.fetch(sql("call_signals"), feed.name, call_id)
        )
        found = []
        for row in rows:
            subject, content = branch_subject(feed.branch), _content(feed, call_id)
            fields = await self._platform.vault.open(subject, content, row["sealed"])
            heard = msgspec.json.decode((fields or {})["heard"], type=Heard)
            found.append((row["digest"], msgspec.structs.replace(heard, at=row["at"])))
        return found

    async def _record(self, feed: Feed, call_id: str, each: Sequence[Heard]) -> DeliveryReport:
        now = self._platform.clock.now()
        document = Document(
            feed=feed.name,
            name=f"call {call_id}",
            body=heard_together(each),
            received_at=now,
        )
        platform = self._platform
        publisher = LocalPublisher(platform.intake, feed.branch, "")
        report = await deliver(document, feed, self._answers, publisher)
        await self._forget(feed, call_id)
        return report

    async def _is_recorded(self, feed: Feed, call_id: str) -> bool:
        asked = Questions(ids=frozenset({event_id_of(feed, call_id)}))
        return bool((await self._answers(asked)).seen)

    async def _forget(self, feed: Feed, call_id: str) -> None:
        done = (feed.name, call_id, self._platform.clock.now() - _FORGOTTEN_AFTER)
        await retried(lambda: self._platform.pool.execute(sql("call_signals_done"), *done))


def _signal(heard: Heard) -> Signal:
    return signal_in(heard.body.encode(), heard.content_type)


def _content(feed: Feed, call_id: str) -> str:
    """Return what a sealed signal is bound to."""
    return f"signal:{feed.name}:{call_id}"
