"""Charts are complete for those who see them and for those who do not."""

from xml.etree import ElementTree

import pytest

from services.console.overview.charts import (
    Bar,
    Words,
    bar_chart,
    line_chart,
    pyramid_chart,
    ranking,
    scale,
    shortened,
)

WORDS = Words("chart", "Open & <due>", "A: 1; B: 2")
BARS = [Bar("A", 10, "10 yuan", "age-0"), Bar("B & C", 37, "37 yuan", "age-1")]
SVG = "{http://www.w3.org/2000/svg}"


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(  # noqa: S314 - our own markup
        str(markup).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    )


def texts(chart: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in chart.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0, (0, 1)),
        (1, (0, 1)),
        (4, (0, 1, 2, 3, 4)),
        (37, (0, 10, 20, 30, 40)),
        (41, (0, 20, 40, 60)),
        (99_999, (0, 50_000, 100_000)),
    ],
)
def test_an_axis_has_round_steps_and_holds_the_highest(
    highest: int, ticks: tuple[int, ...]
) -> None:
    assert scale(highest) == ticks


def test_every_axis_reaches_its_highest_value() -> None:
    for highest in range(1, 3_000):
        ticks = scale(highest)
        assert ticks[-1] >= highest
        assert len(ticks) <= 6


def test_a_bar_chart_says_names_values_and_axis() -> None:
    chart = parsed(bar_chart(WORDS, BARS, str))
    assert {"A", "B & C", "10 yuan", "37 yuan", "0", "40"} <= set(texts(chart))


def test_a_chart_is_named_and_described() -> None:
    for markup in (
        bar_chart(WORDS, BARS, str),
        line_chart(WORDS, [1, 2, 3], str, ["before", "now"]),
        ranking(WORDS, BARS),
    ):
        chart = parsed(markup)
        assert chart.get("role") == "img"
        ids = {element.get("id"): element.text for element in chart}
        named = [ids[i] for i in (chart.get("aria-labelledby") or "").split()]
        assert named == [WORDS.title, WORDS.description]


def test_charts_without_data_are_still_drawn() -> None:
    assert parsed(bar_chart(WORDS, [], str)) is not None
    assert parsed(line_chart(WORDS, [], str, ["now"])) is not None
    assert parsed(line_chart(WORDS, [0] * 120, str, ["now"])) is not None
    assert parsed(ranking(WORDS, [])) is not None


def test_the_highest_bar_is_the_longest() -> None:
    chart = parsed(bar_chart(WORDS, BARS, str))
    heights = [float(bar.get("height") or 0) for bar in chart.iter(f"{SVG}rect")]
    assert heights[1] > heights[0] > 0


def test_a_chart_fills_any_width_with_letters_of_one_size() -> None:
    """Nothing is scaled but the line, which is a drawing of its own inside: no letter is in it."""
    for markup in (
        bar_chart(WORDS, BARS, str),
        line_chart(WORDS, [3, 1, 2], str, ["before", "now"]),
        ranking(WORDS, BARS),
        pyramid_chart(WORDS, BARS),
    ):
        chart = parsed(markup)
        assert chart.get("viewBox") is None
        assert chart.get("width") == "100%"
        assert 0 < int(chart.get("height") or 0) <= 240
        for scaled in chart.findall(f"{SVG}svg"):
            assert scaled.get("viewBox")
            assert not texts(scaled)


def test_a_line_goes_from_its_first_value_to_its_last() -> None:
    chart = parsed(line_chart(WORDS, [0, 4, 2], str, ["before", "now"]))
    [line] = chart.iter(f"{SVG}polyline")
    points = [point.split(",") for point in (line.get("points") or "").split()]
    assert [x for x, _ in points] == ["0", "1", "2"]
    low, high, middle = (float(y) for _, y in points)
    assert low - middle == pytest.approx(middle - high)
    assert low > middle > high


def test_a_long_name_is_shortened_by_its_width() -> None:
    assert shortened("Shanghai") == "Shanghai"
    assert shortened("A very long branch name") == "A very long …"
    assert shortened("乌鲁木齐分公司") == "乌鲁木齐分…"
