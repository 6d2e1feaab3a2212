"""The board in a browser: by mouse, finger, keys and menu; live; refused; without a connection; without JavaScript."""

import re

import pytest
from django.db.models import F
from playwright.sync_api import expect

from deals.actions import move_to_stage, update_deal
from deals.models import Deal, Stage
from tests.browser.board import (
    card,
    drag,
    drop_zone,
    fill,
    in_hand,
    lane,
    open_board,
    order,
    saved,
    scroll_down,
    stands_in,
    touch_drag,
)
from workspaces.tenancy import tenant


def test_drag_to_a_stage_and_to_a_place_in_it(page, place, log_in):
    deals = fill(place)
    open_board(log_in(page, place.alice), place)
    moved, second = deals["New"][0], deals["Qualified"][1]
    drag(page, card(page, moved), card(page, second), drop=False)
    expect(lane(page, "New").locator(".sum")).to_contain_text("−€1.0k")
    expect(lane(page, "Qualified").locator(".sum")).to_contain_text("+€1.0k")
    page.mouse.up()
    saved(page, "Moved to Qualified")
    assert order(page, "Qualified") == [deals["Qualified"][0].pk, moved.pk, second.pk, deals["Qualified"][2].pk]
    expect(lane(page, "Qualified").locator(".ct")).to_have_text("4")
    expect(lane(page, "New").locator(".ct")).to_have_text("2")
    page.reload()
    assert order(page, "Qualified") == [deals["Qualified"][0].pk, moved.pk, second.pk, deals["Qualified"][2].pk]


def test_a_board_that_scrolls_under_a_still_hand_takes_the_card_where_it_came_to_stand(page, place, log_in):
    deals = fill(place)
    page.set_viewport_size({"width": 900, "height": 700})
    board = open_board(log_in(page, place.alice), place).locator("#board")
    area = board.bounding_box()
    x, y = area["x"] + area["width"] - 20, area["y"] + 150
    at = card(page, deals["New"][0]).bounding_box()
    page.mouse.move(at["x"] + 40, at["y"] + 30)
    page.mouse.down()
    page.mouse.move(x, y, steps=5)
    far = "([x, y]) => {const board = document.getElementById('board'); return board.scrollLeft + board.clientWidth >= board.scrollWidth - 1 && document.elementFromPoint(x, y).closest('.lane').dataset.stageName}"
    under = page.wait_for_function(far, arg=[x, y]).json_value()
    expect(lane(page, under)).to_have_class(re.compile(r"\bover\b"))
    expect(lane(page, under).locator(".slot")).to_have_count(1)
    page.keyboard.press("Escape")
    page.mouse.up()


def test_escape_puts_the_card_back(page, place, log_in):
    deals = fill(place)
    open_board(log_in(page, place.alice), place)
    drag(page, card(page, deals["New"][0]), lane(page, "Proposal"), drop=False)
    page.keyboard.press("Escape")
    page.mouse.move(600, 400, steps=3)  # the button is still down
    expect(page.locator(".deal.drag")).to_have_count(0)
    page.mouse.up()
    stands_in(page, deals["New"][0], "New")
    with tenant(place.workspace):
        assert Deal.objects.get(pk=deals["New"][0].pk).version == 1


def test_keys_move_reorder_and_undo(page, place, log_in):
    deals = fill(place)
    first, second = deals["New"][:2]
    open_board(log_in(page, place.alice), place)
    page.keyboard.press("j")
    expect(card(page, first)).to_be_focused()
    page.keyboard.press("Shift+ArrowDown")
    expect(card(page, first)).to_have_attribute("data-version", "2")
    assert order(page, "New")[:2] == [second.pk, first.pk]
    expect(card(page, first)).to_be_focused()
    page.keyboard.press("Shift+ArrowRight")
    saved(page, "Moved to Contacted")
    expect(card(page, first)).to_be_focused()
    page.keyboard.press("5")
    saved(page, "Moved to Proposal")
    page.keyboard.press("z")
    saved(page, "Undone")
    stands_in(page, first, "Contacted")
    expect(card(page, first)).to_be_focused()


def test_lost_asks_for_the_reason_in_the_drop(page, place, log_in, picture):
    deals = fill(place)
    moved = deals["Contacted"][0]
    open_board(log_in(page, place.alice), place)
    drag(page, card(page, moved), drop_zone(page, "Lost"), drop=False)
    picture(page, "drag-to-lost")
    page.mouse.up()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Mark as lost")
    picture(page, "lost-dialog")
    dialog.get_by_role("button", name="Cancel").click()
    stands_in(page, moved, "Contacted")
    card(page, moved).focus()
    page.keyboard.press("l")
    expect(dialog).to_be_visible()
    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    saved(page, "Moved to Lost")
    expect(card(page, deals["Contacted"][1])).to_be_focused()  # the column of the lost is folded
    with tenant(place.workspace):
        assert Deal.objects.get(pk=moved.pk).lost_reason == "Bad timing"
    page.keyboard.press("z")
    saved(page, "Undone")
    stands_in(page, moved, "Contacted")


def test_a_refused_move_puts_the_card_back_and_says_why(page, place, log_in):
    deals = fill(place)
    open_board(log_in(page, place.alice), place)
    card(page, deals["New"][0]).focus()
    page.keyboard.press("w")
    expect(page.locator(".toast.err")).to_contain_text("cannot be won from New")
    stands_in(page, deals["New"][0], "New")
    expect(card(page, deals["New"][0])).to_be_focused()
    expect(lane(page, "New").locator(".ct")).to_have_text("3")


def test_others_see_a_move_within_a_second_and_keep_their_focus(page, place, log_in, browser):
    deals = fill(place)
    open_board(log_in(page, place.alice), place)
    other = open_board(log_in(browser.new_context().new_page(), place.bob), place)
    card(page, deals["Qualified"][0]).focus()
    card(other, deals["New"][0]).focus()
    other.keyboard.press("Shift+ArrowRight")
    lane(page, "Contacted").locator(f"#deal-{deals['New'][0].pk}").wait_for(timeout=1000)
    expect(lane(page, "Contacted").locator(".ct")).to_have_text("4")
    expect(card(page, deals["Qualified"][0])).to_be_focused()
    other.context.close()


def test_a_conflict_shows_the_true_place(page, place, log_in):
    deals = fill(place)
    moved = deals["New"][0]
    open_board(log_in(page, place.alice), place)
    # What others do is held back while a card is in the hand: so this page still shows the old version.
    drag(page, card(page, moved), lane(page, "Qualified"), drop=False)
    with tenant(place.workspace, place.bob.user, door="web"):
        move_to_stage(moved, Stage.objects.get(name="Proposal"), by=place.bob)
    page.mouse.up()
    expect(page.locator(".toast.err")).to_contain_text("Bob moved this deal to Proposal")
    stands_in(page, moved, "Proposal")


def test_what_comes_while_a_card_is_in_the_hand_waits(page, place, log_in):
    deals = fill(place)
    taken, other = deals["New"][0], deals["Qualified"][0]
    held_up = []
    open_board(log_in(page, place.alice), place)
    page.route("**/deals/changes/**", lambda route: held_up.append(route))
    with page.expect_request("**/deals/changes/**"), tenant(place.workspace, place.bob.user, door="web"):
        for deal in (taken, other):
            update_deal(deal, by=place.bob, version=deal.version, name="Renamed by Bob")
    drag(page, card(page, taken), card(page, other), drop=False)
    with page.expect_event("requestfinished"):
        held_up.pop().continue_()
    expect(in_hand(page)).to_be_visible()
    expect(page.get_by_text("Renamed by Bob")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_text("Renamed by Bob")).to_have_count(2)
    page.mouse.up()


@pytest.mark.expect_errors
def test_a_broken_connection_loses_nothing(page, place, log_in):
    deals = fill(place)
    moved = deals["New"][0]
    open_board(log_in(page, place.alice), place)
    page.route("**/move/**", lambda route: route.abort())
    card(page, moved).focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".toast.err")).to_contain_text("no connection", timeout=8000)
    stands_in(page, moved, "New")
    page.unroute("**/move/**")
    page.get_by_role("button", name="Try again").click()
    saved(page, "Moved to Contacted")


def test_a_column_loads_more_as_one_scrolls(page, place, log_in):
    fill(place, per_stage=30)
    open_board(log_in(page, place.alice), place)
    cards = lane(page, "New").locator(".deal")
    expect(cards).to_have_count(25)
    scroll_down(page, "New")
    expect(cards).to_have_count(30)


def test_the_page_loaded_anew_keeps_place_and_focus(page, place, log_in):
    """Too many changes to fetch one by one: the board comes again as a whole, below the reader's eyes."""
    deals = fill(place, per_stage=30)
    open_board(log_in(page, place.alice), place)
    lane(page, "Won").get_by_role("button").click()
    scroll_down(page, "New")
    here = card(page, deals["New"][24])
    here.focus()
    with tenant(place.workspace, place.bob.user, door="web"):
        Deal.objects.filter(stage__name="Proposal").update(amount=7, version=F("version") + 1)
    expect(lane(page, "Proposal").locator(".sum b")).to_have_text("€210")
    expect(here).to_be_focused()
    expect(here).to_be_in_viewport()
    expect(lane(page, "Won").locator("ol")).to_be_visible()


def test_filter_narrows_cards_and_sums(page, place, log_in, picture):
    fill(place)
    open_board(log_in(page, place.alice), place)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/deals/?amount_min" in request.url else None)
    page.get_by_role("link", name="Amount").click()
    page.locator("#popover input[name=amount_min]").fill("2k")
    page.keyboard.press("Enter")
    expect(lane(page, "New").locator(".deal")).to_have_count(2)
    expect(page.locator("#board-sum")).to_contain_text("10 deals")
    assert page.url.endswith("?amount_min=2k")
    assert asked == [page.url]
    picture(page, "filtered")
    page.go_back()
    expect(lane(page, "New").locator(".deal")).to_have_count(3)


def test_a_day_is_typed_as_one_writes_it_and_stands_plainly_in_the_address(page, place, log_in):
    fill(place)
    open_board(log_in(page, place.alice), place)
    page.get_by_role("link", name="Close", exact=True).click()
    page.locator("#popover input[name=close_from]").fill("31/12/2030")
    page.keyboard.press("Enter")
    expect(lane(page, "New").locator(".deal")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/deals/\?close_from=2030-12-31$"))


def test_search_forgives_typos_and_opens_the_deal(page, place, log_in):
    deals = fill(place)
    open_board(log_in(page, place.alice), place)
    page.keyboard.press("Control+k")
    page.keyboard.type("qualifeid deal")
    expect(page.locator("#palette [data-hit]").first).to_contain_text("Qualified deal")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Qualified deal")
    assert any(page.url.endswith(f"/deals/{deal.pk}/") for deal in deals["Qualified"])


def test_quick_create_puts_the_card_in_its_column(page, place, log_in):
    fill(place, per_stage=1)
    open_board(log_in(page, place.alice), place)
    page.get_by_role("link", name="Add a deal in Qualified").click()
    page.locator("#dialog input[name=name]").fill("Reefer gate readers")
    page.locator("#dialog input[name=amount]").fill("39.6k")
    page.keyboard.press("Control+Enter")
    saved(page, "Created")
    expect(lane(page, "Qualified").locator(".deal").first).to_contain_text("Reefer gate readers")
    expect(lane(page, "Qualified").locator(".ct")).to_have_text("2")


def test_by_finger_on_a_tablet(browser, place, log_in):
    deals = fill(place)
    context = browser.new_context(viewport={"width": 1180, "height": 820}, has_touch=True)
    page = open_board(log_in(context.new_page(), place.alice), place)
    touch_drag(page, card(page, deals["New"][0]), card(page, deals["Contacted"][0]))
    saved(page, "Moved to Contacted")
    assert order(page, "Contacted")[0] == deals["New"][0].pk
    context.close()


def test_without_javascript_by_the_menu(browser, place, log_in):
    deals = fill(place)
    moved = deals["New"][0]
    context = browser.new_context(java_script_enabled=False)
    page = log_in(context.new_page(), place.alice)
    page.goto(place.url("deals/"))
    card(page, moved).get_by_role("link", name="Move").click()
    page.get_by_role("button", name="Qualified").click()
    expect(lane(page, "Qualified").locator(f"#deal-{moved.pk}")).to_have_count(1)
    card(page, moved).get_by_role("link", name="Move").click()
    page.get_by_role("button", name="Mark as lost").click()
    page.get_by_label("No budget").check()
    page.get_by_role("button", name="Mark as lost").click()
    with tenant(place.workspace):
        assert Deal.objects.get(pk=moved.pk).status == "lost"
    context.close()


def test_delete_and_undo(page, place, log_in):
    deals = fill(place)
    gone = deals["New"][0]
    open_board(log_in(page, place.alice), place)
    card(page, gone).focus()
    page.keyboard.press("m")
    page.locator("#popover").get_by_role("button", name="Delete").click()
    saved(page, "Deleted")
    expect(card(page, gone)).to_have_count(0)
    page.keyboard.press("z")
    expect(card(page, gone)).to_have_count(1)


def test_leaving_the_question_for_a_reason_puts_the_card_back_where_it_came_from(page, place, log_in):
    """Also after it was asked twice."""
    deals = fill(place)
    moved = deals["Contacted"][0]
    open_board(log_in(page, place.alice), place)
    card(page, moved).focus()
    page.keyboard.press("l")
    dialog = page.locator("#dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(dialog.locator(".err").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    stands_in(page, moved, "Contacted")
    expect(lane(page, "Contacted").locator(".ct")).to_have_text("3")
    expect(lane(page, "Lost").locator(".ct")).to_have_text("0")


def test_an_empty_board_says_so_and_stays_so(page, place, log_in):
    open_board(log_in(page, place.alice), place)
    expect(page.locator(".board > .empty h2")).to_have_text("No deals in this pipeline yet")
