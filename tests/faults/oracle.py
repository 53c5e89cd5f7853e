"""What must hold after any amount of killing, recomputed from what the clients were told."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from events.codec import decode
from events.envelope import CustomerId, Position, PositionVector, RecordedEvent
from events.partitioning import PARTITIONS
from events.policy import Reference
from events.touchpoints.base import PersonalTouchpoint, Touchpoint
from events.touchpoints.policy import ReferenceTouchpoint
from projections import PROJECTIONS
from projections.digest import combine, customer_lines
from projections.protocol import Facts
from services.bootstrap import Platform, open_platform
from services.ports import StoredEvent
from services.simulator.devices import Recording
from tests.faults.clients import Ledger, Receipt
from tests.faults.product import Product

_READ = 2_000
_CATCH_UP_PATIENCE_S = 180.0


@dataclass(slots=True)
class Findings:
    """What the oracle looked at and everything that should not be."""

    events: int = 0
    customers: int = 0
    alerts_raised: int = 0
    digest: str = ""
    wrong: list[str] = field(default_factory=list)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a rule that does not hold."""
        if not holds:
            self.wrong.append(otherwise)


async def examine(product: Product, ledger: Ledger) -> Findings:
    """Compare log, rows, alerts and digest of a running product with the clients' ledger."""
    found = Findings(wrong=list(ledger.wrong))
    async with open_platform(product.settings) as platform:
        stored = await _whole_log(platform)
        found.events = len(stored)
        no_loss_no_double(found, ledger, stored)
        await _same_content(found, platform, ledger, stored)
        await _caught_up(platform)
        await _alerts_alternate(found, platform)
    code, verdict = await product.command("verify")
    found.expect(
        code == 0 and verdict["differences"] == 0 and verdict["parked"] == 0,
        f"verify ended with {code}: {verdict}",
    )
    at = datetime.now(UTC)
    code, answer = await product.command("digest", "--at", at.isoformat())
    found.digest = str(answer.get("digest"))
    clean = clean_digest([receipt.recording for receipt in ledger.receipts.values()], at)
    found.expect(found.digest == clean, f"digest {found.digest}, of a clean run {clean}")
    found.customers = len({e.envelope.subject for e in stored} - {None})
    return found


async def _whole_log(platform: Platform) -> list[StoredEvent]:
    stored: list[StoredEvent] = []
    for partition in range(PARTITIONS + 1):
        start = 0
        while batch := await platform.log.read(partition, start, _READ):
            stored += batch
            start += len(batch)
    return stored


def no_loss_no_double(found: Findings, ledger: Ledger, stored: Sequence[StoredEvent]) -> None:
    """Each acknowledged event is in the log once, where its receipt says; nothing else is."""
    counts = Counter(event.envelope.id for event in stored)
    found.expect(max(counts.values(), default=1) == 1, "an event id is in the log twice")
    lost = ledger.receipts.keys() - counts.keys()
    found.expect(not lost, f"{len(lost)} acknowledged events are lost: {sorted(lost)[:5]}")
    unasked = counts.keys() - ledger.attempted
    found.expect(not unasked, f"{len(unasked)} events in the log were never sent")
    unanswered = ledger.attempted - ledger.receipts.keys()
    found.expect(not unanswered, f"{len(unanswered)} events were never acknowledged")
    numbers = defaultdict(list)
    for event in stored:
        numbers[event.position.partition].append(event.position.n)
        receipt = ledger.receipts.get(event.envelope.id)
        if receipt is not None:
            found.expect(
                _told_position(receipt, event.position.partition) == event.position,
                f"{event.envelope.id} is at {event.position}, its receipt says otherwise",
            )
    for partition, told in numbers.items():
        found.expect(told == list(range(len(told))), f"partition {partition} has gaps")


def _told_position(receipt: Receipt, partition: int) -> Position:
    vector = PositionVector.from_token(receipt.position)
    return Position(vector.generation, partition, vector.counts[partition] - 1)


async def _same_content(
    found: Findings, platform: Platform, ledger: Ledger, stored: Sequence[StoredEvent]
) -> None:
    """What the log holds of each event is what its branch said, personal fields included."""
    for event in stored:
        receipt = ledger.receipts.get(event.envelope.id)
        if receipt is None:
            continue
        said, data = receipt.recording, decode(event.payload)
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


async def _caught_up(platform: Platform) -> None:
    """Wait until the running projector has taken everything in. Raises: TimeoutError."""
    heads = await platform.log.heads()
    async with asyncio.timeout(_CATCH_UP_PATIENCE_S):
        while True:
            if not await _behind(platform, heads):
                return
            await asyncio.sleep(0.2)


async def _behind(platform: Platform, heads: PositionVector) -> int:
    rows = await platform.pool.fetch("SELECT projection, partition, next FROM checkpoints")
    taken = {(row["projection"], row["partition"]): int(row["next"]) for row in rows}
    return sum(
        max(0, heads.counts[partition] - taken.get((projection.name, partition), 0))
        for projection in PROJECTIONS
        for partition in range(PARTITIONS)
    )


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
    lines: list[bytes] = []
    for projection in PROJECTIONS:
        for customer, dossier in dossiers.items():
            facts = Facts(e for e in dossier if type(e.data) in projection.handles)
            if len(facts):
                assessment = projection.assess(customer, facts, at, reference)
                lines += customer_lines(projection, customer, assessment)
    return combine(lines)


def _recorded(recording: Recording) -> RecordedEvent:
    """Return a recording as if the log had taken it in; where and when does not matter."""
    return RecordedEvent(
        recording.envelope, Position(1, 0, 0), recording.recorded_at, recording.data
    )
