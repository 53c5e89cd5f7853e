"""Decodes a text file line by line; whatever is wrong with its bytes is named with the line."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from io import BufferedReader, BytesIO, TextIOWrapper
from pathlib import Path

from events.texts import worded
from services.errors import UsageError

MAX_LINE = 8 * 1024 * 1024
"""The longest line read; a longer one is no row of an export, and would fill the memory."""

_NOT_TEXT = {
    b"PK\x03\x04": worded("a spreadsheet or zip archive: export it as CSV"),
    b"\xd0\xcf\x11\xe0": worded("an old spreadsheet: export it as CSV"),
    b"\x1f\x8b": worded("compressed by gzip: unpack it first"),
    b"\x28\xb5\x2f\xfd": worded("compressed by zstd: unpack it first"),
    b"PAR1": worded('a Parquet file: say format = "parquet" in the mapping\'s source'),
}
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class FileRefused(UsageError):
    """A file cannot be imported as a whole; the message names the line and the remedy."""


def open_binary(path: Path) -> BufferedReader:
    """Return the file opened for reading. Raises: FileRefused."""
    try:
        return path.open("rb")
    except OSError as error:
        raise FileRefused(
            worded("cannot read %(file)s: %(strerror)s", file=path, strerror=error.strerror)
        ) from error


def decoded_lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield the file's lines with their ends, without a byte order mark.

    Raises: FileRefused for an unknown or wrong encoding, and a line without end.
    """
    try:
        TextIOWrapper(BytesIO(), encoding)  # refuses what gives no text, such as base64
        codec = codecs.lookup(encoding)
    except LookupError as error:
        raise FileRefused(
            worded(
                "source.encoding: no encoding %(encoding)s; write one such as utf-8, gb18030 or "
                "cp1252",
                encoding=repr(encoding),
            )
        ) from error
    with open_binary(path) as file:
        head = file.read(4)
        file.seek(0)
        _refuse_other_files(path, head, codec.name)
        for line, text in enumerate(_lines(path, file, codec), start=1):
            if len(text) >= MAX_LINE:
                raise FileRefused(
                    worded(
                        "%(file)s, line %(line)s: longer than %(max_line)s characters; check "
                        "that the file has line ends and is of the format that the mapping says",
                        file=path,
                        line=line,
                        max_line=format(MAX_LINE, ","),
                    )
                )
            yield text.removeprefix("\ufeff") if line == 1 else text


def _refuse_other_files(path: Path, head: bytes, codec: str) -> None:
    for mark, what in _NOT_TEXT.items():
        if head.startswith(mark):
            raise FileRefused(worded("%(file)s is %(what)s", file=path, what=what))
    if head.startswith(_WIDE_MARKS) and not codec.startswith(("utf-16", "utf-32")):
        raise FileRefused(
            worded(
                '%(file)s is written in UTF-16: say encoding = "utf-16" in the source', file=path
            )
        )


def _lines(path: Path, file: BufferedReader, codec: codecs.CodecInfo) -> Iterator[str]:
    if codec.name.startswith(("utf-16", "utf-32")):
        yield from _wide_lines(path, file, codec.name)
        return
    # In all other encodings a line feed is one byte: decoding by line keeps an error's line exact.
    line = 0
    while raw := file.readline(MAX_LINE):
        line += 1
        try:
            yield codec.decode(raw, "strict")[0]
        except UnicodeError as error:
            raise _undecodable(path, line, codec.name, error) from error


def _wide_lines(path: Path, file: BufferedReader, encoding: str) -> Iterator[str]:
    text = TextIOWrapper(file, encoding, newline="")
    line = 0
    try:
        while part := text.readline(MAX_LINE):
            line += 1
            yield part
    except UnicodeError as error:
        raise _undecodable(path, line + 1, encoding, error) from error
    finally:
        text.detach()  # the file is its opener's to close


def _undecodable(path: Path, line: int, encoding: str, error: UnicodeError) -> FileRefused:
    at: str = ""
    if isinstance(error, UnicodeDecodeError):
        at = worded(
            ", byte %(place)s (0x%(value)s)",
            place=error.start + 1,
            value=format(error.object[error.start], "02x"),
        )
    return FileRefused(
        worded(
            "%(file)s, line %(line)s%(at)s: not written in %(encoding)s; set source.encoding to "
            "the file's own, often gb18030 for Chinese exports or cp1252 for western ones",
            file=path,
            line=line,
            at=at,
            encoding=encoding,
        )
    )
