"""worth(facts).at(instant): the value of a customer, tested as sentences.

The facts are told with the words of tests/support/given.py, and delivered in the same ways:
in order, shuffled, repeated up to five times, in batches; the digest must be the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from events.envelope import RecordedEvent
from events.facts import fact_of
from events.policy import Reference
from events.touchpoints.contact import CallbackMade, VisitMade
from events.touchpoints.order import OrderPlaced
from events.touchpoints.policy import (
    AgeingPolicy,
    AgeingPolicyPublished,
    CostPolicy,
    CostPolicyPublished,
    TierLine,
    TierPolicy,
    TierPolicyPublished,
)
from projections.facts import Facts
from projections.protocol import Alert, Assessment
from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.rows import StandingRow
from tests.support.given import (
    Told,
    asked,
    assessed_however_delivered,
    digest_of,
    instant,
    minor,
    money,
    recorded_events,
    told,
)

VALUE_TIERS = ValueTiers()


def tiers_published(*lines: tuple[str, str], on: str = "2020-01-01", **rules: object) -> Told:
    """Tiers were published, from the highest down, in force from then on."""
    policy = TierPolicy(tiers=tuple(TierLine(name=n, line_minor=minor(x)) for n, x in lines))
    policy = structs.replace(policy, **rules)
    return told(TierPolicyPublished(effective_from=instant(on), policy=policy), "2020-01-01")


def costs_published(on: str = "2020-01-01", **rates: object) -> Told:
    """Cost rates were published, in force from then on."""
    amounts = {name: money(x) if isinstance(x, str) else x for name, x in rates.items()}
    policy = structs.replace(CostPolicy(), **amounts)
    return told(CostPolicyPublished(effective_from=instant(on), policy=policy), "2020-01-01")


def provision_published(*basis_points: int, on: str = "2020-01-01") -> Told:
    """Provision rates of the default buckets were published."""
    policy = AgeingPolicy(provision=basis_points)
    return told(AgeingPolicyPublished(effective_from=instant(on), policy=policy), "2020-01-01")


def ordered(
    order_id: str,
    amount: str,
    *,
    on: str,
    cost: str | None = None,
    freight: str | None = None,
    tax: str | None = None,
) -> Told:
    """The customer ordered."""
    data = OrderPlaced(
        order_id=order_id,
        amount=money(amount),
        cost_of_goods=money(cost) if cost else None,
        freight_borne=money(freight) if freight else None,
        tax=money(tax) if tax else None,
    )
    return told(data, on, f"order {order_id}")


def visited(visit_id: str, *, on: str, minutes: int = 0, elsewhere: str | None = None) -> Told:
    """Somebody visited the customer, and may have seen what it buys elsewhere a month."""
    spend = money(elsewhere) if elsewhere else None
    data = VisitMade(visit_id=visit_id, purpose="sales", minutes=minutes, competitor_spend=spend)
    return told(data, on, f"visit {visit_id} of {on}")


def called_back(callback_id: str, *, on: str, minutes: int) -> Told:
    """Somebody called the customer back."""
    data = CallbackMade(callback_id=callback_id, outcome="satisfied", minutes=minutes)
    return told(data, on)


class Worth:
    """Facts and rules that a test of value starts from."""

    def __init__(self, events: Sequence[RecordedEvent], reference: Reference) -> None:
        self.told = [fact_of(event) for event in events]
        self.reference = reference

    @property
    def facts(self) -> Facts:
        """Return the facts in order."""
        return Facts(self.told)

    def at(self, text: str) -> Valued:
        """Assess as of an instant, delivered in order and in every other way."""
        at = asked(text)
        assessment = assessed_however_delivered(
            VALUE_TIERS, self.told, at, self.reference, seed=len(self.told), rounds=6
        )
        return Valued(assessment, digest_of(assessment, VALUE_TIERS))


class Valued:
    """What the facts are worth at the instant asked about."""

    def __init__(self, assessment: Assessment, digest: str) -> None:
        self.assessment = assessment
        self.digest = digest
        (row,) = assessment.rows["standings"]
        assert isinstance(row, StandingRow)
        self.row = row

    def then(self, **expected: object) -> Valued:
        """Hold fields of the row; amounts as text under their names without _minor."""
        wanted: dict[str, object] = {}
        for name, value in expected.items():
            if isinstance(value, str) and name in _AMOUNTS:
                wanted[f"{name}_minor"] = minor(value)
            elif isinstance(value, str) and name in _INSTANTS:
                wanted[name] = instant(value)
            else:
                wanted[name] = value
        actual = structs.asdict(self.row)
        assert {name: actual[name] for name in wanted} == wanted
        return self

    @property
    def warning(self) -> Alert | None:
        """Return the warning that stands."""
        alerts = self.assessment.alerts
        assert len(alerts) <= 1
        return alerts[0] if alerts else None


_FIELDS = StandingRow.__struct_fields__
_AMOUNTS = frozenset(f.removesuffix("_minor") for f in _FIELDS if f.endswith("_minor"))
_INSTANTS = frozenset({"tier_since", "warning_since", "drop_at", "first_seen_at"})


def worth(*facts: Told, rules: Sequence[Told] = ()) -> Worth:
    """Start from facts about one customer, and published rules."""
    return Worth(recorded_events(facts), Reference(recorded_events(rules)))
