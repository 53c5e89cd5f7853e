"""What must hold after any amount of killing, recomputed from what the clients were told."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from events.codec import decode
from events.envelope import CustomerId, Position, PositionVector, RecordedEvent
from events.facts import fact_of
from events.partitioning import PARTITIONS, REFERENCE_PARTITION
from events.policy import Reference
from events.touchpoints.base import PersonalTouchpoint, Touchpoint
from events.touchpoints.policy import ReferenceTouchpoint
from projections import PROJECTIONS
from projections.digest import combine, customer_lines
from projections.facts import Facts
from services.hosts.bootstrap import open_platform
from services.platform import Platform
from services.ports import StoredEvent
from services.settings import Settings
from services.simulator.devices import Recording
from tests.faults.clients import Ledger, Receipt

_READ = 2_000
_CATCH_UP_PATIENCE_S = 180.0


class Running(Protocol):
    """A product that runs, on either log."""

    @property
    def gateways(self) -> Sequence[str]:
        """Return where branches publish."""
        ...

    @property
    def settings(self) -> Settings:
        """Return the settings by which another process joins it."""
        ...

    async def command(self, *words: str) -> tuple[int, dict[str, object]]:
        """Run a `touchstone` command; return its exit code and its JSON document."""
        ...


@dataclass(slots=True)
class Findings:
    """What the oracle looked at and everything that should not be."""

    events: int = 0
    copies: int = 0  # records in Kafka's topics beyond the first of an event
    customers: int = 0
    alerts_raised: int = 0
    digest: str = ""
    wrong: list[str] = field(default_factory=list)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a rule that does not hold."""
        if not holds:
            self.wrong.append(otherwise)


Read = Callable[[bytes], Touchpoint]


async def examine(
    product: Running, ledger: Ledger, read: Read = decode, decided: frozenset[str] = frozenset()
) -> Findings:
    """Compare log, rows, alerts and digest of a running product with the clients' ledger.

    Over Kafka a topic may hold an event twice: its first copy counts, and the table has it
    once. `read` decodes what this program cannot, if need be. `decided` are the events of
    commands, which no branch has published.
    """
    found = Findings(wrong=list(ledger.wrong))
    async with open_platform(product.settings) as platform:
        stored = await whole_log(platform)
        first: dict[str, StoredEvent] = {e.envelope.id: e for e in reversed(stored)}
        found.events, found.copies = len(first), len(stored) - len(first)
        if product.settings.kafka is None:
            no_loss_no_double(found, ledger, stored, decided)
        else:
            no_loss_whatever_copies(found, ledger, stored, decided)
        await _same_content(found, platform, ledger, list(first.values()), read)
        await caught_up(platform, stored)
        if product.settings.kafka is not None:
            await mirrored_once(found, platform, first)
        await _alerts_alternate(found, platform)
    code, verdict = await product.command("verify")
    found.expect(
        code == 0 and verdict["differences"] == 0 and verdict["parked"] == 0,
        f"verify ended with {code}: {verdict}",
    )
    at = datetime.now(UTC)
    code, answer = await product.command("digest", "--at", at.isoformat())
    found.digest = str(answer.get("digest"))
    said = [receipt.recording for receipt in ledger.receipts.values()]
    of_commands = (first[event_id] for event_id in decided if event_id in first)
    said += [Recording(e.recorded_at, e.envelope, decode(e.payload)) for e in of_commands]
    clean = clean_digest(said, at)
    found.expect(found.digest == clean, f"digest {found.digest}, of a clean run {clean}")
    found.customers = len({e.envelope.subject for e in stored} - {None})
    return found


async def whole_log(platform: Platform) -> list[StoredEvent]:
    """Return all that the log holds, in order; over Kafka, copies as well."""
    stored: list[StoredEvent] = []
    for partition in range(PARTITIONS + 1):
        start = 0
        while batch := await platform.log.read(partition, start, _READ):
            stored += batch
            start = batch[-1].position.n + 1
    return stored


def no_loss_no_double(
    found: Findings,
    ledger: Ledger,
    stored: Sequence[StoredEvent],
    decided: frozenset[str] = frozenset(),
) -> None:
    """Each acknowledged event is in the log once, where its receipt says; nothing else is."""
    no_loss_whatever_copies(found, ledger, stored, decided)
    counts = Counter(event.envelope.id for event in stored)
    found.expect(max(counts.values(), default=1) == 1, "an event id is in the log twice")
    numbers = defaultdict(list)
    for event in stored:
        numbers[event.position.partition].append(event.position.n)
    for partition, told in numbers.items():
        found.expect(told == list(range(len(told))), f"partition {partition} has gaps")


def no_loss_whatever_copies(
    found: Findings,
    ledger: Ledger,
    stored: Sequence[StoredEvent],
    decided: frozenset[str] = frozenset(),
) -> None:
    """Each acknowledged event is in the log, also where its receipt says; nothing else is.

    What is first of each event was recorded no earlier than what lies before it.
    """
    places: dict[str, set[Position]] = defaultdict(set)
    recorded_at: dict[int, datetime] = {}
    for event in stored:
        event_id, position = event.envelope.id, event.position
        if event_id not in places:
            last = recorded_at.get(position.partition, event.recorded_at)
            found.expect(last <= event.recorded_at, f"{event_id} at {position} goes back in time")
            recorded_at[position.partition] = event.recorded_at
        places[event_id].add(position)
    lost = ledger.receipts.keys() - places.keys()
    found.expect(not lost, f"{len(lost)} acknowledged events are lost: {sorted(lost)[:5]}")
    unasked = places.keys() - ledger.attempted - decided
    found.expect(not unasked, f"{len(unasked)} events in the log were never sent")
    unanswered = ledger.attempted - ledger.receipts.keys()
    found.expect(not unanswered, f"{len(unanswered)} events were never acknowledged")
    for told, lies_at in places.items():
        receipt = ledger.receipts.get(told)
        if receipt is not None:
            partition = next(iter(lies_at)).partition
            elsewhere = _told_positions(receipt, partition) - lies_at
            found.expect(not elsewhere, f"{told} is at {lies_at}, a receipt says {elsewhere}")


async def mirrored_once(
    found: Findings, platform: Platform, first: Mapping[str, StoredEvent]
) -> None:
    """The events table has each event of the topics once, at its first copy's place."""
    rows = await platform.pool.fetch("SELECT event_id, generation, partition, n FROM events")
    table = {r["event_id"]: Position(r["generation"], r["partition"], r["n"]) for r in rows}
    topic = {event_id: event.position for event_id, event in first.items()}
    found.expect(len(table) == len(rows), "an event is in the table twice")
    other = {event_id for event_id in table.keys() | topic.keys()
             if table.get(event_id) != topic.get(event_id)}  # fmt: skip
    found.expect(not other, f"{len(other)} events lie elsewhere in the table than in the topics")


def _told_positions(receipt: Receipt, partition: int) -> set[Position]:
    vectors = (PositionVector.from_token(t) for t in {receipt.position, *receipt.told_later})
    return {Position(v.generation, partition, v.counts[partition] - 1) for v in vectors}


async def _same_content(
    found: Findings, platform: Platform, ledger: Ledger, stored: Sequence[StoredEvent], read: Read
) -> None:
    """What the log holds of each event is what its branch said, personal fields included."""
    for event in stored:
        receipt = ledger.receipts.get(event.envelope.id)
        if receipt is None:
            continue
        said, data = receipt.recording, read(event.payload)
        sealed = data.sealed if isinstance(data, PersonalTouchpoint) else None
        personal = None
        if sealed is not None:
            subject = event.envelope.subject or f"branch:{event.envelope.branch_id}"
            personal = await platform.vault.open(subject, event.envelope.id, sealed)
        found.expect(
            _plain(data) == _plain(said.data)
            and event.envelope == said.envelope
            and dict(personal or {}) == dict(said.personal or {}),
            f"{said.envelope.type} {said.envelope.id} has other content than was sent",
        )


def _plain(data: Touchpoint) -> object:
    fields = msgspec.to_builtins(data)
    fields.pop("sealed", None)
    return fields


async def caught_up(platform: Platform, stored: Sequence[StoredEvent]) -> None:
    """Wait until the running projector has taken everything in. Raises: TimeoutError."""
    ends = {e.position.partition: e.position.n + 1 for e in stored}
    async with asyncio.timeout(_CATCH_UP_PATIENCE_S):
        while await _behind(platform, ends):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.2)


async def _behind(platform: Platform, ends: Mapping[int, int]) -> int:
    rows = await platform.pool.fetch("SELECT projection, partition, next FROM checkpoints")
    taken = {(row["projection"], row["partition"]): int(row["next"]) for row in rows}
    mirrored = await platform.pool.fetch("SELECT partition, next FROM mirror_heads")
    reference = {row["partition"]: int(row["next"]) for row in mirrored}
    left = sum(
        max(0, end - taken.get((projection.name, partition), 0))
        for projection in PROJECTIONS
        for partition, end in ends.items()
        if partition != REFERENCE_PARTITION
    )
    end = ends.get(REFERENCE_PARTITION, 0)
    return left + (max(0, end - reference.get(REFERENCE_PARTITION, end)))


async def _alerts_alternate(found: Findings, platform: Platform) -> None:
    """No alert is raised twice without being withdrawn between; those that stand were raised."""
    rows = await platform.pool.fetch(
        "SELECT alert_id, array_agg(action ORDER BY ordinal) AS actions "
        "FROM alert_journal GROUP BY alert_id"
    )
    standing = set()
    for row in rows:
        actions = list(row["actions"])
        found.alerts_raised += actions.count("raised")
        wanted = [("raised", "withdrawn")[k % 2] for k in range(len(actions))]
        found.expect(actions == wanted, f"alert {row['alert_id']} went {actions}")
        if actions[-1] == "raised":
            standing.add(row["alert_id"])
    listed = {row["alert_id"] for row in await platform.pool.fetch("SELECT alert_id FROM alerts")}
    found.expect(standing == listed, f"{len(standing ^ listed)} alerts stand in one place only")


def clean_digest(recordings: Iterable[Recording], at: datetime) -> str:
    """Return the digest of a run in which nothing ever failed: a pure fold of what was said."""
    events = [_recorded(recording) for recording in recordings]
    reference = Reference(e for e in events if isinstance(e.data, ReferenceTouchpoint))
    dossiers: dict[CustomerId, list[RecordedEvent]] = defaultdict(list)
    for event in events:
        if event.envelope.subject is not None:
            dossiers[event.envelope.subject].append(event)
    lines: dict[CustomerId, list[bytes]] = defaultdict(list)
    for projection in PROJECTIONS:
        for customer, dossier in dossiers.items():
            facts = Facts(map(fact_of, dossier), projection.handles)
            if len(facts):
                assessment = projection.assess(customer, facts, at, reference)
                lines[customer] += customer_lines(projection, customer, assessment)
    return combine(lines)


def _recorded(recording: Recording) -> RecordedEvent:
    """Return a recording as if the log had taken it in; where and when does not matter."""
    return RecordedEvent(
        recording.envelope, Position(1, 0, 0), recording.recorded_at, recording.data
    )
