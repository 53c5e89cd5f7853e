"""Account exports of Chinese banks and wallets: tables that differ in names alone.

An export is described by what its columns and words are called, not by code. The text is read as
GB 18030, which holds gb2312 and gbk, or as UTF-8; a spreadsheet by its first sheet.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from zipfile import BadZipFile

from msgspec import Struct
from python_calamine import CalamineError, CalamineWorkbook

from events.money import Money
from events.texts import worded
from services.connectors.amounts import signed_minor
from services.connectors.document import Document, DocumentRefused, Feed
from services.connectors.formats.statement_keys import Keyed, keys_of
from services.connectors.money import StatementReading
from services.connectors.ports import NotMade
from services.connectors.statement import Kind, Said, StatementLine, line_of
from services.errors import UsageError
from services.importing.cells import Row
from services.importing.csv_rows import rows_of
from services.importing.lines import FileRefused
from services.importing.mapping import Source
from services.wording import quoted

_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_NOTHING = {"", "-", "/", "--"}


class TableSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The account of ours that is told of, so that no second feed tells of it."""

    account: str | None = None


class Dialect(Struct, frozen=True, kw_only=True):
    """What an export calls its columns and words."""

    format: str
    title: str
    header: str  # the first cell of the line with the names
    day: tuple[str, ...]  # columns that say the day and the time, together
    amount: str = ""  # one column, signed or with a word beside it
    credit: str = ""  # or two: what came in
    debit: str = ""  # and what went out
    direction: str = ""
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    refunds: Mapping[str, tuple[str, ...]] = MappingProxyType({})  # column -> words
    done: Mapping[str, tuple[str, ...]] = MappingProxyType({})  # column -> words of what is paid
    id: str = ""
    references: tuple[str, ...] = ()  # our numbers in columns of their own
    texts: tuple[str, ...] = ()
    payer: str = ""
    account: str = ""
    balance: str = ""
    method: str = "bank_transfer"
    prefix: str = ""  # of payments' ids: the wallet's, whatever feed tells of it
    currency: str = "CNY"


class Table:
    """Reads the export that a dialect describes."""

    settings: type[Struct] = TableSettings

    def __init__(self, dialect: Dialect) -> None:
        """Read what is described."""
        self._dialect = dialect
        self.format = dialect.format
        self.title = dialect.title

    def read(self, document: Document, feed: Feed) -> StatementReading:
        """Return what an export says. Raises: DocumentRefused."""
        dialect = self._dialect
        rows = list(_rows(document, dialect))
        moved = [_moved(row, dialect, feed, document.name) for row in rows]
        controls = [_chain(moved, dialect)]
        keys = _keys(moved, dialect)
        lines: list[StatementLine] = []
        ignored: list[NotMade] = []
        for one, key in zip(moved, keys, strict=True):
            left_out = _left_out(one, dialect)
            if left_out is None:
                lines.append(_line(one, key, dialect, feed))
            else:
                ignored.append(NotMade(key=key, why=left_out))
        return StatementReading(feed, lines, ignored, controls)


class _Moved(Struct, frozen=True, kw_only=True):
    """A row: its cells, and the amount that it moved, negative for what went out."""

    cells: Mapping[str, str]
    at: datetime
    minor: int
    currency: str
    balance: int | None


def _rows(document: Document, dialect: Dialect) -> Iterator[Row]:
    names = {*dialect.day, dialect.amount, dialect.credit, dialect.debit, dialect.direction}
    wanted = sorted(names | {dialect.id, *dialect.done} - {""})
    wanted = [name for name in wanted if name]
    source = Source(
        format="csv",
        key=(dialect.day[0],),
        header=dialect.header,
        trailer="empty-or-total",
        cells="strip",
        ragged="one-more",
    )
    try:
        for row in rows_of(Path(document.name), _lines(document), source, wanted):
            if not isinstance(row, Row):
                raise DocumentRefused(f"{document.name}, line {row.line}: {row.reason}")
            yield row
    except (FileRefused, UsageError) as error:
        raise DocumentRefused(str(error)) from error


def _lines(document: Document) -> Iterator[str]:
    if document.body.startswith(_SPREADSHEETS):
        return iter(_sheet(document).splitlines(keepends=True))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return iter(document.body.decode(encoding).splitlines(keepends=True))
        except UnicodeDecodeError:
            continue
    raise DocumentRefused(
        f"{document.name}: written neither in UTF-8 nor in GB 18030: hand in the export as it was "
        "made"
    )


def _sheet(document: Document) -> str:
    """Return the first sheet of a spreadsheet as lines."""
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(document.body))
        rows = workbook.get_sheet_by_index(0).to_python()
    except (CalamineError, BadZipFile, OSError, IndexError, ValueError) as error:
        raise DocumentRefused(f"{document.name}: no spreadsheet that can be read") from error
    written = io.StringIO()
    csv.writer(written).writerows([[_cell(cell) for cell in row] for row in rows])
    return written.getvalue()


def _cell(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return cell.isoformat(" ") if isinstance(cell, datetime) else str(cell)


def _said(cells: Mapping[str, str], column: str) -> str:
    text = cells.get(column, "").strip() if column else ""
    return "" if text in _NOTHING or not text.strip("-") else text


def _moved(row: Row, dialect: Dialect, feed: Feed, name: str) -> _Moved:
    cells = {column: str(cell or "") for column, cell in row.cells.items()}
    where = f"{name}, line {row.line}"
    currency = feed.currency or dialect.currency
    return _Moved(
        cells=cells,
        at=_instant(" ".join(_said(cells, one) for one in dialect.day), feed, where),
        minor=_signed(cells, dialect, currency, where),
        currency=currency,
        balance=_balance(_said(cells, dialect.balance), currency, where),
    )


def _instant(written: str, feed: Feed, where: str) -> datetime:
    bare = written.strip().replace("/", "-").replace("年", "-").replace("月", "-").replace("日", "")
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y%m%d %H:%M:%S", "%Y%m%d"):
        try:
            return datetime.strptime(bare, form).replace(tzinfo=feed.tz)
        except ValueError:
            continue
    raise DocumentRefused(f"{where}: {quoted(written)} is no day that exists")


def _minor(written: str, currency: str, where: str) -> int | None:
    bare = written.replace(",", "").lstrip("¥￥+ ")
    if not bare or "*" in bare:
        return None
    return signed_minor(bare, currency, where)


def _balance(written: str, currency: str, where: str) -> int | None:
    """Return a balance; None where there is none, or where the bank has masked it."""
    return _minor(written, currency, where) if any(map(str.isdecimal, written)) else None


def _signed(cells: Mapping[str, str], dialect: Dialect, currency: str, where: str) -> int:
    if dialect.credit:
        came = _minor(_said(cells, dialect.credit), currency, where) or 0
        went = _minor(_said(cells, dialect.debit), currency, where) or 0
        return came - went
    minor = _minor(_said(cells, dialect.amount), currency, where) or 0
    word = _said(cells, dialect.direction)
    if dialect.direction and any(one in word for one in dialect.outgoing):
        return -abs(minor)
    if _is_refund(cells, dialect):
        return -abs(minor)
    return minor


def _is_refund(cells: Mapping[str, str], dialect: Dialect) -> bool:
    """Return whether a row pays a customer back; what comes in is a refund of our own purchase."""
    if any(one in _said(cells, dialect.direction) for one in dialect.incoming):
        return False
    return any(
        word in cells.get(column, "") for column, words in dialect.refunds.items() for word in words
    )


def _left_out(one: _Moved, dialect: Dialect) -> str | None:
    """Return why a row is no customer's money, worded; None: it may be."""
    if _is_refund(one.cells, dialect):
        return None
    word = _said(one.cells, dialect.direction)
    if one.minor < 0 and word:
        return worded("%(word)s: our own purchase", word=word)
    if one.minor < 0:
        return worded("money that we paid")
    if dialect.incoming and not any(known in word for known in dialect.incoming):
        return worded("neither in nor out (%(word)s)", word=word or "/")
    for column, words in dialect.done.items():
        state = _said(one.cells, column)
        if not any(known in state for known in words):
            return worded("not paid yet (%(state)s)", state=state)
    return worded("no amount") if one.minor == 0 else None


def _keys(moved: Sequence[_Moved], dialect: Dialect) -> Sequence[tuple[str, ...]]:
    said = [
        Keyed(
            reference=_said(one.cells, dialect.id) or None,
            day=one.at.date(),
            mark="C" if one.minor >= 0 else "D",
            minor=abs(one.minor),
            said=(
                one.at.isoformat(),
                *(_said(one.cells, column) for column in (dialect.payer, dialect.account)),
                *(_said(one.cells, column) for column in dialect.texts),
            ),
        )
        for one in moved
    ]
    return keys_of(said)


def _line(one: _Moved, key: tuple[str, ...], dialect: Dialect, feed: Feed) -> StatementLine:
    refund = _is_refund(one.cells, dialect)
    kind: Kind = "refunded" if refund else "received"
    payer, account = _said(one.cells, dialect.payer), _said(one.cells, dialect.account)
    prefix = dialect.prefix or feed.name
    texts = [text for column in dialect.texts if (text := _said(one.cells, column))]
    references = [text for column in dialect.references if (text := _said(one.cells, column))]
    return line_of(
        key=key,
        kind=kind,
        amount=Money(abs(one.minor), one.currency),
        at=one.at,
        method=dialect.method,
        payment_id=f"{prefix}:{'/'.join(key)}",
        bank_reference=_said(one.cells, dialect.id) or None,
        said=Said(
            text=" , ".join([*references, *texts]),
            payers=(payer,) if payer else (),
            account=account or None,
        ),
    )


def _chain(moved: Sequence[_Moved], dialect: Dialect) -> str:
    """Return the control of the balances, worded: each follows from the one before, either way.

    Raises: DocumentRefused, where it holds for most rows and not for all.
    """
    told = [one for one in moved if one.balance is not None]
    if not dialect.balance or len(told) != len(moved) or len(moved) < 3:
        return worded("balances are not checked: the export does not tell them all")
    forwards = _steps(told)
    backwards = _steps(told[::-1])
    steps, ordered = (forwards, told) if sum(forwards) >= sum(backwards) else (
        backwards, told[::-1]
    )  # fmt: skip
    if all(steps):
        return worded("each balance follows from the one before")
    if sum(steps) * 2 <= len(steps):
        return worded("balances are not checked: the rows are not in their order")
    broken = ordered[steps.index(False) + 1]
    raise DocumentRefused(
        f"the balance of {broken.at:%Y-%m-%d %H:%M} does not follow from the one before: rows are "
        "missing or were changed; hand in the export as it was made"
    )


def _steps(rows: Sequence[_Moved]) -> list[bool]:
    return [
        (one.balance or 0) + other.minor == (other.balance or 0) for one, other in pairwise(rows)
    ]
