"""Streams: slices of the log by source, against which commands are decided.

A stream's version is the highest sequence number of its source in epoch 0; 0: it has no event.
All events of a stream lie in one partition.
"""

from __future__ import annotations

from events.partitioning import partition_of

CASES = "/cases/"
CUSTOMERS = "/customers/"


def case_stream(case_id: str) -> str:
    """Return the source of all events that casework decided on a case."""
    return f"{CASES}{case_id}"


def customer_stream(customer: str) -> str:
    """Return the source of all events that were decided on a customer."""
    return f"{CUSTOMERS}{customer}"


def is_stream(source: str) -> bool:
    """Tell whether a source is a stream, and no device of a branch."""
    return source.startswith((CASES, CUSTOMERS))


def partition_told(source: str) -> int | None:
    """Return the partition of a stream whose name tells it: a customer's; None for others.

    A case lies with its customer, whom its stream's name does not tell.
    """
    if source.startswith(CUSTOMERS):
        return partition_of(source.removeprefix(CUSTOMERS))
    return None
