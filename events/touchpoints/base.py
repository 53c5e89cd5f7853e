"""What every touchpoint type has in common, and the constrained words their fields use."""

from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

Key = Annotated[str, Meta(min_length=1, max_length=120)]
"""An opaque identifier of the sender's: an invoice number, an order number, a staff id."""

Text = Annotated[str, Meta(max_length=400)]
"""A short word of classification. Free text about a person travels sealed, never here."""

Count = Annotated[int, Meta(ge=0, le=10**9)]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
"""A share or rate in hundredths of a percent."""


Instant = Annotated[datetime, Meta(tz=True)]
"""An instant says its offset from UTC; a clock reading without one is refused."""


class Touchpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A fact about a customer (or a branch, or a policy): immutable, in the past tense.

    `event_type` is its name on the wire, `version` its schema's, and `personal` names the
    fields that a sender may give under `personal`; the gateway seals those into `sealed`.

    It holds nothing that could refer back to it, so the garbage collector does not track it
    (`gc=False`, here and in the envelope): with a worker's hundreds of thousands of facts in
    memory, its passes over them would cost more than decoding.
    """

    event_type: ClassVar[str]
    version: ClassVar[int] = 1
    personal: ClassVar[frozenset[str]] = frozenset()


class PersonalTouchpoint(Touchpoint, frozen=True, kw_only=True):
    """A touchpoint that may carry personal data, encrypted under its customer's key."""

    sealed: bytes | None = None
