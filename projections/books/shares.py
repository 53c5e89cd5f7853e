"""Quotients of whole amounts: integers in, the nearest integer out, a half to the even one."""

from __future__ import annotations


def divided(numerator: int, denominator: int) -> int:
    """Return the nearest integer to a quotient, a half to the even one; 0 parts give 0."""
    if not denominator:
        return 0
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and whole & 1):
        return whole + 1
    return whole
