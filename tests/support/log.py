"""Submissions for tests of event logs, and a clock that tests set."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

from msgspec.structs import replace

from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.money import Money
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import PaymentReceived
from services.ports import EventLog, Outcome, Stale, Submission

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class SetClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


def payment(
    number: int,
    customer: str | None = "C-1",
    *,
    branch: str = "B-1",
    minor: int = 100,
    sequence: int | None = None,
    epoch: int = 0,
) -> Submission:
    """The payment of that number: same arguments, same event."""
    source = f"/branches/{branch}/till-1"
    data = PaymentReceived(payment_id=f"P-{number}", amount=Money(minor, "CNY"))
    return submission(
        number, data, customer, branch=branch, source=source, sequence=sequence, epoch=epoch
    )


def submission(
    number: int,
    data: Touchpoint,
    customer: str | None,
    *,
    branch: str = "B-1",
    source: str = "/branches/B-1/till-1",
    sequence: int | None = None,
    epoch: int = 0,
) -> Submission:
    """Any touchpoint as a submission, its id made from its branch and number."""
    created = START + timedelta(seconds=number)
    envelope = Envelope(
        id=EventId(str(uuid5(NAMESPACE_URL, f"{branch}/{number}"))),
        source=source,
        type=data.event_type,
        subject=CustomerId(customer) if customer is not None else None,
        branch_id=BranchId(branch),
        epoch=epoch,
        sequence=number if sequence is None else sequence,
        created_at=created,
        effective_at=created,
        correlation_id=f"order {number}",
    )
    return Submission(envelope, data, sha256(repr((envelope, data)).encode()).digest())


def said(stream: str, sequence: int, customer: str = "C-1", *, by: str = "us") -> Submission:
    """The event of that number of a stream; rivals say another one under the same number."""
    data = PaymentReceived(payment_id=f"{stream} {sequence}", amount=Money(100, "CNY"))
    one = submission(sequence, data, customer, source=stream)
    event_id = EventId(str(uuid5(NAMESPACE_URL, f"{stream} {sequence} {by}")))
    envelope = replace(one.envelope, id=event_id)
    return Submission(envelope, data, sha256(repr((envelope, data)).encode()).digest())


def with_id_of(other: Submission, mine: Submission) -> Submission:
    """My event under another's id: other content, so another digest too."""
    envelope = replace(mine.envelope, id=other.envelope.id)
    return replace(mine, envelope=envelope, digest=sha256(mine.digest + b"id").digest())


async def appended(log: EventLog, *submissions: Submission) -> Sequence[Outcome]:
    """Append events that rely on nothing, and return what became of each."""
    return [one for one in await log.append(submissions) if not isinstance(one, Stale)]
