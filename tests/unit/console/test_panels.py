"""The overview's panels as people read them."""

import re
from functools import partial

import pytest
from msgspec import structs

from events.policy import Reference
from services.console.app import renderer
from services.console.cases.board import Board
from services.console.overview import panels
from services.console.overview.gathering import Overview
from services.console.overview.rates import WINDOW_S, Rates
from services.console.receivables.ageing import BranchBalance, CurrencyAgeing
from services.console.shared.freshness import Freshness
from services.console.value.pyramid import Pyramid
from services.web.languages import LANGUAGES
from tests.support.log import START


def owed(currency: str, open_minor: int) -> CurrencyAgeing:
    """Return what is open in a currency of which 1.00 a day was invoiced."""
    return CurrencyAgeing(currency, (), 1, open_minor, 1, open_minor, 9_000, 0, 0, 0, 0)


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
    persons={},
)


draw = partial(panels.draw, renderer())


def said(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", markup))


def test_one_of_anything_is_said_in_the_singular() -> None:
    drawn = draw(OVERVIEW, "en")
    assert "1 event waiting" in said(drawn["freshness"])
    assert "1 open item " in said(drawn["tiles"])
    assert "DSO 1 day " in said(drawn["tiles"])
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


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "The first 9 of 12 branches"), ("zh-CN", "共 12 家分公司，此处为前 9 家")],
)
def test_a_chart_of_some_branches_says_so_and_leads_to_all(language: str, sentence: str) -> None:
    names = [f"B-{n:02}" for n in range(12)]
    twelve = structs.replace(
        OVERVIEW,
        rates=Rates((0,) * WINDOW_S, tuple((name, 5) for name in names)),
        balances=tuple(BranchBalance(name, "CNY", 100, 50) for name in names),
    )
    drawn = draw(twelve, language)
    for panel, table in (("branches", "all-branches"), ("overdue", "all-overdue")):
        chart, below = drawn[panel].split("<details")
        assert sentence in said(chart)
        assert f'href="#{table}"' in chart
        assert f'id="{table}"' in below
        assert all(name in below for name in names)
        assert "B-09" not in chart
    nine = structs.replace(twelve, rates=Rates((0,) * WINDOW_S, twelve.rates.by_branch[:9]))
    assert "#all-branches" not in draw(nine, language)["branches"]
    other = (BranchBalance("Z", "HKD", 1, 1),)
    few = structs.replace(twelve, balances=(*twelve.balances[:9], *other))
    assert "#all-overdue" not in draw(few, language)["overdue"]
