"""Clients that want the next version of a case, each until it has won it, for some seconds."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import NamedTuple, cast
from uuid import uuid4, uuid5

from eventsourcing.domain import DomainEventProtocol
from msgspec import Struct

from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.streams import case_stream
from events.touchpoints import Touchpoint
from events.touchpoints.complaint import CaseAssigned, CustomerTold
from services.clock import SystemClock
from services.ports import Accepted, Stale, StreamLog, Submission
from services.streams.application import LogApplication
from services.streams.mapper import decided
from services.streams.recorder import StreamMoved
from tests.bench.processor import server_cpu_s

EVENTS = 2
"""What a command records: that somebody took the case, and that the customer was told."""

_IDS = uuid4()
_BRANCH = BranchId("B-1")

Attempt = Callable[[int, int], Awaitable[tuple[str, ...] | None]]
"""Tries a client's command on a case once: the ids of its events, or nothing where a rival won."""


class Won(NamedTuple):
    """A command that was acknowledged."""

    client: int
    case: int
    ids: tuple[str, ...]
    seconds: float  # from its first attempt on


class Turn(Struct):
    """What a side did in its turns, and what that cost."""

    won: list[Won]
    conflicts: int = 0
    seconds: float = 0.0
    own_s: float = 0.0  # processor time of the process that does the commands
    server_s: float = 0.0  # and of PostgreSQL


class Contestant(NamedTuple):
    """A way to command: how, on which cases, and the processor time of the process that does."""

    attempt: Attempt
    cases: range
    cpu_s: Callable[[], float] = time.process_time


async def compete(one: Contestant, turn: Turn, clients: int, seconds: float, server: int) -> None:
    """Have all clients command for some seconds; what is under way at the end is counted, too."""
    began, own, theirs = time.monotonic(), one.cpu_s(), server_cpu_s(server)

    async def client(number: int) -> None:
        dice = random.Random(f"{number} {len(turn.won)}")
        while time.monotonic() < began + seconds:
            case, since = dice.choice(one.cases), time.monotonic()
            while (ids := await one.attempt(number, case)) is None:
                turn.conflicts += 1
            turn.won.append(Won(number, case, ids, time.monotonic() - since))

    await asyncio.gather(*(client(number) for number in range(clients)))
    turn.seconds += time.monotonic() - began
    turn.own_s += one.cpu_s() - own
    turn.server_s += server_cpu_s(server) - theirs


class Deciding:
    """Decides what a client records on a case, each time under new ids."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._tries = 0

    def unit(self, client: int, case: int, version: int) -> Sequence[Submission]:
        """Return the events of a command on a case that is at a version."""
        self._tries += 1
        decided: Sequence[Touchpoint] = (
            CaseAssigned(case_id=f"case-{case}", agent=f"agent-{client}", department="service"),
            CustomerTold(case_id=f"case-{case}", step="received", channel="phone"),
        )
        now = self._clock.now()
        unit = []
        for index, data in enumerate(decided):
            envelope = Envelope(
                id=EventId(str(uuid5(_IDS, f"{id(self)} {self._tries} {index}"))),
                source=stream_of(case),
                type=data.event_type,
                subject=CustomerId(f"customer-{case}"),
                branch_id=_BRANCH,
                epoch=0,
                sequence=version + index + 1,
                created_at=now,
                effective_at=now,
                correlation_id=f"{client} {self._tries}",
            )
            unit.append(Submission(envelope, data, sha256(envelope.id.encode()).digest()))
        return unit


def stream_of(case: int) -> str:
    """Return the stream of a case."""
    return case_stream(f"case-{case}")


def commands(log: StreamLog) -> Attempt:
    """Return what a command does: it reads its stream, decides, and appends one unit."""
    deciding = Deciding()

    async def attempt(client: int, case: int) -> tuple[str, ...] | None:
        version = len(await log.stream(stream_of(case)))
        unit = deciding.unit(client, case, version)
        answer = await log.append_unit(unit)
        if isinstance(answer, Stale):
            return None
        assert all(isinstance(one, Accepted) for one in answer), answer
        return tuple(one.envelope.id for one in unit)

    return attempt


def library_commands(app: LogApplication) -> Attempt:
    """Return the same as the eventsourcing library does it, in its threads."""
    deciding = Deciding()

    async def attempt(client: int, case: int) -> tuple[str, ...] | None:
        def command() -> tuple[str, ...] | None:
            version = sum(1 for _ in app.events.get(stream_of(case)))
            unit = deciding.unit(client, case, version)
            try:
                app.save(*(cast("DomainEventProtocol[str]", decided(one)) for one in unit))
            except StreamMoved:
                return None
            return tuple(one.envelope.id for one in unit)

        return await app.in_thread(command)

    return attempt
