"""What can go wrong in a branch, each named, with what to do about it."""

from __future__ import annotations


class BranchError(Exception):
    """The root of everything that this package raises."""


class NotInstalled(BranchError):
    """The directory holds no branch's outbox, or its settings cannot be read."""


class NotPublishable(BranchError):
    """An event is not of the shape that can be published; nothing was kept."""

    def __init__(self, field: str, reason: str) -> None:
        """Name the field."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class DiskFull(BranchError):
    """There is too little room on the disk: the event was not taken, so nobody believes it was."""


class OutboxUnusable(BranchError):
    """The outbox cannot be opened: it is damaged, another's, or of a newer version."""


class ReceiptUnsound(BranchError):
    """What came as a receipt, or as headquarters' words, is not what the platform signed."""


class SenderBusy(BranchError):
    """Another process sends from this outbox; one does at a time."""


class LineDown(BranchError):
    """The platform was not reached, or did not answer as it does: the same again later is safe."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        """Say why, and how long the platform asked to wait, if it did."""
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class TurnedAway(BranchError):
    """The platform answers, and does not take anything from this key: somebody has to act."""


class TooMuch(BranchError):
    """The platform did not take a request as a whole: a smaller one may pass."""

    def __init__(self, code: str, reason: str, remedy: str) -> None:
        """Say why."""
        super().__init__(f"{reason}; {remedy}")
        self.code = code
        self.reason = reason
        self.remedy = remedy
