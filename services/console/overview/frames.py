"""What all viewers of the overview see at one tick, and what has changed since another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from services.console.overview.gathering import Overview

_EVENT_ID = re.compile(r"(\d{1,18})\.(\d{1,18})")

Draw = Callable[[Overview, str], Mapping[str, str]]


class Seen(NamedTuple):
    """Up to where a viewer is: the change number and the tick of the last update it got."""

    change: int
    tick: int  # milliseconds since 1970, increasing also across restarts

    @property
    def event_id(self) -> str:
        """Return the id that server-sent events carry."""
        return f"{self.change}.{self.tick}"

    @classmethod
    def from_event_id(cls, event_id: str | None) -> Seen | None:
        """Return where an event id stands; None for what was never one of ours."""
        match = _EVENT_ID.fullmatch(event_id or "")
        return cls(int(match[1]), int(match[2])) if match else None


class Panel(NamedTuple):
    """A panel's markup, and the tick at which it became so."""

    markup: str
    changed: int


class Frame:
    """One tick: its figures, drawn for each language that somebody reads."""

    def __init__(self, tick: int, overview: Overview) -> None:
        self.seen = Seen(overview.change, tick)
        self.overview = overview
        self.panels: dict[str, dict[str, Panel]] = {}
        self._messages: dict[tuple[str, int], bytes] = {}

    def draw(self, language: str, draw: Draw, before: Mapping[str, Panel]) -> None:
        """Draw the panels of a language; one that looks as before keeps its older tick."""
        panels = {}
        for name, markup in draw(self.overview, language).items():
            old = before.get(name)
            same = old is not None and old.markup == markup
            panels[name] = old if same and old else Panel(markup, self.seen.tick)
        self.panels[language] = panels

    def message(self, language: str, since: int) -> bytes:
        """Return the event for viewers who saw everything up to a tick; empty: no news.

        Made once for all of them: nearly all saw the tick before.
        """
        made = self._messages.get((language, since))
        if made is None:
            changed = [
                f'<hx-partial hx-target="#panel-{name}" hx-swap="innerMorph">\n'
                f"{panel.markup}\n</hx-partial>"
                for name, panel in self.panels[language].items()
                if panel.changed > since
            ]
            made = _event(self.seen.event_id, "\n".join(changed)) if changed else b""
            self._messages[language, since] = made
        return made


def _event(event_id: str, data: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in data.splitlines())
    return f"id: {event_id}\n{lines}\n".encode()
