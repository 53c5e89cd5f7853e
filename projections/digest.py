"""One line of hexadecimal that is equal if and only if two answers are.

A digest covers the rows and standing alerts that `assess` gave for a stated instant: no
positions, no record times, no next_change_at, no journal (decision 5). Each row and alert is
one canonical line. A customer's lines, sorted, are hashed to a number by SHAKE256; the digest is
SHA-256 over the product of all customers' numbers, so that they may be assessed in any order,
in many places, and nobody holds more than one number.

Source: M. Bellare and D. Micciancio, "A new paradigm for collision-free hashing", 1997 (MuHash),
which is as hard to forge as discrete logarithms modulo the prime; the prime is that of Bitcoin
Core's MuHash3072.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256, shake_256

import msgspec

from events.envelope import CustomerId
from projections.protocol import Assessment, Projection

_PRIME = 2**3072 - 1_103_717
_PRIME_BYTES = 384

_canonical = msgspec.json.Encoder(order="deterministic").encode


def customer_lines(
    projection: Projection, customer: CustomerId, assessment: Assessment
) -> list[bytes]:
    """Return one canonical line per row and standing alert of a customer.

    It is the name of what it is a line of, and the row or alert as JSON, with its key in it.
    """
    lines: list[bytes] = []
    for table in projection.tables:
        rows = assessment.rows.get(table.name, ())
        if rows:
            of = _canonical((projection.name, projection.version, customer, table.name))
            lines += [of + _canonical(row) for row in rows]
    if assessment.alerts:
        of = _canonical((projection.name, projection.version, customer, "alerts"))
        lines += [of + _canonical(alert) for alert in assessment.alerts]
    return lines


class RunningDigest:
    """The digest of the customers taken in so far, wherever that was."""

    def __init__(self, product: int = 1) -> None:
        self.product = product

    def add(self, lines: Iterable[bytes]) -> None:
        """Take in a customer's lines; one without any leaves no trace, a repeated line counts.

        No line holds a line end, so that nothing else is the same when they are joined.
        """
        told = sorted(lines)
        if told:
            number = int.from_bytes(shake_256(b"\n".join(told)).digest(_PRIME_BYTES))
            self.merge(number or 1)

    def merge(self, product: int) -> None:
        """Take in all that another running digest has taken in."""
        self.product = self.product * product % _PRIME

    def hexdigest(self) -> str:
        """Return the digest."""
        return sha256(self.product.to_bytes(_PRIME_BYTES)).hexdigest()


def combine(lines: Mapping[CustomerId, Iterable[bytes]]) -> str:
    """Return the digest of customers' lines, all at hand."""
    digest = RunningDigest()
    for one in lines.values():
        digest.add(one)
    return digest.hexdigest()
