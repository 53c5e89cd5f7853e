"""One line of hexadecimal that is equal if and only if two answers are.

A digest covers the rows and standing alerts that `assess` gave for a stated instant: no
positions, no record times, no next_change_at, no journal (decision 5). Each row and alert is
one canonical line; the digest is SHA-256 over the sorted SHA-256 sums of the lines, so that
customers may be walked in any order and memory holds 32 bytes a line.
"""

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from events.envelope import CustomerId
from projections.protocol import Assessment, Projection

_canonical = msgspec.json.Encoder(order="deterministic")


def customer_lines(
    projection: Projection, customer: CustomerId, assessment: Assessment
) -> list[bytes]:
    """Return one canonical line per row and standing alert of a customer."""
    head = (projection.name, projection.version, customer)
    lines = [
        _canonical.encode((*head, table.name, table.key_of(row), row))
        for table in projection.tables
        for row in assessment.rows.get(table.name, ())
    ]
    lines.extend(_canonical.encode((*head, "alerts", a.key, a)) for a in assessment.alerts)
    return lines


def combine(lines: Iterable[bytes]) -> str:
    """Return the digest of all lines, whatever their order; a repeated line counts."""
    total = sha256()
    for line_sum in sorted(sha256(line).digest() for line in lines):
        total.update(line_sum)
    return total.hexdigest()
