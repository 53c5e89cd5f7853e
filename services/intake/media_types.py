"""Media types as CloudEvents' senders write them."""

from __future__ import annotations

_UTF_8 = ("", "utf-8", "utf8", "us-ascii")


def parted(media_type: str) -> tuple[str, str]:
    """Return a media type without its parameters, and the charset among them, in small letters."""
    kind, *parameters = media_type.lower().split(";")
    charset = ""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            charset = value.strip().strip("\"'")
    return kind.strip(), charset


def is_json(media_type: str) -> bool:
    """Tell whether a media type stands for JSON in UTF-8."""
    kind, charset = parted(media_type)
    return (kind in ("application/json", "text/json") or kind.endswith("+json")) and is_utf_8(
        charset
    )


def is_utf_8(charset: str) -> bool:
    """Tell whether text of a charset can be read as UTF-8; none given is UTF-8."""
    return charset in _UTF_8
