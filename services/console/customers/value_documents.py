"""The JSON document of one customer's value and tier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from projections.value_tiers.explain import Counted, ValueExplained
from projections.value_tiers.rows import StandingRow
from services.console.shared.customer_at import CustomerAt
from services.console.shared.documents import Document, Money, Positioned, tell


class ComponentDocument(Document):
    """A part of contemporary value; costs are below zero."""

    component: str
    amount: Money


class CountedDocument(Document):
    """A dated amount and the event behind it; costs are below zero."""

    component: str
    event: str
    subject: str
    amount: Money
    day: date
    expires_on: Annotated[date, Meta(description="The first day on which it does not count.")]
    ended_at: Annotated[
        datetime | None, Meta(description="When a later fact took it back or changed it.")
    ]
    ended_by: str | None


class NextExpiryDocument(Document):
    """What stops counting next by the mere passing of days."""

    on: date
    change: Money
    events: list[str]


class WarningDocument(Document):
    """The score is below the tier's keep line: what the customer is about to lose, and when."""

    tier: str
    since: datetime
    drop_at: datetime | None


class MoveCauseDocument(Document):
    """What moved the score at the instant that decided."""

    kind: str
    event: str | None
    amount: Money


class MoveDocument(Document):
    """The customer came into a tier."""

    at: datetime
    before: str | None
    tier: str | None
    reason: str
    warned_at: datetime | None
    causes: list[MoveCauseDocument]


class RfmDocument(Document):
    """Recency, frequency and amount; quintiles are a report over everybody."""

    last_purchase_on: date | None
    recency_days: int | None
    purchase_days: int
    net_amount: Money


class StandingDocument(Document):
    """What a customer is worth on a local day, and the tier that it has earned."""

    tier: str | None
    tier_since: datetime | None
    score: Money
    contemporary: Money
    components: list[ComponentDocument]
    potential: Money | None
    potential_note: str
    model: Money | None
    share_of_wallet: Annotated[str | None, Meta(description="Ours over all, four decimals.")]
    sighting_event: Annotated[str | None, Meta(description="The visit behind share of wallet.")]
    rfm: RfmDocument
    window_from: date
    counting: list[CountedDocument]
    expired: Annotated[list[CountedDocument], Meta(description="The latest first.")]
    withdrawn: list[CountedDocument]
    other_currencies: Annotated[list[CountedDocument], Meta(description="Listed, not scored.")]
    expires_next: NextExpiryDocument | None
    warning: WarningDocument | None
    history: Annotated[list[MoveDocument], Meta(description="The oldest first.")]
    next_change_at: datetime | None


class ValueDocument(Positioned):
    """A customer's value and tier, explained to the event."""

    customer: str
    zone: str
    at: datetime
    today: date | None
    as_known: datetime | None
    value: Annotated[
        StandingDocument | None, Meta(description="Null: nothing was known that counts.")
    ]


def value_document(found: CustomerAt, value: ValueExplained | None) -> ValueDocument:
    """Return the document of a customer's value."""
    return tell(
        ValueDocument,
        found,
        position=found.position.token(),
        zone=found.zone.key,
        today=value.today if value else None,
        value=_standing(value) if value else None,
    )


def _standing(value: ValueExplained) -> StandingDocument:
    row, figures = value.row, value.figures

    def money(minor: int) -> Money:
        return Money(minor=minor, currency=row.currency)

    return tell(
        StandingDocument,
        row,
        score=money(figures.score_minor),
        contemporary=money(figures.contemporary_minor),
        components=[
            ComponentDocument(component=name, amount=money(minor))
            for name, minor in (
                ("margin", row.margin_minor),
                ("charges", row.charges_minor),
                ("freight", -row.freight_minor),
                ("service", -row.service_minor),
                ("capital", -figures.capital_minor),
                ("provision", -row.provision_minor),
            )
        ],
        potential_note=value.potential,
        share_of_wallet=_basis_points(row.share_of_wallet_bp),
        sighting_event=value.sighting_event_id,
        rfm=_rfm(row, value.today),
        window_from=value.window_from,
        counting=_counted(value.counting),
        expired=_counted(value.expired),
        withdrawn=_counted(value.withdrawn),
        other_currencies=_counted(value.other_currencies),
        expires_next=_expiry(value),
        warning=_warning(row),
        history=[tell(MoveDocument, move, currency=row.currency) for move in value.moves],
        next_change_at=value.next_change_at,
    )


def _basis_points(share: int | None) -> str | None:
    return None if share is None else f"{share / 10_000:.4f}"


def _rfm(row: StandingRow, today: date) -> RfmDocument:
    last = row.last_purchase_on
    return tell(
        RfmDocument,
        row,
        recency_days=(today - last).days if last else None,
        net_amount=Money(minor=row.net_amount_minor, currency=row.net_currency),
    )


def _counted(lines: Sequence[Counted]) -> list[CountedDocument]:
    return [tell(CountedDocument, line) for line in lines]


def _expiry(value: ValueExplained) -> NextExpiryDocument | None:
    row = value.row
    if row.expires_on is None:
        return None
    going = [line.event_id for line in value.counting if line.expires_on == row.expires_on]
    change = Money(minor=row.expires_minor, currency=row.currency)
    return NextExpiryDocument(on=row.expires_on, change=change, events=list(dict.fromkeys(going)))


def _warning(row: StandingRow) -> WarningDocument | None:
    if row.warning_since is None or row.tier is None:
        return None
    return tell(WarningDocument, row, since=row.warning_since)
