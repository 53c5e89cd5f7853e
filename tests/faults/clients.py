"""Branches under load: each publishes its share of a company's history and keeps every receipt.

A batch without an answer is sent again, unchanged, until it is answered; now and then one
that was answered is sent once more. What a client was told is the truth of the oracle.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random

import httpx2
import msgspec

from services.intake.answers import Answer
from services.simulator.cloudevents import cloud_event
from services.simulator.devices import Recording

_BATCH_TYPE = "application/cloudevents-batch+json"
_TIMEOUT_S = 20.0
_ANSWER_PATIENCE_S = 120.0
_LARGEST_BATCH = 60
_REPEATS = 0.05
_SAID_CHARACTERS = 300


class Answers(msgspec.Struct):
    """What the gateway answers to a batch."""

    results: list[Answer]


@dataclass(slots=True)
class Receipt:
    """What was sent and what was answered to it.

    Over Kafka a repeat may be told of another copy's place.
    """

    recording: Recording
    position: str
    accepted: bool = False  # the answer "accepted" was seen; it may be given once
    told_later: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Ledger:
    """What all clients were told: the acknowledged events, and how hard it was."""

    receipts: dict[str, Receipt] = field(default_factory=dict)
    attempted: set[str] = field(default_factory=set)
    unanswered: int = 0  # requests that broke off
    unavailable: int = 0  # requests answered 503
    retry_after: int = 0  # of those, with Retry-After
    duplicates: int = 0  # events answered as duplicate
    said: set[str] = field(default_factory=set)  # what 503 said
    wrong: list[str] = field(default_factory=list)  # answers that must never be


class Client:
    """One branch: sends in order, one batch at a time."""

    def __init__(
        self,
        gateway: str,
        key: str,
        recordings: Iterable[Recording],
        ledger: Ledger,
        dice: Random,
        largest_batch: int = _LARGEST_BATCH,
    ) -> None:
        self._largest_batch = largest_batch
        self._http = httpx2.AsyncClient(base_url=gateway, timeout=_TIMEOUT_S)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": _BATCH_TYPE}
        self._recordings = iter(recordings)
        self._ledger = ledger
        self._dice = dice
        self._answered: list[list[Recording]] = []

    async def run(self, stop: asyncio.Event, events_a_second: float) -> None:
        """Publish until told to stop or out of work; nothing sent is left unanswered."""
        async with self._http:
            while not stop.is_set():
                size = self._dice.randrange(1, self._largest_batch)
                batch = list(islice(self._recordings, size))
                if not batch:
                    return
                await self._publish(batch)
                if self._dice.random() < _REPEATS:
                    await self._publish(self._dice.choice(self._answered))
                pause_s = len(batch) / events_a_second * self._dice.uniform(0.2, 1.8)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause_s)

    async def _publish(self, batch: list[Recording]) -> None:
        """Send a batch until it is answered, and keep the receipts."""
        body = msgspec.json.encode([cloud_event(recording) for recording in batch])
        self._ledger.attempted.update(recording.envelope.id for recording in batch)
        answers = await self._post(body)
        while answers is None:
            await asyncio.sleep(self._dice.uniform(0.05, 0.4))
            answers = await self._post(body)
        for recording, answer in zip(batch, answers, strict=True):
            self._note(recording, answer)
        self._answered.append(batch)

    async def _post(self, body: bytes) -> list[Answer] | None:
        ledger = self._ledger
        try:
            response = await self._http.post("/api/v1/events", content=body, headers=self._headers)
        except httpx2.TransportError:
            ledger.unanswered += 1
            return None
        if response.status_code == 503:
            ledger.unavailable += 1
            ledger.retry_after += "Retry-After" in response.headers
            ledger.said.add(response.text[:_SAID_CHARACTERS])
            return None
        if response.status_code != 200:
            ledger.wrong.append(f"{response.status_code}: {response.text[:300]}")
            return None
        return msgspec.json.decode(response.content, type=Answers).results

    def _note(self, recording: Recording, answer: Answer) -> None:
        ledger, event_id = self._ledger, recording.envelope.id
        if answer.status == "refused" or answer.position is None:
            ledger.wrong.append(f"{recording.envelope.type} {event_id}: {answer}")
            return
        accepted = answer.status == "accepted"
        ledger.duplicates += not accepted
        known = ledger.receipts.setdefault(event_id, Receipt(recording, answer.position))
        known.told_later.add(answer.position)
        if known.accepted and accepted:
            ledger.wrong.append(f"{event_id} was accepted at {known.position}, now {answer}")
        known.accepted |= accepted


class Fleet:
    """A client for every branch at every gateway, all at once.

    Each event goes to one of the gateways, and all of a source's to the same; so also do
    repeats, unless the recordings hold them.
    """

    def __init__(
        self,
        gateways: Sequence[str],
        keys: Mapping[str, str],
        recordings: Iterable[Recording],
        seed: int,
        *,
        scattered: bool = False,
    ) -> None:
        """With `scattered`, any gateway gets any recording."""
        self.ledger = Ledger()
        self._stop = asyncio.Event()
        dice = Random(f"{seed} gateways")
        shares: dict[tuple[str, str], list[Recording]] = {
            (branch_id, gateway): [] for branch_id in keys for gateway in gateways
        }
        homes: dict[str, str] = {}
        for recording in recordings:
            e = recording.envelope
            home = homes.setdefault(e.source, dice.choice(gateways))
            shares[e.branch_id, dice.choice(gateways) if scattered else home].append(recording)
        self._clients = [
            Client(gateway, keys[branch_id], share, self.ledger, Random(f"{seed} {branch_id}"))
            for (branch_id, gateway), share in shares.items()
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, events_a_second: float) -> None:
        """Let all clients publish, together at about that rate."""
        each = events_a_second / len(self._clients)
        self._tasks = [
            asyncio.create_task(client.run(self._stop, each)) for client in self._clients
        ]

    @property
    def busy(self) -> bool:
        """Return whether any client still has something to publish."""
        return any(not task.done() for task in self._tasks)

    async def finish(self) -> Ledger:
        """Let no client begin another batch; return the ledger once all are answered.

        Raises: TimeoutError.
        """
        self._stop.set()
        return await self.drain()

    async def drain(self) -> Ledger:
        """Return the ledger once everything there is was published. Raises: TimeoutError."""
        async with asyncio.timeout(_ANSWER_PATIENCE_S):
            await asyncio.gather(*self._tasks)
        return self.ledger
