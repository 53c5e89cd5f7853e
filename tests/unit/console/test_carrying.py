"""Links and filters of a page of a past instant stay within it."""

from services.console.shared.carrying import carried_on

THEN = {"as_of": "2026-03-10"}


def shown(markup: str) -> str:
    return carried_on(markup, THEN, {"/receivables", "/customers"}.__contains__, "/receivables?x=1")


def test_a_link_to_a_page_of_the_past_names_the_instant() -> None:
    assert shown('<a class="f" href="/receivables">') == (
        '<a class="f" href="/receivables?as_of=2026-03-10">'
    )
    assert shown('<a href="/customers?tier=A&amp;b=C#d">') == (
        '<a href="/customers?tier=A&amp;b=C&amp;as_of=2026-03-10#d">'
    )


def test_what_leads_elsewhere_or_to_now_or_names_an_instant_stays() -> None:
    for link in (
        '<a href="/status">',
        '<a href="/receivables?x=1">',
        '<a href="/receivables?as_of=2026-03-09">',
        '<a href="#items">',
        '<form method="post" action="/receivables"></form>',
        '<form action="/receivables"><input name="as_of"></form>',
    ):
        assert shown(link) == link


def test_a_filter_keeps_the_instant() -> None:
    assert shown('<form class="filters" action="/receivables"><p></p></form>') == (
        '<form class="filters" action="/receivables">'
        '<input type="hidden" name="as_of" value="2026-03-10"><p></p></form>'
    )
