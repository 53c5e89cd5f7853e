"""Which warnings of a lower tier stand, and why others do not.

tier_warning   subject: the tier that is about to be lost; from the instant at which the score
               came to be below its keep line until it is back there (recovered), the tier has
               dropped (dropped), or a correction or another policy made an end of it. The
               amount is the keep line: what the score has to reach. It stands with what was
               done about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from events.envelope import CustomerId
from projections.alert_care import with_care
from projections.protocol import Alert, AlertKey, Cause, Episode
from projections.value_tiers.reading import ValueAt
from projections.value_tiers.tiers import Warned

TIER_WARNING = "tier_warning"


def standing_alerts(customer: CustomerId, reading: ValueAt) -> list[Alert]:
    """Return the warning that stands now, if any."""
    tiers = reading.tiers
    if tiers.warned_at is None or tiers.tier is None:
        return []
    alert = _alert(customer, reading, Warned(tiers.tier, tiers.warned_at, None))
    return [with_care(alert, reading.books.ledger.cares, reading.at)]


def episodes(customer: CustomerId, reading: ValueAt) -> list[Episode]:
    """Return every warning up to now as the facts are known now, corrections taken in."""
    found = []
    for warned in reading.tiers.warnings:
        cause = _cause(reading, warned)
        found.append(Episode(_alert(customer, reading, warned), warned.until, cause))
    found.extend(Episode(a, None, None) for a in standing_alerts(customer, reading))
    return found


def _alert(customer: CustomerId, reading: ValueAt, warned: Warned) -> Alert:
    ladder = reading.tiers.ladder
    known = ladder is not None and warned.tier in ladder.names
    amount = ladder.keep_line(ladder.names.index(warned.tier)) if ladder and known else 0
    return Alert(
        kind=TIER_WARNING,
        subject=warned.tier,
        threshold=0,
        customer_id=customer,
        branch_id=reading.branch_id,
        since=warned.since,
        currency=reading.policy.currency,
        amount_minor=amount,
    )


def _cause(reading: ValueAt, warned: Warned) -> Cause:
    if warned.ended != "recovered":
        return Cause(warned.ended or "corrected")
    return Cause("recovered", reading.contributions.gained_at(warned.until))


class ClearedAlerts(Mapping[AlertKey, Cause]):
    """For every tier of which no warning stands: why; found out when asked."""

    def __init__(self, reading: ValueAt) -> None:
        self._reading = reading
        self._tiers = reading.tiers

    def __getitem__(self, key: AlertKey) -> Cause:
        tiers = self._tiers
        if key.kind != TIER_WARNING or (tiers.warned_at is not None and key.subject == tiers.tier):
            raise KeyError(key)
        for warned in reversed(tiers.warnings):
            if warned.tier == key.subject:
                return _cause(self._reading, warned)
        correction = self._corrected()
        if correction is not None:
            return correction
        raise KeyError(key)

    def _corrected(self) -> Cause | None:
        last = next((c for c in reversed(self._reading.contributions) if c.corrected), None)
        return Cause("corrected", last.ended_by) if last is not None else None

    def __iter__(self) -> Iterator[AlertKey]:
        tiers = dict.fromkeys(warned.tier for warned in self._tiers.warnings)
        for tier in tiers:
            if self._tiers.warned_at is None or tier != self._tiers.tier:
                yield AlertKey(TIER_WARNING, tier, 0)

    def __len__(self) -> int:
        return sum(1 for _ in self)
