"""The versions of every policy, and which of them counts at an instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct

from events.envelope import EventId
from events.policy import Reference
from events.touchpoints.policy import PolicyRecord
from services.policies.kinds import Kind

State = Literal["past", "in_force", "to_come"]


class Version(Struct, frozen=True, kw_only=True):
    """A version of a policy; the domain's defaults have no event and no beginning."""

    kind: str
    state: State
    effective_from: datetime | None
    until: datetime | None  # where the next version begins
    event_id: str | None
    published_by: str | None  # the branch or office
    recorded_at: datetime | None
    policy: PolicyRecord | None  # None: it has no defaults and was not published


def versions(kind: Kind, at: datetime, reference: Reference) -> Iterator[Version]:
    """Yield every version of a kind in the order in which they count, the defaults first."""
    published = reference.versions(kind.record)
    events = {event.envelope.id: event for event in reference.events}
    starts = [version.effective_from for version in published]
    first = starts[0] if starts else None
    yield Version(
        kind=kind.name,
        state="in_force" if first is None or at < first else "past",
        effective_from=None,
        until=first,
        event_id=None,
        published_by=None,
        recorded_at=None,
        policy=_defaults(kind),
    )
    for i, version in enumerate(published):
        until = starts[i + 1] if i + 1 < len(starts) else None
        yield Version(
            kind=kind.name,
            state=_state(version.effective_from, until, at),
            effective_from=version.effective_from,
            until=until,
            event_id=version.event_id,
            published_by=events[EventId(version.event_id)].envelope.branch_id,
            recorded_at=events[EventId(version.event_id)].recorded_at,
            policy=version.policy,
        )


def follower(kind: Kind, effective_from: datetime, reference: Reference) -> Version | None:
    """Return the version that takes the place of one from an instant on; None: it stays."""
    later = (v for v in versions(kind, effective_from, reference) if v.event_id is not None)
    return next((v for v in later if v.effective_from and v.effective_from > effective_from), None)


def _state(start: datetime, until: datetime | None, at: datetime) -> State:
    if at < start:
        return "to_come"
    return "past" if until is not None and until <= at else "in_force"


def _defaults(kind: Kind) -> PolicyRecord | None:
    try:
        return kind.record()
    except TypeError:  # some fields must be given: without a publication there is none
        return None
