"""What several statements are given alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered

Arguments = Sequence[object]

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
A_DAY = date(2024, 6, 1)
ONE, OTHER = UUID(int=1), UUID(int=2)
CUSTOMER, PARTITION = "C000013", 1
CUSTOMERS = [CUSTOMER, "C000014"]
OURS = ("receivables", 1)
ALL = (["receivables", "value_tiers", "case_board"], [1, 1, 1])
BUILD = ("receivables", 1, "receivables_rebuild")
TWO_BUILDS = ("receivables", 1, "receivables_rebuild", 1)
USES = (["reference.branch_set B-7"], [301])
PARTITIONS = list(range(12))
TYPES = ["payment.payment_received", "payment.invoice_issued"]
HOME = [CustomerRegistered.event_type, CustomerProfileChanged.event_type]
TODAYS = (["B-1", "B-2"], [739_000, 739_000], 739_000)
AN_ALERT = (
    uuid4(), "overdue", "I", 30, CUSTOMER, "B-1", NOW, "CNY", 5, "open", None, None, None, None,
)  # fmt: skip
AN_EVENT = (
    [uuid4()], ["C-new"], ["/branches/B-1/new"], ["t"], ["B-1"], [0], [1], [NOW], [None], [None],
    [NOW], [None], [None], [None], [None], [NOW], [b"x"],
)  # fmt: skip
