"""The overview's panels as people read them."""

import re

import pytest
from msgspec import structs

from events.policy import Reference
from services.console.i18n import LANGUAGES
from services.console.overview import Overview
from services.console.panels import draw
from services.console.queries.ageing import BranchBalance, CurrencyAgeing
from services.console.queries.board import Board
from services.console.queries.freshness import Freshness
from services.console.queries.pyramid import Pyramid
from services.console.queries.rates import WINDOW_S, Rates
from tests.support.log import START


def owed(currency: str, open_minor: int) -> CurrencyAgeing:
    """Return what is open in a currency of which 1.00 a day was invoiced."""
    return CurrencyAgeing(currency, (), 1, open_minor, 1, open_minor, 9_000, 0)


OVERVIEW = Overview(
    at=START,
    change=7,
    reference=Reference(),
    freshness=Freshness("receivables", 1, "token", 1, 1, 0, 0, 0),
    rates=Rates((0,) * WINDOW_S, ()),
    customers=1,
    standing=0,
    ageing=(owed("CNY", 100), owed("HKD", 700)),
    balances=(BranchBalance("HK", "HKD", 700, 600), BranchBalance("SH", "CNY", 100, 50)),
    feed=(),
    pyramid=Pyramid("CNY", ()),
    board=Board((), 0, 0, 0),
)


def said(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", markup))


def test_one_of_anything_is_said_in_the_singular() -> None:
    panels = draw(OVERVIEW, "en")
    assert "1 event waiting" in said(panels["freshness"])
    assert "1 open item " in said(panels["tiles"])
    assert "DSO 1 day " in said(panels["tiles"])
    many = structs.replace(OVERVIEW, ageing=(owed("CNY", 110),))
    assert "DSO 1.1 days " in said(draw(many, "en")["tiles"])
    assert "DSO 1.1 天 " in said(draw(many, "zh-CN")["tiles"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_currency_is_in_the_table_of_what_is_overdue(language: str) -> None:
    panel = draw(OVERVIEW, language)["overdue"]
    chart, table = panel.split("<details")
    assert "SH" in chart
    assert "HK" not in chart.replace("HKD", "")
    groups = table.split('scope="rowgroup"')[1:]
    assert ["CNY" in groups[0], "HKD" in groups[1]] == [True, True]
    assert 'href="/receivables?branch=HK&amp;currency=HKD"' in groups[1]
    assert "HK$6.00" in groups[1]
    assert "branch=HK" not in groups[0]


def test_one_currency_needs_no_heading() -> None:
    one = structs.replace(OVERVIEW, ageing=OVERVIEW.ageing[:1])
    assert "rowgroup" not in draw(one, "en")["overdue"]
