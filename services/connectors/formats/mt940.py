"""MT940 statements: the fields by mt-940 with all of its mends, signs by the mark alone.

The mark says the direction: C and RD come in, D and RC go out. A day is the entry's (booking),
not the value's. Source: SWIFT's MT940, and the business transaction codes (GVC) of the German
banks' agreement on remote data transmission for structured :86: fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import cast

import mt940
from msgspec import Struct

from events.money import Money
from events.texts import N_, worded
from services.connectors.amounts import midnight, signed_minor
from services.connectors.document import Document, DocumentRefused, Feed
from services.connectors.formats.statement_keys import Keyed, keys_of
from services.connectors.money import StatementReading, money_id
from services.connectors.ports import NotMade
from services.connectors.statement import Kind, Said, StatementLine, line_of
from services.connectors.texts import is_telling, plain
from services.wording import quoted

_NOTHING = {"NONREF", "NOTPROVIDED", ""}
_CHARGES = {"CHG", "COM"}
_SWEEPS = {"SWP", "CMI", "CMN", "CMP", "CMS", "CMT", "CMZ"}
_RETURNED_ITEM = "RTI"
_RETURN_CODES = {"108", "109"}  # a direct debit of ours that was taken back
_CAME_BACK_CODES = {"159", "181", "183", "184"}  # a payment of ours that came back
_OPENINGS = ("final_opening_balance", "intermediate_opening_balance")
_CLOSINGS = ("final_closing_balance", "intermediate_closing_balance")

_SIGNS = {"C": 1, "D": -1, "RC": -1, "RD": 1}

_Fields = Mapping[str, object]


class Mt940Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The account of ours that is told of, and how its file is written."""

    account: str | None = None
    encoding: str | None = None  # None: UTF-8, else as western banks write


class _Entry(Struct, frozen=True, kw_only=True):
    fields: dict[str, object]
    mark: str
    minor: int
    currency: str
    day: date

    def text(self, name: str) -> str:
        """Return a field without line ends, empty where it says nothing."""
        found = self.fields.get(name)
        return " ".join(found.split()) if isinstance(found, str) else ""

    @property
    def type(self) -> str:
        """Return the three letters of the transaction's type."""
        return self.text("id")[1:]


class Mt940:
    """Reads MT940."""

    format = "mt940"
    title = N_("SWIFT bank statements (MT940)")
    settings: type[Struct] = Mt940Settings

    def read(self, document: Document, feed: Feed) -> StatementReading:
        """Return what a document says. Raises: DocumentRefused."""
        chosen = feed.settings_as(Mt940Settings)
        text = _text(document, chosen)
        entries: list[_Entry] = []
        controls: list[str] = []
        statements = _statements(text, document.name)
        for statement in statements:
            _check_account(statement.data, chosen, document.name)
            found = [_entry(one.data, document.name) for one in statement if one.data.get("id")]
            controls.append(_balance(statement.data, found, document.name))
            entries += found
        lines: list[StatementLine] = []
        ignored: list[NotMade] = []
        for entry, key in zip(entries, keys_of([_keyed(one) for one in entries]), strict=True):
            own = key if len(key) > 1 else (*key, "1")
            left_out = _left_out(entry)
            if left_out is None:
                lines.append(_line(entry, own, feed))
            else:
                ignored.append(NotMade(key=own, why=left_out))
        return StatementReading(feed, lines, ignored, controls)


def _text(document: Document, chosen: Mt940Settings) -> str:
    for encoding in [chosen.encoding] if chosen.encoding else ["utf-8-sig", "cp1252", "latin-1"]:
        try:
            return document.body.decode(encoding)
        except UnicodeDecodeError:
            continue
        except LookupError as error:
            raise DocumentRefused(f"there is no encoding {quoted(encoding)}") from error
    raise DocumentRefused(
        f"{document.name}: not written in {chosen.encoding}; mend the feed's setting `encoding`"
    )


def _statements(text: str, name: str) -> Sequence[mt940.models.Transactions]:
    if ":61:" not in text and ":60" not in text:
        raise DocumentRefused(f"{name}: no MT940: neither a balance (:60F:) nor an entry (:61:)")
    processors: mt940.models.Processors = {
        "pre_transaction_details": [_keep_details],
        "post_statement": [
            *mt940.models.Transactions.DEFAULT_PROCESSORS["post_statement"],
            _keep_reference,
        ],
    }
    try:
        found = mt940.parse_statements(text, processors=processors, options=mt940.Options.all())
    except (
        RuntimeError,
        ValueError,
        KeyError,
        TypeError,
        AssertionError,
        ArithmeticError,
    ) as error:
        raise DocumentRefused(f"{name}: no MT940 that can be read: {str(error)[:300]}") from error
    return cast("Sequence[mt940.models.Transactions]", found)


def _keep_details(
    _transactions: object, _tag: object, fields: dict[str, object]
) -> dict[str, object]:
    """Keep :86: as it is written, for the key; the library takes it apart."""
    return fields | {"as_written": fields.get("transaction_details")}


def _keep_reference(
    _transactions: object, _tag: object, fields: dict[str, object], result: dict[str, object]
) -> dict[str, object]:
    """Keep the customer's reference of :61:, to which the library adds that of :86:."""
    return result | {"own_reference": fields.get("customer_reference")}


def _check_account(data: _Fields, chosen: Mt940Settings, name: str) -> None:
    """Let pass our account, whole or without an IBAN's check digits. Raises: DocumentRefused."""
    written = str(data.get("account_identification") or "")
    if chosen.account is None or not written:
        return
    told, ours = plain(written), plain(chosen.account)
    bare = told[:-3] if told[-3:].isalpha() else told  # a currency may stand behind it
    if bare and (bare in ours or ours in bare):
        return
    raise DocumentRefused(
        f"{name}: it tells of account {quoted(written)}, and the feed is of "
        f"{quoted(chosen.account)}; hand it in at the feed of its own account"
    )


def _entry(fields: dict[str, object], name: str) -> _Entry:
    mark = str(fields.get("status") or "").upper()
    amount, day = fields.get("amount"), fields.get("entry_date") or fields.get("date")
    if mark not in _SIGNS or not isinstance(day, date):
        raise DocumentRefused(f"{name}: an entry with the mark {quoted(mark)} or without a day")
    written, currency = _amount(amount, name)
    minor = abs(signed_minor(written, currency, f"{name}, entry of {day}"))
    return _Entry(
        fields=fields,
        mark=mark,
        minor=minor,
        currency=currency,
        day=date(day.year, day.month, day.day),
    )


def _amount(amount: object, name: str) -> tuple[str, str]:
    value, currency = getattr(amount, "amount", None), getattr(amount, "currency", None)
    if not isinstance(value, Decimal) or not currency:
        raise DocumentRefused(f"{name}: an amount without a currency: no balance names one")
    return str(value), str(currency)


def _balance(data: _Fields, entries: Sequence[_Entry], name: str) -> str:
    """Return the control of the balances, worded. Raises: DocumentRefused, where it fails."""
    opening = next((data[one] for one in _OPENINGS if data.get(one)), None)
    closing = next((data[one] for one in _CLOSINGS if data.get(one)), None)
    if opening is None or closing is None:
        return worded("balances are not checked: the document holds only a part of the statement")
    before, currency = _amount(getattr(opening, "amount", None), name)
    after, _ = _amount(getattr(closing, "amount", None), name)
    moved = sum(_SIGNS[one.mark] * one.minor for one in entries)
    difference = signed_minor(after, currency, name) - signed_minor(before, currency, name) - moved
    if difference:
        raise DocumentRefused(
            f"{name}: opening balance and booked entries do not give the closing balance: "
            f"{difference} minor units of {currency} are missing or too many; ask for the file anew"
        )
    return worded("opening balance and booked entries give the closing balance")


def _keyed(entry: _Entry) -> Keyed:
    written = entry.fields.get("as_written")
    said = [entry.fields.get(name) for name in ("id", "own_reference", "bank_reference")]
    return Keyed(
        reference=_given(entry.text("bank_reference")),
        day=entry.day,
        mark=entry.mark,
        minor=entry.minor,
        said=(*(str(one or "") for one in said), str(written or "")),
    )


def _given(text: str) -> str | None:
    return None if text.upper() in _NOTHING else text


def _left_out(entry: _Entry) -> str | None:
    """Return why an entry is no customer's money, worded; None: it may be."""
    charge = entry.type in _CHARGES or entry.text("transaction_code").startswith("8")
    if entry.type in _SWEEPS:
        return worded("a transfer between accounts of our own")
    if entry.type == "INT":
        return worded("interest of the bank")
    if charge and entry.mark == "RD":
        return worded("RD: a charge of the bank taken back, no customer's money")
    if charge and entry.mark == "RC":
        return worded("RC: a credit of the bank taken back, no customer's money")
    if charge:
        return worded("debit that is no return: bank charge") if entry.mark == "D" else None
    if entry.mark == "D" and not _is_return(entry):
        return worded("debit that is no return: paid by us")
    return None


def _is_return(entry: _Entry) -> bool:
    code = entry.text("transaction_code")
    return entry.mark == "RC" or entry.type == _RETURNED_ITEM or code in _RETURN_CODES


def _line(entry: _Entry, key: tuple[str, ...], feed: Feed) -> StatementLine:
    kind: Kind = "received" if _SIGNS[entry.mark] > 0 else "returned"
    came_back = entry.mark == "RD" or entry.text("transaction_code") in _CAME_BACK_CODES
    reason = None
    if kind == "returned":
        notes = entry.text("return_debit_notes")
        reason = "bank reversal RC" if entry.mark == "RC" else notes or "returned"
    references = [_given(entry.text("own_reference")), _given(entry.text("customer_reference"))]
    texts = ("purpose", "additional_purpose", "transaction_details", "extra_details")
    payers = ("applicant_name", "deviate_applicant")
    return line_of(
        key=key,
        kind=kind,
        amount=Money(entry.minor, entry.currency),
        at=midnight(entry.day, feed.tz),
        method="bank_transfer",
        payment_id=money_id(feed, key),
        bank_reference=_given(entry.text("bank_reference")),
        said=Said(
            text=" ".join(text for name in texts if (text := entry.text(name))),
            references=tuple(one for one in references if one and is_telling(plain(one))),
            end_to_end=_given(entry.text("end_to_end_reference")),
            payers=tuple(text for name in payers if (text := entry.text(name))),
            account=entry.text("applicant_iban") or entry.text("gvc_applicant_iban") or None,
        ),
        reason=reason,
        unclear="debit_taken_back" if kind == "received" and came_back else None,
    )
