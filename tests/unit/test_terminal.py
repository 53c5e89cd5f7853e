"""What commands print: nothing that a terminal obeys, and no failure because nobody reads."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from services.terminal import emit, note, say
from services.wording import cut, printable, quoted
from tests.support.embedded import REPOSITORY

HOSTILE = {
    "escape": "\x1b[31mred\x1b[0m",
    "eight-bit escape": "\x9b31m",
    "bell": "\a",
    "line start": "\rforged",
    "backspace": "\b\b\b",
    "right to left": "\u202egnp.exe",
    "isolate": "\u2066x\u2069",
    "no width": "a\u200bb",
    "byte order mark": "\ufeffx",
    "line separator": "a\u2028b",
    "nul": "\0",
    "tag": "\U000e0041",
}
HARMLESS = ["王芳", "Zoë", "naïve", "a b\u3000c", "😀", "-5 €", ":smile: [red]x[/red] [/]"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("tell", [say, note, emit])
def test_no_sign_reaches_a_terminal_as_a_command(
    tell: object, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(tell)
    tell(text)
    told = "".join(capsys.readouterr())
    assert told.endswith("\n")
    assert all(sign.isprintable() for sign in told.removesuffix("\n"))
    if tell is emit:
        assert json.loads(told) == text, "programs read the value unchanged"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_people_write_is_printed_as_it_is(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    say(text)
    assert capsys.readouterr().out == f"{text}\n"
    assert printable(text) == text


def test_long_foreign_words_are_cut() -> None:
    long = "x" * 1_000_000
    assert len(cut(long)) < 100
    assert len(quoted(long)) < 100
    assert len(quoted([long] * 1000)) < 300
    assert "1,000,000 characters" in cut(long)
    assert quoted("\x1b[31m") == r"'\x1b[31m'"
    assert cut("a\nb") == r"a\nb"


def export(folder: Path) -> Path:
    file = folder / "export.csv"
    file.write_text(
        "customer_id,paperless_date,invoice_number,invoice_date,due_date,invoice_amount,disputed,"
        "settled_date\nC1,2013-04-06,0611365,2013-01-02,2013-02-01,55.94,No,2013-01-15\n",
        "utf-8",
    )
    return file


# What is asked, and the exit code that says what happened, whoever reads.
COMMANDS = {
    "import": ("import FILE --mapping invoices-ibm --dry-run", 0),
    "check": ("mappings check FILE --mapping invoices-ibm --format json", 0),
    "refused": ("import FILE --mapping nothing", 2),
}
UNREAD = {
    "closed output": ">&-",
    "closed errors": "2>&-",
    "everything closed": "<&- >&- 2>&-",
    "output piped to nobody": "| true",
    "errors piped to nobody": "2>&1 >/dev/null | true",
}


@pytest.mark.parametrize("how", UNREAD.values(), ids=UNREAD)
@pytest.mark.parametrize("command", COMMANDS)
def test_work_that_nobody_reads_about_is_done_all_the_same(
    command: str, how: str, tmp_path: Path
) -> None:
    words, code = COMMANDS[command]
    asked = words.replace("FILE", str(export(tmp_path)))
    # The pause lets the reader be gone before anything is written.
    line = f"(sleep 0.1; exec {sys.executable} -m services {asked}) {how}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=REPOSITORY,
        env={**os.environ, "TOUCHSTONE_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_result_that_the_disk_has_no_room_for_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "services", "mappings", "list"],
            cwd=REPOSITORY,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    assert "the result could not be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_locale_that_cannot_write_a_text_is_no_failure() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SAYS],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "\\u738b\n")


def test_on_a_terminal_a_bar_is_shown_and_notes_stand_above_it(tmp_path: Path) -> None:
    with (tmp_path / "result").open("w") as result:
        seen = _seen_on_a_terminal(result)
    assert b"walking" in seen
    assert b"2/2" in seen
    assert seen.count(b"overheard") == seen.count(b"a late word") == 1


def test_no_bar_is_drawn_over_what_a_program_writes_that_reads_the_result() -> None:
    assert _seen_on_a_terminal(subprocess.PIPE).split() == b"overheard a late word".split()


def _seen_on_a_terminal(result: IO[str] | int) -> bytes:
    """Return what a terminal is sent by a program that shows a bar; its result goes elsewhere."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _SHOWS],
        cwd=REPOSITORY,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        stdout=result,
        stderr=theirs,
    ) as shown:
        os.close(theirs)
        seen = b""
        try:
            while some := _read(ours):
                seen += some
            assert shown.wait(timeout=60) == 0
        finally:
            shown.kill()
            os.close(ours)
    return seen


def _read(terminal: int) -> bytes:
    """Return what was written to a terminal since; nothing once nobody holds it any more."""
    ready, _, _ = select.select([terminal], [], [], 60)
    assert ready, "what shows a bar neither shows more nor ends"
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


_SHOWS = """
import sys
from services.terminal import note, progress
with progress("parts") as bar:
    task = bar.add_task("walking", total=2)
    note("overheard")
    print("a late word", file=sys.stderr)
    bar.update(task, completed=2)
    bar.refresh()
"""

_SAYS = """
from services.standard_streams import open_what_is_closed
from services.terminal import say
open_what_is_closed()
say("\\u738b")
"""
