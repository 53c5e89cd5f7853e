"""Whose money it is: rules in order, the first that holds decides, and nothing is guessed.

1. A reference of ours whose check digits hold, or the end-to-end id that we issued.
2. Numbers of our invoices or orders in the text; all found belong to one customer.
3. The payer's account, known for exactly one customer.
4. The payer's name, equal to exactly one customer's, and an amount that is open on exactly one
   invoice of that customer.

Whatever else there is goes to the work list, with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from events.envelope import CustomerId
from events.texts import N_, worded
from services.connectors.ports import Directory, KnownPayment, Named, OpenItem
from services.connectors.statement import StatementLine
from services.connectors.texts import Candidate

WHY: Mapping[str, str] = {
    "nothing_known": N_("no reference, name and account unknown"),
    "several_customers": N_("the numbers in it belong to several customers"),
    "account_of_several": N_("the account is known for several customers"),
    "name_of_several": N_("the name is that of several customers"),
    "amount_fits_nothing": N_("the name is known, and the amount is open on no single invoice"),
    "batch_not_split": N_("several payments in one sum that its parts do not explain"),
    "no_payment_found": N_("taken back, and the payment is not found"),
    "payment_not_unique": N_("taken back, and several payments may be meant"),
    "debit_taken_back": N_("a payment of ours that came back"),
    "no_order_known": N_("no order or invoice of ours is named"),
}
"""Why money is on the work list, by the word that its event holds."""


class Match(Struct, frozen=True):
    """Whose money it is, what it cites, and by which rule."""

    customer: CustomerId
    because: str  # worded
    invoice_ids: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()


class Unmatched(Struct, frozen=True):
    """That no rule holds; `why` is a word of `WHY`."""

    why: str


def whose(line: StatementLine, directory: Directory) -> Match | Unmatched:
    """Return whose a line is by the rules above."""
    unmatched = Unmatched("nothing_known")
    for rule in (_by_reference, _by_number, _by_account, _by_name_and_amount):
        match rule(line, directory):
            case Match() as found:
                return found
            case Unmatched() as found:
                if found.why == "several_customers":
                    return found
                unmatched = found
            case None:
                pass
    return unmatched


def _by_reference(line: StatementLine, directory: Directory) -> Match | Unmatched | None:
    found = _ours(line.references, directory, ("invoice",))
    return _cited(found, worded("our reference %(reference)s", reference=_first(found)))


def _by_number(line: StatementLine, directory: Directory) -> Match | Unmatched | None:
    said = said_in(line.candidates, directory.named)
    found = _ours(said, directory, ("invoice", "order"))
    return _cited(found, worded("our number %(number)s in the text", number=_first(found)))


def _by_account(line: StatementLine, directory: Directory) -> Match | Unmatched | None:
    if line.account is None:
        return None
    holders = directory.holders.get(line.account, frozenset())
    customer = _only(holders, directory)
    if customer is not None:
        return Match(customer, worded("the payer's account is known for this customer alone"))
    return Unmatched("account_of_several") if holders else None


def _by_name_and_amount(line: StatementLine, directory: Directory) -> Match | Unmatched | None:
    for name in line.names:
        bearers = directory.bearers.get(name, frozenset())
        customer = _only(bearers, directory)
        if customer is None:
            if bearers:
                return Unmatched("name_of_several")
            continue
        fitting = invoices_of(line, directory.open_items.get(directory.head(customer), ()))
        if len(fitting) == 1:
            because = worded("name and amount fit invoice %(invoice)s alone", invoice=fitting[0])
            return Match(customer, because, invoice_ids=tuple(fitting))
        return Unmatched("amount_fits_nothing")
    return None


def invoices_of(line: StatementLine, items: Sequence[OpenItem]) -> Sequence[str]:
    """Return the invoices of which an instalment, or all that is open, is just this amount."""
    fitting: dict[str, None] = {}
    totals: dict[str, int] = {}
    for item in items:
        if item.balance.currency != line.amount.currency:
            continue
        totals[item.invoice_id] = totals.get(item.invoice_id, 0) + item.balance.minor
        if item.balance == line.amount:
            fitting[item.invoice_id] = None
    fitting.update((one, None) for one, minor in totals.items() if minor == line.amount.minor)
    return list(fitting)


def said_in(found: Iterable[Candidate], named: Mapping[str, Sequence[Named]]) -> Sequence[str]:
    """Return the known numbers in a text, none of which lies within a longer one."""
    known = [one for one in found if one.plain in named]
    return [
        one.plain
        for one in known
        if not any(
            other.start <= one.start
            and one.stop <= other.stop
            and other.stop - other.start > one.stop - one.start
            for other in known
        )
    ]


def _ours(said: Iterable[str], directory: Directory, kinds: Collection[str]) -> Sequence[Named]:
    found = {
        (one.kind, one.id, one.customer): one
        for text in said
        for one in directory.named.get(text, ())
        if one.kind in kinds
    }
    return list(found.values())


def _cited(found: Sequence[Named], because: str) -> Match | Unmatched | None:
    if not found:
        return None
    if len({one.head for one in found}) > 1:
        return Unmatched("several_customers")
    return Match(
        found[0].customer,
        because,
        invoice_ids=tuple(dict.fromkeys(one.id for one in found if one.kind == "invoice")),
        order_ids=tuple(dict.fromkeys(one.id for one in found if one.kind == "order")),
    )


def _first(found: Sequence[Named]) -> str:
    return found[0].id if found else ""


def _only(customers: frozenset[CustomerId], directory: Directory) -> CustomerId | None:
    """Return the one customer that all of these are, merges taken into account."""
    if len({directory.head(one) for one in customers}) != 1:
        return None
    return min(customers)


class Returned(Struct, frozen=True):
    """The payment that was taken back, whose it was, and by which rule it was found."""

    customer: CustomerId
    payment_id: str
    because: str  # worded


def which_payment(
    line: StatementLine,
    directory: Directory,
    earlier: Mapping[CustomerId, Sequence[KnownPayment]],
    taken_back: Collection[str],
) -> Returned | Unmatched:
    """Return the payment that a line takes back.

    It is the one of its end-to-end id, if its amount is just this and it stands; else the latest of
    just this amount of the customer whom the line names. `earlier` are payments of the same
    document by head, `taken_back` those that it takes back elsewhere.
    """
    own = _ours(line.payments, directory, ("payment",))
    if len(own) > 1:
        return Unmatched("payment_not_unique")
    customer = own[0].customer if own else _counterparty(line, directory)
    if customer is None:
        return Unmatched("no_payment_found")
    head = directory.head(customer)
    known = {one.payment_id: one for one in directory.payments.get(head, ())}
    known |= {one.payment_id: one for one in earlier.get(head, ()) if one.payment_id not in known}
    fitting = [
        one
        for one in known.values()
        if one.amount == line.amount and not one.is_reversed and one.payment_id not in taken_back
    ]
    if own:
        # Reversing undoes a payment whole and once: a part of it, or a second time, is a person's.
        if own[0].id not in {one.payment_id for one in fitting}:
            return Unmatched("no_payment_found")
        because = worded("the payment of end-to-end id %(id)s", id=line.end_to_end)
        return Returned(customer, own[0].id, because)
    if not fitting:
        return Unmatched("no_payment_found")
    return Returned(
        customer, fitting[-1].payment_id, worded("the latest payment of this amount and payer")
    )


def _counterparty(line: StatementLine, directory: Directory) -> CustomerId | None:
    """Return whom a line names: by reference, number, account or name, in this order."""
    for rule in (_by_reference, _by_number, _by_account):
        found = rule(line, directory)
        if isinstance(found, Match):
            return found.customer
        if found is not None:
            return None
    for name in line.names:
        customer = _only(directory.bearers.get(name, frozenset()), directory)
        if customer is not None:
            return customer
    return None
