"""A validated touchpoint on its way in, its personal fields still readable."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec
from msgspec import NODEFAULT, Struct

from events.envelope import BranchId, Envelope
from events.touchpoints.base import Touchpoint


class Scope(Struct, frozen=True):
    """Whom a key speaks for: one branch, and at headquarters also the company's rules."""

    branch_id: BranchId
    headquarters: bool = False
    key_id: str | None = None  # of the branch's key; None: this process speaks for the branch


class Draft(Struct, frozen=True):
    """What a sender wants recorded. `data` was converted to its type, not just constructed."""

    envelope: Envelope
    data: Touchpoint
    personal: Mapping[str, str] | None = None


def canonical_content(draft: Draft) -> bytes:
    """Return the bytes that are equal for an honest retry and for nothing else (decision 16).

    Without the clocks of sending and collecting and without trace fields, which differ from
    attempt to attempt. What equals its default is left out, so that a field added to a type
    later does not turn a retry into a conflict.
    """
    e = draft.envelope
    content = {
        "type": e.type,
        "subject": e.subject,
        "branch": e.branch_id,
        "source": e.source,
        "epoch": e.epoch,
        "sequence": e.sequence,
        "created": e.created_at,
        "correlation": e.correlation_id,
        "causation": e.causation_id,
        "data": _given_fields(draft.data),
        "personal": draft.personal or {},
    }
    return msgspec.json.encode(content, order="sorted")


def _given_fields(data: Touchpoint) -> dict[str, object]:
    given = {}
    for name, default in _defaults(type(data)).items():
        value = getattr(data, name)
        if value != default:
            given[name] = _without_nothing(msgspec.to_builtins(value))
    return given


@cache
def _defaults(touchpoint: type[Touchpoint]) -> Mapping[str, object]:
    fields = msgspec.structs.fields(touchpoint)
    return {
        f.name: f.default_factory() if f.default_factory is not NODEFAULT else f.default
        for f in fields
    }


def _without_nothing(value: object) -> object:
    """Return a value without the nulls and empty lists inside it."""
    if isinstance(value, dict):
        return {k: _without_nothing(v) for k, v in value.items() if v is not None and v != []}
    if isinstance(value, list):
        return [_without_nothing(v) for v in value]
    return value


def local_scope(branch: str) -> Scope:
    """Return the rights of whoever may run commands on the platform's own machine."""
    return Scope(BranchId(branch), headquarters=True)
