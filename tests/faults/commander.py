"""A process that commands cases as a gateway does, for clients that repeat what they lost.

Two of them are rivals of each other; inside, so are some clients. Each client writes into a
journal what it asks before it asks, and what it was told after: one that is killed asks again,
as the sender of a command would, for the same events under the same ids.

    python -m tests.faults.commander JOURNAL NAME
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from random import Random
from typing import Literal

import msgspec
from msgspec import Struct

from events.streams import case_stream
from services.errors import Unavailable
from services.hosts.bootstrap import open_platform
from services.ports import Conflict, EventLog, Stale, Submission
from services.settings import Settings
from tests.support.log import said

CLIENTS = 4
CASES = 12
EVENTS = 2
_PAUSE_S = 0.05


class Asked(Struct, frozen=True):
    """A command by one client, the n-th that it gives, on a case at a version."""

    by: str
    number: int
    case: int
    version: int

    def unit(self) -> list[Submission]:
        """Return its events: the same each time that it is asked for."""
        stream, who = case_stream(f"case-{self.case}"), f"{self.by} {self.number}"
        numbers = range(self.version + 1, self.version + EVENTS + 1)
        return [said(stream, n, f"customer-{self.case}", by=who) for n in numbers]


class Note(Struct, frozen=True):
    """A line of a journal."""

    asked: Asked
    told: Literal["nothing", "won", "lost"]


class Journal:
    """What clients asked and were told; it outlives the process."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, asked: Asked, told: Literal["nothing", "won", "lost"]) -> None:
        """Write a line."""
        with self._path.open("ab", buffering=0) as file:
            file.write(msgspec.json.encode(Note(asked, told)) + b"\n")

    def notes(self) -> list[Note]:
        """Return all lines; a last one that was cut off by a kill is none."""
        if not self._path.exists():
            return []
        lines = self._path.read_bytes().split(b"\n")[:-1]
        return [msgspec.json.decode(line, type=Note) for line in lines]

    def last_of(self, client: str) -> Note | None:
        """Return what a client did last."""
        return next((one for one in reversed(self.notes()) if one.asked.by == client), None)


async def client(log: EventLog, journal: Journal, name: str, ending: asyncio.Event) -> None:
    """Command one case after another until told to end; first, ask again what is open."""
    last = journal.last_of(name)
    number = last.asked.number if last else 0
    dice = Random(f"{name} {number}")
    if last is not None and last.told == "nothing":
        await _ask(log, journal, last.asked)
    while not ending.is_set():
        number += 1
        case = dice.randrange(CASES)
        try:
            version = len(await log.stream(case_stream(f"case-{case}")))
        except Unavailable:
            await asyncio.sleep(_PAUSE_S)
            continue
        asked = Asked(name, number, case, version)
        journal.note(asked, "nothing")
        await _ask(log, journal, asked)


async def _ask(log: EventLog, journal: Journal, asked: Asked) -> None:
    """Ask until there is an answer, and write it down."""
    while True:
        try:
            answer = await log.append_unit(asked.unit())
        except Unavailable:
            await asyncio.sleep(_PAUSE_S)
            continue
        if not isinstance(answer, Stale) and any(isinstance(one, Conflict) for one in answer):
            raise AssertionError(f"{asked} is a conflict: {answer}")
        journal.note(asked, "lost" if isinstance(answer, Stale) else "won")
        return


async def command(journal: Path, name: str) -> None:
    """Have all clients command until SIGTERM."""
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    kept = Journal(journal)
    async with open_platform(Settings()) as platform:
        await asyncio.gather(
            *(client(platform.log, kept, f"{name}-{n}", ending) for n in range(CLIENTS))
        )


if __name__ == "__main__":
    asyncio.run(command(Path(sys.argv[1]), sys.argv[2]))
