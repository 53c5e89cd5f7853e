"""Finding customers: by what, for whom, in which order; and what the index keeps of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from events.touchpoints.customer import (
    CustomerRegistered,
)
from services.people.principal import ANYBODY, Principal
from services.projector.reference_feed import ReferenceFeed
from services.search.finding import Finder, Hit, Results
from services.search.follower import SearchFollower
from services.search.persons import Persons
from services.search.tokens import tokens_of
from tests.support.console import (
    Company,
    local,
    open_company,
)

pytestmark = pytest.mark.postgres

NAMES = {
    "S-1": ("王小明", "138 0013 8000"),
    "S-2": ("單于·明", "+86 (0)21 5555 0101 转 801"),
    "S-3": ("José O'Brien-Smith", "+1 212 555 0199"),
    "S-4": ("上海恒瑞贸易有限公司", "021-5555 0102"),
    "S-5": ("吕布", "13900139000/0571-88880000"),
    "s-00１６": ("3M 中国", "10012345678"),
}


@dataclass
class Desk:
    company: Company

    async def follow(self) -> None:
        follower = SearchFollower(self.company.platform)
        while await follower.step():
            pass

    async def results(self, typed: str, by: Principal = ANYBODY, limit: int = 20) -> Results:
        platform = self.company.platform
        persons = Persons(platform.pool, platform.vault, platform.clock)
        finder = Finder(await tokens_of(platform.vault), persons)
        rules = await ReferenceFeed(platform.pool).refresh()
        async with platform.pool.acquire() as connection, connection.transaction():
            now = platform.clock.now()
            return await finder.search(connection, typed, by, rules, now, limit)

    async def hits(self, typed: str, by: Principal = ANYBODY) -> Sequence[Hit]:
        return (await self.results(typed, by)).hits

    async def found(self, typed: str, by: Principal = ANYBODY) -> list[str]:
        return [hit.customer for hit in await self.hits(typed, by)]


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with open_company(database) as company:
        await company.settle_down()
        for customer, (name, phone) in NAMES.items():
            await company.report(
                customer,
                CustomerRegistered(home_branch="NY" if customer == "S-3" else "SH"),
                at=local("2026-01-05"),
                personal={"name": name, "phone": phone},
            )
        desk = Desk(company)
        await desk.follow()
        yield desk


@pytest.mark.parametrize(
    ("typed", "customer"),
    [
        ("小明", "S-1"), ("王小明", "S-1"), ("明 王", "S-1"), ("wangxm", ""), ("wxm", "S-1"),
        ("xiaoming", "S-1"), ("WangXiaoM", "S-1"), ("王 8000", "S-1"), ("王 8001", ""),
        ("单于明", "S-2"), ("單于", "S-2"), ("shanyu", "S-2"), ("danyu", "S-2"), ("chanyu", "S-2"),
        ("jose", "S-3"), ("JOSÉ", "S-3"), ("Jose\u0301 smi", "S-3"), ("o'brien", "S-3"),
        ("obriensm", "S-3"), ("brien", "S-3"), ("rien", ""), ("jobs", "S-3"),
        ("恒瑞", "S-4"), ("上海 有限公司", "S-4"), ("hengrui", "S-4"), ("shhrmy", "S-4"),
        ("shhrmyyxgs", "S-4"), ("shhrmyyxgz", ""), ("shanghaihengruimaoyiyou", "S-4"),
        ("lvbu", "S-5"), ("lubu", "S-5"), ("lyubu", "S-5"), ("lü bu", "S-5"),
        ("3m", "s-00１６"), ("３Ｍ中国", "s-00１６"), ("S-0016", "s-00１６"), ("0016", "s-00１６"),
        ("13800138000", "S-1"), ("+86 138-0013-8000", "S-1"), ("0086 13800138000", "S-1"),
        ("8000", "S-1"), ("３８０００", "S-1"), ("021-55550101", "S-2"), ("5555 0101", "S-2"),
        ("86 21 5555 0101", "S-2"), ("2125550199", "S-3"), ("(212) 555-0199", "S-3"),
        ("1-212-555-0199", "S-3"), ("0571 8888 0000", "S-5"), ("13900139000", "S-5"),
        ("000", ""), ("", ""), ("·", ""), ("nobody", ""), ("王%", "S-1"), ("赵", ""),
    ],
)  # fmt: skip
async def test_what_finds_whom(desk: Desk, typed: str, customer: str) -> None:
    assert await desk.found(typed) == ([customer] if customer else [])
