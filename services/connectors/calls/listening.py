"""Listens to telephone exchanges: calls pop up while they ring, and are recorded once over."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic

import structlog

from services.connectors.calls.pops import Pops
from services.connectors.calls.recording import CallRecorder, RecordingPlatform
from services.connectors.document import Feed
from services.connectors.feeds import Feeds, Secret
from services.connectors.formats.asterisk_live import Switchboard
from services.connectors.formats.telephone import AsteriskSettings
from services.connectors.transports.ami import (
    QUIET_S,
    Address,
    LineLost,
    Manager,
    connected,
    host_and_port,
)
from services.errors import LogMoved, Unavailable, UsageError, first_of
from services.postgres.pool import retried
from services.postgres.statements import sql

_LOG = structlog.get_logger(__name__)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_TELL_EVERY_S = 5.0
_LOOK_EVERY_S = 5.0

Secrets = Callable[[], Awaitable[Sequence[Secret]]]


class ExchangeLine:
    """The line to one exchange, taken up again whenever it is lost."""

    def __init__(
        self,
        platform: RecordingPlatform,
        feed: Feed,
        secrets: Secrets,
        quiet_s: float = QUIET_S,
        first_pause_s: float = _FIRST_PAUSE_S,
    ) -> None:
        """Listen for a feed that names a manager. Raises: UsageError."""
        self._platform = platform
        self._feed = feed
        self._settings = feed.settings_as(AsteriskSettings)
        self._secrets = secrets
        self._quiet_s = quiet_s
        self._first_pause_s = first_pause_s
        self._pops = Pops(platform)
        self._switchboard = Switchboard(self._settings)
        self.recorder = CallRecorder(platform, feed, self._settings.log_file)
        self._is_up = False
        self._since = platform.clock.now()
        self._heard_at: datetime | None = None
        self._manager: Manager | None = None  # while the line is up
        self._connects = 0
        self._reason: str | None = None

    async def run(self) -> None:
        """Listen until cancelled. Raises: LogMoved."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.recorder.run())
                tasks.create_task(self._keep_telling())
                tasks.create_task(self._keep_listening())
        except ExceptionGroup as failed:
            raise first_of(LogMoved, failed) from failed

    async def _keep_listening(self) -> None:
        pause_s = self._first_pause_s
        while True:
            connects = self._connects
            try:
                await self._listen()
            except LineLost as error:
                self._lost(str(error))
            except LogMoved:
                raise
            except Unavailable as error:
                self._lost(str(error))
            if self._connects > connects:
                pause_s = self._first_pause_s
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _lost(self, reason: str) -> None:
        if self._is_up or self._reason != reason:
            _LOG.warning("exchange_lost", feed=self._feed.name, reason=reason)
        if self._is_up:
            self.recorder.line_lost()
            self._since = self._platform.clock.now()
        self._is_up, self._reason = False, reason

    async def _listen(self) -> None:
        """Log in and follow the exchange until the line is lost. Raises: LineLost, Unavailable."""
        async with connected(await self._address()) as manager:
            self._connects += 1
            self._is_up, self._reason = True, None
            self._since = self._platform.clock.now()
            _LOG.info("exchange_heard", feed=self._feed.name)
            self._manager = manager
            try:
                await self._tell()
                await self._follow(manager)
            finally:
                self._heard_at, self._manager = self._heard(), None

    async def _follow(self, manager: Manager) -> None:
        await manager.send("CoreShowChannels")
        there: set[str] | None = set()  # the calls that go on; None: all of them are known
        async for event in manager.events(self._quiet_s):
            if there is not None:
                call_id = event.get("Linkedid") or event.get("LinkedID")
                there |= {call_id} if call_id else set()
            if there is not None and event["Event"] == "CoreShowChannelsComplete":
                self.recorder.forget_but(there)
                self._switchboard.forget_but(there)
                with self._screens():
                    await self._pops.keep_only(self._feed, sorted(there))
                there = None
            self.recorder.hear(event)
            signs = self._switchboard.hear(event)
            if signs:
                with self._screens():
                    await self._pops.show(self._feed, self._settings, signs)

    @contextmanager
    def _screens(self) -> Iterator[None]:
        """Go on without the screens while the database is away: what is said must be heard."""
        try:
            yield
        except LogMoved:
            raise
        except Unavailable as error:
            _LOG.warning("call_not_shown", feed=self._feed.name, reason=str(error))

    async def _address(self) -> Address:
        try:
            host, port = host_and_port(self._settings.manager)
        except ValueError as error:
            raise LineLost(str(error)) from error
        secrets = await self._secrets()
        if not secrets:
            raise LineLost("the feed has no secret: touchstone feed secret add")
        newest = secrets[0].text
        return Address(host, port, self._settings.user, newest, self._settings.tls)

    async def _keep_telling(self) -> None:
        while True:
            try:
                await self._tell()
            except Unavailable as error:
                _LOG.warning("exchange_not_told", feed=self._feed.name, reason=str(error))
            await asyncio.sleep(_TELL_EVERY_S)

    def _heard(self) -> datetime | None:
        """Return when anything was heard last, an answer to a ping included."""
        if self._manager is None:
            return self._heard_at
        ago = timedelta(seconds=monotonic() - self._manager.heard_at)
        return self._platform.clock.now() - ago

    async def _tell(self) -> None:
        """Say how the line is, for the status page and whoever scrapes figures."""
        told = (
            self._feed.name,
            self._is_up,
            self._since,
            self._heard(),
            self._platform.clock.now(),
            self._connects,
            self.recorder.recorded,
            self.recorder.incomplete,
            self._reason,
        )
        await retried(lambda: self._platform.pool.execute(sql("feed_line_tell"), *told))


def listens(feed: Feed) -> bool:
    """Tell whether a feed asks for a line that is kept open."""
    return feed.format == "asterisk" and bool(feed.settings.get("manager"))


async def listen(platform: RecordingPlatform, feeds: Feeds) -> None:
    """Keep a line to each exchange that a feed names, until cancelled; follow changes of feeds.

    Raises: LogMoved.
    """
    lines: dict[str, tuple[Feed, asyncio.Task[None]]] = {}
    try:
        while True:
            try:
                wanted = {feed.name: feed for feed in await feeds.all() if listens(feed)}
            except LogMoved:
                raise
            except Unavailable as error:
                _LOG.warning("feeds_unknown", reason=str(error))
            else:
                await _follow_feeds(platform, feeds, lines, wanted)
            await asyncio.sleep(_LOOK_EVERY_S)
    finally:
        for _, task in lines.values():
            task.cancel()
        await asyncio.gather(*(task for _, task in lines.values()), return_exceptions=True)


async def _follow_feeds(
    platform: RecordingPlatform,
    feeds: Feeds,
    lines: dict[str, tuple[Feed, asyncio.Task[None]]],
    wanted: dict[str, Feed],
) -> None:
    for name, (feed, task) in list(lines.items()):
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error
        if wanted.get(name) != feed:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            del lines[name]
    for name, feed in wanted.items():
        if name not in lines:
            try:
                line = ExchangeLine(platform, feed, _secrets_of(feeds, name))
            except UsageError as error:
                _LOG.error("feed_unusable", feed=name, reason=str(error))
                continue
            lines[name] = (feed, asyncio.create_task(line.run(), name=f"exchange {name}"))


def _secrets_of(feeds: Feeds, name: str) -> Secrets:
    async def secrets() -> Sequence[Secret]:
        return await feeds.secrets(name)

    return secrets
