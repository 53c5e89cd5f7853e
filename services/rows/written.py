"""What the database holds of one customer under one projection."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field

from projections.protocol import Alert, Row, RowKey

WrittenRows = dict[str, MutableMapping[RowKey, Row]]  # by table name


@dataclass(slots=True)
class Written:
    """What the database holds of a customer under one projection.

    `stamp` is that of the assessment it was written from; None: it was read from there.
    """

    rows: WrittenRows = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    stamp: object = None
