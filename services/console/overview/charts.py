"""Charts as SVG markup: pure functions from data to text, drawn on the server.

Each chart has a title and a description for those who do not see it, numbers on its axis, and
no colour without a word or a number beside it. Colours and sizes of type belong to the style
sheet; here is geometry. The page that shows a chart puts the same data into a table below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

Labeller = Callable[[int], str]

_WIDTH, _HEIGHT = 560, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 10, 26, 30
_ROW = 32
_RANKING_WIDTH = 310
_LEVEL = 42
_PYRAMID_ROOM = 160
_NAME_WIDTH = 96
_VALUE_WIDTH = 62


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
    slot = (_WIDTH - _LEFT - _RIGHT) / max(1, len(bars))
    width = min(64.0, slot * 0.62)
    parts = [_horizontal_lines(ticks, axis)]
    for i, bar in enumerate(bars):
        middle = _LEFT + slot * (i + 0.5)
        top = _y(bar.value, ticks)
        drawn = [
            _tag("rect", cls=f"bar {bar.tone}", x=middle - width / 2, y=top, width=width,
                 height=max(0.0, _HEIGHT - _BOTTOM - top), rx=3),
            _text(bar.text, "value", middle, top - 7, "middle"),
            _text(bar.label, "name", middle, _HEIGHT - 10, "middle"),
        ]  # fmt: skip
        parts.append(_linked(bar, drawn))
    return _svg(words, _WIDTH, _HEIGHT, parts, linked=_lead_somewhere(bars))


def line_chart(
    words: Words, values: Sequence[int], axis: Labeller, x_labels: Sequence[str]
) -> Markup:
    """Return a line over its area, from the oldest value to the newest; names at equal steps."""
    ticks = scale(max(values, default=0))
    parts = [_horizontal_lines(ticks, axis)]
    if values:
        step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(values) - 1)
        path = " ".join(
            f"{_LEFT + i * step:.1f},{_y(value, ticks):.1f}" for i, value in enumerate(values)
        )
        floor = _HEIGHT - _BOTTOM
        right = _LEFT + (len(values) - 1) * step
        area = f"{_LEFT},{floor} {path} {right:.1f},{floor}"
        parts.append(_tag("polygon", cls="area", points=area))
        parts.append(_tag("polyline", cls="line", points=path))
    last = len(x_labels) - 1
    for i, label in enumerate(x_labels):
        anchor = "start" if i == 0 else "end" if i == last else "middle"
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * i / max(1, last)
        parts.append(_text(label, "name", x, _HEIGHT - 10, anchor))
    return _svg(words, _WIDTH, _HEIGHT, parts)


def ranking(words: Words, bars: Sequence[Bar]) -> Markup:
    """Return lying bars, one below the other: name, bar, value."""
    highest = max((bar.value for bar in bars), default=0) or 1
    room = _RANKING_WIDTH - _NAME_WIDTH - _VALUE_WIDTH
    parts = []
    for i, bar in enumerate(bars):
        y = i * _ROW
        length = room * bar.value / highest
        drawn = [
            _text(shortened(bar.label), "name", 0, y + 20, "start"),
            _tag("rect", cls=f"bar {bar.tone}", x=_NAME_WIDTH, y=y + 7,
                 width=max(2.0, length), height=16, rx=3),
            _text(bar.text, "value", _NAME_WIDTH + length + 8, y + 20, "start"),
        ]  # fmt: skip
        parts.append(_linked(bar, drawn))
    height = max(1, len(bars)) * _ROW
    return _svg(words, _RANKING_WIDTH, height, parts, "chart ranking", linked=_lead_somewhere(bars))


def pyramid_chart(words: Words, bars: Sequence[Bar]) -> Markup:
    """Return bars around one axis, the highest level on top, each with its name and text beside.

    Lengths are in proportion to the values; a level that holds anybody stays visible.
    """
    highest = max((bar.value for bar in bars), default=0) or 1
    parts = []
    for i, bar in enumerate(bars):
        y = i * _LEVEL
        length = max(6.0 if bar.value else 1.0, _PYRAMID_ROOM * bar.value / highest)
        drawn = [
            _tag("rect", cls=f"bar {bar.tone}", x=(_PYRAMID_ROOM - length) / 2, y=y + 3,
                 width=length, height=_LEVEL - 6, rx=3),
            _text(bar.label, "name strong", _PYRAMID_ROOM + 14, y + 18, "start"),
            _text(bar.text, "value softer", _PYRAMID_ROOM + 14, y + 34, "start"),
        ]  # fmt: skip
        parts.append(_linked(bar, drawn))
    height = max(1, len(bars)) * _LEVEL
    return _svg(words, _RANKING_WIDTH, height, parts, "chart ranking", linked=_lead_somewhere(bars))


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
    return Markup('<a href="{}">{}</a>').format(bar.address, parts) if bar.address else parts


def _lead_somewhere(bars: Sequence[Bar]) -> bool:
    return any(bar.address for bar in bars)


def _y(value: int, ticks: Sequence[int]) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * value / ticks[-1]


def _horizontal_lines(ticks: Sequence[int], axis: Labeller) -> Markup:
    lines = []
    for tick in ticks:
        y = _y(tick, ticks)
        lines.append(_tag("line", cls="grid", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y))
        lines.append(_text(axis(tick), "tick", _LEFT - 8, y + 4, "end"))
    return Markup("").join(lines)


def _tag(name: str, cls: str, **attributes: object) -> Markup:
    given = "".join(f' {key}="{_number(value)}"' for key, value in attributes.items())
    return Markup(f'<{name} class="{escape(cls)}"{given}/>')  # noqa: S704 - escaped above


def _text(content: str, cls: str, x: float, y: float, anchor: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        cls, x, y, anchor, content
    )


def _number(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(escape(value))


def _svg(
    words: Words,
    width: int,
    height: int,
    parts: Sequence[Markup],
    cls: str = "chart",
    *,
    linked: bool = False,
) -> Markup:
    """Return a drawing: one picture, or a group of links where its bars lead somewhere."""
    return Markup(
        '<svg class="{cls}" viewBox="0 0 {w} {h}" role="{role}" '
        'aria-labelledby="{id}-title {id}-desc">'
        '<title id="{id}-title">{title}</title><desc id="{id}-desc">{description}</desc>'
        "{drawing}</svg>"
    ).format(
        cls=cls,
        role="group" if linked else "img",
        w=width,
        h=height,
        id=words.id,
        title=words.title,
        description=words.description,
        drawing=Markup("").join(parts),
    )
