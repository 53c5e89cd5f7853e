"""What would open a shut credit gate: the least payment or limit, and every single debt, paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import accumulate
from typing import NamedTuple

from events.money import Money
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import CreditLimitSet, PaymentReceived
from projections.receivables.charged import account_charges
from projections.receivables.projection import Receivables
from projections.receivables.rows import (
    ACCOUNTS,
    CHARGES,
    ITEMS,
    AccountRow,
    ChargeRow,
    ItemRow,
    interest_on,
)
from services.audit.acts_tried import NEW, Doing, Trial, Way

_OWED = Receivables()


class _Debt(NamedTuple):
    """An item on which something is open, with the fees and the interest that are owed on it."""

    invoice_id: str
    principal: int
    amount: int  # in all, what runs as interest included


class _Owed(NamedTuple):
    """What is open in a currency: items in the order in which they fall due, and debts."""

    currency: str
    exposure: int
    items: Sequence[ItemRow]
    debts: Sequence[_Debt]


def opening(trial: Trial) -> Iterator[Way]:
    """Yield what would open the gate of each currency in which it is shut.

    What is overdue too long shuts the gate in every currency, and is paid in its own.
    """
    accounts = [r for r in trial.rows(_OWED, ACCOUNTS.name) if isinstance(r, AccountRow)]
    shut = [one for one in accounts if one.gate_refusal is not None]
    if not shut:
        return
    items = [r for r in trial.rows(_OWED, ITEMS.name) if isinstance(r, ItemRow)]
    charges = [r for r in trial.rows(_OWED, CHARGES.name) if isinstance(r, ChargeRow)]
    owed = [_owed(account, items, charges, trial.today) for account in accounts]
    for account in shut:
        yield from _ways(trial, account, owed)


def _owed(
    account: AccountRow, items: Sequence[ItemRow], charges: Sequence[ChargeRow], today: date
) -> _Owed:
    currency = account.currency
    mine = [one for one in items if one.currency == currency and one.balance_minor]
    mine.sort(key=lambda one: one.due_on)
    running = [one for one in charges if one.currency == currency]
    exposure = account_charges(account, mine, running, today).exposure_minor
    return _Owed(currency, exposure, mine, _debts(mine, running, today))


def _ways(trial: Trial, account: AccountRow, owed: Sequence[_Owed]) -> Iterator[Way]:
    """Yield what opens the gate in a currency: by itself, or else in another."""
    own = next(one for one in owed if one.currency == account.currency)
    limit = account.limit_minor
    over = 0 if limit is None else max(0, own.exposure - limit)
    found = [*_payments(trial, account, over, own)]
    if over:
        act = CreditLimitSet(limit=Money(own.exposure, own.currency))
        if _is_open(trial, account, act):
            found.append(_open(account, "set_limit", act.limit))
    if not found:
        for other in owed:
            if other is not own:
                found += _payments(trial, account, 0, other)
    yield from found


def _debts(items: Sequence[ItemRow], charges: Sequence[ChargeRow], today: date) -> Sequence[_Debt]:
    """Return what is open by the item that it is owed on, in the order of the items."""
    on: Counter[str] = Counter()
    for one in items:
        on[one.invoice_id if one.kind in ("fee", "interest") else one.item_id] += one.balance_minor
    for charge in charges:
        on[charge.item_id] += interest_on(charge, today).owed_minor
    sold = {one.item_id: one for one in items if one.kind not in ("fee", "interest")}
    found = [
        _Debt(one.invoice_id, one.balance_minor, on.pop(item_id)) for item_id, one in sold.items()
    ]
    return [*found, *(_Debt(item_id, 0, amount) for item_id, amount in on.items() if amount)]


def _payments(trial: Trial, account: AccountRow, over: int, owed: _Owed) -> Iterator[Way]:
    """Yield the least payment that opens the gate, and every single debt that does it as well.

    What a payment must come to is what exceeds the limit, or what is cleared first up to some
    item: items by themselves, or debt by debt, as the order of clearing has it. What is disputed
    must be named, and of what is named all is cleared.
    """
    debts = owed.debts
    through = [*accumulate(one.amount for one in debts)]
    reached = [  # where the item itself comes first of what is owed on it
        paid - one.amount + one.principal for one, paid in zip(debts, through, strict=True)
    ]
    sums = {*accumulate(one.balance_minor for one in owed.items), *through, *reached}
    found: tuple[str, ...] | None = None
    for amount in sorted({over, *(max(paid, over) for paid in sums)} - {0}):
        money = Money(amount, owed.currency)
        cited = (one for one, paid in zip(debts, reached, strict=True) if paid <= amount)
        named = tuple(dict.fromkeys(one.invoice_id for one in cited))
        found = next((to for to in ((), named) if _opens(trial, account, money, to)), None)
        if found is not None:
            yield _open(account, "pay", money, found)
            break
    for debt in debts if len(debts) > 1 else ():
        to, money = (debt.invoice_id,), Money(debt.amount, owed.currency)
        if to != found and _opens(trial, account, money, to):
            yield _open(account, "pay", money, to)


def _opens(trial: Trial, account: AccountRow, money: Money, to: tuple[str, ...]) -> bool:
    return _is_open(trial, account, PaymentReceived(payment_id=NEW, amount=money, invoice_ids=to))


def _is_open(trial: Trial, account: AccountRow, act: Touchpoint) -> bool:
    rows = trial.rows(_OWED, ACCOUNTS.name, [act])
    mine = (r for r in rows if isinstance(r, AccountRow) and r.currency == account.currency)
    return all(row.gate_refusal is None for row in mine)


def _open(account: AccountRow, doing: Doing, money: Money, names: tuple[str, ...] = ()) -> Way:
    return Way(goal="open_gate", subject=account.currency, doing=doing, names=names, amount=money)
