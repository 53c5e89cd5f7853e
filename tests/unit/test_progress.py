"""Long work shows how far it is also where no terminal is, such as in a file."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from services.cli.rebuild import _Shown
from services.terminal import progress
from tests.support.embedded import REPOSITORY, wait_until

_UNREAD = """
import time
from services import terminal
terminal._LINE_EVERY_S = 0.01
with terminal.progress("events") as bar:
    bar.add_task("projecting", total=None)
    time.sleep(0.3)
terminal.say("the result")
"""


class _Said:
    """What was printed to standard error so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.text = ""

    def wait_for(self, words: str) -> None:
        def there() -> bool:
            self.text += self._capsys.readouterr().err
            return words in self.text

        wait_until(there)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> _Said:
    monkeypatch.setattr("services.terminal._LINE_EVERY_S", 0.01)
    return _Said(capsys)


def test_where_no_terminal_is_progress_is_plain_lines(said: _Said) -> None:
    with progress("events") as bar:
        task = bar.add_task("projecting " + 80 * "x", total=12_000)
        bar.update(task, completed=3_400)
        said.wait_for(f"projecting {80 * 'x'}: 3,400 of 12,000 events\n")
    assert said.text.replace("\n", "").isprintable()


def test_a_stage_is_not_told_by_the_parts_of_the_one_before(said: _Said) -> None:
    with progress("parts") as bar:
        shown = _Shown(bar)
        shown.stage("walking")
        shown.parts(480, 480)
        said.wait_for("walking: 480 of 480 parts\n")
        shown.stage("catching up")
        said.wait_for("\ncatching up\n")
    assert "catching up:" not in said.text


def test_work_of_unknown_length_tells_what_is_done(said: _Said) -> None:
    with progress("lines") as bar:
        bar.advance(bar.add_task("touchpoints.jsonl", total=None), 3_400)
        said.wait_for("touchpoints.jsonl: 3,400 lines\n")


def test_short_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("events") as bar:
        bar.add_task("projecting", total=None)
    assert capsys.readouterr().err == ""


def test_the_result_is_told_also_where_nobody_reads_the_progress() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        told = subprocess.run(
            [sys.executable, "-c", _UNREAD],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=writing,
            check=True,
        )
    finally:
        os.close(writing)
    assert told.stdout == b"the result\n"
