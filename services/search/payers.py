"""From which accounts customers pay: learned from payments, by tokens alone.

A payment that is taken back because it was never the customer's is unlearned.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from asyncpg import Record

from events.codec import decode
from events.errors import EventError
from events.touchpoints.payment import PaymentReceived, PaymentReversed
from services.ports import Vault
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.search.letters import plain_of
from services.search.tokens import Kind, Tokens
from services.vault.subject_key import SealBroken

_LOG = structlog.get_logger(__name__)

NEVER_THEIRS = "misassigned"
"""Why a payment is reversed that was assigned to the wrong customer."""


async def learn_payers(pool: Pool, vault: Vault, tokens: Tokens, events: Sequence[Record]) -> None:
    """Learn from which accounts customers paid, by events in their order. Raises: Unavailable."""
    learned: list[tuple[int, str, str]] = []
    gone: list[tuple[str, str]] = []
    for row in events:
        if row["type"] not in (PaymentReceived.event_type, PaymentReversed.event_type):
            continue
        try:
            data = decode(row["data"])
        except EventError:  # the index has said so already
            continue
        customer = row["customer_id"]
        if isinstance(data, PaymentReversed) and data.reason == NEVER_THEIRS:
            gone.append((customer, data.payment_id))
        elif isinstance(data, PaymentReceived) and data.sealed is not None:
            account = await _account(vault, customer, str(row["event_id"]), data.sealed)
            if account:
                token = tokens.of(Kind.ACCOUNT, account)
                learned.append((token, customer, data.payment_id))
    with translated():
        if learned:
            await pool.execute(sql("payer_learn"), *map(list, zip(*learned, strict=True)))
        if gone:
            await pool.execute(sql("payer_unlearn"), *map(list, zip(*gone, strict=True)))


async def _account(vault: Vault, customer: str, event_id: str, sealed: bytes) -> str | None:
    try:
        fields = await vault.open(customer, event_id, sealed)
    except SealBroken:
        _LOG.warning("payer_seal_broken", event_id=event_id)
        return None
    return plain_of(fields["payer_account"]) if fields and "payer_account" in fields else None
