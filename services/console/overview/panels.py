"""The overview's panels as markup: each is drawn once per tick and language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import quote

from markupsafe import Markup

from services.console.alerts.queries import CAP as ALERT_CAP
from services.console.overview.charts import (
    Bar,
    Words,
    bar_chart,
    line_chart,
    pyramid_chart,
    ranking,
)
from services.console.overview.gathering import Overview
from services.console.overview.rates import WINDOW_S
from services.console.receivables.ageing import BranchBalance, CurrencyAgeing
from services.console.receivables.words import ReceivablesWords
from services.console.shared.countdown import countdown
from services.console.shared.freshness import CAP as CUSTOMER_CAP
from services.console.shared.i18n import Speaker, speaker
from services.console.shared.reading import branch_names, department_names
from services.console.shared.render import Renderer
from services.console.shared.staff import staff_of
from services.console.value.pyramid import Pyramid
from services.console.value.words import ValueWords

PANELS = (
    "freshness",
    "notice",
    "tiles",
    "rate",
    "pyramid",
    "ageing",
    "feed",
    "cases",
    "branches",
    "overdue",
)

_FOLDERS = {"freshness": "shared", "notice": "shared"}
"""Of panels that other pages have too."""

_BRANCHES_SHOWN = 9
"""In a chart, which says so where there are more; the table below it has all."""
_RATE_SECONDS = 10


def draw(renderer: Renderer, overview: Overview, language: str) -> Mapping[str, str]:
    """Return every panel's inner markup by name."""
    say = speaker(language)
    names = branch_names(overview.reference, language)
    main = overview.ageing[0] if overview.ageing else None
    overdue = [one for one in overview.balances if main and one.currency == main.currency]
    charts = {
        "rate": _rate_chart(overview, say),
        "ageing": _ageing_chart(main, say) if main else None,
        "branches": _branches_chart(overview, names, say),
        "overdue": _overdue_chart(overdue, names, main, say),
        "pyramid": _pyramid_chart(overview.pyramid, say),
    }
    ranked = {"branches": len(overview.rates.by_branch), "overdue": len(overdue)}
    context = {
        "overview": overview,
        "fresh": overview.freshness,
        "at": overview.at,
        "interrupted": overview.interrupted,
        "main": main,
        "branch_names": names,
        "zone_of": overview.reference.zone_of,
        "events_per_second": Decimal(overview.rates.latest) / _RATE_SECONDS,
        "alert_cap": ALERT_CAP,
        "customer_cap": CUSTOMER_CAP,
        "tenth": Decimal("0.1"),
        "reference": overview.reference,
        "staff": staff_of(overview.reference, language),
        "persons": overview.persons,
        "countdown": countdown,
        "department_names": department_names(overview.reference, language),
    }
    return {
        name: renderer.render(
            f"{_FOLDERS.get(name, 'overview')}/{name}.html",
            language,
            chart=charts.get(name),
            shown=_BRANCHES_SHOWN,
            ranked=ranked.get(name, 0),
            **context,
        )
        for name in PANELS
    }


def _rate_chart(overview: Overview, say: Speaker) -> Markup:
    _ = say.gettext
    title = _("Events per second")
    description = _("Over the last %(seconds)s seconds: highest %(highest)s, last %(last)s.") % {
        "seconds": WINDOW_S,
        "highest": say.number(max(overview.rates.by_second)),
        "last": say.number(overview.rates.by_second[-1]),
    }
    marks = [_("%(n)s s ago") % {"n": n} for n in (WINDOW_S, WINDOW_S // 2)]
    return line_chart(
        Words("chart-rate", title, description),
        overview.rates.by_second,
        say.compact,
        [*marks, _("now")],
    )


def _ageing_chart(main: CurrencyAgeing, say: Speaker) -> Markup:
    _ = say.gettext
    names = ReceivablesWords(say)
    bars = [
        Bar(
            names.bucket(bucket.from_day, bucket.to_day),
            bucket.amount_minor,
            say.short_amount(bucket.amount_minor, main.currency),
            f"age-{min(bucket.index, 5)}",
            f"/receivables?bucket={bucket.index}&currency={main.currency}",
        )
        for bucket in main.buckets
    ]
    description = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    return bar_chart(
        Words("chart-ageing", _("Open receivables by days past due"), description),
        bars,
        lambda minor: say.short_amount(minor, main.currency),
    )


def _pyramid_chart(pyramid: Pyramid, say: Speaker) -> Markup | None:
    if not pyramid.levels:
        return None
    names = ValueWords(say)
    bars = [
        Bar(
            names.tier(level.tier),
            level.customers,
            f"{say.number(level.customers)} · {say.percent(pyramid.share(level))}",
            f"tier-{min(i, 3)}",
            f"/customers?tier={quote(level.tier)}",
        )
        for i, level in enumerate(pyramid.levels)
    ]
    description = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    return pyramid_chart(
        Words("chart-pyramid", say.gettext("Customers by tier"), description), bars
    )


def _branches_chart(overview: Overview, names: Mapping[str, str], say: Speaker) -> Markup:
    _ = say.gettext
    bars = [
        Bar(names.get(branch, branch), events, say.number(events), "plain")
        for branch, events in overview.rates.by_branch[:_BRANCHES_SHOWN]
    ]
    description = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    return ranking(Words("chart-branches", _("Events by branch"), description), bars)


def _overdue_chart(
    balances: Sequence[BranchBalance],
    names: Mapping[str, str],
    main: CurrencyAgeing | None,
    say: Speaker,
) -> Markup | None:
    if main is None:
        return None
    _ = say.gettext
    bars = [
        Bar(
            names.get(one.branch_id, one.branch_id) or _("no branch"),
            one.overdue_minor,
            say.short_amount(one.overdue_minor, main.currency),
            "age-4",
            f"/receivables?overdue=true&currency={main.currency}&branch={quote(one.branch_id)}",
        )
        for one in balances[:_BRANCHES_SHOWN]
    ]
    description = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    return ranking(Words("chart-overdue", _("Overdue by branch"), description), bars)
