"""What the exports of Chinese wallets and banks call their columns and words.

Sources: exports as their users publish them for import by accounting programs. A wallet's refund
is a row of its own; the state of the sale's own row says nothing of it.
"""

from __future__ import annotations

from events.texts import N_
from services.connectors.formats.tables import Dialect, Table

ALIPAY = Dialect(
    format="alipay",
    title=N_("Alipay account export"),
    header="交易时间",
    day=("交易时间",),
    amount="金额",
    direction="收/支",
    incoming=("收入",),
    outgoing=("支出",),
    refunds={"交易分类": ("退款",), "交易状态": ("退款成功",)},
    done={"交易状态": ("交易成功", "交易关闭", "已收款")},
    id="交易订单号",
    references=("商家订单号",),
    texts=("商品说明", "备注"),
    payer="交易对方",
    account="对方账号",
    method="alipay",
    prefix="alipay",
)

WECHAT = Dialect(
    format="wechat",
    title=N_("WeChat Pay account export"),
    header="交易时间",
    day=("交易时间",),
    amount="金额(元)",
    direction="收/支",
    incoming=("收入",),
    outgoing=("支出",),
    refunds={"交易类型": ("退款",)},
    done={
        "当前状态": (
            "已收钱",
            "已存入零钱",
            "支付成功",
            "已转账",
            "充值成功",
            "已全额退款",
            "已退款",
        )
    },
    id="交易单号",
    references=("商户单号",),
    texts=("商品", "备注"),
    payer="交易对方",
    method="wechat",
    prefix="wechat",
)

ICBC = Dialect(
    format="icbc",
    title=N_("Account export of the Industrial and Commercial Bank of China"),
    header="交易日期",
    day=("交易日期",),
    credit="记账金额(收入)",
    debit="记账金额(支出)",
    texts=("摘要", "交易详情", "交易场所"),
    payer="对方户名",
    account="对方账户",
    balance="余额",
)

CMB = Dialect(
    format="cmb",
    title=N_("Account export of China Merchants Bank"),
    header="记账日期",
    day=("记账日期",),
    amount="交易金额",
    texts=("交易摘要", "客户摘要", "对手信息"),
    payer="对手信息",
)

BOC = Dialect(
    format="boc",
    title=N_("Account export of the Bank of China"),
    header="记账日期",
    day=("记账日期", "记账时间"),
    amount="金额",
    texts=("附言", "交易名称"),
    payer="对方账户名",
    account="对方卡号/账号",
    balance="余额",
)

BOCOM = Dialect(
    format="bocom",
    title=N_("Account export of the Bank of Communications"),
    header="序号",
    day=("交易日期", "交易时间"),
    amount="交易金额",
    direction="借贷",
    incoming=("贷",),
    outgoing=("借",),
    texts=("摘要", "交易类型", "交易地点"),
    payer="对方户名",
    account="对方账号",
)

TABLES = tuple(Table(one) for one in (ALIPAY, WECHAT, ICBC, CMB, BOC, BOCOM))
