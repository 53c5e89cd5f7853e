"""Puts a reading into a row, and says when the row changes next by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from projections.receivables.books import Source
from projections.receivables.rules import ENDING
from projections.value_tiers.contributions import SERVICE
from projections.value_tiers.history import tier_since
from projections.value_tiers.reading import Reading
from projections.value_tiers.rows import StandingRow
from projections.value_tiers.shares import BASIS, PPM, divided
from projections.value_tiers.tiers import Walk
from projections.value_tiers.wallet import Wallet, buying, model_value, purchases, wallet


class Sums(NamedTuple):
    """What counts now, in minor units; costs as positive amounts."""

    margin: int
    freight: int
    service: int
    expires_day: int | None
    expires: int

    @property
    def steady(self) -> int:
        """Return what is left without the costs of open items."""
        return self.margin - self.freight - self.service


def sums_of(reading: Reading) -> Sums:
    """Return what counts now, and what of it stops counting next."""
    margin = freight = service = expires = 0
    earliest: int | None = None
    for contribution, day in reading.counting():
        amount = contribution.amount
        if not amount:
            continue
        if contribution.component == "margin":
            margin += amount
        elif contribution.component in SERVICE:
            service -= amount
        else:
            freight -= amount
        if earliest is None or day < earliest:
            earliest, expires = day, 0
        if day == earliest:
            expires -= amount
    ends = None if earliest is None else earliest + reading.policy.window_days
    return Sums(margin, freight, service, ends, expires)


class Standing:
    """A customer's value at an instant: the row, the walk behind it, and what comes next."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.sums = sums_of(reading)
        self.walk: Walk = reading.walk(reading.at)
        policy = reading.policy
        owing = reading.owing(policy.currency, policy.window_days)
        self.provision = owing.provision
        self.line, self.next_line = reading.line()
        books = reading.books
        scope = (books, reading.days, reading.at, policy.window_days, policy.currency)
        self.bought = list(purchases(books))
        self.wallet: Wallet = wallet(*scope, self.bought)
        self.model = model_value(*scope)

    def row(self) -> StandingRow:
        """Return the row."""
        reading, sums, line, walk = self.reading, self.sums, self.line, self.walk
        books, policy = reading.books, reading.policy
        assert books.first is not None
        bought = buying(self.bought, reading.day_of, policy.currency)
        base_day = line.day if line.slope else reading.today
        exact = line.micro_on(base_day)
        capital = divided(exact, PPM)
        provision = self.provision.amount if self.provision else 0
        contemporary = sums.steady - capital - provision
        weighed = policy.weight_contemporary * contemporary
        weighed += policy.weight_model * (self.model or 0)
        drift, drift_ppm = divmod(line.slope, PPM)
        currencies = {c.currency for c in reading.contributions} | set(books.ledger.balances)
        return StandingRow(
            branch_id=reading.branch_id,
            segment=books.segment_at(reading.at),
            currency=policy.currency,
            other_currencies=",".join(sorted(currencies - {policy.currency})) or None,
            tier=walk.tier,
            tier_since=tier_since(reading, walk) if walk.tier is not None else None,
            warning_since=walk.warned_at,
            drop_at=walk.drop_at,
            score_minor=divided(weighed, BASIS),
            contemporary_minor=contemporary,
            margin_minor=sums.margin,
            freight_minor=sums.freight,
            service_minor=sums.service,
            capital_minor=capital,
            capital_ppm=exact - capital * PPM,
            provision_minor=provision,
            drifts_from=date.fromordinal(line.day) if line.slope else None,
            drift_minor=drift,
            drift_ppm=drift_ppm,
            potential_minor=None,
            model_minor=self.model,
            share_of_wallet_bp=self.wallet.share_bp,
            expires_on=_date(sums.expires_day),
            expires_minor=sums.expires,
            orders=books.counts["orders"],
            payments=books.counts["payments"],
            visits=books.counts["visits"],
            callbacks=books.counts["callbacks"],
            complaints=books.counts["complaints"],
            first_seen_at=books.first.envelope.effective_at,
            last_purchase_on=_date(bought.last_on),
            purchase_days=bought.purchase_days,
            net_amount_minor=bought.net_amount,
        )

    def next_change(self) -> datetime | None:
        """Return the earliest instant after now at which the row may change by itself.

        That is the next fact known to take effect later, another version of a policy, the end
        of a reservation, the midnight at which a dated amount, purchase or sighting leaves the
        window, an item crosses a bucket of the provision or the drift turns, a drop that was
        warned of, or the midnight at which the drift carries the score over a line.
        """
        at = self.reading.at
        limit = min((t for t in self._candidates() if at < t < ENDING), default=None)
        if limit is None or not self.walk.line.slope:
            return limit
        crossing = self.walk.next_at(limit)
        return limit if crossing is None else min(limit, crossing)

    def _candidates(self) -> Iterator[datetime]:
        reading, books = self.reading, self.reading.books
        days = reading.days
        if books.next_fact_at is not None:
            yield books.next_fact_at
        yield from reading.rules.changes_after(reading.at)
        for deadline in books.ledger.deadlines:
            target = deadline.target
            if isinstance(target, Source) and target.reserved:
                yield deadline.at
        for day in (self.sums.expires_day, self.wallet.until_day):
            if day is not None:
                yield days.start(day)
        if self.provision is not None and self.provision.next_at is not None:
            yield self.provision.next_at
        if self.next_line is not None:
            yield days.start(self.next_line.day)
        if self.walk.drop_at is not None:
            yield self.walk.drop_at


def _date(day: int | None) -> date | None:
    return None if day is None else date.fromordinal(day)
