"""Keys do what menus and the help say of them, and the focus comes back to where it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from itertools import count

import pytest
from playwright.sync_api import Locator, Page, expect

from activities.actions import plan_task
from automation.actions import act
from automation.intents import Intent
from automation.models import Message
from deals.actions import update_deal
from deals.models import Deal
from leads.actions import capture, update_lead
from leads.models import Lead
from tests.automation.mails import make_lead, read_as
from tests.browser.board import card, fill, lane, open_board, saved, stands_in
from tests.browser.conftest import Place
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
    saved(page, "Won")
    stands_in(page, deal, "Won")


def test_enter_in_a_field_saves_and_presses_no_shortcut_before_the_button(page, place, log_in, deal):
    with tenant(place.workspace, place.alice.user, door="web"):
        names = {"last_name": "Vang", "email": "elise@fjordline.test", "company_name": "Fjordline"}
        lead = capture(place.workspace, by=place.alice, owner_id=place.alice.user_id, **names)
        update_deal(deal, by=place.alice, version=deal.version, company_id=lead.company_id)
        update_lead(lead, by=place.alice, version=1, status=Lead.Status.QUALIFIED)
    log_in(page, place.alice).goto(place.url(f"leads/{lead.pk}/"))
    page.keyboard.press("v")
    expect(page.get_by_role("button", name="Add to it instead")).to_be_visible()
    page.locator("#dialog #id_name").fill("Galley temperatures")
    page.keyboard.press("Enter")
    page.wait_for_url("**/deals/*/**")
    expect(page.locator("h1")).to_contain_text("Galley temperatures")


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


def at_a_cell(column: str, beside: int) -> Check:
    """The form that is open is that of the cell beside the column's."""

    def check(page: Page, deal: Deal) -> None:
        cells = page.locator("tr[data-id] >> nth=0 >> td[data-edit]")
        first = cells.evaluate_all("cells => cells.findIndex((cell) => 'first' in cell.dataset)")
        path = (cells.nth(first + beside).get_attribute("data-edit") or "").split("?")[0]
        expect(page.locator(f"#popover form[action*='{path}']")).to_be_visible()

    return check


def stands_on(day: str) -> Check:
    return lambda page, deal: expect(page.locator(f"[data-day='{day}'] .appt")).to_have_count(1)


won, SAID_DONE = says("#toasts .toast:last-child", "Won"), says("#toasts .toast:last-child", "Done")
FORM, MENU, KEYS, PALETTE = "#dialog form", "#popover form >> nth=0", "#keys", "#palette"
CARD = '[data-stage-name="Qualified"] .deal >> nth=0'
SECOND = '[data-stage-name="Qualified"] .deal >> nth=1'
ROW, ROW_2 = "tr[data-id] a.med >> nth=0", "tr[data-id] a.med >> nth=1"
BAR, VALUE, LINE = "[data-bulk-bar]", "#popover [name=value]", "tr[data-task] a.med >> nth=0"
APPT, APPT_2 = ".appt > a.clip >> nth=0", ".appt > a.clip >> nth=1"
SENDER = ".who-from .name"
FAR = "calendar/?day=2031-01-15"
# {section: {row of the help: [(where, what has the focus, keys, what must follow)]}}. {deal} is the id of the first
# one in Qualified, {second} of the next; … waits for what a key has opened or said.
HELP = {
    "Anywhere": {
        "Search and commands": [("summary/", "", "Control+k", shows(PALETTE)), ("deals/{deal}/", "", "/", shows(PALETTE))],
        "New deal, or what the list is of": [("leads/", "", "c", shows("#dialog #id_email")), ("summary/", "", "c", shows(FORM))],
        "Go to today, inbox, tasks, deals, leads": [
            ("leads/", "", "g t", leads_to("/today/")), ("leads/", "", "g a", leads_to("/tasks/")), ("leads/", "", "g i", leads_to("/inbox/")),
            ("leads/", "", "g d", leads_to("/deals/")), ("deals/", "", "g l", leads_to("/leads/")),
        ],
        "Go to companies, contacts, notifications": [
            ("deals/", "", "g o", leads_to("/companies/")), ("deals/", "", "g p", leads_to("/contacts/")),
            ("deals/", "", "g n", leads_to("/notifications/")),
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
        "Move card to a stage": [("deals/", CARD, "1", moved("New")), ("deals/", CARD, "5", moved("Proposal")), ("deals/", CARD, "6", won)],
        "Menu": [("deals/", CARD, "m", shows(MENU))],
        "Won, lost": [("deals/", CARD, "w", won), ("deals/", CARD, "l", shows("#dialog .reasons"))],
        "Plan next step, assign owner": [("deals/", CARD, "t", shows("#dialog #id_title")), ("deals/", CARD, "a", shows(MENU))],
    },
    "Deal, lead, company, contact": {
        "Edit": [("deals/{deal}/", "", "e", shows(MENU))],
        "Note, email, log call, plan next step": [
            ("deals/{deal}/", "", "n", focused("#composer textarea")), ("deals/{deal}/", "", "r", focused("#composer #new_to")),
            ("deals/{deal}/", "", "p", focused("#composer #new_body")), ("deals/{deal}/", "", "t", focused("#composer #new_title")),
        ],
        "Of a deal: menu, owner": [("deals/{deal}/", "", "m", shows(MENU)), ("deals/{deal}/", "", "a", shows("#popover select[name=value]"))],
        "Of an open deal: won, lost": [
            ("deals/{deal}/", "", "w", says(".sub .pill", "Won")),
            ("deals/{deal}/", "", "l", shows("#dialog .reasons")),
        ],
        "Of a lead: convert": [("leads/{lead}/", "", "v", shows(FORM))],
    },
    "Lists": {
        "Next, previous row": [
            ("deals/list/", "", "j", focused("tr[data-href] a >> nth=0")),
            ("deals/list/", "tr[data-href] >> nth=1 >> a", "k", focused("tr[data-href] >> nth=0 >> a")),
        ],
        "Open": [("deals/list/?q=Qualified deal 1", "", "j Enter", leads_to("/deals/{deal}/"))],
        "On a deal's page: next, previous deal": [
            ("deals/{deal}/", "[data-key=j]", "j", says("h1", "Qualified deal 2")),
            ("deals/{second}/", "[data-key=k]", "k", says("h1", "Qualified deal 1")),
        ],
    },
    "List of deals": {
        "Peek into a deal": [("deals/list/", ROW, "Space", shows("#popover .peek"))],
        "Edit close date": [("deals/list/", ROW, "e", focused(VALUE))],
        "Move to a stage, assign owner": [("deals/list/", ROW, "m", shows(MENU)), ("deals/list/", ROW, "a", shows("#popover select"))],
        "Save, edit the next, previous cell": [
            ("deals/list/", ROW, "e … 2 0 3 0 - 1 2 - 3 1 Tab", at_a_cell("close", 1)), ("deals/list/", ROW, "e … Shift+Tab", at_a_cell("close", -1)),
        ],
        "Select": [("deals/list/", ROW, "x", says(BAR, "1 selected")), ("deals/list/", ROW, "x x", hides(BAR))],
        "Select down to, up to a row": [
            ("deals/list/", ROW, "Shift+J", says(BAR, "2 selected")), ("deals/list/", ROW_2, "Shift+K", says(BAR, "2 selected")),
        ],
        "Clear the selection": [("deals/list/", ROW, "x Escape", hides(BAR))],
    },
    "Inbox": {
        "Next, previous message": [
            ("inbox/?tab=interested", "", "j", says(SENDER, "Ida")), ("inbox/?tab=interested&message={reply}", "", "k", says(SENDER, "Otto")),
        ],
        "Accept, next": [("inbox/?tab=interested", "", "y", says(SENDER, "Ida"))],
        "Take back all that was done": [("inbox/?tab=interested", "", "u", says("#toasts .toast:last-child", "Taken back"))],
        "It is of another class": [("inbox/?tab=interested", "", "2", says("#toasts .toast:last-child", "Changed to Not now"))],
        "Make a lead, link to a person": [
            ("inbox/{stray}/", "", "v", says("#toasts .toast:last-child", "is a lead")), ("inbox/{stray}/", "", "l", shows("#dialog form")),
        ],
        "Reply, to all, done": [
            ("inbox/?tab=interested", "", "r", shows("#dialog form")), ("inbox/{stray}/", "", "a", shows("#dialog form")),
            ("inbox/{stray}/", "", "e", says("#toasts .toast:last-child", "Done")),
        ],
    },
    "Today, tasks": {
        "Done": [("today/", LINE, "d", SAID_DONE), ("tasks/", LINE, "d", SAID_DONE), (FAR, APPT, "d", SAID_DONE)],
        "Reschedule and more": [("today/", LINE, "r", shows(MENU)), ("tasks/", LINE, "r", shows(MENU)), (FAR, APPT, "r", shows(MENU))],
        "Edit": [("today/", LINE, "e", shows(FORM)), ("tasks/", LINE, "e", shows(FORM)), (FAR, APPT, "e", shows(FORM))],
        "Add a task of your own": [("today/", "", "t", shows(FORM)), ("tasks/", "", "t", shows(FORM)), ("calendar/", "", "t", shows(FORM))],
    },
    "Calendar": {
        "Next, previous task": [(FAR, APPT, "j", focused(APPT_2)), (FAR, APPT_2, "k", focused(APPT))],
        "Put a task a day earlier, later": [
            (FAR, APPT, "Shift+ArrowLeft", stands_on("2031-01-14")), (FAR, APPT, "Shift+ArrowRight", stands_on("2031-01-16")),
        ],
        "Put a task a week earlier, later": [
            (FAR, APPT, "Shift+ArrowUp", stands_on("2031-01-08")), (FAR, APPT, "Shift+ArrowDown", stands_on("2031-01-22")),
        ],
    },
}  # fmt: skip


def things_to_do(here: Place) -> tuple[Deal, Deal, Lead]:
    """Deals in every column, a lead to convert, and tasks: a late one and two on a day far away."""
    deals = fill(here, per_stage=2)
    with tenant(here.workspace, here.alice.user, door="web"):
        for title, day in ("Late", date(2021, 1, 4)), ("Far", date(2031, 1, 15)), ("Far too", date(2031, 1, 15)):
            plan_task(deals["New"][0], title, by=here.alice, due_on=day)
        lead = capture(
            here.workspace, by=here.alice, owner_id=here.alice.user_id, last_name="Vang", email="e@vang.test"
        )
        lead = update_lead(lead, by=here.alice, version=1, status=Lead.Status.QUALIFIED)
    return *deals["Qualified"], lead


def sections(page: Page) -> dict[str, list[str]]:
    """What the help lists."""
    found = {}
    for section in page.locator("#keys .body > div").all():
        found[section.locator("h3").text_content()] = section.locator("dt").all_text_contents()
    return found


def replies(place) -> dict[str, int]:
    """Two that were acted on, Otto's the newer, and one from somebody unknown."""
    with tenant(place.workspace, place.alice.user):
        found = {}
        for name in ("Ida", "Otto"):
            lead = make_lead(place.alice, f"{name}@{name}.example".lower(), first_name=name, company_name=name)
            message = read_as(Intent.INTERESTED, lead, place.alice)
            message.sender_name, message.state = f"{name} Berg", Message.State.DONE
            act(message)
            message.save()
            found.setdefault("reply", message.pk)
        stray = read_as(Intent.INFO_REQUEST, None, place.alice)
        Message.objects.filter(pk=stray.pk).update(
            state=Message.State.UNMATCHED,
            sender_email="stray@elsewhere.example",
            recipients=[["", "too@elsewhere.example"]],
        )
        return found | {"stray": stray.pk}


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
            deal, second, lead = things_to_do(here)
            mails = replies(here) if section == "Inbox" else {}
            log_in(page, here.alice).goto(here.url(where.format(deal=deal.pk, second=second.pk, lead=lead.pk, **mails)))
            expect(page.locator("#live")).to_have_text("Live")
            if start:
                page.locator(start).focus()
            for key in keys.split():
                if key == "…":
                    expect(page.locator("#dialog[open], #popover:popover-open, .toast").first).to_be_visible()
                else:
                    page.keyboard.press(key)
            try:
                check(page, deal)
            except AssertionError as error:
                raise AssertionError(f"{section}, {row}: {keys} on {where}: {error}") from None
