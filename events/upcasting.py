"""From an old schema version to the next, and so to the latest; pure functions of the fields.

A step takes the fields as their writer's schema gave them and returns new ones. It exists only
where Avro's own rules (a default for what is new, silence for what is gone) would lose meaning.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

Fields = dict[str, object]
Upcaster = Callable[[Fields], Fields]


def _promise_names_several_invoices(fields: Fields) -> Fields:
    """Return version 2 of a promise to pay: the one invoice of version 1 is a list of one."""
    rest = {name: value for name, value in fields.items() if name != "invoice_id"}
    invoice = fields["invoice_id"]
    return {**rest, "invoice_ids": [] if invoice is None else [invoice]}


UPCASTERS: Mapping[tuple[str, int], Upcaster] = MappingProxyType(
    {("payment.promise_made", 1): _promise_names_several_invoices}
)
"""The step that leads from a version of an event type to the one after it."""


def upcast(event_type: str, version: int, latest: int, fields: Fields) -> Fields:
    """Return the fields as the latest version would have them; a version without a step stays."""
    for old in range(version, latest):
        step = UPCASTERS.get((event_type, old))
        if step is not None:
            fields = step(fields)
    return fields
