"""The help of every command reads as whole lines on a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from services.__main__ import app

COLUMNS = 80
MARGINS = 2


def _helps(command: object, path: str) -> Iterator[tuple[str, str]]:
    yield path, getattr(command, "help", None) or ""
    for name, one in getattr(command, "commands", {}).items():
        yield from _helps(one, f"{path} {name}")


def test_no_line_of_a_help_text_is_broken_once_more_by_the_terminal() -> None:
    helps = dict(_helps(typer.main.get_command(app), "touchstone"))
    assert len(helps) > 30
    broken = {}
    for path, text in helps.items():
        # Typer fills the first paragraph itself, and keeps the lines of those that follow.
        for paragraph in text.split("\n\n")[1:]:
            lines = paragraph.splitlines()
            if len(lines) > 1 and max(map(len, lines)) > COLUMNS - MARGINS:
                broken[path] = paragraph
    assert not broken
