"""Publishes a policy through the intake, as any event of headquarters is published."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from events.policy import PolicyVersion, Reference
from services.errors import TouchstoneError, UsageError
from services.intake.draft import local_scope
from services.platform import Platform
from services.policies.candidate import Candidate
from services.policies.kinds import KINDS
from services.policies.listing import Version, follower
from services.walk.by_customer import picture

_NAMESPACE = UUID("3d0c6a58-5b1e-5b7f-a0e4-6f3f7f2f9c41")
"""Namespace of the ids of policies; chosen once, never to change."""


Counts = Literal["now", "later", "past"]


class Changed(Struct, frozen=True):
    """A field of a policy and what the version before it said; None: its default."""

    field: str
    before: object
    after: object


class Published(Struct, frozen=True, kw_only=True):
    """What came of publishing a policy."""

    status: Literal["accepted", "duplicate"]
    kind: str
    event_id: str
    effective_from: datetime
    changes: list[Changed]
    counts: Counts
    follower: Version | None  # the version that takes its place
    position: str | None = None


class PolicyRefused(TouchstoneError):
    """The gateway does not take the policy; the message names field, reason and remedy."""

    def __init__(self, field: str, reason: str, remedy: str) -> None:
        super().__init__(f"{field} {reason}; {remedy}")
        self.field = field
        self.reason = reason
        self.remedy = remedy


def policy_id(meant: Candidate, reference: Reference) -> str:
    """Return the id of a policy: the same for the same policy over the same predecessor."""
    before = _at_the_instant(meant, reference)
    name = msgspec.json.encode(
        (meant.kind, meant.effective_from, meant.policy, before.event_id if before else None),
        order="deterministic",
    )
    return str(uuid5(_NAMESPACE, name.decode()))


def changes(meant: Candidate, reference: Reference) -> list[Changed]:
    """Return in which fields a policy differs from what would count without it."""
    record = KINDS[meant.kind].record
    begun = [v for v in reference.versions(record) if v.effective_from <= meant.effective_from]
    after = msgspec.to_builtins(meant.policy)
    before = msgspec.to_builtins(begun[-1].policy) if begun else _defaults(meant)
    return [
        Changed(name, before.get(name), value)
        for name, value in after.items()
        if value != before.get(name)
    ]


def _defaults(meant: Candidate) -> dict[str, object]:
    fields = msgspec.structs.fields(KINDS[meant.kind].record)
    given = {f.name: f.default for f in fields if f.default is not msgspec.NODEFAULT}
    return dict(msgspec.to_builtins(given))


def _at_the_instant(meant: Candidate, reference: Reference) -> PolicyVersion | None:
    """Return the version that counts from the very instant from which this one is to count."""
    versions = reference.versions(KINDS[meant.kind].record)
    same = [v for v in versions if v.effective_from == meant.effective_from]
    return same[-1] if same else None


async def publish_policy(
    platform: Platform, meant: Candidate, branch: str, event_id: str | None = None
) -> Published:
    """Publish a policy; the same one again changes nothing. Raises: PolicyRefused, Unavailable.

    What is said already from that very instant is a duplicate, whoever published it.
    """
    async with picture(platform) as seen:
        reference = await seen.reference()
    now = platform.clock.now()
    standing = _at_the_instant(meant, reference)
    if event_id is None and standing is not None and standing.policy == meant.policy:
        return _said_already(meant, standing.event_id, reference, now)
    event = _event(platform, meant, branch, event_id or policy_id(meant, reference), reference)
    [answer] = await platform.intake.submit(local_scope(branch), [event])
    if answer.status == "refused" and answer.field == "id" and event_id is None:
        # The id is made of what the policy says: somebody has just said it, at another moment,
        # and the events table does not have it yet.
        return _said_already(meant, str(event["id"]), reference, now)
    if answer.status == "refused":
        raise PolicyRefused(answer.field or "", answer.reason or "", answer.remedy or "")
    return Published(
        status=answer.status,
        kind=meant.kind,
        event_id=str(event["id"]),
        effective_from=meant.effective_from,
        changes=changes(meant, reference),
        position=answer.position,
        counts=counting(meant, reference, now),
        follower=follower(KINDS[meant.kind], meant.effective_from, reference),
    )


def counting(meant: Candidate, reference: Reference, now: datetime) -> Counts:
    """Return whether a policy counts at an instant, or not yet, or no more."""
    if meant.effective_from > now:
        return "later"
    after = follower(KINDS[meant.kind], meant.effective_from, reference)
    hidden = after is not None and after.effective_from is not None and after.effective_from <= now
    return "past" if hidden else "now"


def _said_already(
    meant: Candidate, event_id: str, reference: Reference, now: datetime
) -> Published:
    return Published(
        status="duplicate",
        kind=meant.kind,
        event_id=event_id,
        effective_from=meant.effective_from,
        changes=[],
        counts=counting(meant, reference, now),
        follower=follower(KINDS[meant.kind], meant.effective_from, reference),
    )


def _event(
    platform: Platform, meant: Candidate, branch: str, event_id: str, reference: Reference
) -> dict[str, object]:
    """Return the CloudEvent. One whose id is known has the time that it had."""
    recorded = (e.envelope.created_at for e in reference.events if e.envelope.id == event_id)
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/branches/{branch}/policies",
        "sourceepoch": 0,
        "sequence": _sequence(event_id),
        "type": KINDS[meant.kind].published.event_type,
        "time": next(recorded, platform.clock.now()).isoformat(),
        "data": msgspec.to_builtins(meant.touchpoint),
    }


def _sequence(event_id: str) -> int:
    """Return a sequence number out of an id: nobody need know what was published before.

    Raises: UsageError, for what is no UUID.
    """
    try:
        return UUID(event_id).int >> 66 or 1
    except ValueError as error:
        raise UsageError(f"--id: {event_id!r} is no UUID; leave it out to have one made") from error
