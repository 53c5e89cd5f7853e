"""The kinds of policy by name: what each says, and the touchpoint that publishes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, get_type_hints

from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import TYPES, PolicyRecord, ReferenceTouchpoint

_PREFIX, _SUFFIX = "policy.", "_published"


class Kind(NamedTuple):
    """A kind of policy: `tiers` is `TierPolicy`, published by `TierPolicyPublished`."""

    name: str
    record: type[PolicyRecord]
    published: type[ReferenceTouchpoint]

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of what the policy says."""
        return self.record.__struct_fields__


def _kinds() -> Mapping[str, Kind]:
    found = {}
    touchpoints: Sequence[type[Touchpoint]] = TYPES
    for touchpoint in touchpoints:
        name = touchpoint.event_type
        if issubclass(touchpoint, ReferenceTouchpoint) and name.startswith(_PREFIX):
            name = name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
            found[name] = Kind(name, get_type_hints(touchpoint)["policy"], touchpoint)
    return MappingProxyType(found)


KINDS: Mapping[str, Kind] = _kinds()
"""Every kind of policy: ageing, alerts, dunning, credit, tiers, costs, ..."""
