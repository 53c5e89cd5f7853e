"""Passwords: which may be chosen, and what is kept of them (Argon2id)."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from events.texts import worded
from services.errors import Unavailable
from services.people.refusals import AccountRefusal

T = TypeVar("T")

_LEAST = 12
_MOST = 200
_AT_ONCE = 2
_WAITING = 64


class Passwords:
    """Hashes and checks passwords, a few at once: each takes 64 MiB and some tenths of a second."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Hash with the parameters given; by default those of RFC 9106 for little memory."""
        self._hasher = hasher or PasswordHasher()
        self._nobodys = self._hasher.hash("the password of nobody")
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return what is kept of a password: hash, salt and parameters. Raises: Unavailable."""
        return await self._in_turn(lambda: self._hasher.hash(_normal(password)))

    async def is_right(self, kept: str | None, password: str) -> bool:
        """Tell whether a password is the kept one; where none is kept it takes as long.

        Raises: Unavailable.
        """
        return await self._in_turn(lambda: self._verified(kept, password))

    def is_outdated(self, kept: str) -> bool:
        """Tell whether a hash was made with weaker parameters than new ones are."""
        return self._hasher.check_needs_rehash(kept)

    def _verified(self, kept: str | None, password: str) -> bool:
        try:
            self._hasher.verify(kept or self._nobodys, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING:
            raise Unavailable("too many log-ins at once")
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def check_new(password: str, staff_id: str) -> None:
    """Let a password pass that nobody guesses at once. Raises: AccountRefusal."""
    plain = _normal(password)
    if not _LEAST <= len(plain) <= _MOST:
        raise AccountRefusal(
            worded("a password has %(least)s to %(most)s characters", least=_LEAST, most=_MOST),
            worded("choose another, such as four words that do not belong together"),
        )
    folded = plain.casefold()
    few = len(set(folded)) < 5
    if few or staff_id.casefold() in folded or folded in _USUAL:
        raise AccountRefusal(
            worded("this password is among those that are tried first"),
            worded(
                "choose one without your number, of at least five different characters, such as "
                "four words that do not belong together"
            ),
        )


def _normal(password: str) -> str:
    """Return one form of a password, however the keyboard composed it."""
    return unicodedata.normalize("NFKC", password)[: _MOST + 1]


_USUAL = frozenset(
    {
        "123456789012",
        "1234567890123",
        "1q2w3e4r5t6y",
        "123456abcdef",
        "abcdef123456",
        "adminadmin123",
        "administrator",
        "password1234",
        "password12345",
        "passwordpassword",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiop[]",
        "woaini1314520",
        "touchstone123",
        "touchstone1234",
    }
)
"""Long enough, and tried all the same."""
