"""Passwords: kept as Argon2id, checked in the same time whoever asks, and not the usual ones."""

from typing import Literal

import pytest
from argon2 import PasswordHasher

from services.people.passwords import Passwords, check_new
from services.people.refusals import AccountRefusal

WORDS = "correct horse battery staple"


def cheap() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def test_only_the_password_itself_is_right() -> None:
    passwords = cheap()
    kept = await passwords.hash(WORDS)
    assert kept.startswith("$argon2id$")
    assert WORDS not in kept
    assert kept != await passwords.hash(WORDS)  # each with a salt of its own
    assert await passwords.is_right(kept, WORDS)
    assert not await passwords.is_right(kept, WORDS + " ")
    assert not await passwords.is_right(kept, "")


async def test_a_keyboard_that_composes_otherwise_types_the_same() -> None:
    passwords = cheap()
    kept = await passwords.hash("grüße aus münchen")
    assert await passwords.is_right(kept, "gru\u0308ße aus mu\u0308nchen")


async def test_nobodys_password_is_verified_too_and_never_right() -> None:
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            verified.append(str(hash))
            return super().verify(hash, password)

    passwords = Passwords(Counting(time_cost=1, memory_cost=8, parallelism=1))
    assert not await passwords.is_right(None, "the password of nobody")
    assert len(verified) == 1


async def test_a_hash_of_weaker_parameters_is_outdated() -> None:
    kept = await cheap().hash(WORDS)
    assert not cheap().is_outdated(kept)
    assert Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)).is_outdated(kept)


@pytest.mark.parametrize(
    "password", ["short", "x" * 201, "aaaaaaaaaaaaaaaa", "my SH-S4 password", "Password1234"]
)
def test_what_is_tried_first_is_not_taken(password: str) -> None:
    with pytest.raises(AccountRefusal):
        check_new(password, "sh-s4")


@pytest.mark.parametrize("password", [WORDS, "正确的马电池订书钉一二三四", "Tr0ub4dor&3xyz"])
def test_a_good_password_is_taken(password: str) -> None:
    check_new(password, "SH-S4")
