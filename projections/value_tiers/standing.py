"""Puts a reading into a row, and says when the row changes next by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from projections.books.days import ENDING
from projections.books.records import Source
from projections.value_tiers.reading import ValueAt
from projections.value_tiers.rows import StandingRow
from projections.value_tiers.shares import BASIS, PPM, divided
from projections.value_tiers.wallet import latest_sighting, model_value, wallet


class Standing:
    """A customer's value at an instant: the row, and what comes next."""

    def __init__(self, reading: ValueAt) -> None:
        self.reading = reading
        policy, days = reading.policy, reading.days
        window, currency = policy.window_days, policy.currency
        self.expiry = reading.meter.window.expiry()
        self.seen = latest_sighting(reading.books, days, reading.at, window, currency)
        bought = reading.memo.bought
        self.wallet = wallet(bought, days, reading.today, window, currency, self.seen)
        self.model = model_value(reading.books, reading.at, self.seen)

    def row(self) -> StandingRow:
        """Return the row."""
        reading, tiers = self.reading, self.reading.tiers
        books, policy, counts = reading.books, reading.policy, reading.books.counts
        assert books.first is not None
        company = books.rules.reference.company
        net_currency = company.currency if company is not None else policy.currency
        bought = reading.memo.bought.buying(net_currency)
        sums, line, provision = reading.meter.window, reading.meter.line, reading.meter.provided
        base_day = line.day if line.slope else reading.today
        exact = line.micro_on(base_day)
        capital = divided(exact, PPM)
        contemporary = sums.steady - capital - provision
        weighed = policy.weight_contemporary * contemporary
        weighed += policy.weight_model * (self.model or 0)
        drift, drift_ppm = divmod(line.slope, PPM)
        others = reading.contributions.currencies - {policy.currency}
        return StandingRow(
            branch_id=reading.branch_id,
            segment=books.segment_at(reading.at),
            currency=policy.currency,
            other_currencies=",".join(sorted(others)) or None,
            tier=tiers.tier,
            tier_since=reading.tier_since,
            warning_since=tiers.warned_at,
            drop_at=tiers.drop_at,
            score_minor=divided(weighed, BASIS),
            contemporary_minor=contemporary,
            margin_minor=sums.margin,
            charges_minor=sums.charges,
            freight_minor=-sums.freight,
            service_minor=-sums.service,
            capital_minor=capital,
            capital_ppm=exact - capital * PPM,
            provision_minor=provision,
            drifts_from=date.fromordinal(line.day) if line.slope else None,
            drift_minor=drift,
            drift_ppm=drift_ppm,
            potential_minor=None,
            model_minor=self.model,
            share_of_wallet_bp=self.wallet.share_bp,
            expires_on=_date(self.expiry.day),
            expires_minor=self.expiry.amount,
            orders=counts["orders"],
            payments=counts["payments"],
            visits=counts["visits"],
            callbacks=counts["callbacks"],
            complaints=counts["complaints"],
            first_seen_at=books.first.effective_at,
            last_purchase_on=_date(bought.last_on),
            purchase_days=bought.purchase_days,
            net_amount_minor=bought.net_amount,
            net_currency=net_currency,
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
        if limit is None or not self.reading.meter.line.slope:
            return limit
        crossing = self.reading.tiers.next_at(limit)
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
        for day in (self.expiry.day, self.wallet.until_day):
            if day is not None:
                yield days.start(day)
        meter = reading.meter
        if meter.provision is not None:
            yield meter.provision.next_at
        turns_on = meter.capital.next_line_on() if meter.capital is not None else None
        if turns_on is not None:
            yield days.start(turns_on)
        if reading.tiers.drop_at is not None:
            yield reading.tiers.drop_at


def _date(day: int | None) -> date | None:
    return None if day is None else date.fromordinal(day)
