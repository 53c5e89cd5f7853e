"""Which partition keeps an event: the same answer in every event log."""

from events.envelope import Envelope
from events.partitioning import REFERENCE_PARTITION, partition_of
from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import ReferenceTouchpoint


def partition_for(envelope: Envelope, data: Touchpoint) -> int:
    """Return the partition by customer, or by branch where no customer is known.

    Policies and reference data are one stream with a partition of its own (decision 9).
    """
    if envelope.subject is not None:
        return partition_of(envelope.subject)
    if isinstance(data, ReferenceTouchpoint):
        return REFERENCE_PARTITION
    return partition_of(nobodys(envelope.branch_id))


def nobodys(branch_id: str) -> str:
    """Return the key of what belongs to a branch alone, as if it were a customer's."""
    return f"branch:{branch_id}"
