"""What those who sit in front of it all day do without thinking, each in a real browser."""

from __future__ import annotations

import re
from datetime import date

from playwright.async_api import Page, expect

from events.money import Money
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from services.search.follower import SearchFollower
from tests.browser import test_acting
from tests.browser.test_acting import Office
from tests.support.casework import CLERK, CUSTOMER, HEAD, OWNER, Json

pytestmark = test_acting.pytestmark
counters = test_acting.counters
office = test_acting.office

INVOICE = "INV-2026-4711"


async def owes(office: Office, minor: int = 200_00) -> None:
    """Let the customer owe an invoice, half of it paid."""
    desk = office.counter.desk
    invoice = InvoiceIssued(invoice_id=INVOICE, amount=Money(minor, "CNY"), due_on=date(2026, 3, 1))
    await desk.publish(invoice, "invoice", customer=CUSTOMER)
    paid = PaymentReceived(
        payment_id="P-1", amount=Money(minor // 2, "CNY"), invoice_ids=(INVOICE,)
    )
    await desk.publish(paid, "payment", customer=CUSTOMER)
    await office.counter.catch_up()


async def people(office: Office) -> None:
    """Let three customers be known by name and telephone number, and be found."""
    for number, (name, phone) in enumerate(
        (("王小明", "13800138000"), ("王晓敏", "13900139000"), ("李小明", "13700137123"))
    ):
        body: Json = {"personal": {"name": name, "phone": phone}}
        desk = office.counter.desk
        done = await desk.give(f"F-{number}", "register", body, by=OWNER, of="customers")
        assert done.status_code == 200, done.text
    await office.counter.catch_up()
    while await SearchFollower(office.counter.desk.platform).step():
        pass


async def types(page: Page, text: str) -> None:
    """Type into the box that every page has, by keys alone."""
    await page.keyboard.press("/")
    await expect(page.locator("#search")).to_be_focused()
    await page.keyboard.type(text)
    await expect(page.locator("#found")).to_be_visible()


async def test_the_command_box_opens_pages_and_begins_acts(office: Office) -> None:
    async with office.desk_of(CLERK) as page:
        await page.goto("/")
        await page.keyboard.press("Control+k")
        await expect(page.locator("#search")).to_be_focused()
        await page.keyboard.type("receiv")
        await expect(page.get_by_role("option", name="Receivables")).to_be_visible()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{office.url}/receivables")
        await types(page, "record a visit")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("/create/visit.made"))


async def test_single_keys_open_what_is_done_with_a_case(office: Office) -> None:
    case = await office.counter.desk.case()
    await office.counter.catch_up()
    for staff, words in (
        (HEAD, {"a": "assign", "h": "hand-off", "p": "set-priority"}),
        (OWNER, {"r": "reply", "n": "note"}),
    ):
        async with office.desk_of(staff) as page:
            for key, word in words.items():
                await page.goto(f"/cases/{case}")
                await page.keyboard.press(key)
                form = page.locator(f'form.act[action$="/{word}"]')
                await expect(form).to_be_visible()
                await expect(form.locator(":focus")).to_have_count(1)
            await page.goto(f"/cases/{case}")
            await page.keyboard.press("s")
            await expect(page.locator("#status-menu")).to_have_attribute("open", "")


async def test_next_and_previous_are_those_of_the_list_one_came_from(office: Office) -> None:
    cases = [await office.counter.desk.case(f"complaint {n}") for n in range(3)]
    await office.counter.catch_up()
    async with office.desk_of(OWNER) as page:
        await page.goto("/cases?department=service")
        await page.locator("a[data-row]").first.click()
        seen = [page.url.partition("?")[0].rpartition("/")[2]]
        for _ in range(2):
            before = page.url
            await page.keyboard.press("j")
            await expect(page).not_to_have_url(before)
            seen.append(page.url.partition("?")[0].rpartition("/")[2])
        assert sorted(seen) == sorted(cases)
        await page.keyboard.press("k")
        await expect(page).to_have_url(re.compile(f"/cases/{seen[1]}"))
        await page.keyboard.press("l")
        await expect(page).to_have_url(re.compile(r"/cases\?department=service"))


async def test_something_is_recorded_from_anywhere(office: Office) -> None:
    await owes(office)
    async with office.desk_of(CLERK) as page:
        for path in ("/", "/receivables", f"/customers/{CUSTOMER}"):
            await page.goto(path)
            await page.keyboard.press("c")
            await expect(page).to_have_url(re.compile("/create"))


async def test_matched_letters_are_marked_and_four_digits_are_enough(office: Office) -> None:
    await people(office)
    async with office.desk_of(OWNER) as page:
        await page.goto("/")
        await types(page, "小明")
        marked = page.locator("#found mark")
        await expect(marked).to_have_text(["小明", "小明"])
        await page.locator("#search").fill("7123")
        await expect(page.get_by_role("option")).to_have_count(1)
        await expect(page.locator("#found mark")).to_have_text(["7123"])
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("/customers/F-2"))


async def test_a_setting_is_found_by_what_it_is_called(office: Office) -> None:
    async with office.desk_of("hq-1") as page:
        await page.goto("/")
        await types(page, "polic")
        await page.get_by_role("option", name="Policies").click()
        await expect(page).to_have_url(f"{office.url}/policies")


async def test_an_amount_is_followed_to_its_events(office: Office) -> None:
    """From the list to the customer, from the amount to its steps, and those in the timeline."""
    await owes(office)
    async with office.desk_of(OWNER) as page:
        await page.goto("/receivables")
        await page.get_by_role("link", name=re.compile(CUSTOMER)).first.click()
        await expect(page).to_have_url(re.compile(f"/customers/{CUSTOMER}"))
        row = page.get_by_role("row", name=INVOICE)
        await row.get_by_text("Explain").click()
        steps = row.locator("ol.why li")
        await expect(steps).to_have_count(1)
        await expect(row.get_by_text("P-1")).to_be_visible()
        events = [await one.text_content() for one in await steps.locator("code").all()]
        timeline = page.locator("#timeline")
        for event in events:
            await expect(timeline.locator(f'a[href="/events/{event}"]')).to_have_count(1)


async def test_a_panel_leads_to_the_rows_behind_it(office: Office) -> None:
    case = await office.counter.desk.case()
    await office.counter.catch_up()
    async with office.desk_of(OWNER) as page:
        await page.goto("/overview")
        await page.locator('#panel-tiles a[href^="/cases"]').first.click()
        await expect(page).to_have_url(re.compile("/cases"))
        await expect(page.locator(f'a[data-row][href*="{case}"]')).to_have_count(1)


async def test_what_nobody_has_taken_is_accepted_or_declined_with_a_reason(
    office: Office,
) -> None:
    for severity in ("urgent", "high", "medium"):
        filed = ComplaintFiled(severity=severity, department="service")
        await office.counter.desk.publish(filed, severity)
    await office.counter.desk.case("somebody's already")
    await office.counter.catch_up()
    async with office.desk_of(HEAD) as page:
        await page.goto("/cases/triage?department=service")
        waiting = page.locator(".heading .freshness")
        await expect(waiting).to_contain_text("3 cases")
        await page.keyboard.press("a")
        await expect(waiting).to_contain_text("2 cases")
        await page.keyboard.press("d")
        await expect(page.locator("form.act :focus")).to_have_count(1)
        await page.keyboard.type("not ours")
        await page.get_by_role("button", name="Decline").last.click()
        await expect(waiting).to_contain_text("1 case ")
        await page.keyboard.press("z")
        await page.keyboard.press("Enter")
        await expect(waiting).to_contain_text("0 cases")
        await page.locator("#put-off").get_by_role("button", name="Bring back").click()
        await expect(waiting).to_contain_text("1 case ")


async def test_rows_are_ticked_by_keys_and_take_a_command(office: Office) -> None:
    cases = [await office.counter.desk.case(f"complaint {n}") for n in range(3)]
    await office.counter.catch_up()
    async with office.desk_of(HEAD) as page:
        await page.goto("/cases?department=service")
        count = page.locator("#ticked output")
        for key, ticked in (("j", ""), ("x", "1"), ("j", "1"), ("x", "2"), ("x", "1"), ("X", "3")):
            await page.keyboard.press(key)
            await expect(count).to_have_text(ticked)
        await page.keyboard.press("k")
        await page.keyboard.press("x")
        await expect(count).to_have_text("2")
        await page.keyboard.press("b")
        await expect(page.locator(".heading .freshness")).to_contain_text("2 cases")
        await page.get_by_role("link", name="Set the priority").click()
        await page.get_by_label("Priority").select_option("high")
        await page.get_by_role("button", name="Try first").click()
        await page.get_by_role("button", name="Do it on these 2").click()
        await expect(page.locator('[data-outcome="done"]')).to_contain_text("2")
    done = [(await office.counter.desk.events(one)).count("case.priority_set") for one in cases]
    assert sorted(done) == [0, 1, 1]


async def test_all_that_a_list_finds_is_tried_and_done_and_says_how_far_it_is(
    office: Office,
) -> None:
    cases = [await office.counter.desk.case(f"complaint {n}") for n in range(3)]
    await office.counter.catch_up()
    async with office.desk_of(HEAD) as page:
        await page.goto("/do/many/cases/set-priority?department=service")
        await page.get_by_label("Priority").select_option("high")
        await page.get_by_role("button", name="Try first").click()
        await expect(page.locator("#outcome")).to_contain_text("Only tried: nothing was done.")
        await expect(page.locator("ol.progress")).to_be_visible()
        await page.get_by_role("button", name="Do it on these 3").click()
        await expect(page.locator("#outcome")).to_contain_text("It is done.")
        await expect(page.locator('[data-outcome="done"]')).to_contain_text("3")
    for case in cases:
        assert (await office.counter.desk.events(case)).count("case.priority_set") == 1


async def test_a_filter_is_kept_under_a_name_and_says_how_much_it_finds(office: Office) -> None:
    await owes(office)
    async with office.desk_of(OWNER) as page:
        await page.goto("/receivables?overdue=true")
        await page.get_by_text("Save this view").click()
        await page.get_by_label("Name", exact=True).first.fill("late ones")
        await page.get_by_role("button", name="Save", exact=True).click()
        view = page.get_by_role("navigation", name="Saved views").get_by_role("link")
        await expect(view).to_contain_text("late ones")
        await expect(view.locator(".count")).to_have_text("1")
        await page.goto("/receivables")
        await view.click()
        await expect(page).to_have_url(re.compile(r"overdue=true"))


async def test_several_values_of_a_filter_are_chosen_at_once(office: Office) -> None:
    await owes(office)
    async with office.desk_of(OWNER) as page:
        await page.goto("/receivables?bucket=0&bucket=1")
        buckets = page.locator('input[name="bucket"]')
        await expect(page.locator('input[name="bucket"]:checked')).to_have_count(2)
        assert await buckets.count() > 2
        await expect(page.get_by_role("row", name=re.compile(CUSTOMER))).to_have_count(1)
