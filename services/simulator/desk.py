"""Where the company's staff command cases: each with a key of his or her own, over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from random import Random
from zlib import crc32

import httpx2
import msgspec
import structlog

from events.cases.commands import CaseCommand, Command
from services.casework.api import COMMANDS, ON_A_VERSION
from services.casework.ordering import CommandOn

_LOG = structlog.get_logger(__name__)

_QUEUES = 8
_LONGEST_PAUSE_S = 30.0
_OPENS_WITHIN = 60
"""Looks at a case that its complaint has not opened yet: some seconds pass until then."""

_WORDS: Mapping[type[CaseCommand], str] = {kind: word for word, kind in COMMANDS.items()}


class Desk:
    """Sends commands, those of one case in order, and each again until it is answered."""

    def __init__(self, client: httpx2.AsyncClient, keys: Mapping[str, str], dice: Random) -> None:
        """Prepare to command with the keys of the company's staff; `dice` spread the retries."""
        self.done = 0
        self.refused = 0
        self._client = client
        self._keys = keys
        self._dice = dice
        self._queues = [asyncio.Queue[CommandOn[Command]]() for _ in range(_QUEUES)]

    def put(self, asked: CommandOn[Command]) -> None:
        """Take in something to command."""
        self._queues[crc32(asked.on.encode()) % _QUEUES].put_nowait(asked)

    async def send(self) -> None:
        """Send whatever comes, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for queue in self._queues:
                tasks.create_task(self._send(queue))

    async def _send(self, queue: asyncio.Queue[CommandOn[Command]]) -> None:
        while True:
            asked = await queue.get()
            pause_s, looks = 0.5, 0
            while (wait_s := await self._give(asked, looks)) is not None:
                looks += 1
                await asyncio.sleep(max(wait_s, pause_s) * self._dice.uniform(0.8, 1.2))
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S) if looks < _OPENS_WITHIN else 0.5

    async def _give(self, asked: CommandOn[Command], looks: int) -> float | None:
        """Give a command; return None once it is answered, else the least seconds to wait."""
        path = f"/api/v1/cases/{asked.on}"
        headers = {"Authorization": f"Bearer {self._keys[asked.by.agent]}"}
        try:
            if type(asked.command) in ON_A_VERSION:
                seen = await self._client.get(path, headers=headers)
                headers["If-Match"] = seen.headers.get("ETag", '"0"')
            answer = await self._client.post(
                f"{path}/{_WORDS[type(asked.command)]}",
                content=msgspec.json.encode(_body(asked)),
                headers=headers | {"Idempotency-Key": asked.key},
            )
        except httpx2.TransportError:
            return 0.0
        if answer.status_code in {429, 502, 503, 504}:
            with contextlib.suppress(ValueError):
                return float(answer.headers.get("Retry-After", "1"))
            return 1.0
        if answer.status_code == 404 and looks < _OPENS_WITHIN:
            return 0.0
        if answer.is_success:
            self.done += 1
        else:
            self.refused += 1
            _LOG.info("command_refused", case=asked.on, why=answer.text[:500])
        return None


def _body(asked: CommandOn[Command]) -> dict[str, object]:
    fields = msgspec.to_builtins(asked.command)
    assert isinstance(fields, dict)
    body = {name: value for name, value in fields.items() if value is not None}
    return body | {"personal": asked.personal} if asked.personal else body
