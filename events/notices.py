"""What the platform itself tells the world, on topics beside the touchpoints; JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from events.touchpoints.base import Instant

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


AlertAction = Literal["raised", "withdrawn", "acknowledged", "snoozed", "delegated"]


class AlertNotice(Struct, frozen=True, kw_only=True):
    """An alert was raised, or withdrawn with its cause, or somebody did something about it.

    One line of the alert journal, delivered at least once per occurrence. `alert_id` names the
    episode and `occurrence` counts its lines. What was put off is raised again at its instant, if
    it stands; what was passed on says to whom.
    """

    alert_id: str
    occurrence: int
    action: AlertAction
    at: Instant
    kind: str
    subject: str
    threshold: int
    customer_id: str
    branch_id: str | None = None
    since: Instant
    currency: str
    amount_minor: int
    cause_reason: str | None = None
    cause_event_id: str | None = None
    state_by: str | None = None
    until: Instant | None = None
    delegate: str | None = None


class ChangeNotice(Struct, frozen=True, kw_only=True):
    """Rows of a projection changed: readers may ask for `at least` this change number."""

    projection: str
    version: int
    generation: int
    partition: int
    change_no: int
    customers: tuple[str, ...]


class CheckpointNotice(Struct, frozen=True, kw_only=True):
    """The Merkle tree head over the accepted events of a partition (RFC 6962, section 2.1)."""

    generation: int
    partition: int
    tree_size: int
    root_hash: Sha256
    at: Instant


class RefusalReason(Struct, frozen=True, kw_only=True):
    """What was wrong with one field, and how to mend it."""

    field: str
    reason: str
    remedy: str


class QuarantineNotice(Struct, frozen=True, kw_only=True):
    """An event was not accepted; it is kept as it came, sealed, until somebody decides."""

    branch_id: str
    event_id: str | None = None
    event_type: str | None = None
    reasons: tuple[RefusalReason, ...]
    sealed: bytes
    at: Instant
