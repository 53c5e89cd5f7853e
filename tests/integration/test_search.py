"""Finding customers: by what, for whom, in which order; and what the index keeps of them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date

import pytest

from events.cases.terms import native_case_id
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.customer import (
    ContactPersonAdded,
    CustomerMerged,
    CustomerProfileChanged,
    CustomerRegistered,
    CustomerUnmerged,
)
from services.people.principal import ANYBODY, Principal, Right, Scope
from services.postgres.pool import Connection
from services.projector.reference_feed import ReferenceFeed
from services.search.finding import Finder, Hit, Results
from services.search.follower import SearchFollower, events_behind
from services.search.persons import Persons
from services.search.rebuild import rebuild_index
from services.search.tokens import tokens_of
from services.walk.parts import Extent, Part, divide
from tests.support.console import (
    Company,
    invoice,
    local,
    open_company,
    ordered,
    paid,
    payment_of,
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


async def everybody(customers: Sequence[str]) -> Sequence[str]:
    return customers


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
        finder = Finder(platform.pool, await tokens_of(platform.vault), persons)
        rules = await ReferenceFeed(platform.pool).refresh()
        return await finder.search(typed, by, rules, platform.clock.now(), limit, everybody)

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


WHOM = (
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
)  # fmt: skip


async def test_what_finds_whom(desk: Desk) -> None:
    found = {typed: await desk.found(typed) for typed, _ in WHOM}
    assert found == {typed: [customer] if customer else [] for typed, customer in WHOM}


async def test_the_index_holds_no_letter_of_what_it_finds(desk: Desk) -> None:
    """As PostgreSQL writes rows, as text and as bytes: no name, no sound, no number in any form."""
    pool = desk.company.platform.pool
    tables = ("search_customers", "search_latest", "search_references", "search_places")
    rows = [row for table in tables for row in await pool.fetch(f"SELECT t::text FROM {table} t")]
    text = "\n".join(row[0] for row in rows)
    assert "S-1" in text
    for name, phone in NAMES.values():
        assert name not in text
        assert phone not in text
    assert not re.search("(?i)wang|ming|shan|brien|jose|shang|heng|[王明单單上海恒]", text)
    assert not re.search("13800138|38000|55550101|5550199|39001390", text)


async def test_a_new_name_takes_the_old_ones_place(desk: Desk) -> None:
    renamed = CustomerProfileChanged()
    await desk.company.report("S-1", renamed, at=local("2026-03-10"), personal={"name": "欧阳娜娜"})
    later = {"phone": "13700137000"}
    await desk.company.report("S-1", renamed, at=local("2026-03-25"), personal=later)
    await desk.follow()
    assert await desk.found("王小明") == await desk.found("wxm") == []
    assert await desk.found("欧阳") == await desk.found("娜娜 8000") == ["S-1"]
    assert await desk.found("7000") == []
    desk.company.clock.at = local("2026-03-26")
    await desk.follow()  # nothing was recorded: it has taken effect
    assert await desk.found("7000") == ["S-1"]
    assert await desk.found("娜娜 8000") == []


async def test_who_was_merged_leads_to_the_head_until_parted(desk: Desk) -> None:
    await desk.company.report("S-1", CustomerMerged(into="S-5"), at=local("2026-03-01"))
    await desk.follow()
    for typed in ("王小明", "8000", "S-1", "吕布", "王 吕"):
        assert await desk.found(typed) == ["S-5"], typed
    [hit] = await desk.hits("王小明")
    assert [(text.of, text.text) for text, spans in hit.texts if spans] == [("S-1", "王小明")]
    await desk.company.report("S-1", CustomerUnmerged(out_of="S-5"), at=local("2026-03-02"))
    await desk.follow()
    assert await desk.found("王小明") == ["S-1"]
    assert await desk.found("吕布") == ["S-5"]


async def test_contact_persons_find_their_customer(desk: Desk) -> None:
    added = ContactPersonAdded(contact_id="1", role="buyer")
    personal = {"name": "赵敏", "phone": "13600136000"}
    await desk.company.report("S-4", added, at=local("2026-02-01"), personal=personal)
    await desk.follow()
    assert await desk.found("赵敏") == await desk.found("13600136000") == ["S-4"]


async def test_nothing_personal_finds_whose_key_is_destroyed_from_that_moment(desk: Desk) -> None:
    pool = desk.company.platform.pool
    await pool.execute(
        "UPDATE subject_keys SET wrapped_key = NULL, destroyed_at = now() WHERE subject = 'S-1'"
    )
    assert await desk.found("王小明") == []
    assert (
        await pool.fetchval("SELECT tokens FROM search_customers WHERE customer_id = 'S-1'") == []
    )
    await desk.follow()
    assert await desk.found("王小明") == await desk.found("8000") == []
    assert await desk.found("s-1") == ["S-1"]


async def test_references_find_whose_they_are(desk: Desk) -> None:
    company = desk.company
    await company.report("S-1", invoice("INV-2026-0815", 100, date(2026, 4, 1)), ordered("O/77", 5))
    await company.report("S-2", payment_of("INV-2026-0815", 100), paid("Überweisung 9", 3))
    await company.report("S-3", ComplaintFiled(severity="low", department="service"), branch="NY")
    case = native_case_id(company.last_event_id)
    await desk.follow()

    async def named(typed: str, by: Principal = ANYBODY) -> list[tuple[str, str, str]]:
        hits = await desk.hits(typed, by)
        return [(h.customer, h.reference.kind, h.reference.text) for h in hits if h.reference]

    both = [("S-1", "invoice", "INV-2026-0815"), ("S-2", "invoice", "INV-2026-0815")]
    for typed in ("inv-2026-0815", "INV20260815", "ｉｎｖ 2026 0815"):
        assert sorted(await named(typed)) == both, typed
    ending = [*both, ("S-2", "payment", "P-INV-2026-0815")]
    assert sorted(await named("0815")) == ending
    assert await named("o/77") == [("S-1", "order", "O/77")]
    assert await named("uberweisung 9") == [("S-2", "payment", "Überweisung 9")]
    for typed in (case, case.upper(), case[:8]):
        assert await named(typed) == [("S-3", "case", case)], typed
    assert await named("0816") == await named("2026-0815") == await named("INV") == []
    shanghai = Principal("a", Scope(frozenset({"SH"})))
    assert await named(case, shanghai) == []
    assert sorted(await named("0815", shanghai)) == ending


async def test_everybody_finds_what_he_or_she_may_see(desk: Desk) -> None:
    shanghai = Principal("a", Scope(frozenset({"SH"})))
    new_york = Principal("b", Scope(frozenset({"NY"})))
    nowhere = Principal("c", Scope(frozenset()))
    for typed, customer, at_home in (
        ("jose", "S-3", new_york), ("S-3", "S-3", new_york), ("0199", "S-3", new_york),
        ("小明", "S-1", shanghai), ("s-1", "S-1", shanghai),
    ):  # fmt: skip
        for by in (shanghai, new_york, nowhere):
            assert await desk.found(typed, by) == ([customer] if by is at_home else []), typed
    numbers_only = Principal("d", rights=frozenset(Right) - {Right.SEE_PERSONS})
    for typed in ("王小明", "wxm", "13800138000", "8000"):
        assert await desk.found(typed, numbers_only) == [], typed
    [hit] = await desk.hits("s-1", numbers_only)
    assert [text.text for text, _ in hit.texts] == ["S-1"]


async def test_what_is_just_that_comes_first_then_who_was_heard_of_last(desk: Desk) -> None:
    told = (("Q-1", "李伟", "2026-01-01"), ("Q-2", "李伟明", "2026-03-01"),
            ("Q-3", "李伟红", "2026-02-01"))  # fmt: skip
    for customer, name, day in told:
        registered = CustomerRegistered(home_branch="SH")
        await desk.company.report(customer, registered, at=local(day), personal={"name": name})
    await desk.follow()
    assert await desk.found("李伟") == ["Q-1", "Q-2", "Q-3"]
    assert await desk.found("liwei") == ["Q-2", "Q-3", "Q-1"]
    await desk.company.report("Q-3", paid("x", 1), at=local("2026-03-05"))
    await desk.follow()
    assert await desk.found("liwei") == ["Q-3", "Q-2", "Q-1"]
    results = await desk.results("李伟", limit=2)
    assert ([hit.customer for hit in results.hits], results.more) == (["Q-1", "Q-3"], True)


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_rebuild_writes_what_following_wrote(
    desk: Desk, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[Part] = []
    told: list[int] = []

    async def small(connection: Connection, extent: Extent, *, table: str) -> tuple[Part, ...]:
        parts.extend(await divide(connection, extent, 5, table=table))
        return tuple(parts)

    await desk.company.report("S-1", CustomerMerged(into="S-5"), at=local("2026-03-01"))
    await desk.follow()
    pool = desk.company.platform.pool

    async def rows() -> list[list[tuple[object, ...]]]:
        return [
            [tuple(row.values()) for row in await pool.fetch(statement)]
            for statement in (
                "SELECT customer_id, head, branch_id, tokens FROM search_customers ORDER BY 1",
                "SELECT * FROM search_references ORDER BY 1, 2",
                "SELECT * FROM search_latest ORDER BY 1",
            )
        ]

    followed = await rows()
    await pool.execute("TRUNCATE search_customers, search_references, search_latest, search_places")
    assert await events_behind(pool) > 0
    during: list[list[str]] = []

    async def kept_as() -> list[str]:
        """Return how tokens are put into their index, and what waits to be."""
        return list(await pool.fetchval(
            "SELECT reloptions FROM pg_class WHERE oid = 'search_customers_tokens'::regclass"
        ))  # fmt: skip

    one_by_one = await kept_as()

    async def divided(connection: Connection, extent: Extent, *, table: str) -> tuple[Part, ...]:
        during.append(await kept_as())
        return await small(connection, extent, table=table)

    monkeypatch.setattr("services.walk.company.divide", divided)
    rebuilt = await rebuild_index(desk.company.platform, told.append, processes=processes)
    assert [("fastupdate=on" in some) for some in during] == [True], "in bulk meanwhile"
    assert await kept_as() == one_by_one == ["fastupdate=off"]
    assert await pool.fetchval("SELECT gin_clean_pending_list('search_customers_tokens')") == 0
    assert await rows() == followed
    assert sum(told) == rebuilt.customers
    assert len(told) == len(parts) > 1
    assert rebuilt.customers == len(followed[0])
    assert await events_behind(pool) == 0
    while await SearchFollower(desk.company.platform).step():
        pass
    assert await rows() == followed
