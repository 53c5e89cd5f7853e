"""Standard output and error that fail nobody's work: whoever no longer reads is no error.

A result that the disk has no room for is one, and is said.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator
from typing import TextIO, cast

from rich.file_proxy import FileProxy

from services.errors import TouchstoneError

_NOBODY_READS = frozenset({errno.EPIPE, errno.EBADF, errno.EIO})


class NotWritten(TouchstoneError):
    """A result could not be written to standard output."""


def open_what_is_closed() -> None:
    """Have all three streams open, whoever started the process with one of them closed.

    A file or socket opened later would otherwise get its number, and what is printed with it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
        elif hasattr(stream, "reconfigure") and mode == "w":
            stream.reconfigure(errors="backslashreplace")  # no locale turns a text into a failure


def write_result(text: str) -> None:
    """Write to standard output, or to nowhere once nobody reads it. Raises: NotWritten."""
    stream = sys.stdout
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        if error.errno not in _NOBODY_READS:
            _let_go_of(stream)
            raise NotWritten(f"the result could not be written: {error.strerror}") from error
        _let_go_of(stream)
    except ValueError:
        if not stream.closed:
            raise


def is_piped() -> bool:
    """Return whether another program reads standard output; it may write to the same terminal."""
    try:
        return stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode)
    except (AttributeError, OSError, ValueError):
        return False  # it is closed, or no file


def _let_go_of(stream: TextIO) -> None:
    """Have what is still buffered, and all that follows, end nowhere."""
    with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _discard(stream: TextIO) -> None:
    """Have what is still buffered end nowhere, lest Python fail at the end for it, with code 120.

    What follows is written again: a full disk may have room then.
    """
    with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        number = stream.fileno()
        kept = os.dup(number)
        try:
            os.dup2(nowhere.fileno(), number)
            stream.flush()
        finally:
            os.dup2(kept, number)
            os.close(kept)


def _standard_error() -> TextIO | None:
    """Return standard error; None: it was closed at the start."""
    stream: TextIO | None = sys.stderr
    return stream


def _beneath_the_bar() -> TextIO | None:
    """Return standard error itself, also while rich has put what prints above a bar there."""
    shown: object = sys.stderr
    if isinstance(shown, FileProxy):
        return cast(TextIO, shown.rich_proxied_file)
    return _standard_error()


@contextlib.contextmanager
def _lost_where_it_fails(stream: TextIO | None) -> Iterator[TextIO | None]:
    """Give a stream, and lose what it cannot take."""
    try:
        yield stream
    except OSError:
        if stream is not None:
            _discard(stream)
    except ValueError:
        pass  # closed since


class _Unfailing:
    """Standard error as it is at the time; what it cannot take is lost, and that is all.

    Otherwise a full disk or an ended reader would turn work that is told about into a failure.
    """

    encoding = "utf-8"

    def __init__(self, stream_now: Callable[[], TextIO | None]) -> None:
        self._stream_now = stream_now

    def write(self, text: str) -> int:
        """Write what there is room for."""
        with _lost_where_it_fails(self._stream_now()) as stream:
            if stream is not None:
                stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what there is room for."""
        with _lost_where_it_fails(self._stream_now()) as stream:
            if stream is not None:
                stream.flush()

    def isatty(self) -> bool:
        """Return whether a person may be looking."""
        stream = self._stream_now()
        return stream is not None and not stream.closed and stream.isatty()


UNFAILING_ERR = cast(TextIO, _Unfailing(_standard_error))
"""Where notes and logs go: above the bar, while one is shown."""

BAR_ERR = cast(TextIO, _Unfailing(_beneath_the_bar))
"""Where a bar is drawn, and what goes above it."""
