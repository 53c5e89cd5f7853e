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
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
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

    async def written(self, connection: object, customers: list[CustomerId]) -> dict[str, object]:
        """Return what is written of each customer."""
        written = _anywhere("Written", "services.rows.written", "services.projector.memory")
        return {customer: written() for customer in customers}


def _snapshots(projection: Projection) -> Snapshots:
    """Return what packs a projection's memos, in builds that do."""
    if hasattr(Snapshots, "packed"):
        return Snapshots(cast(Any, None), projection, (projection.name, 1), 1)
    return cast(Snapshots, SimpleNamespace(rules=_AllRules()))


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


def _remembered(lanes: list[lanes_module.Lane]) -> int:
    """Return how many facts are remembered, with those that a customer counts for."""
    found = 0
    for lane in lanes:
        section = lane.memory
        held = [*section._customers, *getattr(section, "_packed", ())]
        found += sum(_PER_CUSTOMER + _LENGTHS[lane, customer] for customer in held)
    return found


_PER_CUSTOMER = 4
_LENGTHS: dict[tuple[lanes_module.Lane, CustomerId], int] = {}


async def _take_in(
    lanes: list[lanes_module.Lane], batch: list[StoredEvent], reference: Reference
) -> None:
    by_customer = _by_customer(batch)
    for lane in lanes:
        mine = lane.of_interest(by_customer)
        forgotten = cast(list[CustomerId], await _done(lane.forgotten(mine)))
        unknown: dict[CustomerId, list[object]] = {customer: [] for customer in forgotten}
        await _recalled(lane, unknown)
        await lane.assess(mine, {}, batch[-1].recorded_at, reference)
        for customer in mine:
            remembered = lane.memory._customers[customer]
            _LENGTHS[lane, customer] = len(remembered.facts)
        await _done(lane.memory.release())


async def _recalled(lane: lanes_module.Lane, unknown: Mapping[CustomerId, list[object]]) -> None:
    """Have a lane of a build remember customers of whom nothing is known."""
    if hasattr(lane, "facts_of"):
        lane.remember(lane.facts_of(cast(Any, unknown)), {})
    else:
        await cast(Any, lane).recall(None, unknown)


async def measure(path: Path, batch_events: int, room: int) -> dict[str, float]:
    """Return what the facts of a file take once all are remembered."""
    reference = _rules(path)
    memory = Memory(room)
    lanes = [
        [
            lanes_module.Lane(one, partition, cast(Any, _NoRows()), _snapshots(one), memory)
            for one in PROJECTIONS
        ]
        for partition in range(PARTITIONS)
    ]
    waiting: dict[int, list[StoredEvent]] = defaultdict(list)
    events = 0
    spent = 0.0
    before = 0
    with collecting_seldom():
        for stored in read(path):
            if stored.envelope.subject is None:
                continue
            partition = stored.position.partition
            batch = waiting[partition]
            batch.append(stored)
            if len(batch) == batch_events:
                if not before:  # what is made once was made by a small batch
                    await _take_in(lanes[partition], batch[:50], reference)
                    before = _resident()
                started = time.process_time()
                await _take_in(lanes[partition], batch, reference)
                spent += time.process_time() - started
                events += len(batch)
                gc.collect()  # what is garbage now would grow the process otherwise
                del waiting[partition]
    grown = _resident() - before
    facts = _remembered([lane for share in lanes for lane in share])
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
