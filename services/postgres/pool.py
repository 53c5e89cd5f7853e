"""Connections whose failures are one kind of error and whose instants are aware UTC.

Values travel as the core holds them: uuid as canonical lower-case text, timestamptz as an
aware UTC datetime. A server given by DSN may have any defaults, so a session sets its own.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

import asyncpg

from services.errors import Unavailable, UsageError
from services.native import choose

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
"""The pool of the whole process; `open_pool` makes it."""

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
"""A connection while the pool lends it."""

PROGRAM = "touchstone"
"""With what the name begins that the server knows each process of the platform by."""

_SESSION = {
    "timezone": "UTC",
    "jit": "off",
    "default_transaction_isolation": "read committed",
    "synchronous_commit": "on",  # acknowledged means durable, whatever the server's default
    "idle_in_transaction_session_timeout": "120s",
    "lock_timeout": "60s",
}

# The server is away or cannot work; the same call may succeed later.
_AWAY = (
    asyncpg.PostgresConnectionError,  # class 08
    asyncpg.InsufficientResourcesError,  # class 53: connections, memory, disk
    asyncpg.OperatorInterventionError,  # class 57: shutting down, crashed, starting
    asyncpg.ReadOnlySQLTransactionError,  # a primary that became a standby
    asyncpg.LockNotAvailableError,
    asyncpg.PostgresIOError,  # class 58: the server's own disk
    asyncpg.InternalClientError,  # a connection killed while it was being reset or started
    OSError,  # includes refused, reset and timed-out connections
    asyncio.TimeoutError,
)

# Two transactions were in each other's way; the loser starts again.
_COLLISIONS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)

# The server answers and will not have us; asking again changes nothing.
_REFUSALS = (
    asyncpg.InvalidAuthorizationSpecificationError,  # class 28: user, password, pg_hba.conf
    asyncpg.InvalidCatalogNameError,  # class 3D: no such database
)

_ATTEMPTS = 4
_FIRST_PAUSE_S = 0.05

T = TypeVar("T")

if TYPE_CHECKING:
    _Plain: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    _Plain = asyncpg.Connection  # its type's parameter is known to type checkers alone


class _Lent(_Plain):
    """A connection that is as new after each use, but where it was lent for locks.

    Nothing else that the platform does outlives a transaction: asking the server to reset
    each time would be one statement more for every use.
    """

    __slots__ = ("_for_locks",)

    def lend_for_locks(self) -> None:
        """Take note that locks of the session may be held until it is given back."""
        self._for_locks = True

    def get_reset_query(self) -> str:
        """Return what lets go of the session's locks, if there may be any."""
        if not getattr(self, "_for_locks", False):
            return ""
        self._for_locks = False
        return super().get_reset_query()


@asynccontextmanager
async def lent_for_locks(pool: Pool) -> AsyncIterator[Connection]:
    """Lend a connection to take locks of its session with; they end when it is given back."""
    async with pool.acquire() as connection:
        reset_when_given_back(connection)
        yield connection


def reset_when_given_back(connection: Connection) -> None:
    """Have the locks end that a session may hold, once its connection is given back."""
    cast("_Lent", connection).lend_for_locks()


@asynccontextmanager
async def one_state(connection: Connection, setting: str) -> AsyncIterator[None]:
    """Have all that is asked meanwhile belong to one state of the database, under a setting.

    Both are said in one message: whatever is looked at begins with it.
    """
    await connection.execute(f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {setting}")
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("COMMIT")


async def _prepare(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=_uuid_bytes, decoder=_uuid_text, format="binary"
    )


def _uuid_bytes(text: object) -> bytes:
    return bytes.fromhex(str(text).replace("-", ""))


def _uuid_text(value: bytes) -> str:
    digits = value.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@contextmanager
def translated() -> Iterator[None]:
    """Turn the failures of a server that is away into Unavailable; let all others pass.

    Raises: Unavailable.
    """
    try:
        yield
    except _AWAY as error:
        raise Unavailable(_message(error)) from error
    except asyncpg.InterfaceError as error:
        # asyncpg's own word for a connection or pool that was lost or closed under a call.
        lost = _away_before(error)
        if lost is None and "clos" not in str(error) and "released" not in str(error):
            raise
        raise Unavailable(_message(lost or error)) from error


def _away_before(error: BaseException) -> BaseException | None:
    """Return why the server was away when an error came of it, as on the way out of a call.

    A transaction that is rolled back over a connection lost in the middle of a COPY complains of
    the COPY.
    """
    cause = error.__context__
    while cause is not None and not isinstance(cause, _AWAY):
        cause = cause.__context__
    return cause


def _message(error: BaseException) -> str:
    if isinstance(error, asyncpg.DiskFullError):
        return (
            f"the database's server has no room left on its disk ({error}); nothing was written: "
            "make room there and try again"
        )
    return (
        f"the database cannot be reached just now ({str(error) or type(error).__name__}); "
        "try again in a moment"
    )


async def retried(call: Callable[[], Awaitable[T]], attempts: int = _ATTEMPTS) -> T:
    """Return what `call` returns, repeating it a few times while the server is away.

    Pauses double and are jittered. Only for calls that may safely run twice.
    Raises: Unavailable, when the last attempt failed too.
    """
    pause_s = _FIRST_PAUSE_S
    for attempt in range(1, attempts + 1):
        try:
            with translated():
                return await call()
        except Unavailable:
            if attempt == attempts:
                raise
        except _COLLISIONS as error:
            if attempt == attempts:
                raise Unavailable(_message(error)) from error
        await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
        pause_s *= 2
    raise AssertionError("unreachable: the last attempt returns or raises")


def program_name() -> str:
    """Return how this process is known to the server: its command, number, and compiled parts."""
    command = next((word for word in sys.argv[1:2] if word.isalpha()), Path(sys.argv[0]).stem)
    return f"{PROGRAM} {command[:20]} {os.getpid()}: {choose()}"


async def open_pool(dsn: str, *, min_size: int = 1, max_size: int = 10) -> Pool:
    """Return an open pool, once the server answers.

    Raises: Unavailable; UsageError, for an address, user or database that cannot be right.
    """

    async def connect() -> Pool:
        return await asyncpg.create_pool(
            dsn,
            min_size=min_size,
            max_size=max_size,
            init=_prepare,
            connection_class=_Lent,
            server_settings={**_SESSION, "application_name": program_name()},
            timeout=10,
            command_timeout=300,
        )

    try:
        return await retried(connect)
    except _REFUSALS as error:
        raise UsageError(f"the database cannot be used: {error}; mend TOUCHSTONE_DSN") from error
    except (asyncpg.ClientConfigurationError, ValueError) as error:
        # Its text may hold a part of the password that was taken for something else.
        raise UsageError(
            "TOUCHSTONE_DSN is no address such as postgresql://user:password@host:5432/database; "
            "write special characters of a password as %XX"
        ) from error
