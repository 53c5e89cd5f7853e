"""ISO 20022 statements: camt.053 and camt.054, all versions from 001.02 to 001.14.

Of what is read here the versions differ in four places: the state of an entry (`Sts`, `Sts/Cd`),
a party (`Nm`, `Pty/Nm`), the amount of a part (`AmtDtls/TxAmt/Amt`, `Amt`) and bank codes, which
are not read. CdtDbtInd is the direction of the money; RvslInd only says what it was.
Source: the message definitions at iso20022.org.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct

from events.money import Money
from events.texts import N_, worded
from services.connectors.amounts import local_day, midnight, money
from services.connectors.document import Document, DocumentRefused, Feed
from services.connectors.formats.statement_keys import Keyed, keys_of
from services.connectors.money import StatementReading, money_id
from services.connectors.ports import NotMade
from services.connectors.statement import Kind, Said, StatementLine, line_of
from services.connectors.texts import plain
from services.connectors.xml import Element, parsed
from services.wording import quoted

_MESSAGES = {
    "BkToCstmrStmt": "Stmt",
    "BkToCstmrDbtCdtNtfctn": "Ntfctn",
}
_INTERIM = "BkToCstmrAcctRpt"
_NOTHING = {"NOTPROVIDED", "NONREF", "NOTAVAILABLE", "NOT PROVIDED"}

_CHARGES = {"CHRG", "FEES", "COMM", "COME", "COMI", "COMT", "TAXE", "NTAV/CHRG"}
_INTEREST = {"INTR", "FINT", "DINT", "CINT", "OINT"}
_SWEEPS = {"CAMT"}  # a domain: cash management between our own accounts
_RETURNS = {"UPDD", "PRDD", "RRTN", "RPCR", "UPCQ", "UPCT", "RCDD", "UPCC"}
_INSTANT_IN = "RRCT"  # a family: instant transfers that came in, of which a debit is a return


class CamtSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The account of ours that is told of; without one, every account of a document is taken."""

    account: str | None = None


class _Entry(Struct, frozen=True, kw_only=True):
    """A booked entry, before its key is known."""

    node: Element
    amount: Money
    is_credit: bool
    day: date
    reference: str | None
    codes: tuple[str, ...]
    parts: tuple[Element, ...]


class Camt:
    """Reads camt.053 and camt.054."""

    format = "camt"
    title = N_("ISO 20022 bank statements (camt.053, camt.054)")
    settings: type[Struct] = CamtSettings

    def read(self, document: Document, feed: Feed) -> StatementReading:
        """Return what a document says. Raises: DocumentRefused."""
        chosen = feed.settings_as(CamtSettings)
        entries: list[_Entry] = []
        ignored: list[NotMade] = []
        controls: list[str] = []
        for statement in _statements(document):
            currency = _check_account(statement, chosen, document.name)
            booked: list[_Entry] = []
            for node in statement.all("Ntry"):
                found = _entry(node, feed, document.name)
                if isinstance(found, NotMade):
                    ignored.append(found)
                else:
                    booked.append(found)
            if statement.name == "Stmt":
                controls.append(_balance(statement, booked, currency, document.name))
            entries += booked
        lines: list[StatementLine] = []
        for entry, key in zip(entries, keys_of([_keyed(one) for one in entries]), strict=True):
            left_out = _left_out(entry)
            if left_out is not None:
                ignored.append(NotMade(key=key, why=left_out))
            else:
                lines += _lines(entry, key, feed, document.name)
        return StatementReading(feed, lines, ignored, controls)


def _statements(document: Document) -> Iterator[Element]:
    root = parsed(document)
    for message, statement in _MESSAGES.items():
        for body in root.all(message):
            yield from body.all(statement)
            return
    if root.one(_INTERIM) is not None:
        raise DocumentRefused(
            f"{document.name}: an interim report (camt.052), of which entries may still change: "
            "hand in the statement (camt.053) or the notification (camt.054)"
        )
    raise DocumentRefused(
        f"{document.name}: no camt.053 or camt.054, but {quoted(root.name)} of "
        f"{quoted(root.space.strip('{}'))}"
    )


def _check_account(statement: Element, chosen: CamtSettings, name: str) -> str | None:
    """Let an account of ours pass and return its currency. Raises: DocumentRefused."""
    account = statement.text("Acct/Id/IBAN", "Acct/Id/Othr/Id")
    if chosen.account is not None and plain(account or "") != plain(chosen.account):
        raise DocumentRefused(
            f"{name}: it tells of account {quoted(account)}, and the feed is of "
            f"{quoted(chosen.account)}; hand it in at the feed of its own account"
        )
    return statement.text("Acct/Ccy")


def _amount(node: Element, path: str, where: str) -> Money:
    found = node.one(path)
    if found is None:
        raise DocumentRefused(f"{where}: an entry without an amount")
    return money(found.text("") or "", found.attribute("Ccy"), where)


def _entry(node: Element, feed: Feed, name: str) -> _Entry | NotMade:
    reference = node.text("AcctSvcrRef")
    where = f"{name}, entry {reference or node.text('NtryRef') or ''}".rstrip()
    state = node.text("Sts/Cd", "Sts/Prtry", "Sts") or "BOOK"
    if state != "BOOK":
        key = (reference or node.text("NtryRef") or "",)
        return NotMade(key=key, why=worded("not booked (%(state)s)", state=state))
    written = node.text("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")
    if written is None:
        raise DocumentRefused(f"{where}: a booked entry without a day")
    return _Entry(
        node=node,
        amount=_amount(node, "Amt", where),
        is_credit=_is_credit(node, where),
        day=local_day(written, feed.tz, where),
        reference=_given(reference),
        codes=tuple(
            code
            for path in ("Domn/Cd", "Domn/Fmly/Cd", "Domn/Fmly/SubFmlyCd", "Prtry/Cd")
            if (code := node.text(f"BkTxCd/{path}"))
        ),
        parts=tuple(node.all("NtryDtls/TxDtls")),
    )


def _is_credit(node: Element, where: str) -> bool:
    mark = node.text("CdtDbtInd")
    if mark not in ("CRDT", "DBIT"):
        raise DocumentRefused(f"{where}: it says neither CRDT nor DBIT, but {quoted(mark)}")
    return mark == "CRDT"


def _given(text: str | None) -> str | None:
    return None if text is None or text.upper() in _NOTHING else text


def _is_reversal(entry: _Entry) -> bool:
    return entry.node.text("RvslInd") in ("true", "1")


def _is_return(entry: _Entry) -> bool:
    """Return whether an entry takes back one before it: what came in, or what we paid."""
    return (
        _is_reversal(entry)
        or (_INSTANT_IN in entry.codes and not entry.is_credit)
        or not _RETURNS.isdisjoint(entry.codes)
        or any(part.one("RtrInf") is not None for part in entry.parts)
    )


def _left_out(entry: _Entry) -> str | None:
    """Return why an entry is no customer's money, worded; None: it may be."""
    charge = not _CHARGES.isdisjoint(entry.codes)
    interest = not _INTEREST.isdisjoint(entry.codes)
    if not _SWEEPS.isdisjoint(entry.codes):
        return worded("a transfer between accounts of our own")
    if entry.is_credit:
        if charge:
            return worded("a charge of the bank taken back, no customer's money")
        return worded("interest of the bank") if interest else None
    if charge and not _is_return(entry):
        return worded("debit that is no return: bank charge")
    if interest and not _is_return(entry):
        return worded("debit that is no return: interest")
    return None if _is_return(entry) else worded("debit that is no return: paid by us")


def _keyed(entry: _Entry) -> Keyed:
    mark = "C" if entry.is_credit else "D"
    if _is_reversal(entry):  # the reversal of a debit comes in, that of a credit goes out
        mark = "RD" if entry.is_credit else "RC"
    texts = [text for part in entry.parts for text in _texts(part)]
    return Keyed(
        reference=entry.reference,
        day=entry.day,
        mark=mark,
        minor=entry.amount.minor,
        said=(
            "/".join(entry.codes),
            entry.reference or "",
            *(part.text("Refs/EndToEndId") or "" for part in entry.parts),
            *texts,
            entry.node.text("AddtlNtryInf") or "",
        ),
    )


def _lines(entry: _Entry, key: tuple[str, ...], feed: Feed, name: str) -> Iterator[StatementLine]:
    """Yield the payments of an entry: its parts, where they explain it."""
    kind: Kind = "received" if entry.is_credit else "returned"
    unclear = "debit_taken_back" if entry.is_credit and _is_return(entry) else None
    amounts = _part_amounts(entry, name)
    said = _number_of_parts(entry, name)
    if amounts is None or said > max(1, len(entry.parts)):
        yield _line(entry, key, None, entry.amount, kind, feed, "batch_not_split")
    elif len(entry.parts) < 2:
        part = entry.parts[0] if entry.parts else None
        own = key if len(key) > 1 else (*key, "1")
        yield _line(entry, own, part, entry.amount, kind, feed, unclear)
    else:
        for n, (part, amount) in enumerate(zip(entry.parts, amounts, strict=True), start=1):
            yield _line(entry, (*key, str(n)), part, amount, kind, feed, unclear)


def _number_of_parts(entry: _Entry, name: str) -> int:
    written = entry.node.text("NtryDtls/Btch/NbOfTxs") or "1"
    if not written.isdecimal() or len(written) > 15:
        raise DocumentRefused(f"{name}: {quoted(written)} is no number of payments (NbOfTxs)")
    return int(written)


def _part_amounts(entry: _Entry, name: str) -> Sequence[Money] | None:
    """Return the amounts of an entry's parts; None: they do not explain it, so it stays one sum."""
    if len(entry.parts) < 2:
        return []
    amounts = []
    for part in entry.parts:
        node = part.one("Amt") or part.one("AmtDtls/TxAmt/Amt")
        mark = part.text("CdtDbtInd")
        if node is None or node.attribute("Ccy") != entry.amount.currency:
            return None
        if mark is not None and (mark == "CRDT") != entry.is_credit:
            return None
        amounts.append(money(node.text("") or "", entry.amount.currency, name))
    return amounts if sum(one.minor for one in amounts) == entry.amount.minor else None


def _line(
    entry: _Entry,
    key: tuple[str, ...],
    part: Element | None,
    amount: Money,
    kind: Kind,
    feed: Feed,
    unclear: str | None,
) -> StatementLine:
    reference = entry.reference
    if reference is not None and len(entry.parts) > 1 and part is not None:
        reference = f"{reference}/{key[-1]}"
    direct_debit = not {"IDDT", "RDDT"}.isdisjoint(entry.codes)
    return line_of(
        key=key,
        kind=kind,
        amount=amount,
        at=midnight(entry.day, feed.tz),
        method="direct_debit" if direct_debit and kind == "received" else "bank_transfer",
        payment_id=money_id(feed, key),
        said=_said(entry, part),
        bank_reference=reference,
        whole=key[:-1] if len(entry.parts) > 1 and part is not None else None,
        reason=_reason(entry, part),
        unclear=unclear,
    )


def _said(entry: _Entry, part: Element | None) -> Said:
    note = entry.node.text("AddtlNtryInf")
    if part is None:
        return Said(text=note or "")
    debtor = ("RltdPties/Dbtr/Pty/Nm", "RltdPties/Dbtr/Nm")
    beyond = ("RltdPties/UltmtDbtr/Pty/Nm", "RltdPties/UltmtDbtr/Nm")
    given = [
        text
        for path in ("RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/RfrdDocInf/Nb")
        for node in part.all(path)
        if (text := node.text(""))
    ]
    return Said(
        text=" ".join([*_texts(part), *([note] if note else [])]),
        references=tuple(given),
        end_to_end=_given(part.text("Refs/EndToEndId")),
        payers=tuple(name for name in (part.text(*debtor), part.text(*beyond)) if name),
        account=part.text("RltdPties/DbtrAcct/Id/IBAN", "RltdPties/DbtrAcct/Id/Othr/Id"),
    )


def _texts(part: Element) -> Sequence[str]:
    paths = ("RmtInf/Ustrd", "RmtInf/Strd/AddtlRmtInf", "AddtlTxInf")
    return [text for path in paths for node in part.all(path) if (text := node.text(""))]


def _reason(entry: _Entry, part: Element | None) -> str | None:
    if entry.is_credit:
        return None
    found = part.text("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry") if part is not None else None
    return found or ("bank reversal" if _is_reversal(entry) else "returned")


def _balance(statement: Element, booked: Sequence[_Entry], currency: str | None, name: str) -> str:
    """Return the control of the balances, worded. Raises: DocumentRefused, where it fails."""
    opening, closing = _standing(statement, ("OPBD", "PRCD")), _standing(statement, ("CLBD",))
    if opening is None or closing is None:
        return worded("balances are not checked: the document holds only a part of the statement")
    wanted = closing[1]
    if any(one.amount.currency != wanted for one in booked) or opening[1] != wanted:
        raise DocumentRefused(f"{name}: an entry is not in the account's currency {wanted}")
    moved = sum(one.amount.minor if one.is_credit else -one.amount.minor for one in booked)
    difference = closing[0] - opening[0] - moved
    if difference:
        raise DocumentRefused(
            f"{name}: opening balance and booked entries do not give the closing balance: "
            f"{difference} minor units of {wanted} are missing or too many; ask for the file anew"
        )
    return worded("opening balance and booked entries give the closing balance")


def _standing(statement: Element, kinds: Sequence[str]) -> tuple[int, str] | None:
    """Return the first balance of some kinds in minor units, and its currency."""
    for kind in kinds:
        for node in statement.all("Bal"):
            if node.text("Tp/CdOrPrtry/Cd") != kind:
                continue
            amount = _amount(node, "Amt", "a balance")
            sign = 1 if _is_credit(node, "a balance") else -1
            return sign * amount.minor, amount.currency
    return None
