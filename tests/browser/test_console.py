"""What people see and do in the console."""

import re
from datetime import date, timedelta

import pytest
from playwright.async_api import Browser, expect

from events.touchpoints.customer import CustomerRegistered
from tests.browser.conftest import Served, visit
from tests.support.console import invoice, paid, payment_of

pytestmark = [pytest.mark.browser, pytest.mark.postgres]


@pytest.mark.parametrize(
    ("language", "heading", "total", "ageing"),
    [
        ("en", "Overview", "CN¥2.5K", "Not due"),
        ("zh-CN", "总览", "¥2500", "未到期"),
    ],
)
async def test_the_overview_speaks_both_languages(
    browser: Browser, served: Served, language: str, heading: str, total: str, ageing: str
) -> None:
    async with visit(browser, served, language) as visitor:
        await visitor.goto("/")
        page = visitor.page
        await expect(page.locator("html")).to_have_attribute("lang", language)
        await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        await expect(page.locator("#panel-tiles")).to_contain_text(total)
        await expect(page.locator("#panel-tiles")).to_contain_text("72.0%")
        await expect(page.locator("#panel-ageing svg")).to_contain_text(ageing)
        assert visitor.complaints == []


async def test_what_happens_appears_without_a_reload(browser: Browser, served: Served) -> None:
    async with visit(browser, served, "en") as visitor:
        await visitor.goto("/")
        page = visitor.page
        await page.evaluate("window.sameDocument = true")
        await expect(page.locator(".stream .on")).to_be_visible()
        await served.company.report("C-1", payment_of("A", 100_000))
        await served.company.project()
        await expect(page.locator("#panel-tiles")).to_contain_text("CN¥1.5K")
        await expect(page.locator("#panel-feed")).to_contain_text("because: paid")
        assert await page.evaluate("window.sameDocument")
        assert visitor.complaints == []


async def test_the_board_counts_down_and_says_who_is_too_late(
    browser: Browser, served: Served
) -> None:
    async with visit(browser, served, "en") as visitor:
        await visitor.goto("/")
        page = visitor.page
        await expect(page.locator(".stream .on")).to_be_visible()
        await expect(page.locator("#panel-pyramid svg")).to_contain_text("Gold")
        service = page.get_by_role("region", name="Service")
        new = service.locator(".card").filter(has_text="K-1")
        await expect(new).to_contain_text(
            "First answer: 15 min of business time left · due 20 Mar 2026, 10:15"
        )
        served.company.clock.move(timedelta(minutes=10))
        await expect(new).to_contain_text("5 min of business time left")
        served.company.clock.move(timedelta(hours=2))
        await served.company.project()
        await expect(new).to_contain_text(
            "▲ over by 15 min of business time · was due 20 Mar 2026, 11:45 +08:00"
        )
        tile = page.locator(".tile").filter(has_text="Open cases")
        await expect(tile).to_contain_text("breached: 2")
        await new.get_by_role("link", name="K-1").click()
        await expect(page.locator(".case:target")).to_contain_text("Complaint")
        assert visitor.complaints == []


async def test_the_timeline_goes_on_by_itself_and_without_scripts_by_a_link(
    browser: Browser, served: Served
) -> None:
    await served.company.report("T-1", *(paid(f"t-{i:02}", 100) for i in range(60)))
    for scripts in (True, False):
        async with visit(browser, served, "en", scripts=scripts) as visitor:
            await visitor.goto("/customers/T-1")
            page = visitor.page
            entries = page.locator(".timeline > li")
            await expect(entries).to_have_count(25)
            earlier = page.get_by_role("link", name="Earlier touchpoints")
            # With scripts the next part comes as soon as the end is in sight; without, it is a
            # page of its own, which begins with the focus where the last one ended.
            await earlier.focus()
            await page.keyboard.press("PageDown" if scripts else "Enter")
            await expect(entries).to_have_count(50 if scripts else 25)
            await expect(entries.filter(has_text="t-34")).to_have_count(1)
            await earlier.scroll_into_view_if_needed()
            if not scripts:
                await earlier.click()
            await expect(entries).to_have_count(60 if scripts else 10)
            await expect(earlier).to_have_count(0)
            assert visitor.complaints == []


async def test_the_timeline_is_filtered_in_place(browser: Browser, served: Served) -> None:
    async with visit(browser, served, "en") as visitor:
        page = visitor.page
        await visitor.goto("/customers/V-1")
        kinds = page.get_by_role("navigation", name="Kind of touchpoint")
        await expect(page.locator(".timeline > li")).to_have_count(4)
        await kinds.get_by_role("link", name="Payments").click()
        await expect(kinds.get_by_role("link", name="Payments")).to_have_attribute(
            "aria-current", "true"
        )
        payments = page.locator(".timeline .family-payment")
        await expect(page.locator(".timeline > li")).to_have_count(await payments.count())
        await kinds.get_by_role("link", name="Customer").click()
        await expect(kinds.locator("[aria-current]")).to_have_count(2)
        await kinds.get_by_role("link", name="everything").click()
        await expect(page.locator(".timeline > li")).to_have_count(4)
        await expect(page).to_have_url(re.compile("/customers/V-1$"))
        assert visitor.complaints == []


async def test_one_switch_moves_the_whole_customer_to_another_day(
    browser: Browser, served: Served
) -> None:
    async with visit(browser, served, "zh-CN") as visitor:
        await visitor.goto("/customers/V-1")
        page = visitor.page
        await expect(page.locator("#value .tier")).to_contain_text("黄金")
        await expect(page.locator("main")).to_contain_text("王小明")
        await expect(page.locator(".timeline > li")).to_have_count(4)
        await page.get_by_label("截至：").fill("2025-05-01")
        await page.get_by_role("button", name="查询").click()
        await expect(page).to_have_url(re.compile("as_of=2025-05-01"))
        await expect(page.locator("#value .tier")).to_contain_text("铁")
        await expect(page.locator(".timeline > li")).to_have_count(3)
        assert visitor.complaints == []


async def test_open_tables_focus_and_scroll_survive_an_update(
    browser: Browser, served: Served
) -> None:
    async with visit(browser, served, "en") as visitor:
        await visitor.goto("/")
        page = visitor.page
        await expect(page.locator(".stream .on")).to_be_visible()
        table = page.locator("#table-ageing")
        await table.locator("summary").click()
        link = table.get_by_role("link", name="31–60").first
        await link.focus()
        await page.evaluate("window.scrollTo(0, 120)")
        await served.company.report("C-1", payment_of("A", 40_000))
        await served.company.project()
        await expect(table).to_contain_text("CN¥600.00")
        await expect(table).to_have_attribute("open", "")
        await expect(link).to_be_focused()
        assert await page.evaluate("window.scrollY") == 120


async def test_the_overview_and_its_tables_work_without_scripts(
    browser: Browser, served: Served
) -> None:
    async with visit(browser, served, "en", scripts=False) as visitor:
        await visitor.goto("/")
        page = visitor.page
        await expect(page.locator("#panel-ageing svg")).to_be_visible()
        await expect(page.locator("#panel-feed li").first).to_be_visible()
        await page.locator("#table-ageing summary").click()
        await expect(page.locator("#table-ageing table")).to_be_visible()
        await expect(page.locator("noscript meta")).to_have_count(1)
        await page.get_by_role("link", name="Receivables", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Receivables")


async def test_the_keyboard_reaches_everything(browser: Browser, served: Served) -> None:
    async with visit(browser, served, "en") as visitor:
        await visitor.goto("/")
        page = visitor.page
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to content")
        await expect(skip).to_be_focused()
        await expect(skip).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_be_focused()
        summary = page.locator("#table-rate summary")
        for _ in range(16):
            await page.keyboard.press("Tab")
            if await summary.evaluate("element => element === document.activeElement"):
                break
        await expect(summary).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#table-rate table")).to_be_visible()


async def test_filters_live_in_the_address_and_back_works(browser: Browser, served: Served) -> None:
    async with visit(browser, served, "en") as visitor:
        await visitor.goto("/receivables")
        page = visitor.page
        await page.locator(".choices summary", has_text="Branch").click()
        await page.get_by_role("checkbox", name="New York").check()
        await page.get_by_role("button", name="Show").click()
        await expect(page).to_have_url(re.compile("branch=NY"))
        await expect(page.locator("tbody tr")).to_have_count(2)
        await page.get_by_role("link", name="中文").click()
        await expect(page).to_have_url(re.compile("branch=NY"))
        await expect(page.get_by_role("heading", level=1)).to_have_text("应收账款")
        await page.go_back()
        await page.go_back()
        await expect(page.locator("tbody tr")).to_have_count(5)


@pytest.mark.parametrize("scripts", [True, False])
async def test_several_are_chosen_sorted_by_a_header_and_kept_as_a_view(
    browser: Browser, served: Served, scripts: bool
) -> None:
    async with visit(browser, served, "en", scripts=scripts) as visitor:
        await visitor.goto("/receivables")
        page = visitor.page
        for summary, boxes in (("Days past due", ("1–30", "31–60")), ("Branch", ("Shanghai",))):
            await page.locator(".choices summary", has_text=summary).click()
            for box in boxes:
                await page.get_by_role("checkbox", name=box).check()
        await page.get_by_role("button", name="Show").click()
        items = page.locator("tbody td[data-label=Item]")
        await expect(items).to_have_text(["A", "B"])
        await expect(page.locator(".sums")).to_contain_text("CN¥1,500.00")
        await page.get_by_role("link", name="Outstanding").click()
        await page.get_by_role("link", name="Outstanding").click()
        await expect(items).to_have_text(["B", "A"])
        header = page.get_by_role("columnheader", name="Outstanding")
        await expect(header).to_have_attribute("aria-sort", "ascending")
        views = page.get_by_role("navigation", name="Saved views")
        await views.get_by_text("Save this view").click()
        await views.get_by_label("Name").fill("Monday calls")
        await views.get_by_label("For whom").select_option("the whole company")
        await views.get_by_role("button", name="Save").click()
        kept = views.get_by_role("link", name="Monday calls")
        await expect(kept).to_have_text(re.compile(r"Monday calls\s+2"))
        await expect(kept).to_have_attribute("aria-current", "true")
        await served.company.report("C-1", payment_of("A", 100_000))
        await served.company.project()
        await visitor.goto("/receivables")
        await expect(kept).to_have_text(re.compile(r"Monday calls\s+1"))
        await kept.click()
        await expect(items).to_have_text(["B"])
        assert visitor.complaints == []


async def test_the_phases_of_a_debt_lead_to_what_is_in_them(
    browser: Browser, served: Served
) -> None:
    await served.company.tell_of_credit()
    async with visit(browser, served, "en") as visitor:
        await visitor.goto("/")
        page = visitor.page
        await page.get_by_role("link", name="Credit work").click()
        work = page.get_by_role("region", name="Credit work").locator("tbody tr")
        await expect(work).to_have_count(11)
        sums = page.get_by_role("region", name="What each phase comes to")
        await expect(sums).to_contain_text("4 · refused: 1 (CN¥200.00)")
        await sums.get_by_role("link", name="CN¥1,300.00").click()
        await expect(page).to_have_url(re.compile("phase=before&currency=CNY"))
        await expect(work).to_have_count(4)
        await expect(work.nth(1)).to_contain_text("Hold the delivery: the credit gate is shut")
        await page.get_by_label("Amount from").fill("500")
        await page.get_by_role("button", name="Show").click()
        await expect(work).to_have_count(1)
        await expect(work).to_contain_text("O-2")
        assert visitor.complaints == []


async def test_the_service_report_gives_its_tables_as_files(
    browser: Browser, served: Served
) -> None:
    async with visit(browser, served, "zh-CN") as visitor:
        await visitor.goto("/service?from=2026-03-01")
        page = visitor.page
        kept = page.get_by_role("region", name="时限达标", exact=True)
        await expect(kept.locator("tbody tr").nth(1)).to_contain_text("客服")
        async with page.expect_download() as coming:
            await page.get_by_role("link", name="CSV 时限达标", exact=True).click()
        file = await coming.value
        assert file.suggested_filename == "service-compliance-2026-03-01-2026-03-20.csv"
        assert "客服" in (await file.path()).read_text("utf-8-sig")
        assert visitor.complaints == []


async def test_a_chart_of_some_branches_leads_to_the_table_of_all(
    browser: Browser, served: Served
) -> None:
    for name in [f"B-{n:02}" for n in range(12)]:
        await served.company.report(
            f"C-{name}",
            CustomerRegistered(home_branch=name),
            invoice(f"I-{name}", 1_000, date(2026, 1, 2)),
            branch=name,
        )
    await served.company.project()
    async with visit(browser, served, "en") as visitor:
        await visitor.goto("/")
        overdue = visitor.page.locator("#panel-overdue")
        await expect(overdue).to_contain_text("The first 9 of 14 branches")
        await expect(overdue.locator("table")).to_be_hidden()
        await overdue.get_by_role("link", name="all branches").click()
        await expect(overdue.locator("table")).to_be_visible()
        assert visitor.complaints == []


async def test_a_chosen_language_is_remembered(browser: Browser, served: Served) -> None:
    async with visit(browser, served, "en") as visitor:
        await visitor.goto("/alerts?lang=zh-CN")
        await visitor.goto("/")
        await expect(visitor.page.get_by_role("heading", level=1)).to_have_text("总览")


async def test_lagging_figures_and_parked_customers_are_told(
    browser: Browser, served: Served
) -> None:
    pool = served.company.platform.pool
    await pool.execute(
        "UPDATE projection_heads SET parked_reason = 'odd' WHERE customer_id = 'C-3'"
    )
    async with visit(browser, served, "en") as visitor:
        await visitor.goto("/")
        notices = visitor.page.locator("#panel-notice")
        await expect(notices).to_contain_text("Parked customers: 1.")
        await visitor.goto("/receivables")
        await expect(visitor.page.locator(".notices")).to_contain_text("Parked customers: 1.")


async def test_a_server_with_open_streams_waits_for_none_of_them(
    browser: Browser, served: Served
) -> None:
    async with visit(browser, served, "en") as visitor:
        await visitor.goto("/")
        await expect(visitor.page.locator(".stream .on")).to_be_visible()
        # A stream that went on would hold the server: its grace is without end here.
        assert served.server.config.timeout_graceful_shutdown is None
        await served.stop()
        assert not served.server.server_state.tasks
        await expect(visitor.page.locator(".stream .off")).to_be_visible()
