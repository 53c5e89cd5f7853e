"""Charts as SVG markup: pure functions from data to text, drawn on the server.

Each chart has a title and a description for those who do not see it, numbers on its axis, and
no colour without a word or a number beside it. Colours and sizes of type belong to the style
sheet; here is geometry. The page that shows a chart puts the same data into a table below.

Heights are pixels and widths are parts of the room there is, so that a chart fills a narrow
panel and a wide one alike and its letters are of one size in both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

Labeller = Callable[[int], str]

_HEIGHT, _TOP, _BOTTOM = 196, 24, 24
_TICK = 4
"""How far above its line the number of an axis stands."""
_AXIS = 14.0
"""Of a bar chart's width, the part that the numbers of its axis have to themselves."""
_ROW = 26
_NAME, _VALUE = 34.0, 24.0
"""Of a ranking's width, the parts of names and of values; bars have the rest."""
_LEVEL = 42
_PYRAMID = 46.0
"""Of a pyramid's width, the part of the bars; words have the rest."""


class Words(NamedTuple):
    """What a chart is called and what it shows, in the reader's language."""

    id: str  # unique on the page
    title: str
    description: str


class Bar(NamedTuple):
    """One bar: its name, its value, the value in words, the style sheet's word for it, its list."""

    label: str
    value: int
    text: str
    tone: str
    address: str = ""  # of the list that it leads to


def scale(highest: int, steps: int = 4) -> tuple[int, ...]:
    """Return round axis values from 0 to at least `highest`, steps of 1, 2 or 5 times 10^k.

    >>> scale(37)
    (0, 10, 20, 30, 40)
    >>> scale(0)
    (0, 1)
    """
    if highest <= 0:
        return (0, 1)
    rough = max(1, -(-highest // steps))
    magnitude = 10 ** (len(str(rough)) - 1)
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= rough)
    return tuple(range(0, highest + step, step))


def bar_chart(words: Words, bars: Sequence[Bar], axis: Labeller) -> Markup:
    """Return upright bars, each with its value above and its name below."""
    ticks = scale(max((bar.value for bar in bars), default=0))
    slot = (100 - _AXIS) / max(1, len(bars))
    width = min(14.0, slot * 0.62)
    parts = [_horizontal_lines(ticks, axis)]
    for i, bar in enumerate(bars):
        middle = _AXIS + slot * (i + 0.5)
        top = _y(bar.value, ticks)
        drawn = [
            _tag("rect", cls=f"bar {bar.tone}", x=_part(middle - width / 2), y=top,
                 width=_part(width), height=max(0.0, _HEIGHT - _BOTTOM - top), rx=3),
            _text(bar.text, "value", middle, top - 6, "middle"),
            _text(bar.label, "name", middle, _HEIGHT - 7, "middle"),
        ]  # fmt: skip
        parts.append(_linked(bar, drawn))
    return _svg(words, _HEIGHT, parts, linked=_lead_somewhere(bars))


def line_chart(
    words: Words, values: Sequence[int], axis: Labeller, x_labels: Sequence[str]
) -> Markup:
    """Return a line over its area, from the oldest value to the newest; names at equal steps."""
    ticks = scale(max(values, default=0))
    parts = [_horizontal_lines(ticks, axis)]
    if values:
        parts.append(_stretched(values, ticks))
    last = len(x_labels) - 1
    for i, label in enumerate(x_labels):
        anchor = "start" if i == 0 else "end" if i == last else "middle"
        parts.append(_text(label, "name", 100 * i / max(1, last), _HEIGHT - 7, anchor))
    return _svg(words, _HEIGHT, parts)


def ranking(words: Words, bars: Sequence[Bar]) -> Markup:
    """Return lying bars, one below the other: name, bar, value."""
    highest = max((bar.value for bar in bars), default=0) or 1
    room = 100 - _NAME - _VALUE
    parts = []
    for i, bar in enumerate(bars):
        y = i * _ROW
        length = max(0.8, room * bar.value / highest)
        drawn = [
            _text(shortened(bar.label), "name", 0, y + 17, "start"),
            _tag("rect", cls=f"bar {bar.tone}", x=_part(_NAME), y=y + 5,
                 width=_part(length), height=15, rx=3),
            _text(bar.text, "value", _NAME + length + 2, y + 17, "start"),
        ]  # fmt: skip
        parts.append(_linked(bar, drawn))
    height = max(1, len(bars)) * _ROW
    return _svg(words, height, parts, "chart ranking", linked=_lead_somewhere(bars))


def pyramid_chart(words: Words, bars: Sequence[Bar]) -> Markup:
    """Return bars around one axis, the highest level on top, each with its name and text beside.

    Lengths are in proportion to the values; a level that holds anybody stays visible.
    """
    highest = max((bar.value for bar in bars), default=0) or 1
    parts = []
    for i, bar in enumerate(bars):
        y = i * _LEVEL
        length = max(2.0 if bar.value else 0.4, _PYRAMID * bar.value / highest)
        drawn = [
            _tag("rect", cls=f"bar {bar.tone}", x=_part((_PYRAMID - length) / 2), y=y + 3,
                 width=_part(length), height=_LEVEL - 6, rx=3),
            _text(bar.label, "name strong", _PYRAMID + 4, y + 18, "start"),
            _text(bar.text, "value softer", _PYRAMID + 4, y + 34, "start"),
        ]  # fmt: skip
        parts.append(_linked(bar, drawn))
    height = max(1, len(bars)) * _LEVEL
    return _svg(words, height, parts, "chart ranking", linked=_lead_somewhere(bars))


def shortened(name: str, room: int = 13) -> str:
    """Return a name that fits beside a bar; a Chinese character is as wide as two letters."""
    used = 0
    for i, letter in enumerate(name):
        used += 2 if ord(letter) > 0x2E80 else 1
        if used > room:
            return name[: max(1, i - 1)] + "…"
    return name


def _linked(bar: Bar, drawn: Sequence[Markup]) -> Markup:
    """Return a bar as drawn, leading to its list where it has one."""
    parts = Markup("").join(drawn)
    return (
        Markup('<a data-explain href="{}">{}</a>').format(bar.address, parts)
        if bar.address
        else parts
    )


def _lead_somewhere(bars: Sequence[Bar]) -> bool:
    return any(bar.address for bar in bars)


def _y(value: int, ticks: Sequence[int]) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * value / ticks[-1]


def _part(percent: float) -> str:
    """Return a length as a part of the chart's width."""
    return f"{percent:.2f}%"


def _horizontal_lines(ticks: Sequence[int], axis: Labeller) -> Markup:
    lines = []
    for tick in ticks:
        y = _y(tick, ticks)
        lines.append(_tag("line", cls="grid", x1=0, x2="100%", y1=y, y2=y))
        lines.append(_text(axis(tick), "tick", 0, y - _TICK, "start"))
    return Markup("").join(lines)


def _stretched(values: Sequence[int], ticks: Sequence[int]) -> Markup:
    """Return a line over its area in a drawing of its own, which is as wide as there is room."""
    path = " ".join(f"{i},{_y(value, ticks):.1f}" for i, value in enumerate(values))
    floor, last = _HEIGHT - _BOTTOM, len(values) - 1
    return Markup(
        '<svg x="0" y="0" width="100%" height="{h}" viewBox="0 0 {w} {h}" '
        'preserveAspectRatio="none">{area}{line}</svg>'
    ).format(
        h=_HEIGHT,
        w=max(1, last),
        area=_tag("polygon", cls="area", points=f"0,{floor} {path} {last},{floor}"),
        line=_tag("polyline", cls="line", points=path),
    )


def _tag(name: str, cls: str, **attributes: object) -> Markup:
    given = "".join(f' {key}="{_number(value)}"' for key, value in attributes.items())
    return Markup(f'<{name} class="{escape(cls)}"{given}/>')  # noqa: S704 - escaped above


def _text(content: str, cls: str, x: float, y: float, anchor: str) -> Markup:
    """Return a text, `x` a part of the width and `y` in pixels."""
    return Markup('<text class="{}" x="{}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        cls, _part(x), y, anchor, content
    )


def _number(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(escape(value))


def _svg(
    words: Words,
    height: int,
    parts: Sequence[Markup],
    cls: str = "chart",
    *,
    linked: bool = False,
) -> Markup:
    """Return a drawing: one picture, or a group of links where its bars lead somewhere."""
    return Markup(
        '<svg class="{cls}" width="100%" height="{h}" role="{role}" '
        'aria-labelledby="{id}-title {id}-desc">'
        '<title id="{id}-title">{title}</title><desc id="{id}-desc">{description}</desc>'
        "{drawing}</svg>"
    ).format(
        cls=cls,
        role="group" if linked else "img",
        h=height,
        id=words.id,
        title=words.title,
        description=words.description,
        drawing=Markup("").join(parts),
    )
