"""Exports of wallets and banks: what they pad, sign and repeat, read by what they call it."""

from __future__ import annotations

import random

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

CASE = "v3-alipay-refund-tabs"
BODY = (CASES / CASE / "alipay_record_20260201.csv").read_bytes()


def test_the_case_comes_out_as_expected() -> None:
    config = config_of(CASE)
    touchpoints, expected = expected_of(CASE)
    made = hand_in(BODY, feed_of(config), books_of(config))
    assert as_expected(made.events) == touchpoints
    assert not any(one.for_worklist for one in made.events)
    assert [one.why for one in made.ignored] == [one["why"] for one in expected["ignored"]]


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_rows_and_a_second_delivery_change_nothing(seed: int) -> None:
    lines = BODY.splitlines(keepends=True)
    rows = lines[11:]
    random.Random(seed).shuffle(rows)
    config = config_of(CASE)
    books = books_of(config)
    first = hand_in(b"".join([*lines[:11], *rows]), feed_of(config), books, at_once=1 + seed)
    assert as_expected(first.events) == expected_of(CASE)[0]
    assert hand_in(BODY, feed_of(config), books).events == []


def test_two_files_give_what_one_gives() -> None:
    lines = BODY.splitlines(keepends=True)
    config = config_of(CASE)
    books = books_of(config)
    made: list[MadeEvent] = []
    for rows in (lines[12:], lines[11:12]):  # the refund before the sale
        made += hand_in(b"".join([*lines[:11], *rows]), feed_of(config), books).events
    assert as_expected(made) == expected_of(CASE)[0]


def read(format_name: str, text: str, encoding: str = "gb18030") -> Made:
    config = {
        "branch": "B-01",
        "feed": "bank",
        "connector": format_name,
        "zone": "Asia/Shanghai",
        "invoices": [
            {
                "invoice_id": "INV-2026-0001",
                "customer": "C-1",
                "open": 123_456,
                "currency": "CNY",
                "references": [],
            }
        ],
        "customers": [{"id": "C-1", "names": ["北京示例有限公司"]}],
    }
    return hand_in(text.encode(encoding), feed_of(config), books_of(config))


ICBC = (
    "明细查询文件下载\n\n卡号: 1234****9876\n\n"
    "交易日期,摘要,交易详情,交易场所,记账金额(收入),记账金额(支出),记账币种,余额,对方户名,对方账户\n"
    '2026-01-05     \t,"他行汇入 \t"," \t"," \t","1,234.56   \t","     \t",人民币 \t,"x,y \t",'
    '"北京示例有限公司      \t","1234****9876 \t",\n'
    '2026-01-04     \t,"消费  \t","    \t","   \t","  \t","13.40  \t",人民币 \t,"x,y \t",'
    '"餐厅      \t","1234****9876 \t",\n'
    ' \n人民币合计,,,,"1,234.56 \t","13.40 \t",\n'
)

BOC = (
    "中国银行交易流水明细单\n"
    "记账日期,记账时间,币别,金额,余额,交易名称,附言,对方账户名,对方卡号/账号\n"
    '2026-01-05,17:57:17,人民币,"1,234.56","2,234.56",转账,货款inv 2026 0001,---------,6226***\n'
    '2026-01-05,09:00:00,人民币,-50.00,"1,000.00",支付,----------,餐厅,6226******5669\n'
    '2026-01-04,09:00:00,人民币,50.00,"1,050.00",转账,----------,某人,6226******5669\n'
)

CMB = (
    "记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要\n"
    '2026-01-05,CNY,"1,234.56","1,271.66",转账,北京示例有限公司,货款\n'
    '2026-01-04,CNY,"-1,000.00",271.66,转账汇款,张三,转账\n'
)

BOCOM = (
    "序号,交易日期,交易时间,交易类型,借贷,交易金额,余额,对方账号,对方户名,交易地点,摘要\n"
    "1,2026-01-05,10:00:00,转账,贷 Cr,1234.56,2000.00,666,北京示例有限公司,网银,货款\n"
    "2,2026-01-05,11:00:00,消费,借 Dr,3.21,1996.79,667,餐厅,其他,\n"
)


@pytest.mark.parametrize(
    ("format_name", "text", "assigned", "left_out"),
    [
        ("icbc", ICBC, 1, ["money that we paid"]),
        ("boc", BOC, 1, ["money that we paid"]),
        ("cmb", CMB, 1, ["money that we paid"]),
        ("bocom", BOCOM, 1, ["借 Dr: our own purchase"]),
    ],
)
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_each_bank_s_export_is_read_by_what_it_calls_things(
    format_name: str, text: str, assigned: int, left_out: list[str], encoding: str
) -> None:
    made = read(format_name, text, encoding)
    paid = [one for one in made.events if not one.for_worklist]
    assert [one.event["subject"] for one in paid] == ["C-1"] * assigned
    assert [one.event["data"]["amount"]["minor"] for one in paid] == [123_456]  # type: ignore[index, call-overload]
    assert [one.why for one in made.ignored] == left_out


def test_a_chain_of_balances_that_breaks_is_refused() -> None:
    with pytest.raises(DocumentRefused, match="does not follow from the one before"):
        read("boc", BOC.replace("某人,6226******5669\n", "某人,6226******5669\n") + (
            '2026-01-03,09:00:00,人民币,7.00,"1,000.00",转账,----------,某人,6226******5669\n'
            '2026-01-02,09:00:00,人民币,7.00,"992.00",转账,----------,某人,6226******5669\n'
        ))  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("记账日期", "日期", "no line begins with the cell"),
        ("金额", "数额", "has no column"),
        ("2026-01-05", "2026-13-05", "no day that exists"),
        ("-50.00", "fifty", "is no amount"),
    ],
)
def test_an_export_of_another_shape_is_refused_whole(old: str, new: str, said: str) -> None:
    with pytest.raises(DocumentRefused, match=said):
        read("boc", BOC.replace(old, new))
