"""The versions of every policy, and which of them counts at an instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct

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
    policy: PolicyRecord | None  # None: it has no defaults and was not published


def versions(kind: Kind, at: datetime, reference: Reference) -> Iterator[Version]:
    """Yield every version of a kind in the order in which they count, the defaults first."""
    published = reference.versions(kind.record)
    starts = [version.effective_from for version in published]
    first = starts[0] if starts else None
    yield Version(
        kind=kind.name,
        state="in_force" if first is None or at < first else "past",
        effective_from=None,
        until=first,
        event_id=None,
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
            policy=version.policy,
        )


def _state(start: datetime, until: datetime | None, at: datetime) -> State:
    if at < start:
        return "to_come"
    return "past" if until is not None and until <= at else "in_force"


def _defaults(kind: Kind) -> PolicyRecord | None:
    try:
        return kind.record()
    except TypeError:  # some fields must be given: without a publication there is none
        return None
