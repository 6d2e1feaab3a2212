"""Keys do what menus and the help say of them, and the focus comes back to where it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count

import pytest
from playwright.sync_api import Locator, Page, expect

from activities.actions import plan_task
from deals.actions import update_deal
from deals.models import Deal
from tests.browser.board import card, fill, lane, open_board, saved, stands_in
from tests.factories import make_place
from workspaces.models import Membership, Role, User
from workspaces.tenancy import tenant


def is_focused(control: Locator) -> None:
    expect(control).to_be_focused()


# --- focus ----------------------------------------------------------------------------------------------


@pytest.fixture
def deal(place) -> Deal:
    return fill(place, per_stage=1)["Qualified"][0]


def open_deal(page: Page, place, deal: Deal) -> Page:
    page.goto(place.url(f"deals/{deal.pk}/"))
    expect(page.locator("#live")).to_have_text("Live")
    return page


def test_after_a_fact_is_edited_the_focus_is_on_it(page, place, log_in, deal):
    open_deal(log_in(page, place.alice), place, deal)
    amount = page.locator("a[href$='/edit/amount/']")
    amount.focus()
    page.keyboard.press("Enter")
    is_focused(page.locator("#popover #id_value"))
    page.keyboard.press("Control+a")
    page.keyboard.type("2,500")
    page.keyboard.press("Enter")
    expect(amount).to_have_text("€2,500")
    is_focused(amount)
    # Left without saving, too.
    page.keyboard.press("Enter")
    is_focused(page.locator("#popover #id_value"))
    page.keyboard.press("Escape")
    is_focused(amount)


def test_after_a_note_is_written_the_focus_is_on_what_opened_it(page, place, log_in, deal):
    open_deal(log_in(page, place.alice), place, deal)
    note = page.locator(".composer a", has_text="Note")
    for press in (lambda: page.keyboard.press("n"), lambda: note.press("Enter")):
        press()
        page.locator("#composer textarea").fill("They called back.")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#activity")).to_contain_text("They called back.")
        is_focused(note)


def test_after_a_task_is_done_the_focus_is_on_the_next(page, place, log_in, deal):
    with tenant(place.workspace, place.alice.user, door="web"):
        for title in ("First", "Second"):
            plan_task(deal, title, by=place.alice)
    open_deal(log_in(page, place.alice), place, deal)
    done = page.locator("#activity button", has_text="Done")
    done.first.focus()
    page.keyboard.press("Enter")
    expect(done).to_have_count(1)
    is_focused(done)


def test_after_a_stage_is_chosen_on_the_deal_page_the_focus_is_on_it(page, place, log_in, deal):
    open_deal(log_in(page, place.alice), place, deal)
    page.locator(".path button", has_text="Proposal").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".path [aria-current=step]")).to_contain_text("Proposal")
    is_focused(page.locator(".path [aria-current=step]"))


def test_what_others_change_leaves_the_focus_alone(page, place, log_in, deal):
    open_deal(log_in(page, place.alice), place, deal)
    owner = page.locator("a[href$='/edit/owner/']")
    owner.focus()
    with tenant(place.workspace, place.bob.user, door="web"):
        update_deal(deal, by=place.bob, version=deal.version, amount=77)
    expect(page.locator("a[href$='/edit/amount/']")).to_have_text("€77")
    is_focused(owner)


def test_after_an_edit_from_a_cards_menu_the_card_is_new_and_has_the_focus(page, place, log_in, deal):
    open_board(log_in(page, place.alice), place)
    card(page, deal).locator(".more").focus()
    page.keyboard.press("Enter")
    page.locator("#popover a", has_text="Assign owner").press("Enter")
    page.locator("#popover select").select_option(label="Bob")
    page.locator("#popover button", has_text="Save").press("Enter")
    expect(card(page, deal).locator(".av")).to_have_attribute("title", "Bob")
    is_focused(card(page, deal))


def test_after_a_deal_is_added_in_a_column_the_focus_is_on_its_plus(page, place, log_in, deal):
    open_board(log_in(page, place.alice), place)
    plus = lane(page, "Contacted").locator(".lane-head a")
    plus.focus()
    page.keyboard.press("Enter")
    page.locator("#dialog #id_name").fill("Freezers of the north")
    page.keyboard.press("Control+Enter")
    saved(page, "Created")
    expect(lane(page, "Contacted").locator(".deal")).to_have_count(2)
    is_focused(plus)


def test_after_a_filter_is_chosen_the_focus_is_on_its_chip(page, place, log_in, deal):
    for path in ("deals/", "deals/list/"):
        log_in(page, place.alice).goto(place.url(path))
        page.locator("#chip-owner").focus()
        page.keyboard.press("Enter")
        page.locator("#popover input[type=checkbox]").first.press("Space")
        expect(page.locator("#chip-owner.set")).to_be_attached()
        page.keyboard.press("Escape")
        is_focused(page.locator("#chip-owner"))


def test_after_an_undo_by_mouse_the_focus_is_on_the_card(page, place, log_in, deal):
    open_board(log_in(page, place.alice), place)
    card(page, deal).focus()
    page.keyboard.press("Shift+ArrowRight")
    saved(page, "Moved to Meeting scheduled")
    page.locator(".toast .undo").last.click()
    saved(page, "Undone")
    stands_in(page, deal, "Qualified")
    is_focused(card(page, deal))


numbers = count(10_000)  # of places: beside those of the fixture


# --- keys -----------------------------------------------------------------------------------------------


def test_every_key_in_a_cards_menu_does_what_stands_beside_it(page, place, log_in, deal):
    open_board(log_in(page, place.alice), place)

    def menu() -> Locator:
        card(page, deal).focus()
        page.keyboard.press("m")
        expect(page.locator("#popover")).to_be_visible()
        return page.locator("#popover")

    shown = {key.text_content() for key in menu().locator("kbd").all()}
    assert shown == {"1", "2", "4", "5", "W", "L", "T", "A"}
    page.keyboard.press("4")
    saved(page, "Moved to Meeting scheduled")
    menu()
    page.keyboard.press("t")
    expect(page.locator("#dialog #id_title")).to_be_visible()
    page.keyboard.press("Escape")
    menu()
    page.keyboard.press("a")
    expect(page.locator("#popover select[name=value]")).to_be_visible()
    page.keyboard.press("Escape")
    menu()
    page.keyboard.press("l")
    expect(page.locator("#dialog")).to_contain_text("Mark as lost")
    page.keyboard.press("Escape")
    menu()
    page.keyboard.press("w")
    saved(page, "Moved to Won")


Check = Callable[[Page, Deal], None]


def shows(selector: str) -> Check:
    return lambda page, deal: expect(page.locator(selector)).to_be_visible()


def hides(selector: str) -> Check:
    return lambda page, deal: expect(page.locator(selector)).to_be_hidden()


def says(selector: str, text: str) -> Check:
    return lambda page, deal: expect(page.locator(selector).first).to_contain_text(text)


def leads_to(path: str) -> Check:
    return lambda page, deal: expect(page).to_have_url(re.compile(re.escape(path.format(deal=deal.pk)) + r"(\?.*)?$"))


def moved(stage: str) -> Check:
    return says("#toasts .toast:last-child", f"Moved to {stage}")


def focused(selector: str) -> Check:
    return lambda page, deal: expect(page.locator(selector).first).to_be_focused()


FORM, MENU, KEYS, PALETTE = "#dialog form", "#popover form >> nth=0", "#keys", "#palette"
CARD = '[data-stage-name="Qualified"] .deal >> nth=0'
SECOND = '[data-stage-name="Qualified"] .deal >> nth=1'
# {section: {row of the help: [(where, what has the focus, keys, what must follow)]}}. {deal} is the id of the first
# one in Qualified; … waits for what a key has opened or said.
HELP = {
    "Anywhere": {
        "Search and commands": [("summary/", "", "Control+k", shows(PALETTE)), ("deals/{deal}/", "", "/", shows(PALETTE))],
        "New deal, or what the list is of": [("leads/", "", "c", shows("#dialog #id_email")), ("summary/", "", "c", shows(FORM))],
        "Go to deals, leads, companies, contacts": [
            ("leads/", "", "g d", leads_to("/deals/")), ("deals/", "", "g l", leads_to("/leads/")),
            ("deals/", "", "g o", leads_to("/companies/")), ("deals/", "", "g p", leads_to("/contacts/")),
        ],
        "Undo last change": [("deals/", CARD, "4 … z", says("#toasts .toast:last-child", "Undone"))],
        "Move focus between panes": [("summary/", "", "F6", focused(".side a")), ("summary/", "", "F6 F6", focused(".top a"))],
        "Save, cancel a form": [
            ("deals/{deal}/", "", "n x Control+Enter", says("#activity .quote", "x")),
            ("deals/{deal}/", "", "c … Escape", hides("#dialog")),
        ],
        "This help": [("companies/", "", "?", shows(KEYS))],
    },
    "Board": {
        "Next, previous card": [("deals/", CARD, "j", focused(SECOND)), ("deals/", SECOND, "k", focused(CARD))],
        "Focus column left, right": [
            ("deals/", CARD, "ArrowLeft", focused('[data-stage-name="Contacted"] .deal')),
            ("deals/", CARD, "ArrowRight", focused('[data-stage-name="Meeting scheduled"] .deal')),
        ],
        "Open": [("deals/", CARD, "Enter", leads_to("/deals/{deal}/"))],
        "Move card one stage back, on": [
            ("deals/", CARD, "Shift+ArrowLeft", moved("Contacted")), ("deals/", CARD, "Shift+ArrowRight", moved("Meeting scheduled")),
        ],
        "Move card up, down": [
            ("deals/", CARD, "Shift+ArrowDown", focused(SECOND)), ("deals/", SECOND, "Shift+ArrowUp", focused(CARD)),
        ],
        "Move card to a stage": [("deals/", CARD, "1", moved("New")), ("deals/", CARD, "5", moved("Proposal")), ("deals/", CARD, "6", moved("Won"))],
        "Menu": [("deals/", CARD, "m", shows(MENU))],
        "Won, lost": [("deals/", CARD, "w", moved("Won")), ("deals/", CARD, "l", shows("#dialog .reasons"))],
        "Plan next step, assign owner": [("deals/", CARD, "t", shows("#dialog #id_title")), ("deals/", CARD, "a", shows(MENU))],
    },
    "Deal, lead, company, contact": {
        "Edit": [("deals/{deal}/", "", "e", shows(MENU))],
        "Note, log call, plan next step": [
            ("deals/{deal}/", "", "n", focused("#composer textarea")), ("deals/{deal}/", "", "p", focused("#composer #new_body")),
            ("deals/{deal}/", "", "t", focused("#composer #new_title")),
        ],
        "Of a deal: menu, owner": [("deals/{deal}/", "", "m", shows(MENU)), ("deals/{deal}/", "", "a", shows("#popover select[name=value]"))],
        "Of an open deal: won, lost": [
            ("deals/{deal}/", "", "w", says(".sub .pill", "Won")),
            ("deals/{deal}/", "", "l", shows("#dialog .reasons")),
        ],
    },
    "Lists": {
        "Next, previous row": [
            ("deals/list/", "", "j", focused("tr[data-href] a >> nth=0")),
            ("deals/list/", "tr[data-href] >> nth=1 >> a", "k", focused("tr[data-href] >> nth=0 >> a")),
        ],
        "Open": [("deals/list/?q=Qualified deal 1", "", "j Enter", leads_to("/deals/{deal}/"))],
    },
}  # fmt: skip


def sections(page: Page) -> dict[str, list[str]]:
    """What the help lists."""
    found = {}
    for section in page.locator("#keys .body > div").all():
        found[section.locator("h3").text_content()] = section.locator("dt").all_text_contents()
    return found


def test_the_help_lists_what_this_file_tries(page, place, log_in):
    log_in(page, place.alice).goto(place.url("deals/"))
    assert sections(page) == {name: list(rows) for name, rows in HELP.items()}


def test_the_help_of_a_viewer_has_nothing_that_changes_anything(page, place, log_in):
    vera = User.objects.create_user(f"vera-{place.slug}@demo.example", "demo", name="Vera")
    with tenant(place.workspace, place.alice.user):
        member = Membership.objects.create(workspace=place.workspace, user=vera, role=Role.VIEWER)
    log_in(page, member).goto(place.url("deals/"))
    found = sections(page)
    assert "Deal, lead, company, contact" not in found
    assert found["Board"] == ["Next, previous card", "Focus column left, right", "Open"]
    page.goto(place.url("leads/"))
    for key in "cz":
        page.keyboard.press(key)
    expect(page.locator("#dialog")).to_be_hidden()


@pytest.mark.parametrize("section", HELP)
def test_every_key_of_the_help_works(page, place, server, log_in, section):
    for row, tries in HELP[section].items():
        for where, start, keys, check in tries:
            here = make_place(server, next(numbers))
            deal = fill(here, per_stage=2)["Qualified"][0]
            log_in(page, here.alice).goto(here.url(where.format(deal=deal.pk)))
            expect(page.locator("#live")).to_have_text("Live")
            if start:
                page.locator(start).focus()
            for key in keys.split():
                expect(page.locator("#dialog[open], .toast")).to_be_visible() if key == "…" else page.keyboard.press(
                    key
                )
            try:
                check(page, deal)
            except AssertionError as error:
                raise AssertionError(f"{section}, {row}: {keys} on {where}: {error}") from None
