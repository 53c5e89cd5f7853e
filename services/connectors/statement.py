"""A line of an account's statement, whatever format told it: money that moved, and what it said."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from events.money import Money
from services.connectors.texts import (
    Candidate,
    candidates,
    checked_references,
    is_telling,
    plain,
)
from services.connectors.texts import structured_reference as structured

Kind = Literal["received", "returned", "refunded"]


class StatementLine(Struct, frozen=True, kw_only=True):
    """One movement that may be a customer's. All that is compared is plain (`texts.plain`)."""

    key: tuple[str, ...]
    kind: Kind
    amount: Money
    at: datetime
    method: str
    payment_id: str
    bank_reference: str | None = None
    whole: tuple[str, ...] | None = None  # the key of the sum that it is a part of
    references: tuple[str, ...] = ()  # given as such, or with check digits that hold
    payments: tuple[str, ...] = ()  # by which a payment that is taken back may be named
    end_to_end: str | None = None
    candidates: tuple[Candidate, ...] = ()  # numbers that may stand in the text
    account: str | None = None  # of the payer
    names: tuple[str, ...] = ()  # of the payer
    payer: str | None = None  # as written
    written_account: str | None = None
    text: str = ""
    reason: str | None = None  # why it was taken back
    unclear: str | None = None  # why no rule may decide: a word of `matching.WHY`


class Said(Struct, frozen=True, kw_only=True):
    """What a format found beside amount and day, as written."""

    text: str = ""
    references: tuple[str, ...] = ()
    end_to_end: str | None = None
    payers: tuple[str, ...] = ()
    account: str | None = None


def line_of(
    *,
    key: tuple[str, ...],
    kind: Kind,
    amount: Money,
    at: datetime,
    method: str,
    payment_id: str,
    said: Said,
    bank_reference: str | None = None,
    whole: tuple[str, ...] | None = None,
    reason: str | None = None,
    unclear: str | None = None,
) -> StatementLine:
    """Return a line with everything in it that may name a customer or an invoice."""
    given = [one for one in map(structured, said.references) if one]
    end_to_end = said.end_to_end if said.end_to_end and plain(said.end_to_end) else None
    issued = [plain(end_to_end)] if end_to_end else []
    found = checked_references(said.text)
    account = plain(said.account) if said.account and "*" not in said.account else ""
    return StatementLine(
        key=key,
        kind=kind,
        amount=amount,
        at=at,
        method=method,
        payment_id=payment_id,
        bank_reference=bank_reference,
        whole=whole,
        references=tuple(dict.fromkeys([*given, *filter(is_telling, issued), *found])),
        payments=(*issued, *(plain(f"dd{one}") for one in issued)),
        end_to_end=end_to_end,
        candidates=tuple(candidates(said.text)),
        account=account or None,
        names=tuple(dict.fromkeys(name for one in said.payers if (name := plain(one)))),
        payer=next((one for one in said.payers if one), None),
        written_account=said.account if account else None,
        text=said.text,
        reason=reason,
        unclear=unclear,
    )
