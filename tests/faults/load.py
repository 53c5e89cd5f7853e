"""Load on a product, and the oracle's verdict at its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from events.codec import decode
from services.hosts.bootstrap import open_platform
from services.intake.answers import token_through
from services.ports import Accepted, Submission
from services.simulator.devices import Recording
from tests.faults.clients import Fleet, Ledger, Receipt
from tests.faults.kafka_product import KafkaProduct
from tests.faults.kills import fleet_for
from tests.faults.matrix import Outcome, Scene
from tests.faults.oracle import Read, Running, examine
from tests.support.log import SetClock

_APPENDED_AT_ONCE = 2_000


async def load(
    scene: Scene, made: Running, events_a_second: float, customers: tuple[int, int] = (400, 120)
) -> Fleet:
    """Have branches publish; `customers` of a full run and of a short one."""
    fleet = await fleet_for(made, scene.seed, scene.choose(*customers))
    fleet.start(events_a_second)
    return fleet


async def judge(outcome: Outcome, made: Running, fleet: Fleet, read: Read = decode) -> None:
    """Let the load end, and note all that is not as it must be."""
    outcome.expect(fleet.busy, "the load ended before the fault did")
    await judge_ledger(outcome, made, await fleet.finish(), read)


async def judge_ledger(
    outcome: Outcome, made: Running, ledger: Ledger, read: Read = decode
) -> None:
    """Note all that is not as it must be after what a ledger says was published."""
    outcome.add(ledger, await examine(made, ledger, read))
    if isinstance(made, KafkaProduct):
        outcome.wrong += await made.lawless() + made.odd_ends()


async def append_at(
    made: Running, at: datetime, recordings: Iterable[Recording], ledger: Ledger
) -> None:
    """Append events as if they had been recorded at that instant, and keep the receipts."""
    told = list(recordings)
    async with open_platform(made.settings, clock=SetClock(at)) as platform:
        for start in range(0, len(told), _APPENDED_AT_ONCE):
            page = told[start : start + _APPENDED_AT_ONCE]
            outcomes = await platform.log.append([_submission(one) for one in page])
            for one, outcome in zip(page, outcomes, strict=True):
                assert isinstance(outcome, Accepted), outcome
                token = token_through([outcome.position]) or ""
                ledger.receipts[one.envelope.id] = Receipt(one, token, accepted=True)
                ledger.attempted.add(one.envelope.id)


def _submission(one: Recording) -> Submission:
    digest = sha256(repr((one.envelope, one.data)).encode()).digest()
    return Submission(one.envelope, one.data, digest)
