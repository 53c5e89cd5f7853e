"""What a look at one thing came to."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

State = Literal["well", "warning", "fault", "unknown"]


class Finding(Struct, frozen=True):
    """One thing that was looked at: how it is, and what to do if it is not well."""

    check: str
    state: State
    says: str
    remedy: str = ""


def well(check: str, says: str) -> Finding:
    """Return that nothing is to be done."""
    return Finding(check, "well", says)


def warning(check: str, says: str, remedy: str) -> Finding:
    """Return what will be a fault if nobody does anything."""
    return Finding(check, "warning", says, remedy)


def fault(check: str, says: str, remedy: str) -> Finding:
    """Return what is wrong now."""
    return Finding(check, "fault", says, remedy)


def unknown(check: str, says: str) -> Finding:
    """Return that it could not be looked at, for a reason told elsewhere."""
    return Finding(check, "unknown", says)
