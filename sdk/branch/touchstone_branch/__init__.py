"""What a branch publishes is safe on its own disk at once, and reaches the platform when it can."""

from touchstone_branch.branch import Branch, Published
from touchstone_branch.errors import (
    BranchError,
    DiskFull,
    NotInstalled,
    NotPublishable,
    OutboxUnusable,
    ReceiptUnsound,
    SenderBusy,
)
from touchstone_branch.words import Verdict, Word

__all__ = [
    "Branch",
    "BranchError",
    "DiskFull",
    "NotInstalled",
    "NotPublishable",
    "OutboxUnusable",
    "Published",
    "ReceiptUnsound",
    "SenderBusy",
    "Verdict",
    "Word",
]
