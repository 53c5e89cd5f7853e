"""What the commands share: output for people and for programs, progress, the event loop."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TextColumn,
    TimeRemainingColumn,
)

from events.calendars import day_end
from events.envelope import PositionVector
from events.home import Asked
from events.policy import Reference
from events.texts import Worded
from services.errors import UsageError
from services.interruption import run_async as run_async
from services.standard_streams import BAR_ERR, UNFAILING_ERR, is_piped, write_result
from services.wording import printable

_YEARS = range(1900, 2200)
"""Years of which the platform holds touchpoints or due dates."""

_LINE_EVERY_S = 10.0


class Format(StrEnum):
    """How a command prints: for people, or one JSON document for programs."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[
    Format, typer.Option("--format", help="text for people, json for programs.")
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DAY|INSTANT",
        help="What was true then, with all that is known now: a day (its end where the customer "
        "is at home) or an instant such as 2026-03-20T10:00:00+08:00. Default: now.",
    ),
]
AsKnownOption = Annotated[
    str | None,
    typer.Option(
        "--as-known",
        metavar="DAY|INSTANT",
        help="Only what the platform had recorded by then; alone: as of then, too. "
        "Default: everything.",
    ),
]

_BAR = Console(file=BAR_ERR, highlight=False)
_ORDER = "\n\t"
"""What orders a text, and nothing else that a terminal obeys."""


def say(text: str) -> None:
    """Print a result to standard output; no sign in it reaches a terminal as a command.

    Line ends stay: foreign words are quoted where the text is made. Nobody need read it.
    Raises: NotWritten where the disk is full.
    """
    write_result(f"{printable(text, keep=_ORDER)}\n")


def note(text: str) -> None:
    """Print about the work, not its result, to standard error, if anybody reads it."""
    UNFAILING_ERR.write(f"{printable(text, keep=_ORDER)}\n")
    UNFAILING_ERR.flush()


def emit(document: object) -> None:
    """Print one JSON document to standard output, as `say` prints a line."""
    write_result(json_text(document))


def json_text(document: object) -> str:
    """Return a document as indented JSON that a terminal may show; its values are unchanged."""
    encoded = msgspec.json.encode(document, enc_hook=_encode)
    text = msgspec.json.format(encoded, indent=2).decode()
    if not text.replace("\n", "").isprintable():
        text = "".join(map(_escaped, text))
    return f"{text}\n"


def _escaped(sign: str) -> str:
    """Return a sign as it may stand in a JSON text on a terminal."""
    if sign == "\n" or printable(sign) == sign:
        return sign
    pair = sign.encode("utf-16-be")
    return "".join(f"\\u{pair[i : i + 2].hex()}" for i in range(0, len(pair), 2))


def _encode(value: object) -> object:
    if isinstance(value, PositionVector):
        return value.token()
    if isinstance(value, Worded):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


class _Lines(Progress):
    """Progress of long work in plain lines, one now and then, for a file or a pipe."""

    def __init__(self, unit: str) -> None:
        super().__init__(disable=True)
        self._unit = unit
        self._over = threading.Event()
        self._teller = threading.Thread(target=self._tell, name="progress", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._teller.start()

    def stop(self) -> None:
        """Tell no more."""
        self._over.set()
        self._teller.join()

    def _tell(self) -> None:
        while not self._over.wait(_LINE_EVERY_S):
            for task in self.tasks:
                UNFAILING_ERR.write(self._line(task))
                UNFAILING_ERR.flush()

    def _line(self, task: Task) -> str:
        what = printable(task.description)
        if task.total is None and not task.completed:
            return f"{what}\n"
        of = "" if task.total is None else f" of {task.total:,.0f}"
        return f"{what}: {task.completed:,.0f}{of} {self._unit}\n"


def progress(unit: str) -> Progress:
    """Return a progress bar on standard error, or lines where that is no terminal.

    Nor is there a bar where a program such as head or less reads the result: what that writes to
    the terminal and what the bar draws over would go through each other.
    """
    if not _BAR.is_terminal or is_piped():
        return _Lines(unit)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
        console=_BAR,
        transient=True,
    )


def instant_of(text: str, option: str, reference: Reference) -> datetime:
    """Return the instant that an option names: a day means its end in the company's zone.

    Raises: UsageError.
    """
    asked = asked_of(text, option)
    if isinstance(asked, datetime):
        return asked
    return day_end(asked, reference.zone_of(None))


def asked_of(text: str, option: str) -> Asked:
    """Return what an option asks about: a day, or an instant in UTC. Raises: UsageError."""
    if len(text) == len("2026-03-20"):
        return day_of(text, option)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{option}: {text!r} is neither a day such as 2026-03-20 nor an instant such as "
            f"2026-03-20T10:00:00+08:00 ({error})"
        ) from error
    if at.tzinfo is None:
        raise UsageError(f"{option}: {text!r} names no zone; add one, such as +08:00")
    _check_year(at, text, option)
    return at.astimezone(UTC)


def day_of(text: str, option: str) -> date:
    """Return the day that an option names. Raises: UsageError."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} is no day such as 2026-03-20 ({error})") from error
    _check_year(day, text, option)
    return day


def _check_year(day: date, text: str, option: str) -> None:
    if day.year not in _YEARS:
        raise UsageError(
            f"{option}: {text!r} is not from {_YEARS.start} to {_YEARS.stop - 1}: correct the year"
        )
