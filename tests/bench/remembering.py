"""What a remembered fact takes: one figure of memory, by the way, of processor time without I/O.

    python -m tests.bench.remembering write FILE [--customers 400]
    python -m tests.bench.remembering measure FILE [--batch 4000]

A company's events, as the log holds them, are taken in by the three projections' lanes, in
batches and without a database; nobody is forgotten. `measure` prints one line of JSON: what the
process grew by for each fact that `Memory` counts. Run under an older build's modules
(PYTHONPATH) it measures that build on the same file.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import json
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from events.codec import decode, encode
from events.envelope import CustomerId, Envelope, Position, RecordedEvent
from events.partitioning import PARTITIONS, REFERENCE_PARTITION, partition_of
from events.policy import Reference
from projections import PROJECTIONS
from projections.protocol import Projection
from services.ports import StoredEvent
from services.projector import lane as lanes_module
from services.projector.collecting import collecting_seldom
from services.projector.memory import Memory
from services.projector.snapshots import Snapshots
from services.rows.changes import Changes
from services.simulator.history import history, open_books
from services.simulator.plan import Plan

_UNTIL = datetime(2026, 6, 10, 4, tzinfo=UTC)
_ROOM = 1 << 60

Stored = tuple[Envelope, Position, datetime, bytes]


def write(path: Path, customers: int) -> None:
    """Write a company's history to a file, one event after the other."""
    plan = Plan.ending_today(_UNTIL, customers=customers)
    counts: dict[int, int] = defaultdict(int)
    encoder = msgspec.msgpack.Encoder()
    with path.open("wb") as file:
        for recording in history(open_books(plan)):
            subject = recording.envelope.subject
            place = REFERENCE_PARTITION if subject is None else partition_of(subject)
            position = Position(1, place, counts[place])
            counts[place] += 1
            stored = (
                recording.envelope, position, recording.recorded_at, encode(recording.data)
            )  # fmt: skip
            packed = encoder.encode(stored)
            file.write(len(packed).to_bytes(4, "big") + packed)


def read(path: Path) -> Iterator[StoredEvent]:
    """Yield the events of a file, each made of strings of its own as from a database."""
    decoder = msgspec.msgpack.Decoder(Stored)
    with path.open("rb") as file:
        while size := file.read(4):
            yield StoredEvent(*decoder.decode(file.read(int.from_bytes(size, "big"))))


def _rules(path: Path) -> Reference:
    rules = (e for e in read(path) if e.position.partition == REFERENCE_PARTITION)
    about_all = [stored for stored in rules if stored.envelope.subject is None]
    return Reference(
        RecordedEvent(one.envelope, one.position, one.recorded_at, decode(one.payload))
        for one in about_all
    )


class _NoRows:
    """A store that holds nothing of anybody."""

    def __init__(self, projection: Projection) -> None:
        self.id = projection.name, projection.version

    async def written(self, connection: object, customers: list[CustomerId]) -> dict[str, object]:
        """Return what is written of each customer."""
        written = _anywhere("Written", "services.rows.written", "services.projector.memory")
        return {customer: written() for customer in customers}


def _snapshots(projection: Projection) -> object:
    """Return what packs a projection's memos, in builds that do."""
    snapshots = cast(Any, Snapshots)
    if hasattr(Snapshots, "packed"):
        return snapshots(None, projection, (projection.name, 1), 1)
    return SimpleNamespace(rules=_AllRules())


class _AllRules:
    """Rules of which every kind is read, as in builds that told no kinds apart."""

    def of(self, reference: Reference) -> Reference:
        """Return the rules."""
        return reference


def _by_customer(batch: list[StoredEvent]) -> dict[CustomerId, list[Any]]:
    """Return what the projector of a build remembers of a batch."""
    try:
        portion_of = import_module("services.log.facts").portion_of
    except ImportError:
        found, broken = import_module("services.projector.owner")._by_customer(batch)
    else:
        found, broken, *_ = portion_of(batch, 0, batch[-1].recorded_at)
    assert not broken
    return cast(dict[CustomerId, list[Any]], found)


def _anywhere(name: str, *modules: str) -> Callable[[], object]:
    """Return what a build has in one of some modules."""
    for module in modules:
        with suppress(ImportError):
            found: Callable[[], object] = getattr(import_module(module), name)
            return found
    raise ImportError(name)


def _resident() -> int:
    """Return the bytes that this process holds, without what it only keeps for later."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def _done(called: object) -> object:
    """Return what a call gave, of a build where it is to be awaited or of another."""
    return await called if isinstance(called, Awaitable) else called


_PER_CUSTOMER = 4
_Batch = dict[CustomerId, list[Any]]


class _Teams:
    """The memory of each partition."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._partitions = {partition: self._begun(partition) for partition in range(PARTITIONS)}

    def _begun(self, partition: int) -> tuple[Any, list[Any]]:
        rooms = import_module("services.projector.teams"), import_module("services.projector.team")
        lanes = [lanes_module.Lane(one, partition, cast(Any, _NoRows(one))) for one in PROJECTIONS]

        def made(some: list[Any]) -> object:
            told = cast(Any, lanes_module).Listeners(some)
            return rooms[1].Team(told, cast(Any, Snapshots)(None, told, 1), self._memory)

        teams = rooms[0].Teams(made)
        teams.begin(lanes)
        return teams, lanes

    async def take_in(self, partition: int, batch: _Batch, at: datetime, rules: Reference) -> None:
        """Remember and assess what a batch is about."""
        teams, lanes = self._partitions[partition]
        work = {lane: Changes() for lane in lanes}
        shares = teams.told(lanes, batch)
        for team, mine in shares:
            forgotten = await team.forgotten(mine)
            team.remember(team.unwritten({customer: [] for customer in forgotten}))
            await team.assess(mine, {}, at, rules, work)
        for team, _ in shares:
            await team.memory.release()

    def held(self) -> Iterator[tuple[Projection, CustomerId]]:
        """Yield who is remembered under which projection."""
        for teams, _ in self._partitions.values():
            for team in teams.all():
                for lane in team.lanes:
                    for customer in team.memory.customers():
                        yield lane.projection, customer


class _Lanes:
    """The same in builds where every lane remembered for itself."""

    def __init__(self, memory: Memory) -> None:
        self._lanes = [
            [
                cast(Any, lanes_module.Lane)(one, partition, _NoRows(one), _snapshots(one), memory)
                for one in PROJECTIONS
            ]
            for partition in range(PARTITIONS)
        ]

    async def take_in(self, partition: int, batch: _Batch, at: datetime, rules: Reference) -> None:
        """Remember and assess what a batch is about."""
        for lane in self._lanes[partition]:
            mine = lane.of_interest(batch)
            forgotten = cast(list[CustomerId], await _done(lane.forgotten(mine)))
            unknown: dict[CustomerId, list[object]] = {customer: [] for customer in forgotten}
            if hasattr(lane, "facts_of"):
                lane.remember(lane.facts_of(unknown), {})
            else:
                await lane.recall(None, unknown)
            await lane.assess(mine, {}, at, rules)
            await _done(lane.memory.release())

    def held(self) -> Iterator[tuple[Projection, CustomerId]]:
        """Yield who is remembered under which projection."""
        for lane in (lane for share in self._lanes for lane in share):
            for customer in [*lane.memory._customers, *getattr(lane.memory, "_packed", ())]:
                yield lane.projection, customer


class _Counted:
    """How many facts there are of each customer under each projection."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, CustomerId], set[str]] = defaultdict(set)

    def count(self, batch: _Batch) -> None:
        """Count what a batch tells."""
        for customer, facts in batch.items():
            for one in PROJECTIONS:
                mine = [fact.id for fact in facts if type(fact.data) in one.handles]
                self._known[one.name, customer].update(mine)

    def of(self, held: Iterator[tuple[Projection, CustomerId]]) -> int:
        """Return how many facts are remembered, with those that a customer counts for."""
        lengths = {place: len(known) for place, known in self._known.items()}
        return sum(_PER_CUSTOMER + lengths[one.name, customer] for one, customer in held)


async def measure(path: Path, batch_events: int, room: int) -> dict[str, float]:
    """Return what the facts of a file take once all are remembered."""
    reference = _rules(path)
    memory = Memory(room)
    shared = find_spec("services.projector.teams") is not None
    partitions = _Teams(memory) if shared else _Lanes(memory)
    waiting: dict[int, list[StoredEvent]] = defaultdict(list)
    done: dict[int, int] = defaultdict(int)
    events = 0
    spent = 0.0
    before = 0

    async def take_in(partition: int, batch: list[StoredEvent]) -> None:
        by_customer = _by_customer(batch)
        await partitions.take_in(partition, by_customer, batch[-1].recorded_at, reference)

    with collecting_seldom():
        for stored in read(path):
            if stored.envelope.subject is None:
                continue
            partition = stored.position.partition
            batch = waiting[partition]
            batch.append(stored)
            if len(batch) == batch_events:
                if not before:  # what is made once was made by a small batch
                    await take_in(partition, batch[:50])
                    before = _resident()
                started = time.process_time()
                await take_in(partition, batch)
                spent += time.process_time() - started
                events += len(batch)
                done[partition] += len(batch)
                gc.collect()  # what is garbage now would grow the process otherwise
                del waiting[partition]
    grown = _resident() - before
    counted = _Counted()
    taken: dict[int, int] = defaultdict(int)
    for stored in read(path):
        if stored.envelope.subject is not None:
            taken[stored.position.partition] += 1
            if taken[stored.position.partition] <= done[stored.position.partition]:
                counted.count(_by_customer([stored]))
    facts = counted.of(partitions.held())
    return {
        "events": events,
        "facts": facts,
        "bytes_per_fact": round(grown / facts),
        "bytes_per_event": round(grown / events),
        "cpu_us_per_event": round(spent / events * 1e6, 1),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["write", "measure"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--customers", type=int, default=400)
    parser.add_argument("--batch", type=int, default=300)
    parser.add_argument("--room", type=int, default=_ROOM, help="of so many facts; default: of all")
    given = parser.parse_args()
    if given.what == "write":
        write(given.file, given.customers)
    else:
        print(json.dumps(asyncio.run(measure(given.file, given.batch, given.room))))


if __name__ == "__main__":
    main()
