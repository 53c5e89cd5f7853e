"""The published rules that count now and those to come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import get_type_hints

from msgspec import Struct
from msgspec.structs import fields

from events.policy import Reference
from events.touchpoints import TYPES
from events.touchpoints.policy import PolicyRecord, ReferenceTouchpoint

_PREFIX, _SUFFIX = "policy.", "_published"


class Version(Struct, frozen=True):
    """A version of a policy and when it counts."""

    effective_from: datetime | None  # None: the default that holds before any was published
    until: datetime | None
    event_id: str | None
    policy: PolicyRecord
    in_force: bool


def _kinds() -> Mapping[str, type[PolicyRecord]]:
    found: dict[str, type[PolicyRecord]] = {}
    for touchpoint in TYPES:
        name = touchpoint.event_type
        if issubclass(touchpoint, ReferenceTouchpoint) and name.startswith(_PREFIX):
            kind = get_type_hints(touchpoint)["policy"]
            found[name.removeprefix(_PREFIX).removesuffix(_SUFFIX)] = kind
    return MappingProxyType(found)


KINDS = _kinds()
"""Kinds of policies by name, such as tiers."""


def versions(reference: Reference, kind: type[PolicyRecord], at: datetime) -> list[Version]:
    """Return the version in force, the default if there is one, and those to come, in order."""
    published = reference.versions(kind)
    begun = sum(1 for version in published if version.effective_from <= at)
    ends = [version.effective_from for version in published]
    found = []
    if begun == 0 and not any(field.required for field in fields(kind)):
        default = reference.in_force(kind, at)
        found.append(Version(None, ends[0] if ends else None, None, default, True))
    for i, version in enumerate(published[max(0, begun - 1) :], max(0, begun - 1)):
        until = ends[i + 1] if i + 1 < len(ends) else None
        found.append(
            Version(version.effective_from, until, version.event_id, version.policy, i == begun - 1)
        )
    return found
