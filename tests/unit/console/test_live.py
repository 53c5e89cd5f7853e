"""The live overview: drawn once for all, resumed exactly, ended at once."""

import asyncio
from collections.abc import Mapping

import pytest
from msgspec import structs

from events.calendars import INSTANT
from events.policy import Reference
from services.console.cases.board import Board
from services.console.overview.audiences import Audiences
from services.console.overview.frames import Frame, Panel, Seen
from services.console.overview.gathering import Overview
from services.console.overview.live import LiveOverview
from services.console.overview.rates import WINDOW_S, Rates
from services.console.shared.freshness import Freshness
from services.console.value.pyramid import Pyramid
from services.errors import Unavailable
from services.people.principal import ANYBODY, Principal, Right, Scope
from tests.support.log import START

STILL = Overview(
    at=START,
    change=7,
    reference=Reference(),
    freshness=Freshness("receivables", 1, "token", 0, 0, 0, 0, 0),
    rates=Rates((0,) * WINDOW_S, ()),
    customers=1,
    standing=0,
    ageing=(),
    balances=(),
    feed=(),
    pyramid=Pyramid("CNY", ()),
    board=Board((), 0, 0, 0),
    persons={},
)


class Source:
    """Figures that change when told to, and counts of what was asked of it."""

    def __init__(self) -> None:
        self.overview = STILL
        self.away = False
        self.gathered = 0
        self.drawn = 0

    async def gather(self) -> Overview:
        self.gathered += 1
        if self.away:
            raise Unavailable("away")
        return self.overview

    def draw(self, overview: Overview, language: str) -> Mapping[str, str]:
        self.drawn += 1
        return {
            "customers": f"{language} {overview.customers}",
            "standing": f"{overview.standing}",
            "away": f"{overview.interrupted}",
        }

    def change(self, **fields: object) -> None:
        self.overview = structs.replace(
            self.overview,
            at=self.overview.at + INSTANT,
            change=self.overview.change + 1,
            **fields,
        )


@pytest.fixture
def source() -> Source:
    return Source()


def live_of(source: Source) -> LiveOverview:
    return LiveOverview(source.gather, source.draw, interval_s=0.01)


class Viewer:
    """Reads a stream of the overview."""

    def __init__(self, live: LiveOverview, language: str, last_event_id: str | None) -> None:
        self.events: list[str] = []
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._read(live, language, last_event_id))

    async def _read(self, live: LiveOverview, language: str, last_event_id: str | None) -> None:
        with live.viewer(language):
            async for event in live.stream(language, last_event_id):
                if event.startswith(b"id:"):
                    async with self._news:
                        self.events.append(event.decode())
                        self._news.notify_all()

    async def sees(self, count: int) -> None:
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: len(self.events) >= count)

    async def ended(self) -> None:
        async with asyncio.timeout(1):
            await self._task

    async def leave(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def test_a_viewer_gets_everything_and_then_only_what_changed(source: Source) -> None:
    live = live_of(source)
    viewer = Viewer(live, "en", None)
    await viewer.sees(1)
    assert all(f"#panel-{name}" in viewer.events[0] for name in ("customers", "standing"))
    source.change(customers=2)
    await viewer.sees(2)
    assert "en 2" in viewer.events[1]
    assert "#panel-standing" not in viewer.events[1]
    assert viewer.events[1].startswith("id: 8.")
    await live.close()


async def test_many_viewers_cost_one_drawing_per_tick_and_language(source: Source) -> None:
    live = live_of(source)
    viewers = [Viewer(live, language, None) for language in ("en", "zh-CN") * 50]
    await asyncio.gather(*(viewer.sees(1) for viewer in viewers))
    assert source.drawn <= 2 * source.gathered
    for viewer in viewers:
        await viewer.leave()
    await live.close()


CLERK = Principal("S-1", Scope(frozenset({"SH"})))
NEIGHBOUR = Principal("S-2", Scope(frozenset({"SH"})))
ELSEWHERE = Principal("S-3", Scope(frozenset({"NY"})))
NAMELESS = Principal("S-4", Scope(frozenset({"SH"})), frozenset({Right.SEE_CUSTOMERS}))


def audiences_of(source: Source, most_viewers: int = 200, most_kept: int = 64) -> Audiences:
    return Audiences(lambda _: live_of(source), most_viewers, most_kept)


async def test_it_is_full_with_as_many_viewers_as_it_may_have(source: Source) -> None:
    audiences = audiences_of(source, most_viewers=2)
    viewers = [Viewer(audiences.of(one), "en", None) for one in (CLERK, ELSEWHERE)]
    full = [audiences.is_full]
    await asyncio.gather(*(viewer.sees(1) for viewer in viewers))
    full.append(audiences.is_full)
    await viewers[0].leave()
    full.append(audiences.is_full)
    assert full == [False, True, False]
    await viewers[1].leave()
    await audiences.close()


async def test_only_who_sees_and_may_do_the_same_watches_together(source: Source) -> None:
    audiences = audiences_of(source)
    of_clerk = audiences.of(CLERK)
    assert audiences.of(NEIGHBOUR) is of_clerk
    others = [audiences.of(one) for one in (ELSEWHERE, NAMELESS, ANYBODY)]
    assert len({id(one) for one in (of_clerk, *others)}) == 4


async def test_what_nobody_watches_any_more_is_let_go_of(source: Source) -> None:
    audiences = audiences_of(source, most_kept=2)
    watched = audiences.of(CLERK)
    viewer = Viewer(watched, "en", None)
    await viewer.sees(1)
    idle = audiences.of(ELSEWHERE)
    for n in range(3):
        audiences.of(Principal("S-9", Scope(frozenset({f"B-{n}"}))))
    assert audiences.of(CLERK) is watched
    assert audiences.of(ELSEWHERE) is not idle
    await viewer.leave()
    await audiences.close()


async def test_nothing_ticks_while_nobody_watches(source: Source) -> None:
    live = live_of(source)
    viewer = Viewer(live, "en", None)
    await viewer.sees(1)
    await viewer.leave()
    await asyncio.sleep(0.05)
    gathered = source.gathered
    await asyncio.sleep(0.1)
    assert source.gathered == gathered
    await live.close()


async def test_a_viewer_that_comes_back_gets_what_it_missed(source: Source) -> None:
    live = live_of(source)
    first = await live.frame("en")
    source.change(standing=5)
    viewer = Viewer(live, "en", first.seen.event_id)
    await viewer.sees(1)
    assert "#panel-standing" in viewer.events[0]
    assert "#panel-customers" not in viewer.events[0]
    await live.close()


@pytest.mark.parametrize("event_id", ["99.{tick}", "7.1", "7.{later}", "nonsense", ""])
async def test_an_id_that_is_not_ours_gets_everything(source: Source, event_id: str) -> None:
    live = live_of(source)
    tick = (await live.frame("en")).seen.tick
    viewer = Viewer(live, "en", event_id.format(tick=tick, later=tick + 10**9))
    await viewer.sees(1)
    assert viewer.events[0].count("<hx-partial") == 3
    await live.close()


async def test_streams_end_at_once_when_the_console_closes(source: Source) -> None:
    live = live_of(source)
    viewers = [Viewer(live, "en", None) for _ in range(3)]
    await viewers[0].sees(1)
    live.end_streams()
    for viewer in viewers:
        await viewer.ended()
    await live.close()


async def test_the_last_figures_stay_and_are_marked_while_the_database_is_away(
    source: Source,
) -> None:
    live = live_of(source)
    viewer = Viewer(live, "en", None)
    await viewer.sees(1)
    source.away = True
    await viewer.sees(2)
    assert "True" in viewer.events[1]
    assert "#panel-customers" not in viewer.events[1]
    source.away = False
    await viewer.sees(3)
    assert "False" in viewer.events[2]
    await live.close()


async def test_without_any_figures_the_failure_is_told(source: Source) -> None:
    source.away = True
    with pytest.raises(Unavailable):
        await live_of(source).frame("en")


def test_a_panel_that_looks_the_same_keeps_its_tick() -> None:
    frame = Frame(2, STILL)
    frame.draw("en", lambda _, __: {"a": "same", "b": "new"}, {"a": Panel("same", 1)})
    assert frame.panels["en"] == {"a": Panel("same", 1), "b": Panel("new", 2)}
    assert b"#panel-a" not in frame.message("en", 1)
    assert frame.message("en", 2) == b""


def test_event_ids_are_read_back_and_nothing_else_is() -> None:
    assert Seen.from_event_id("12.345") == Seen(12, 345)
    for odd in (None, "", "1", "1.", ".1", "-1.2", "1.2.3", "1.2\n", "9" * 40 + ".1"):
        assert Seen.from_event_id(odd) is None
