"""Every page in a browser: nothing an accessibility checker objects to, light and dark, wide and on a phone; nothing
wider than the screen."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from activities.actions import add_note, complete_task, plan_task
from deals.actions import add_contact, move_to_stage, undo_stage_change, update_deal
from deals.models import Deal, Stage
from leads.actions import capture, create_contact, update_company
from leads.models import Company
from tests.browser.board import fill, lane
from workspaces.tenancy import tenant

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
SCREENS = {
    "light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True},
}
INSIDE = (
    "deals/",
    "deals/?amount_min=999m",
    "deals/list/",
    "deals/list/?tab=lost",
    "deals/new/",
    "deals/{deal}/",
    "deals/{lost}/",
    "deals/{deal}/move/",
    "deals/{deal}/edit/amount/",
    "deals/filter/close/",
    "leads/",
    "leads/{lead}/",
    "leads/new/",
    "companies/",
    "companies/{company}/",
    "companies/{company}/edit/",
    "contacts/",
    "contacts/{contact}/",
    "records/deal/{deal}/call/",
    "records/deal/{deal}/tasks/new/",
    "tasks/{task}/",
    "tasks/{task}/edit/",
    "search/?q=deal",
    "summary/",
    "settings/",
    "settings/members/",
    "settings/members/invite/",
    "settings/leave/",
    "no-such-page/",
)
OUTSIDE = (
    "/workspaces/",
    "/workspaces/new/",
    "/profile/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/email/",
)
ANONYMOUS = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/invitations/forged/")


@pytest.fixture
def rows(place) -> dict[str, int]:
    """A deal with everything on its page, a lost one, and a lead with contact and company."""
    deals = fill(place, per_stage=2)
    deal, lost = deals["Qualified"][0], deals["Qualified"][1]
    with tenant(place.workspace, place.alice.user, door="web"):
        lead = capture(
            place.workspace,
            by=place.alice,
            first_name="Hanna",
            last_name="Sørby",
            email="h@ostara.example",
            company_name="Ostara Dairy",
        )
        person = create_contact(
            place.workspace, by=place.alice, first_name="A" * 60, last_name="B" * 60, company=lead.company
        )
        add_contact(deal, person, by=place.alice, role="champion")
        add_note(deal, "Board approved. " * 30, by=place.alice)
        task = plan_task(deal, "Legal call: liability cap and data processing agreement", by=place.alice)
        complete_task(plan_task(deal, "Prepare", by=place.alice), by=place.alice)
        _, event = move_to_stage(deal, Stage.objects.get(name="Proposal"), by=place.alice)
        undo_stage_change(event, by=place.alice)
        move_to_stage(lost, Stage.objects.get(kind="lost"), by=place.alice, reason="No budget")
    people = {"lead": lead.pk, "company": lead.company_id, "contact": person.pk}
    return people | {"deal": deal.pk, "lost": lost.pk, "task": task.pk}


def check(page, path: str) -> list[str]:
    """What is wrong with the page as it stands, in words."""
    expect(page.locator("main")).to_be_visible()
    found = Axe().run(page, options=RULES).response["violations"]
    wrong = [f"{path}: {each['id']}: {each['help']}: {each['nodes'][0]['html'][:160]}" for each in found]
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return wrong + ([f"{path}: {width} px wider than the screen"] if width > 0 else [])


@pytest.mark.parametrize("screen", SCREENS)
def test_pages_of_a_workspace(browser, place, log_in, rows, screen):
    page = log_in(browser.new_context(**SCREENS[screen]).new_page(), place.alice)
    wrong = []
    for path in INSIDE:
        page.goto(place.url(path.format(**rows)))
        wrong += check(page, path)
    page.context.close()
    assert not wrong, "\n".join(wrong)


# What is cut off at the right, and in nothing that scrolls sideways.
OUT_OF_REACH = """() => [...document.querySelectorAll("main :is(h1, a, button, dd, p)")].filter((each) => {
  const box = each.getBoundingClientRect();
  if (!box.width || box.right <= innerWidth + 1 || each.closest("[popover], .vh")) return false;
  for (let up = each; up.id !== "main"; up = up.parentElement) if (/auto|scroll|hidden/.test(getComputedStyle(up).overflowX)) return false;
  return true;
}).map((each) => each.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("width", [1440, 768, 390])
def test_nothing_is_out_of_reach(browser, place, log_in, rows, width):
    with tenant(place.workspace, place.alice.user, door="web"):
        company, deal = Company.objects.get(pk=rows["company"]), Deal.objects.get(pk=rows["deal"])
        update_company(company, by=place.alice, version=company.version, name="Ü" * 150)
        update_deal(deal, by=place.alice, version=deal.version, name="W" * 200, company_id=company.pk)
    page = log_in(browser.new_context(viewport={"width": width, "height": 900}).new_page(), place.alice)
    wrong = []
    for path in INSIDE:
        page.goto(place.url(path.format(**rows)))
        expect(page.locator("main")).to_be_visible()
        wrong += [f"{path}: {html}" for html in page.evaluate(OUT_OF_REACH)]
    page.context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("screen", SCREENS)
def test_pages_outside(browser, place, log_in, screen):
    wrong = []
    page = browser.new_context(**SCREENS[screen]).new_page()
    for path in ANONYMOUS:
        page.goto(place.base + path)
        wrong += check(page, path)
    log_in(page, place.alice)
    for path in OUTSIDE:
        page.goto(place.base + path)
        if "reauthenticate" in page.url:
            page.fill("input[type=password]", "demo")
            page.locator("main button[type=submit]").first.click()
        wrong += check(page, path)
    page.context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("screen", ["light", "dark"])
def test_open_dialogs_menus_and_the_palette(browser, place, log_in, rows, screen):
    page = log_in(browser.new_context(**SCREENS[screen]).new_page(), place.alice)
    page.goto(place.url("deals/"))
    wrong = []
    page.keyboard.press("c")
    expect(page.locator("#dialog form")).to_be_visible()
    wrong += check(page, "new deal dialog")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Close", exact=False).first.click()
    expect(page.locator("#popover form")).to_be_visible()
    wrong += check(page, "filter popover")
    page.keyboard.press("Escape")
    lane(page, "New").locator(".deal").first.focus()
    page.keyboard.press("l")
    expect(page.locator("#dialog .reasons")).to_be_visible()
    wrong += check(page, "lost dialog")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("deal")
    expect(page.locator("[data-hit]").first).to_be_visible()
    wrong += check(page, "palette")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    wrong += check(page, "shortcuts")
    page.context.close()
    assert not wrong, "\n".join(wrong)
