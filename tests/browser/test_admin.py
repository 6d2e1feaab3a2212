"""The admin in a browser: the theme's scripts under our content security policy (conftest.py fails on any violation)."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from deals.models import Deal, Stage
from leads.actions import create_company
from tests.factories import make_deal
from workspaces.models import User
from workspaces.tenancy import tenant

ROW = "#result_list tbody a[href*='/change/']"


def fill(place) -> Deal:
    with tenant(place.workspace, place.alice.user, door="web"):
        create_company(place.workspace, name="Brightwater", by=place.alice)
        deals = [make_deal(place.alice, Stage.objects.get(name="Proposal"), f"Deal {number}") for number in range(3)]
    return deals[-1]


def test_a_deal_from_list_to_history(place, page: Page, log_in):
    deal = fill(place)
    log_in(page, place.alice).goto(place.url("admin/"))
    page.locator(".admin-group").get_by_role("link", name="Deals", exact=True).click()

    expect(page.locator("#searchbar")).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator("#searchbar")).to_be_focused()
    page.keyboard.type("Deal 2\n")
    expect(page.locator(ROW)).to_have_text(["Deal 2"])
    page.locator(ROW).click()

    page.locator(".field-company .select2-selection").click()
    page.keyboard.type("bright")
    page.locator(".select2-results__option", has_text="Brightwater").click()
    page.locator("#calendarlink0").click()
    page.locator(".calendarbox.module a", has_text=re.compile("^15$")).first.click()
    page.fill("#id_next_step", "Call them")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()

    page.locator("a", has_text="History").last.click()
    expect(page.locator(".admin-history tbody tr").first).to_contain_text("Brightwater")
    page.get_by_role("link", name="Back", exact=True).click()
    page.get_by_role("link", name="Delete deal").click()
    page.get_by_role("button", name="Yes, I’m sure").click()
    expect(page.locator(ROW)).to_have_text(["Deal 1", "Deal 0"])
    with tenant(place.workspace):
        assert Deal.all_objects.get(pk=deal.pk).deleted_at is not None


def test_bulk_actions_and_filters(place, page: Page, log_in):
    fill(place)
    log_in(page, place.alice).goto(place.url("admin/deals/deal/"))
    page.locator("#action-toggle, thead input[type=checkbox]").first.check()
    page.locator("select[name=action]").select_option("move")
    page.get_by_role("button", name="Run").click()
    page.locator("select[name=stage]").select_option(label="Sales – Won")
    page.get_by_role("button", name="Move to a stage").click()
    expect(page.get_by_text("3 deals moved.")).to_be_visible()

    page.locator("a[x-on\\:click^=filterOpen]").click()
    page.locator("#changelist-filter .select2-selection").first.click()
    page.locator(".select2-results__option", has_text="Alice").click()
    page.get_by_role("button", name="Filter", exact=True).click()
    page.locator("a[x-on\\:click^=filterOpen]").click()
    page.locator("#changelist-filter").get_by_role("link", name="Won", exact=True).click()
    expect(page.locator(ROW)).to_have_count(3)
    assert "owner__id__exact" in page.url and "status__exact=won" in page.url


def test_the_frame_remembers_theme_and_sidebar(place, page: Page, log_in):
    log_in(page, place.alice).goto(place.url("admin/deals/stage/"))
    html = page.locator("html")
    page.get_by_text(place.alice.user.email).click()
    page.get_by_text("Dark", exact=True).click()
    expect(html).to_have_class("dark")
    page.locator("#main .material-symbols-outlined", has_text="dock_to_right").first.click()
    expect(page.locator("#nav-sidebar")).to_be_hidden()
    page.reload()
    expect(html).to_have_class("dark")
    expect(page.locator("#nav-sidebar")).to_be_hidden()
    page.set_viewport_size({"width": 420, "height": 800})
    page.locator("#main .material-symbols-outlined", has_text="dock_to_right").last.click()
    expect(page.locator("#nav-sidebar")).to_be_visible()


def test_a_row_is_added_from_beside_the_field_that_needs_it(place, page: Page, log_in):
    fill(place)
    log_in(page, place.alice).goto(place.url("admin/deals/deal/add/"))
    page.locator(".field-company [x-on\\:click*=openRelatedWidgetWrapper]").first.click()
    with page.expect_popup() as opened:
        page.locator("#add_id_company").click()
    opened.value.fill("#id_name", "Popup AG")
    opened.value.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".field-company .select2-selection")).to_contain_text("Popup AG")


def test_every_page_of_the_super_admin(place, page: Page, log_in):
    """Lists, forms to add and to change, and history of every model."""
    fill(place)
    root = User.objects.create_superuser(f"root-{place.slug}@demo.example", "demo", name="Root")
    place.alice.user = root
    log_in(page, place.alice).goto(f"{place.base}/admin/")
    lists = page.locator(".admin-group a").evaluate_all("links => links.map(link => link.href)")
    assert len(lists) > 25
    for url in lists:
        assert page.goto(url).status == 200, url
        expect(page.locator("#changelist")).to_be_visible()
        row = page.locator(ROW).first
        change = row.get_attribute("href") if row.count() else None
        assert page.goto(f"{url}add/").status in (200, 403), url
        if change:
            assert page.goto(f"{place.base}{change}").status == 200, change
            assert page.goto(f"{place.base}{change}".replace("/change/", "/history/").partition("?")[0]).status == 200
