"""The row of customer value: one per customer, true until its next change.

The cost of capital moves by itself at every midnight on which something is open. It is stored
as terms: the amounts below are those of local day `drifts_from`, and each midnight from then
on changes the cost of capital by `drift_minor` + `drift_ppm` millionths of a minor unit.
Without a drift (`drifts_from` is null) they are those of every day. `figures_on` reads them.
"""

from datetime import date, datetime

from msgspec import Struct

from events.touchpoints.policy import TierPolicy
from projections.protocol import Row, Table
from projections.value_tiers.shares import BASIS, PPM, divided


class StandingRow(Row, frozen=True, kw_only=True):
    """What a customer is worth, which tier that earns, and what changes next."""

    branch_id: str | None  # where the customer is at home
    segment: str | None
    currency: str  # the tiers' currency; amounts below are in its minor units
    other_currencies: str | None  # in which something counts as well: listed, not scored
    tier: str | None  # null: no tiers are published
    tier_since: datetime | None
    warning_since: datetime | None  # since when the score has been below the tier's keep line
    drop_at: datetime | None  # when the tier drops by one if it stays there
    score_minor: int
    contemporary_minor: int  # margin + charges - freight - service - capital - provision
    margin_minor: int
    charges_minor: int  # fees and late-payment interest that were paid
    freight_minor: int
    service_minor: int
    capital_minor: int
    capital_ppm: int  # what rounding took off the cost of capital, in millionths
    provision_minor: int
    drifts_from: date | None
    drift_minor: int
    drift_ppm: int
    potential_minor: int | None  # null: no model is fitted
    model_minor: int | None  # null: no visit in the window saw what is bought elsewhere
    share_of_wallet_bp: int | None
    expires_on: date | None  # the next local day on which a dated amount stops counting
    expires_minor: int  # by how much margin + charges - freight - service changes then
    orders: int
    payments: int
    visits: int
    callbacks: int
    complaints: int
    first_seen_at: datetime
    last_purchase_on: date | None
    purchase_days: int
    net_amount_minor: int  # of all purchases less credit notes, net of tax, in `net_currency`
    net_currency: str  # the company's; the tiers' own where no company is published


class Figures(Struct, frozen=True):
    """What drifts, on a day, in minor units."""

    capital_minor: int
    contemporary_minor: int
    score_minor: int


def figures_on(row: StandingRow, day: date, policy: TierPolicy) -> Figures:
    """Return the drifting amounts on a local day while the row holds; `policy`: in force then."""
    capital = row.capital_minor
    if row.drifts_from is not None:
        nights = (day - row.drifts_from).days
        drift = row.drift_minor * PPM + row.drift_ppm
        capital = divided(capital * PPM + row.capital_ppm + nights * drift, PPM)
    contemporary = row.contemporary_minor + row.capital_minor - capital
    weighed = policy.weight_contemporary * contemporary
    weighed += policy.weight_model * (row.model_minor or 0)
    return Figures(capital, contemporary, divided(weighed, BASIS))


STANDINGS = Table("standings", StandingRow, (), at_home=True)

TIER = "tier:"
"""Measures of the company totals: customers and contemporary value by tier ("tier:gold")."""
