"""Invented keys keep no branch out of the gateway."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from starlette.requests import Request

from events.envelope import BranchId
from services.gateway import http
from services.gateway.rates import Rates
from services.intake.draft import Scope
from services.intake.keys import BranchKeys
from services.web.problems import Problem

BRANCH = Scope(BranchId("B-01"), False, "key-1")


class Keys:
    """Knows one key, and answers about any other when it is let."""

    def __init__(self) -> None:
        self.let = asyncio.Event()

    def has_met(self, token: str) -> bool:
        return token == "ours"

    async def scope_of(self, token: str) -> Scope | None:
        if token == "ours":
            return BRANCH
        await self.let.wait()
        return None


def request(token: str) -> Request:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    return Request({"type": "http", "headers": headers})


async def test_a_key_that_is_known_passes_while_invented_ones_fill_their_slots() -> None:
    keys = Keys()
    doors = http._Doors(Rates())

    async def ask(token: str) -> Scope:
        return await http._scope(cast(BranchKeys, keys), doors, request(token))

    invented = [asyncio.create_task(ask(f"made-up-{n}")) for n in range(http._STRANGERS)]
    await asyncio.sleep(0)

    with pytest.raises(Problem, match="too many requests"):
        await ask("made-up-again")
    assert await ask("ours") == BRANCH

    keys.let.set()
    for refused in await asyncio.gather(*invented, return_exceptions=True):
        assert isinstance(refused, Problem)
        assert refused.status == 401
