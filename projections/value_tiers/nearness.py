"""Which collected value would change a customer's tier, where it is near a line."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from projections.value_tiers.explain import ValueExplained
from projections.value_tiers.rules import Ladder
from projections.value_tiers.shares import BASIS


class NearLine(Struct, frozen=True):
    """So much more value, collected while it counts, would keep a tier or earn the next."""

    what: Literal["keeps", "earns"]
    tier: str
    missing_minor: int  # of contemporary value, in the tiers' currency


def near_line(value: ValueExplained) -> NearLine | None:
    """Return what single act would change the tier: of one about to drop, what keeps it.

    Of any other the next tier, if less is missing than a drop is warned of: the part of the line
    that keeping does not ask for. None: it is near no line, or contemporary value does not weigh.
    """
    rules, weight = Ladder(value.policy), value.policy.weight_contemporary
    tier = value.row.tier
    if tier is None or tier not in rules.names or weight == 0:
        return None
    rank, score = rules.names.index(tier), value.figures.score_minor
    if value.row.warning_since is not None and rank > 0:
        return _near("keeps", tier, rules.keep_line(rank) - score, weight)
    if rank + 1 == len(rules.names):
        return None
    line = rules.lines[rank]
    missing = line - score
    if missing * BASIS > line * (BASIS - value.policy.keep_share):
        return None
    return _near("earns", rules.names[rank + 1], missing, weight)


def _near(what: Literal["keeps", "earns"], tier: str, missing: int, weight: int) -> NearLine | None:
    return NearLine(what, tier, -(-missing * BASIS // weight)) if missing > 0 else None
