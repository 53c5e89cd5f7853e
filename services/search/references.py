"""What an event names that people ask for by number: invoices, orders, payments and cases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, get_type_hints

from events.cases.terms import native_case_id
from events.touchpoints import TYPES
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import ComplaintFiled, ServiceRequested

ReferenceKind = Literal["invoice", "order", "payment", "credit_note", "refund", "case"]

_FIELDS: Mapping[str, ReferenceKind] = MappingProxyType(
    {
        "invoice_id": "invoice",
        "invoice_ids": "invoice",
        "payment_reference": "invoice",
        "order_id": "order",
        "order_ids": "order",
        "payment_id": "payment",
        "credit_note_id": "credit_note",
        "refund_id": "refund",
        "case_id": "case",
        "case_ref": "case",
    }
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHORT = 8
"""Of a case's number that is a UUID, pages show the beginning."""


class Reference(NamedTuple):
    """Something that an event names."""

    kind: ReferenceKind
    text: str

    @property
    def written(self) -> tuple[str, ...]:
        """Return how people write it: also by the beginning, where pages show no more."""
        if self.kind == "case" and _UUID.fullmatch(self.text):
            return self.text, self.text[:_SHORT]
        return (self.text,)


def _named() -> Iterator[tuple[type[Touchpoint], tuple[str, ...]]]:
    for kind in TYPES:
        fields = tuple(name for name in get_type_hints(kind) if name in _FIELDS)
        if fields or kind in (ComplaintFiled, ServiceRequested):
            yield kind, fields


_BY_TYPE: Mapping[type[Touchpoint], tuple[str, ...]] = MappingProxyType(dict(_named()))

NAMING_TYPES = frozenset(kind.event_type for kind in _BY_TYPE)
"""The types of events that name something."""


def references_in(data: Touchpoint, event_id: str) -> Iterator[Reference]:
    """Yield what an event names; a complaint also the case that it opens by itself."""
    for name in _BY_TYPE.get(type(data), ()):
        value = getattr(data, name)
        for text in value if isinstance(value, tuple) else (value,):
            if text:
                yield Reference(_FIELDS[name], text)
    if isinstance(data, ComplaintFiled | ServiceRequested) and data.case_ref is None:
        yield Reference("case", native_case_id(event_id))
