"""The platform's gateway as a branch speaks with it: after any failure the same again is safe."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from touchstone_branch.errors import LineDown, NotInstalled, TooMuch, TurnedAway

_TIMEOUT_S = 30.0
_MOST_BYTES = 64 * 1024 * 1024
_BATCH = "application/cloudevents-batch+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform says to one event."""

    status: str  # accepted, duplicate or refused
    code: str
    field: str
    reason: str
    remedy: str

    @property
    def is_durable(self) -> bool:
        """Tell whether the platform has the event."""
        return self.status in ("accepted", "duplicate")


class Platform:
    """One connection to the gateway, opened when it is needed and again after it broke."""

    def __init__(
        self, url: str, key: str, *, authority: Path | None = None, language: str = "en"
    ) -> None:
        """Speak with the gateway at a URL. Raises: NotInstalled."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NotInstalled(f"{url!r} is no address of a gateway: https://HOST:PORT")
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/")
        self._tls: ssl.SSLContext | None = None
        if parts.scheme == "https":
            self._tls = ssl.create_default_context(cafile=authority and str(authority))
        self._headers = {"Authorization": f"Bearer {key}", "Accept-Language": language}
        self._connection: http.client.HTTPConnection | None = None

    def publish(self, events: Sequence[Mapping[str, object]]) -> list[Answer]:
        """Publish events and return what became of each, in order.

        Raises: LineDown, TurnedAway, TooMuch.
        """
        body = json.dumps(events, ensure_ascii=False, separators=(",", ":")).encode()
        reply = self._asked("POST", "/api/v1/events", body)
        try:
            results = json.loads(reply)["results"]
            answers = [_answer(one) for one in results]
        except (ValueError, KeyError, TypeError) as error:
            raise LineDown("what answered is no gateway of the platform") from error
        if len(answers) != len(events) or not all(map(_is_of, results, events)):
            raise LineDown("the answer is not about the events that were sent")
        return answers

    def receipt(
        self, source: str, *, epoch: int | None = None, first: int = 1, upto: int | None = None
    ) -> str:
        """Return the signed note of what is held of a source. Raises: LineDown, TurnedAway."""
        query = f"?from={first}"
        query += "" if epoch is None else f"&epoch={epoch}"
        query += "" if upto is None else f"&upto={upto}"
        return self._read(f"/api/v1/receipts{quote(source)}{query}")

    def receipt_key(self) -> str:
        """Return the key that the gateway says receipts are signed with. Raises: as `receipt`."""
        return self._read("/api/v1/receipts/key").strip()

    def words(self) -> str:
        """Return headquarters' words for the branch, signed. Raises: as `receipt`."""
        return self._read("/api/v1/words")

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, path: str) -> str:
        try:
            return self._asked("GET", path, None).decode("utf-8")
        except UnicodeDecodeError as error:
            raise LineDown("what answered is no gateway of the platform") from error
        except TooMuch as error:
            raise TurnedAway(str(error)) from error

    def _asked(self, method: str, path: str, body: bytes | None) -> bytes:
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = _BATCH
        try:
            response, content = self._exchange(method, self._path + path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            reason = str(error) or type(error).__name__
            raise LineDown(f"the line to {self._host} is down: {reason}") from error
        if response.will_close:
            self.close()
        if response.status in (200, 201):
            return content
        self.close()
        raise _failure(response.status, response.headers.get("Retry-After"), content)

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Ask once, or once more where a connection of before turns out to have ended."""
        if self._connection is not None:
            try:
                return self._over(self._connection, method, path, body, headers)
            except (OSError, http.client.HTTPException):
                self.close()  # the platform may have let go of it while nothing was said
        self._connection = self._connected()
        return self._over(self._connection, method, path, body, headers)

    @staticmethod
    def _over(
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        if response.length is None or response.length > _MOST_BYTES:
            raise http.client.HTTPException("an answer of no size that the platform gives")
        return response, response.read()

    def _connected(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=_TIMEOUT_S, context=self._tls
        )


def _is_of(result: Mapping[str, object], event: Mapping[str, object]) -> bool:
    return result.get("id") == event["id"]


def _answer(result: Mapping[str, object]) -> Answer:
    status = result["status"]
    if status not in ("accepted", "duplicate", "refused"):
        raise ValueError(f"{status!r} is no answer")
    said = (str(result.get(name) or "") for name in ("code", "field", "reason", "remedy"))
    return Answer(str(status), *said)


def _failure(
    status: int, retry_after: str | None, content: bytes
) -> LineDown | TurnedAway | TooMuch:
    """Return what an answer that took nothing means for whoever sent."""
    try:
        problem = json.loads(content)
        code, detail, remedy = (str(problem[name]) for name in ("code", "detail", "remedy"))
    except (ValueError, KeyError, TypeError):
        return LineDown(f"what answered with {status} is no gateway of the platform")
    if status in (401, 403, 404, 405):
        return TurnedAway(f"{detail}; {remedy}")
    if status in (400, 413, 415, 422):
        return TooMuch(code, detail, remedy)
    wait = float(retry_after) if retry_after and retry_after.isdigit() else None
    return LineDown(f"the platform takes nothing just now: {detail}", wait)
