"""What can keep the event log."""

from enum import StrEnum


class Keeper(StrEnum):
    """What can keep the event log."""

    EMBEDDED = "embedded"
    KAFKA = "kafka"
