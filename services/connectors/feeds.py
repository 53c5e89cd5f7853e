"""The store of feeds: what documents come from where, in which format, for which branch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol
from zoneinfo import ZoneInfoNotFoundError

import msgspec
from asyncpg import Record
from msgspec import Struct

from events.envelope import BranchId
from events.money import UnknownCurrency, minor_digits
from services.connectors.document import Feed, Setting
from services.connectors.registry import connector
from services.connectors.texts import plain
from services.errors import UsageError
from services.intake.characters import is_branch_id
from services.people.journal import Journal
from services.ports import Clock
from services.postgres.pool import Pool, retried, translated
from services.postgres.statements import sql
from services.vault.vault import PostgresVault
from services.wording import quoted

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SUBJECT = "vault:feeds"
"""A subject that nobody is: its key seals what feeds' messages are signed with."""

_SECRET_CHARACTERS = 500
_LISTED = "see `touchstone feed list`"


class FeedsPlatform(Protocol):
    """The open parts of a platform that feeds take."""

    @property
    def pool(self) -> Pool:
        """Connections to the database."""
        ...

    @property
    def vault(self) -> PostgresVault:
        """The keys that seal secrets."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...


class Secret(Struct, frozen=True):
    """What messages of a feed are signed with; `repr` does not tell it."""

    number: int
    text: str

    def __repr__(self) -> str:
        """Return what may be shown."""
        return f"Secret({self.number})"


class Feeds:
    """Adds, finds and removes feeds; each act is told of in the journal."""

    def __init__(self, platform: FeedsPlatform) -> None:
        """Keep feeds in their table and their secrets sealed by the vault."""
        self._pool = platform.pool
        self._vault = platform.vault
        self._clock = platform.clock
        self._journal = Journal(platform.pool, platform.clock)

    async def add(self, feed: Feed, by: str) -> None:
        """Put a feed to use. Raises: UsageError, Unavailable."""
        checked(feed)
        for other in await self.all():
            if other.name != feed.name and account_of(other) == account_of(feed) is not None:
                raise UsageError(
                    f"the feed {quoted(other.name)} has this account already: two feeds of one "
                    "account would count each payment twice"
                )
        values = (feed.format, feed.branch, feed.zone, feed.currency)
        settings = msgspec.json.encode(feed.settings).decode()
        with translated():
            added = await self._pool.fetchval(
                sql("feed_add"), feed.name, *values, settings, self._clock.now()
            )
        if added is None:
            raise UsageError(
                f"there is or was another feed {quoted(feed.name)}: choose another name, since a "
                f"feed's name and branch are part of its events' ids; {_LISTED}"
            )
        await self._journal.tell_alone(by, "feed_added", feed.branch, feed.name)

    async def all(self) -> Sequence[Feed]:
        """Return the feeds in use. Raises: Unavailable."""
        rows = await retried(lambda: self._pool.fetch(sql("feed_list")))
        return [_feed(row) for row in rows]

    async def find(self, name: str) -> Feed | None:
        """Return a feed in use. Raises: Unavailable."""
        row = await retried(lambda: self._pool.fetchrow(sql("feed_find"), name))
        return None if row is None or row["removed_at"] is not None else _feed(row)

    async def ever(self, name: str) -> Feed | None:
        """Return a feed, in use or removed: what it brought stays its own. Raises: Unavailable."""
        row = await retried(lambda: self._pool.fetchrow(sql("feed_find"), name))
        return None if row is None else _feed(row)

    async def named(self, name: str) -> Feed:
        """Return a feed in use. Raises: UsageError where there is none; Unavailable."""
        feed = await self.find(name)
        if feed is None:
            raise UsageError(f"there is no feed {quoted(name)}; {_LISTED}")
        return feed

    async def remove(self, name: str, by: str) -> None:
        """Take a feed out of use; what it brought stays. Raises: UsageError, Unavailable."""
        feed = await self.named(name)
        with translated():
            await self._pool.fetchval(sql("feed_remove"), name, self._clock.now())
        await self._journal.tell_alone(by, "feed_removed", feed.branch, feed.name)

    async def add_secret(self, name: str, secret: str, by: str) -> int:
        """Keep one more secret of a feed and return its number; earlier ones go on to hold.

        Raises: UsageError, Unavailable.
        """
        feed = await self.named(name)
        if not 1 <= len(secret) <= _SECRET_CHARACTERS:
            raise UsageError(f"a secret has 1 to {_SECRET_CHARACTERS} characters")
        await self._vault.prepare([_SUBJECT])
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                number: int = await connection.fetchval(sql("feed_secret_number"), name)
                sealed = await self._vault.seal(_SUBJECT, f"{name}#{number}", {"secret": secret})
                now = self._clock.now()
                await connection.execute(sql("feed_secret_add"), name, number, sealed, now)
        await self._journal.tell_alone(by, "feed_secret_added", feed.branch, f"{name}#{number}")
        return number

    async def end_secret(self, name: str, number: int, by: str) -> None:
        """Let a secret hold no more. Raises: UsageError, Unavailable."""
        feed = await self.named(name)
        with translated():
            ended = await self._pool.fetchval(
                sql("feed_secret_end"), name, number, self._clock.now()
            )
        if ended is None:
            raise UsageError(f"the feed {quoted(name)} has no secret {number} in force")
        await self._journal.tell_alone(by, "feed_secret_ended", feed.branch, f"{name}#{number}")

    async def secrets(self, name: str) -> Sequence[Secret]:
        """Return a feed's secrets in force, the newest first. Raises: Unavailable."""
        rows = await retried(lambda: self._pool.fetch(sql("feed_secrets"), name))
        found = []
        for row in rows:
            fields = await self._vault.open(_SUBJECT, f"{name}#{row['number']}", row["sealed"])
            assert fields is not None, "the key of feeds is nobody's to destroy"
            found.append(Secret(row["number"], fields["secret"]))
        return found


def checked(feed: Feed) -> Feed:
    """Return a feed that can be used. Raises: UsageError."""
    if not _NAME.fullmatch(feed.name):
        raise UsageError(
            f"{quoted(feed.name)} is no name of a feed: 1 to 40 small letters, digits and hyphens"
        )
    if not is_branch_id(feed.branch):
        raise UsageError(f"--branch: {quoted(feed.branch)} is no branch id")
    try:
        _ = feed.tz
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"--zone: {quoted(feed.zone)} is no IANA zone, such as Europe/Berlin"
        ) from error
    if feed.currency is not None:
        try:
            minor_digits(feed.currency)
        except UnknownCurrency as error:
            raise UsageError(f"--currency: {error}") from error
    feed.settings_as(connector(feed.format).settings)
    return feed


def account_of(feed: Feed) -> str | None:
    """Return the account of ours that a feed tells of, if it is one's."""
    account = feed.settings.get("account")
    return plain(account) if isinstance(account, str) else None


def _feed(row: Record) -> Feed:
    settings: dict[str, Setting] = msgspec.json.decode(row["settings"], type=dict[str, Setting])
    return Feed(
        name=row["name"],
        format=row["format"],
        branch=BranchId(row["branch_id"]),
        zone=row["zone"],
        currency=row["currency"],
        settings=settings,
    )
