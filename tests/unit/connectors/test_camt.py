"""camt.053 and camt.054: what becomes of entries, whichever version and order they come in."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from services.connectors.document import DocumentRefused
from services.connectors.ports import Made, MadeEvent
from tests.support.bank_cases import (
    CASES,
    as_expected,
    books_of,
    config_of,
    expected_of,
    feed_of,
    hand_in,
)

CASE = "v1-camt053-batch-return"
BODY = (CASES / CASE / "statement.xml").read_bytes()
ENTRY = re.compile(rb"<Ntry>.*?</Ntry>", re.DOTALL)
CLOSING = b'<Amt Ccy="EUR">1969.20</Amt>'


def read(body: bytes, **changed: object) -> Made:
    config = {**config_of(CASE), **changed}
    return hand_in(body, feed_of(config), books_of(config))


def worklist(made: Made) -> list[dict[str, Any]]:
    return [
        {
            "key": list(one.key),
            "amount": one.event["data"]["amount"],  # type: ignore[index, call-overload]
            "sign": {"in": "credit", "out": "debit"}[one.event["data"]["direction"]],  # type: ignore[index, call-overload]
            "why": one.because,
            "suggestions": [],
        }
        for one in made.events
        if one.for_worklist
    ]


def test_the_case_comes_out_as_expected() -> None:
    touchpoints, expected = expected_of(CASE)
    made = read(BODY)
    assert as_expected(made.events) == touchpoints
    assert worklist(made) == expected["worklist"]
    assert [{"key": list(one.key), "why": one.why} for one in made.ignored] == sorted(
        expected["ignored"], key=lambda one: one["key"], reverse=True
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_entries_and_a_second_delivery_change_nothing(seed: int) -> None:
    entries = ENTRY.findall(BODY)
    random.Random(seed).shuffle(entries)
    shuffled = iter(entries)
    body = ENTRY.sub(lambda _: next(shuffled), BODY)
    config = config_of(CASE)
    books = books_of(config)
    first = hand_in(body, feed_of(config), books, at_once=1 + seed)
    again = hand_in(BODY, feed_of(config), books)
    assert as_expected(first.events) == expected_of(CASE)[0]
    assert (again.events, len(again.seen)) == ([], 5)


def test_what_is_known_later_changes_no_fact() -> None:
    config = config_of(CASE)
    books = books_of(config)
    hand_in(BODY, feed_of(config), books)
    before = dict(books.published)
    later = books_of(
        {**config, "invoices": [], "customers": [{"id": "C-9", "names": ["Unbekannt"]}]}
    )
    later.published = books.published
    made = hand_in(BODY, feed_of(config), later)
    assert made.events == []
    assert later.published == before


def test_two_files_give_what_one_gives() -> None:
    entries = ENTRY.findall(BODY)
    config = config_of(CASE)
    books = books_of(config)
    made: list[MadeEvent] = []
    for part in (entries[3:], entries[:3]):  # the return first
        body = ENTRY.sub(b"", BODY).replace(CLOSING, b'<Amt Ccy="EUR">0.00</Amt>')
        body = body.replace(b"CLBD", b"CLAV").replace(b"</Stmt>", b"".join(part) + b"</Stmt>")
        made += hand_in(body, feed_of(config), books).events
    assert as_expected(made) == expected_of(CASE)[0]


@pytest.mark.parametrize("version", [f"{n:02}" for n in range(2, 15)])
def test_every_version_says_the_same(version: str) -> None:
    body = BODY.replace(b"001.08", f"001.{version}".encode())
    if int(version) < 7:
        body = body.replace(b"<Sts><Cd>BOOK</Cd></Sts>", b"<Sts>BOOK</Sts>")
        body = body.replace(b"<Sts><Cd>PDNG</Cd></Sts>", b"<Sts>PDNG</Sts>")
        body = re.sub(rb"<Pty>(<Nm>[^<]*</Nm>)</Pty>", rb"\1", body)
    if int(version) < 3:
        part = rb"(</Refs>)(<Amt Ccy=\"EUR\">[^<]*</Amt>)"
        body = re.sub(part, rb"\1<AmtDtls><TxAmt>\2</TxAmt></AmtDtls>", body)
    assert as_expected(read(body).events) == expected_of(CASE)[0]


def test_a_notification_and_then_the_statement_count_once() -> None:
    notification = re.sub(rb"<Bal>.*?</Bal>", b"", BODY)
    notification = notification.replace(b"camt.053", b"camt.054").replace(
        b"BkToCstmrStmt", b"BkToCstmrDbtCdtNtfctn"
    )
    notification = re.sub(rb"(</?)Stmt>", rb"\1Ntfctn>", notification)
    config = config_of(CASE)
    books = books_of(config)
    first = hand_in(notification, feed_of(config), books)
    assert as_expected(first.events) == expected_of(CASE)[0]
    assert hand_in(BODY, feed_of(config), books).events == []


def test_a_batch_told_as_one_sum_first_is_not_counted_again_by_its_parts() -> None:
    config = config_of(CASE)
    books = books_of(config)
    closed = re.sub(rb"(<NbOfTxs>2</NbOfTxs></Btch>).*?(</NtryDtls>)", rb"\1\2", BODY)
    first = hand_in(closed, feed_of(config), books)
    sums = [one for one in first.events if one.key == ("R-2",)]
    assert [one.because for one in sums] == [
        "several payments in one sum that its parts do not explain"
    ]
    assert [one.key for one in hand_in(BODY, feed_of(config), books).events] == []


def test_parts_that_do_not_add_up_stay_one_sum() -> None:
    made = read(BODY.replace(b'<Amt Ccy="EUR">450.50</Amt>', b'<Amt Ccy="EUR">450.49</Amt>'))
    assert [one.key for one in made.events if one.for_worklist] == [("R-2",), ("R-4", "1")]
    foreign = read(BODY.replace(b'<Amt Ccy="EUR">450.50</Amt>', b'<Amt Ccy="USD">450.50</Amt>'))
    assert ("R-2",) in [one.key for one in foreign.events if one.for_worklist]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (CLOSING, b'<Amt Ccy="EUR">1969.21</Amt>', "1 minor units of EUR are missing"),
        (b"0532013000</IBAN>", b"0532013001</IBAN>", "the feed is of"),
        (b"80.00", b"80.001", "finer than"),
        (b'"EUR">80.00', b'"EUR">NaN', "is no amount"),
        (b"2026-01-05", b"2026-02-30", "no day that exists"),
        (b"CRDT", b"CREDIT", "neither CRDT nor DBIT"),
        (b"</Document>", b"", "no XML that can be read"),
        (b"BkToCstmrStmt", b"BkToCstmrAcctRpt", "interim report"),
        (b"<Document", b"<!DOCTYPE x [<!ENTITY a 'b'>]><Document", "document type"),
    ],
)
def test_a_document_that_cannot_be_right_is_refused_whole(
    old: bytes, new: bytes, said: str
) -> None:
    with pytest.raises(DocumentRefused, match=said):
        read(BODY.replace(old, new))


def in_part(*entries: bytes) -> bytes:
    """Return the case's document as a part of a statement, of which balances prove nothing."""
    body = ENTRY.sub(b"", BODY).replace(b"CLBD", b"CLAV")
    return body.replace(b"</Stmt>", b"".join(entries) + b"</Stmt>")


def test_a_payment_is_taken_back_once_and_whole() -> None:
    [returned] = [one for one in ENTRY.findall(BODY) if b">R-3<" in one]
    again = returned.replace(b">R-3<", b">R-3B<")
    config = config_of(CASE)
    books = books_of(config)
    made = hand_in(in_part(returned, again), feed_of(config), books).events
    later = hand_in(in_part(returned.replace(b">R-3<", b">R-3C<")), feed_of(config), books).events
    part = read(in_part(returned.replace(b"99.00", b"60.00"))).events
    assert [one.event["type"] for one in made] == ["payment.reversed", "payment.money_unassigned"]
    for [one] in ([made[1]], later, part):
        assert one.for_worklist
        assert one.because == "taken back, and the payment is not found"


@pytest.mark.parametrize("family", [b"ICDT</Cd><SubFmlyCd>PRCT", b"ICDT</Cd><SubFmlyCd>ESCT"])
def test_a_transfer_that_we_paid_takes_nothing_back(family: bytes) -> None:
    [debit] = [one for one in ENTRY.findall(BODY) if b">R-5<" in one]
    made = read(in_part(debit.replace(b"CHRG</Cd><SubFmlyCd>COMM", family)))
    assert made.events == []
    assert [one.why for one in made.ignored] == ["debit that is no return: paid by us"]


def test_a_transfer_of_ours_that_came_back_is_nobody_s_payment() -> None:
    [credit] = [one for one in ENTRY.findall(BODY) if b">R-1<" in one]
    back = credit.replace(b"RCDT</Cd><SubFmlyCd>ESCT", b"ICDT</Cd><SubFmlyCd>RRTN")
    instant = credit.replace(b"RCDT</Cd>", b"RRCT</Cd>")
    [one] = read(in_part(back)).events
    assert (one.for_worklist, one.because) == (True, "a payment of ours that came back")
    [other] = read(in_part(instant)).events
    assert other.event["type"] == "payment.payment_received"


def test_a_number_of_payments_that_is_none_refuses_the_document() -> None:
    with pytest.raises(DocumentRefused, match="NbOfTxs"):
        read(BODY.replace(b"<NbOfTxs>2<", b"<NbOfTxs>two<"))


@pytest.mark.parametrize(("invoice", "found"), [("1001", False), ("RENT", False), ("R10012", True)])
def test_an_end_to_end_id_of_the_payer_s_names_an_invoice_only_where_it_is_telling(
    invoice: str, found: bool
) -> None:
    config = config_of(CASE)
    books = books_of(config)
    books.name(invoice, "invoice", invoice, "C-1001")
    [credit] = [one for one in ENTRY.findall(BODY) if b">R-4<" in one]
    body = in_part(credit.replace(b"NOTPROVIDED", invoice.encode()))
    [one] = hand_in(body, feed_of(config), books).events
    assert one.for_worklist is not found
