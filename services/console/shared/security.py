"""Headers that every answer of the console carries."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing inline, nothing from elsewhere, in nobody's frame."""

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


_TLS_ALONE = "max-age=31536000"
_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
"""Whose other ports are other programs', which may speak without TLS."""


class SecurityHeaders:
    """Adds the headers to every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if _stays_under_tls(scope):
                    headers.setdefault("Strict-Transport-Security", _TLS_ALONE)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _stays_under_tls(scope: Scope) -> bool:
    """Tell whether a browser is to come by TLS alone from now on."""
    host = Headers(scope=scope).get("host", "")
    return (
        scope["scheme"] == "https"
        and host.rpartition(":")[0] not in _THIS_MACHINE
        and (host not in _THIS_MACHINE)
    )
