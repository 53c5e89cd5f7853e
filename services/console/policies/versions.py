"""The published rules that count now and those to come."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from events.touchpoints.policy import PolicyRecord
from services.policies.listing import Version as Listed


class Version(Struct, frozen=True):
    """A version of a policy and when it counts."""

    effective_from: datetime | None  # None: the default that holds before any was published
    until: datetime | None
    event_id: str | None
    policy: PolicyRecord
    in_force: bool


def standing(found: Iterable[Listed]) -> list[Version]:
    """Return of all versions the one in force, and those to come, in order."""
    return [
        Version(one.effective_from, one.until, one.event_id, one.policy, one.state == "in_force")
        for one in found
        if one.state != "past" and one.policy is not None
    ]
