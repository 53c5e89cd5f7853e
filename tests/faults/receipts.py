"""Waiting for what the clients are told."""

from __future__ import annotations

import asyncio
import time

from tests.faults.clients import Fleet
from tests.faults.matrix import Outcome

_PATIENCE_S = 120.0
_POLL_S = 0.05


async def publishes(outcome: Outcome, fleet: Fleet) -> float:
    """Wait for the next receipt; return how long that took."""
    started, before = time.monotonic(), len(fleet.ledger.receipts)
    while len(fleet.ledger.receipts) == before and fleet.busy:
        if time.monotonic() - started > _PATIENCE_S:
            outcome.wrong.append(f"nothing was acknowledged for {_PATIENCE_S:.0f} s")
            break
        await asyncio.sleep(_POLL_S)
    return time.monotonic() - started
