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
_TIMEOUT_S = 10.0
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429})  # and everything from 500 on


class Webhook:
    """An address that takes notices as JSON by POST; anything in 200-299 takes them."""

    def __init__(self, url: str, first_pause_s: float = _FIRST_PAUSE_S) -> None:
        """Open no connection yet; redirects are refused."""
        self._url = url
        self._first_pause_s = first_pause_s
        self._client = httpx2.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def deliver(self, notice: AlertNotice) -> bool:
        """Deliver a notice; return whether it was taken.

        What is refused, or fails for some minutes, is logged and given up: the journal keeps
        it, and no alert may hold up all that come after it.
        """
        pause_s = self._first_pause_s
        why = ""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = await self._client.post(
                    self._url,
                    content=msgspec.json.encode(notice),
                    headers={
                        "content-type": "application/json",
                        "idempotency-key": f"{notice.alert_id}-{notice.occurrence}",
                    },
                )
            except httpx2.TransportError as error:
                why = str(error) or type(error).__name__
            else:
                if answer.is_success:
                    return True
                why = f"status {answer.status_code}"
                if answer.status_code < 500 and answer.status_code not in _WORTH_ANOTHER_TRY:
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
