"""Long work shows how far it is also where no terminal is, such as in a file."""

from __future__ import annotations

import time

import pytest

from services.cli import progress


def test_where_no_terminal_is_progress_is_plain_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("services.cli._LINE_EVERY_S", 0.01)
    said = ""
    with progress("events") as bar:
        task = bar.add_task("projecting", total=12_000)
        bar.update(task, completed=3_400)
        while "3,400" not in said:
            time.sleep(0.01)
            said += capsys.readouterr().err
    assert "projecting: 3,400 of 12,000 events\n" in said
    assert said.replace("\n", "").isprintable()


def test_short_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("events") as bar:
        bar.add_task("projecting", total=None)
    assert capsys.readouterr().err == ""
