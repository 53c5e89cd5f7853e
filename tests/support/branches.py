"""A branch's own program before a real gateway: the line between them can be cut anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.types import ASGIApp

from services.hosts.serving import server
from services.ports import Clock
from services.postgres.pool import Pool
from services.vault.signing import signer_of
from services.vault.vault import PostgresVault
from touchstone_branch.clocks import Moment
from touchstone_branch.settings import Settings, write_settings

_HOST = "127.0.0.1"
SDK = Path(__file__).parents[2] / "sdk" / "branch"


@dataclass
class WrongClock:
    """A device's clock that a test sets; its even clock goes on with it unless it is put right."""

    at: datetime
    ticks_ns: int = 1_000_000_000
    boot: str = "first start"

    def now(self) -> Moment:
        return Moment(self.at, self.boot, self.ticks_ns)

    def passes(self, by: timedelta) -> None:
        self.at += by
        self.ticks_ns += by // timedelta(microseconds=1) * 1_000


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[int]:
    """Serve an application on loopback; yields the port."""
    serving = server(app, _HOST, 0, 100)
    task = asyncio.create_task(serving.serve())
    async with asyncio.timeout(30):
        while not serving.started:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    try:
        yield serving.servers[0].sockets[0].getsockname()[1]
    finally:
        serving.should_exit = True
        serving.force_exit = True
        await task


async def install(
    directory: Path,
    port: int,
    token: str,
    pool: Pool,
    vault: PostgresVault,
    clock: Clock,
    branch: str = "SH-01",
) -> None:
    """Install a branch that publishes through a port and believes the platform's key."""
    verifier = (await signer_of(pool, vault, clock)).verifier
    settings = Settings(f"http://{_HOST}:{port}", branch, "till-3", verifier, reserve_mb=1)
    write_settings(directory, settings, token)


@dataclass
class CuttingProxy:
    """Forwards connections; breaks each off after so many bytes of a batch, or of its answer.

    Answers after the first so many of a connection may be kept back instead, for ever.
    """

    upstream: int
    port: int = 0
    sent: int | None = None  # bytes of batches that reach the platform before the cut
    answered: int | None = None  # bytes that come back after a batch was begun
    answers_before_hold: int | None = None
    is_down: bool = False
    ends: set[asyncio.StreamWriter] = field(default_factory=set)
    held: asyncio.Event = field(default_factory=asyncio.Event)  # an answer is kept back

    def goes_down(self) -> None:
        """Break everything off, and let nobody through until `is_down` is taken back."""
        self.is_down = True
        for end in self.ends:
            end.transport.abort()

    async def carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        if self.is_down:
            back.transport.abort()
            back.close()
            return
        batch = asyncio.Event()  # begun
        far, forth = await asyncio.open_connection(_HOST, self.upstream)
        ways = [
            asyncio.create_task(self._sends(near, forth, batch)),
            asyncio.create_task(self._answers(far, back, batch)),
        ]
        self.ends |= {forth, back}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self.ends -= {forth, back}
            for end in (forth, back):
                end.transport.abort()
                end.close()

    async def _sends(
        self, near: asyncio.StreamReader, forth: asyncio.StreamWriter, batch: asyncio.Event
    ) -> None:
        left = self.sent
        while chunk := await near.read(64 * 1024):
            if chunk.startswith(b"POST "):
                batch.set()
            left = await _passed(chunk, forth, left if batch.is_set() else None, left)
            if left == 0:
                return

    async def _answers(
        self, far: asyncio.StreamReader, back: asyncio.StreamWriter, batch: asyncio.Event
    ) -> None:
        left, seen = self.answered, 0
        while chunk := await far.read(64 * 1024):
            seen += chunk.count(b"HTTP/1.1 ")
            if self.answers_before_hold is not None and seen > self.answers_before_hold:
                self.held.set()
                await asyncio.Event().wait()
            left = await _passed(chunk, back, left if batch.is_set() else None, left)
            if left == 0:
                return


async def _passed(
    chunk: bytes, sink: asyncio.StreamWriter, most: int | None, left: int | None
) -> int | None:
    """Pass on what may still pass, and return how much may after it."""
    part = chunk[:most]
    sink.write(part)
    with contextlib.suppress(OSError):
        await sink.drain()
    if most is None or left is None:
        return left
    await asyncio.sleep(0)
    return left - len(part)


@asynccontextmanager
async def cutting(upstream: int) -> AsyncIterator[CuttingProxy]:
    """Yield a proxy before a port."""
    made = CuttingProxy(upstream)
    tasks: set[asyncio.Task[None]] = set()

    def accept(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(made.carry(near, back))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, _HOST, 0)
    made.port = listener.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def agent(*words: str | Path) -> asyncio.subprocess.Process:
    """Start the branch's program."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "touchstone_branch.agent", *map(str, words),
        env=os.environ | {"PYTHONPATH": str(SDK)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


def utc(text: str) -> datetime:
    """Return an instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
