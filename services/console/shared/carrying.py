"""A page of a past instant leads on within it: its links and its filters carry the instant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

_LINK = re.compile(r'(<a [^>]*?\bhref=")(/[^"#]*)([^"]*")')
_FORM = re.compile(r'<form (?![^>]*\bmethod=)[^>]*\baction="(/[^"?#]*)"[^>]*>')


def carried_on(
    markup: str, instants: Mapping[str, str], tells_past: Callable[[str], bool], now: str
) -> str:
    """Return a page whose links and filters to pages that tell of the past say which past.

    What names an instant itself stays as it is, and so does the way back to now.
    """
    query = escape(urlencode(instants))
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(text)}">'
        for name, text in instants.items()
    )
    back = escape(now)

    def link(found: re.Match[str]) -> str:
        before, address, rest = found.groups()
        parts = urlsplit(address)
        names = {name for name, _ in parse_qsl(parts.query.replace("&amp;", "&"))}
        if address == back or not tells_past(parts.path) or not names.isdisjoint(instants):
            return found[0]
        return f"{before}{address}{'&amp;' if parts.query else '?'}{query}{rest}"

    def form(found: re.Match[str]) -> str:
        end = markup.find("</form>", found.end())
        own = 'name="as_of"' in markup[found.end() : end]
        return found[0] if own or not tells_past(found[1]) else found[0] + hidden

    return _LINK.sub(link, _FORM.sub(form, markup))
