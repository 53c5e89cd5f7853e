"""Exact shares of whole amounts: integers in, the nearest integer out, a half to the even one."""

from __future__ import annotations

from projections.books.shares import divided as divided

PPM = 1_000_000
BASIS = 10_000


def share(amount: int, part: int, whole: int) -> int:
    """Return `amount` times part / whole."""
    return divided(amount * part, whole)
