"""Delivers alerts to a web address: at least once, under a key by which repeats are known."""

from __future__ import annotations

import asyncio
import random

import httpx2
import msgspec
import structlog

from events.notices import AlertNotice

_LOG = structlog.get_logger(__name__)

_ATTEMPTS = 8
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_ATTEMPT_S = 10.0  # from looking up the address to the status line, however slowly bytes come
_AT_ONCE = 200  # requests under way
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429})  # and everything from 500 on

_FAILURES = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, TimeoutError)
"""Whatever a request may raise: the address, the line, the answer or the time is at fault."""


class Webhook:
    """An address that takes notices as JSON by POST; anything in 200-299 takes them.

    Of an answer the status is read and nothing else.
    """

    def __init__(
        self, url: str, first_pause_s: float = _FIRST_PAUSE_S, attempt_s: float = _ATTEMPT_S
    ) -> None:
        """Open no connection yet; redirects are refused."""
        self._url = url
        self._first_pause_s = first_pause_s
        self._attempt_s = attempt_s
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._client = httpx2.AsyncClient(
            timeout=None, follow_redirects=False, limits=httpx2.Limits(max_connections=None)
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def deliver(self, notice: AlertNotice) -> bool:
        """Deliver a notice; return whether it was taken.

        What is refused, or fails for some minutes, is logged and given up: the journal keeps
        it. Many may be under way; between its attempts a notice takes nobody's place.
        """
        pause_s = self._first_pause_s
        why = ""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                status = await self._post(notice)
            except _FAILURES as error:
                why = str(error) or type(error).__name__
            else:
                if 200 <= status < 300:
                    return True
                why = f"status {status}"
                if status < 500 and status not in _WORTH_ANOTHER_TRY:
                    break
            if attempt < _ATTEMPTS:
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        _LOG.error(
            "alert_not_delivered",
            alert_id=notice.alert_id,
            occurrence=notice.occurrence,
            attempts=attempt,
            reason=why,
        )
        return False

    async def _post(self, notice: AlertNotice) -> int:
        """Return the status of one attempt; its answer is left where it is."""
        headers = {
            "content-type": "application/json",
            "idempotency-key": f"{notice.alert_id}-{notice.occurrence}",
        }
        content = msgspec.json.encode(notice)
        async with self._at_once, asyncio.timeout(self._attempt_s):
            request = self._client.stream("POST", self._url, content=content, headers=headers)
            async with request as answer:
                return answer.status_code
