"""What others do while one has a deal's page open, and what is refused there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from deals.actions import delete_deal, restore_deal, update_deal
from deals.models import Deal
from tests.browser.board import fill, saved
from tests.browser.conftest import Place
from workspaces.models import Membership
from workspaces.tenancy import tenant


@pytest.fixture
def deal(place) -> Deal:
    return fill(place, per_stage=1)["New"][0]


def open_deal(page: Page, place: Place, deal: Deal, query: str = "") -> Page:
    page.goto(place.url(f"deals/{deal.pk}/{query}"))
    expect(page.locator("#live")).to_have_text("Live")
    return page


def by_other(place: Place, verb, deal: Deal, **facts: object) -> None:
    """Done by bob, in no tab of this browser."""
    other: Membership = place.bob
    with tenant(place.workspace, other.user, door="web"):
        verb(deal, by=other, **facts)


def test_what_changes_under_an_open_popover_is_drawn_once_it_is_closed(page, place, log_in, deal):
    open_deal(log_in(page, place.alice), place, deal)
    amount = page.locator("a[href$='/edit/amount/']")
    amount.click()
    expect(page.locator("#popover #id_value")).to_be_focused()
    by_other(place, update_deal, deal, version=deal.version, amount=7200)
    page.wait_for_timeout(700)  # the event is there, and nothing moves
    expect(amount).to_have_text("€1,000")
    page.keyboard.press("Escape")
    expect(amount).to_have_text("€7,200")
    # After a conflict, too.
    amount.click()
    expect(page.locator("#popover #id_value")).to_be_focused()
    by_other(place, update_deal, deal, version=deal.version + 1, amount=8000)
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    expect(page.locator("#popover")).to_contain_text("It is now")
    page.keyboard.press("Escape")
    expect(amount).to_have_text("€8,000")


def test_a_deal_that_is_deleted_under_ones_hands_says_so_and_keeps_what_one_typed(page, place, log_in, deal):
    open_deal(log_in(page, place.alice), place, deal)
    page.keyboard.press("n")
    text = page.locator("#composer textarea")
    text.fill("They called back.")
    by_other(place, delete_deal, deal)
    expect(page.locator("#gone")).to_contain_text(f"{place.bob.user} deleted this deal")
    page.keyboard.press("Control+Enter")
    saved(page, "Nothing was saved")
    expect(text).to_have_value("They called back.")
    expect(page.locator(".shell")).to_have_count(1)
    by_other(place, restore_deal, deal)
    expect(page.locator("#record h1")).to_contain_text(deal.name)
    expect(text).to_have_value("They called back.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#activity")).to_contain_text("They called back.")
    expect(page.locator("#toasts .err")).to_have_count(0)


def test_a_refusal_is_said_once_without_a_link_to_where_one_is(page, place, log_in, deal):
    open_deal(log_in(page, place.alice), place, deal)
    toasts = page.locator("#toasts .toast")
    for _ in range(2):
        with page.expect_response("**/move/"):
            page.keyboard.press("w")
        expect(toasts).to_have_count(1)
        expect(toasts).to_contain_text("A deal cannot be won from New")
        expect(toasts.locator("a")).to_have_count(0)
    # It goes with what is done next.
    page.locator(".path button", has_text="Contacted").click()
    expect(toasts).to_have_count(1)
    saved(page, "Moved to Contacted")
