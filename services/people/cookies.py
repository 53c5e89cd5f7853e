"""The cookies of a log-in: readable by no script, sent to no other site.

Under TLS their names begin with __Host-, so that no other host and no connection in the clear
can set them. In the clear, which is for this machine alone, browsers refuse that name, since it
asks for Secure: there it is left out.
"""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

_SESSION, _STATE, _KNOWN = "session", "log-in", "known"
_KNOWN_FOR = timedelta(days=180)


def session_token(request: Request) -> str:
    """Return the token of a request's session, empty where it has none."""
    return request.cookies.get(_name(request, _SESSION), "")


def keep_session(request: Request, response: Response, token: str, lasts: timedelta) -> None:
    """Have a browser keep a session's token."""
    _keep(request, response, _SESSION, token, lasts)


def forget_session(request: Request, response: Response) -> None:
    """Have a browser forget its session."""
    _keep(request, response, _SESSION, "", timedelta(0))


def log_in_state(request: Request) -> str:
    """Return the state of a log-in at the company's provider that this browser began."""
    return request.cookies.get(_name(request, _STATE), "")


def keep_log_in_state(request: Request, response: Response, state: str, lasts: timedelta) -> None:
    """Have a browser keep the state of a log-in that it begins."""
    _keep(request, response, _STATE, state, lasts)


def known_browser(request: Request) -> str:
    """Return what a browser keeps by which it is known, empty where it has nothing."""
    return request.cookies.get(_name(request, _KNOWN), "")


def keep_known(request: Request, response: Response, kept: str) -> None:
    """Have a browser keep that somebody has logged in with it; it lets nobody in."""
    _keep(request, response, _KNOWN, kept, _KNOWN_FOR)


def _name(request: Request, name: str) -> str:
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _keep(request: Request, response: Response, name: str, value: str, lasts: timedelta) -> None:
    response.set_cookie(
        _name(request, name),
        value,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )
