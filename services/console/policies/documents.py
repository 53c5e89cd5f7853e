"""The JSON document of the published rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from events.touchpoints.policy import PolicyRecord
from services.console.policies.versions import Version
from services.console.shared.documents import Document, Positioned, tell


class VersionDocument(Document):
    """A version of a policy; `effective_from` is null for the default before any was published."""

    in_force: bool
    effective_from: datetime | None
    until: datetime | None
    event: str | None
    policy: PolicyRecord


class PoliciesDocument(Positioned):
    """For each kind of policy the version in force and those to come."""

    at: datetime
    policies: dict[str, list[VersionDocument]]


def policies_document(
    position: str, at: datetime, found: Mapping[str, Sequence[Version]]
) -> PoliciesDocument:
    """Return the document of the rules."""
    return PoliciesDocument(
        position=position,
        at=at,
        policies={
            name: [tell(VersionDocument, version) for version in versions]
            for name, versions in found.items()
        },
    )
