"""Invented keys keep no branch out of the gateway."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from starlette.requests import Request

from events.envelope import BranchId
from services.intake.draft import Scope
from services.intake.keys import Keys, StaffScope
from services.intake.speaking import scope_of
from services.web import doors as web_doors
from services.web.bodies import Held, Limits
from services.web.doors import Doors
from services.web.problems import Problem
from services.web.rates import Rates

BRANCH = Scope(BranchId("B-01"), False, "key-1")


class KnownKeys:
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
    keys = KnownKeys()
    doors = Doors(Rates(), Held(Limits(1, 1, ""), 1))

    async def ask(token: str) -> Scope | StaffScope:
        return await scope_of(cast(Keys, keys), doors, request(token))

    invented = [asyncio.create_task(ask(f"made-up-{n}")) for n in range(web_doors._STRANGERS)]
    await asyncio.sleep(0)

    with pytest.raises(Problem, match="too many requests"):
        await ask("made-up-again")
    assert await ask("ours") == BRANCH

    keys.let.set()
    for refused in await asyncio.gather(*invented, return_exceptions=True):
        assert isinstance(refused, Problem)
        assert refused.status == 401
