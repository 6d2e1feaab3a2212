"""The commonest jobs of a rep, counted: each may cost as many clicks, or keys, as the design gives it.

Text that is typed is the job itself and is not counted, nor is Tab from one field to the next.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from activities.models import Activity, Note, Task
from automation.actions import read_message, receive
from automation.models import Message
from deals.models import Deal
from leads.actions import capture, update_lead
from leads.models import Lead
from tests.automation.mails import mail
from tests.browser.board import card, drag, fill, lane, open_board, stands_in
from tests.waiting import wait_until
from workspaces.tenancy import tenant


class Hands:
    """What a person does to the page, counted."""

    def __init__(self, page: Page):
        self.page, self.clicks, self.keys = page, 0, 0

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def drag(self, source: Locator, target: Locator) -> None:
        self.clicks += 1
        drag(self.page, source, target)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.keys += 1
            self.page.keyboard.press(key)

    def write(self, *texts: str) -> None:
        """Into the field that has the focus, and those after it."""
        for number, text in enumerate(texts):
            if number:
                self.page.keyboard.press("Tab")
            self.page.keyboard.type(text)

    def spent(self, *, clicks: int = 0, keys: int = 0) -> None:
        assert self.clicks <= clicks and self.keys <= keys, f"{self.clicks} clicks and {self.keys} keys"


@pytest.fixture
def hands(page: Page, place, log_in) -> Hands:
    page.set_viewport_size({"width": 1440, "height": 900})
    return Hands(log_in(page, place.alice))


@pytest.fixture
def deal(place) -> Deal:
    return fill(place, per_stage=1)["New"][0]


@pytest.fixture
def lead(place) -> Lead:
    with tenant(place.workspace, place.alice.user):
        names = {"first_name": "Elise", "last_name": "Vang", "email": "elise@fjordline.test"}
        made = capture(place.workspace, by=place.alice, owner_id=place.alice.user_id, **names)
        return update_lead(made, by=place.alice, version=1, status=Lead.Status.QUALIFIED)


def saved(place, found):
    """What `found()` finds in the workspace once it is there."""

    def ask():
        with tenant(place.workspace):
            return found()

    return wait_until(ask)


def open_deal(page: Page, place, deal: Deal) -> None:
    page.goto(place.url(f"deals/{deal.pk}/"))
    expect(page.locator("#live")).to_have_text("Live")


def dialog(page: Page) -> Locator:
    expect(page.locator("dialog[open]")).to_be_visible()
    return page.locator("dialog[open]")


# --- move a deal on -------------------------------------------------------------------------------------


def test_move_a_deal_on_by_mouse(hands, place, deal):
    page = open_board(hands.page, place)
    hands.drag(card(page, deal), lane(page, "Contacted"))
    stands_in(page, deal, "Contacted")
    hands.spent(clicks=1)


def test_move_a_deal_on_by_keys(hands, place, deal):
    page = open_board(hands.page, place)
    card(page, deal).focus()
    hands.press("Shift+ArrowRight")
    stands_in(page, deal, "Contacted")
    hands.spent(keys=1)


# --- plan the next step -----------------------------------------------------------------------------------


def test_plan_the_next_step_by_mouse(hands, place, deal):
    page = open_board(hands.page, place)
    card(page, deal).hover()
    hands.click(card(page, deal).locator(".more"))
    hands.click(page.locator("#popover").get_by_role("button", name="Follow up"))
    assert saved(place, lambda: Task.objects.filter(deal=deal, status="open").first()).due_on > timezone.now().date()
    hands.spent(clicks=2)


def test_plan_the_next_step_by_keys(hands, place, deal):
    page = hands.page
    open_deal(page, place, deal)
    hands.press("t")
    expect(page.get_by_label("What is to be done")).to_be_focused()
    hands.press("Enter")
    assert saved(place, lambda: Task.objects.filter(deal=deal, status="open").first()).title == "Follow up"
    hands.spent(keys=2)


# --- log a call, write a note -----------------------------------------------------------------------------


def test_log_a_call_by_mouse(hands, place, deal):
    page = hands.page
    open_deal(page, place, deal)
    hands.click(page.locator(".composer").get_by_role("link", name="Log call"))
    expect(page.locator(".composer textarea")).to_be_focused()
    hands.write("Wants the fifth plant in the same contract")
    hands.click(page.locator(".composer").get_by_role("button", name="Log call"))
    assert saved(place, lambda: Activity.objects.filter(deal=deal, kind="call").first()).body.startswith("Wants")
    hands.spent(clicks=2)


def test_log_a_call_by_keys(hands, place, deal):
    page = hands.page
    open_deal(page, place, deal)
    hands.press("p")
    expect(page.locator(".composer textarea")).to_be_focused()
    hands.write("Budget is approved")
    hands.press("Control+Enter")
    assert saved(place, lambda: Activity.objects.filter(deal=deal, kind="call").first())
    hands.spent(keys=2)


@pytest.mark.parametrize("by", ["mouse", "keys"])
def test_write_a_note(hands, place, deal, by):
    page = hands.page
    open_deal(page, place, deal)
    if by == "mouse":
        hands.click(page.locator(".composer textarea"))
    else:
        hands.press("n")
    expect(page.locator(".composer textarea")).to_be_focused()
    hands.write("They decide in December")
    hands.press("Control+Enter")
    assert saved(place, lambda: Note.objects.filter(deal=deal).first()).body == "They decide in December"
    hands.spent(clicks=by == "mouse", keys=1 + (by == "keys"))


# --- find a record ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["mouse", "keys"])
def test_find_a_record(hands, place, deal, by):
    page = open_board(hands.page, place)
    if by == "mouse":
        hands.click(page.locator("a.search"))
    else:
        hands.press("Control+k")
    hands.write("New deal 1")
    expect(page.locator("#palette [data-results] a[data-focus]")).to_contain_text("New deal 1")
    hands.press("Enter")
    page.wait_for_url(f"**/deals/{deal.pk}/**")
    hands.spent(clicks=by == "mouse", keys=1 + (by == "keys"))


# --- convert a lead ---------------------------------------------------------------------------------------


def test_convert_a_lead_by_mouse(hands, place, lead):
    page = hands.page
    page.goto(place.url(f"leads/{lead.pk}/"))
    hands.click(page.get_by_role("link", name="Convert"))
    hands.click(dialog(page).get_by_role("button", name="Convert and open deal"))
    page.wait_for_url("**/deals/*/**")
    hands.spent(clicks=2)


def test_convert_a_lead_by_keys(hands, place, lead):
    page = hands.page
    page.goto(place.url(f"leads/{lead.pk}/"))
    hands.press("v")
    dialog(page)
    hands.press("Control+Enter")
    page.wait_for_url("**/deals/*/**")
    hands.spent(keys=2)


# --- change a close date in the list ----------------------------------------------------------------------


def test_change_a_close_date_in_the_list_by_mouse(hands, place, deal):
    page = hands.page
    page.goto(place.url("deals/list/"))
    row = page.locator("tr", has_text=deal.name)
    hands.click(row.locator("td[data-first]"))
    hands.click(page.locator("#popover").get_by_role("button", name="+1 week"))
    day = saved(place, lambda: Deal.objects.get(pk=deal.pk).expected_close_date)
    assert day >= timezone.now().date() + timedelta(days=6)
    hands.spent(clicks=2)


def test_change_a_close_date_in_the_list_by_keys(hands, place, deal):
    page = hands.page
    page.goto(place.url("deals/list/"))
    page.locator("tr", has_text=deal.name).locator("a.med").focus()
    hands.press("e")
    expect(page.locator("#popover input[name=value]")).to_be_focused()
    hands.write("2030-12-31")
    hands.press("Enter")
    assert str(saved(place, lambda: Deal.objects.get(pk=deal.pk).expected_close_date)) == "2030-12-31"
    hands.spent(keys=2)


# --- a new deal -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["mouse", "keys"])
def test_make_a_new_deal(hands, place, by):
    page = open_board(hands.page, place)
    if by == "mouse":
        hands.click(page.get_by_role("link", name="New deal").first)
    else:
        hands.press("c")
    form = dialog(page)
    hands.write("Galley temperatures", "Fjordline")
    if by == "mouse":
        hands.click(form.get_by_role("button", name="Create deal"))
    else:
        hands.press("Control+Enter")
    assert saved(place, lambda: Deal.objects.filter(company__name="Fjordline").first()).name == "Galley temperatures"
    hands.spent(clicks=2 * (by == "mouse"), keys=2 * (by == "keys"))


# --- replies ----------------------------------------------------------------------------------------------


@pytest.fixture
def reply(place, lead) -> Message:
    """One that a deal was made of, for its lead's owner to look at."""
    raw = mail("Yes, we are very interested. Please call me to talk about it.", sender="elise@fjordline.test")
    with tenant(place.workspace):
        pk = receive(place.workspace, raw)[0].pk
    read_message(place.workspace.pk, pk)
    return saved(place, lambda: Message.objects.get(pk=pk, deal__deleted_at=None))


@pytest.mark.parametrize("by", ["mouse", "keys"])
def test_triage_one_reply(hands, place, reply, by):
    page = hands.page
    page.goto(place.url("inbox/"))
    if by == "mouse":
        hands.click(page.get_by_role("button", name="Accept, next"))
    else:
        hands.press("y")
    expect(page.get_by_role("heading", name="Nothing needs you")).to_be_visible()
    assert saved(place, lambda: Message.objects.get(pk=reply.pk).handled_by) == place.alice.user
    hands.spent(clicks=by == "mouse", keys=by == "keys")


@pytest.mark.parametrize("by", ["mouse", "keys"])
def test_undo_an_automation(hands, place, reply, by):
    page = hands.page
    page.goto(place.url("inbox/"))
    if by == "mouse":
        hands.click(page.get_by_role("button", name="Undo all"))
    else:
        hands.press("u")
    saved(place, lambda: not Deal.objects.exists())
    expect(page.locator(".outcome .undone")).to_have_count(2)
    hands.spent(clicks=by == "mouse", keys=by == "keys")
