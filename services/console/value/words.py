"""What the codes of customer value are called on a page."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.console.shared.i18n import N_
from services.console.shared.words import Named

_TIERS: Mapping[str, str] = {
    "platinum": N_("Platinum"),
    "gold": N_("Gold"),
    "iron": N_("Iron"),
    "lead": N_("Lead"),
}

_COMPONENTS: Mapping[str, str] = {
    "margin": N_("Collected margin"),
    "charges": N_("Fees and interest collected"),
    "fees": N_("Reminder fee"),
    "interest": N_("Late-payment interest"),
    "freight": N_("Freight borne by us"),
    "service": N_("Cost to serve"),
    "orders": N_("Order handled"),
    "visits": N_("Visit"),
    "callbacks": N_("Call-back"),
    "complaints": N_("Complaint"),
    "capital": N_("Cost of capital"),
    "provision": N_("Bad-debt provision"),
}

_REASONS: Mapping[str, str] = {
    "first": N_("first tier"),
    "earned": N_("earned"),
    "dropped": N_("dropped"),
    "policy": N_("new rules"),
    "corrected": N_("corrected by later facts"),
}

_CAUSES: Mapping[str, str] = {
    "counted": N_("began to count"),
    "expired": N_("expired"),
    "corrected": N_("taken back"),
    "changed": N_("changed by a later fact"),
    "policy": N_("new rules"),
    "time": N_("days went by"),
}

_KINDS: Mapping[str, str] = {
    "person": N_("Person"),
    "company": N_("Company"),
}


class ValueWords(Named):
    """Names of tiers, components and reasons."""

    def tier(self, tier: str | None) -> str:
        """Return the name of a tier; the default pyramid's four have one in each language."""
        return self._("no tier") if tier is None else self._named(_TIERS, tier)

    def about(self, kind: str, subject: str) -> str:
        """Return the subject of an alert of some kind: a tier by its name, else as it is."""
        return self.tier(subject) if kind == "tier_warning" else subject

    def component(self, component: str) -> str:
        """Return what adds to a customer's value or takes from it."""
        return self._named(_COMPONENTS, component)

    def reason(self, reason: str) -> str:
        """Return why a customer came into a tier."""
        return self._named(_REASONS, reason)

    def cause(self, kind: str) -> str:
        """Return what moved a score."""
        return self._named(_CAUSES, kind)

    def share(self, basis_points: int) -> Decimal:
        """Return a share in basis points as a number, to be said in percent."""
        return Decimal(basis_points) / 10_000

    def customer_kind(self, kind: str) -> str:
        """Return whether the customer is a person or a company."""
        return self._named(_KINDS, kind)
