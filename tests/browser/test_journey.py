"""One long day, station by station: a company's real 8,800 deals, from the login page to a stage renamed in the admin.

Each station leaves a picture, var/pictures/journey-….png.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from playwright.sync_api import Browser, Locator, Page, expect

from deals.models import Deal
from tests.browser.board import drag, drop_zone, lane, open_board, saved, touch_drag
from tests.browser.conftest import Place
from tests.shared_data import shared
from workspaces.commands import find_workspace
from workspaces.models import Membership, Role, User
from workspaces.tenancy import tenant

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
SCREEN = {"width": 1440, "height": 900}
TABLET = {"width": 1180, "height": 820}
REP = "Darcel Schlecht"


@pytest.fixture
def company(server, django_db_blocker) -> Iterator[Place]:
    """An empty workspace as an operator makes it, owned by alice; bob is a rep in it."""
    slug = f"hardware-{uuid4().hex[:8]}"
    alice, bob = (f"{name}@{slug}.example" for name in ("alice", "bob"))
    with django_db_blocker.unblock():
        command("create_workspace", slug, owner=alice, password="demo", name="Maven Hardware", currency="USD")
        workspace = find_workspace(slug)
        user = User.objects.create_user(bob, "demo", name="Bob")
        with tenant(workspace):
            Membership.objects.create(workspace=workspace, user=user, role=Role.REP)
            members = {each.user.email: each for each in Membership.objects.select_related("user", "workspace")}
        yield Place(server, slug, workspace, members[alice], members[bob])
        connection.close()


def test_a_company_moves_in_and_works_its_pipeline(page, browser, company, log_in, picture, tmp_path):
    files = shared("crm-opportunities")
    page.set_viewport_size(SCREEN)

    sign_in(page, company)
    picture(page, "journey-01-empty")

    import_files(files, company, tmp_path)
    the_open_board_fills(page)
    picture(page, "journey-02-imported")

    filter_by_owner(page, REP)
    picture(page, "journey-03-filtered")

    move_by_mouse(page, lambda: picture(page, "journey-04-in-hand"))
    picture(page, "journey-04-moved")

    tablet = new_page(browser, log_in, company.alice, viewport=TABLET, has_touch=True)
    moved = move_by_finger(tablet, company, query_of(page))
    picture(tablet, "journey-05-tablet")
    expect(inside(page, "Engaging", moved)).to_be_visible()
    tablet.context.close()

    move_by_keys(page)
    picture(page, "journey-06-keys")

    lost = lose_with_a_reason(page, company, lambda: picture(page, "journey-07-lost"))
    undo_from_the_toast(page, lost)
    picture(page, "journey-08-undone")

    other = new_page(browser, log_in, company.bob, viewport=SCREEN)
    another_sees_a_move(page, other, company)
    picture(other, "journey-09-live")

    edit_a_stage_in_the_admin(page, company, lambda: picture(page, "journey-10-admin"))
    the_stage_is_seen_by(other)
    picture(other, "journey-11-stage")
    other.context.close()


# --- stations -----------------------------------------------------------------------------------------------


def sign_in(page: Page, company: Place) -> None:
    page.goto(company.url("deals/"))
    page.get_by_label("Email").fill(company.alice.user.email)
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("heading", name="No deals in this pipeline yet")).to_be_visible()


def import_files(files: Path, company: Place, tmp_path: Path) -> None:
    into = ("--workspace", company.slug, "--errors", tmp_path / "errors.csv", "--mapping")
    companies = ("companies", files / "accounts.csv", *into, EXAMPLES / "crm-opportunities-companies.json")
    deals = ("deals", files / "sales_pipeline.csv", *into, EXAMPLES / "crm-opportunities-deals.json")
    made = json.loads(command("import_csv", *companies))
    assert (made["created"], made["errors"]) == (85, 0)
    made = json.loads(command("import_csv", *deals, "--create", "companies,stages,owners,products"))
    assert (made["created"], made["errors"]) == (8800, 0)


def the_open_board_fills(page: Page) -> None:
    """Without a reload: the page that was empty hears of the import."""
    expect(count(page, "Prospecting")).to_have_text("500")
    expect(count(page, "Engaging")).to_have_text("1,589")
    expect(page.locator("#board-sum")).to_contain_text("2,089 deals")
    expect(lane(page, "Engaging").locator(".deal")).to_have_count(25)


def filter_by_owner(page: Page, name: str) -> None:
    page.get_by_role("link", name="Owner").click()
    page.locator("#popover").get_by_label(name).check()
    page.locator("#popover").get_by_role("button", name="Apply").click()
    expect(page.locator(".fchip.set")).to_contain_text(name)
    expect(page.locator("#board-sum")).to_contain_text("194 deals")
    page.keyboard.press("Escape")
    to_the_right(page)


def move_by_mouse(page: Page, in_hand: Callable[[], object]) -> None:
    card, target = at(page, "Prospecting", 0), at(page, "Engaging", 1)
    drag(page, card, target, drop=False)
    in_hand()
    page.mouse.up()
    saved(page, "Moved to Engaging")
    expect(lane(page, "Engaging").locator(".deal").nth(1)).to_have_id(id_of(card))


def move_by_finger(page: Page, company: Place, query: str) -> Locator:
    open_board(page, company, query)
    to_the_right(page)
    card = at(page, "Prospecting", 0)
    touch_drag(page, card, at(page, "Engaging", 0))
    saved(page, "Moved to Engaging")
    expect(lane(page, "Engaging").locator(".deal").first).to_have_id(id_of(card))
    return card


def move_by_keys(page: Page) -> None:
    card = at(page, "Prospecting", 0)
    card.focus()
    page.keyboard.press("Shift+ArrowRight")
    saved(page, "Moved to Engaging")
    expect(inside(page, "Engaging", card)).to_be_focused()
    page.keyboard.press("Shift+ArrowLeft")
    saved(page, "Moved to Prospecting")
    expect(inside(page, "Prospecting", card)).to_be_focused()


def lose_with_a_reason(page: Page, company: Place, asked: Callable[[], object]) -> Locator:
    card = at(page, "Engaging", 0)
    drag(page, card, drop_zone(page, "Lost"))
    dialog = page.get_by_role("dialog", name="Mark as lost")
    dialog.get_by_label("Lost to competitor").check()
    dialog.get_by_label("Competitor", exact=False).last.fill("Initech")
    asked()
    dialog.get_by_role("button", name="Mark as lost").click()
    saved(page, "Moved to Lost")
    with tenant(company.workspace):
        deal = Deal.objects.get(pk=pk_of(card))
    assert (deal.status, deal.lost_reason, deal.competitor) == ("lost", "Lost to competitor", "Initech")
    return card


def undo_from_the_toast(page: Page, card: Locator) -> None:
    page.locator("#toasts").get_by_role("button", name="Undo").last.click()
    saved(page, "Undone")
    expect(inside(page, "Engaging", card)).to_be_visible()


def another_sees_a_move(page: Page, other: Page, company: Place) -> None:
    """Within about a second, and without a reload."""
    open_board(other, company, query_of(page))
    to_the_right(other)
    other.evaluate("window.sameAsBefore = true")
    card = at(page, "Prospecting", 0)
    card.focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(inside(other, "Engaging", card)).to_be_visible(timeout=1500)
    assert other.evaluate("window.sameAsBefore")


def edit_a_stage_in_the_admin(page: Page, company: Place, filled: Callable[[], object]) -> None:
    page.get_by_role("link", name="Admin", exact=True).click()
    page.locator(".admin-group").get_by_role("link", name="Stages", exact=True).click()
    page.get_by_role("link", name=re.compile("Engaging")).click()
    page.get_by_label("Name").fill("In talks")
    page.get_by_label("Probability").fill("45")
    filled()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    open_board(page, company)
    expect(lane(page, "In talks")).to_contain_text("45%")


def the_stage_is_seen_by(other: Page) -> None:
    """On the board that was open all the while."""
    expect(lane(other, "In talks")).to_contain_text("45%")
    assert other.evaluate("window.sameAsBefore")


# --- words ----------------------------------------------------------------------------------------------------


def command(*arguments: object, **options: object) -> str:
    """The last line that an operator's command prints."""
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue().splitlines()[-1]


def new_page(browser: Browser, log_in, member: Membership, **screen: object) -> Page:
    return log_in(browser.new_context(**screen).new_page(), member)


def query_of(page: Page) -> str:
    return "?" + page.url.partition("?")[2]


def to_the_right(page: Page) -> None:
    """The stages of the file stand right of those that a new workspace has."""
    page.locator("#board").evaluate("board => board.scrollLeft = board.scrollWidth")


def count(page: Page, stage: str) -> Locator:
    return lane(page, stage).locator(".ct")


def at(page: Page, stage: str, place: int) -> Locator:
    """The card that stands there now, wherever it goes then."""
    return page.locator("#" + id_of(lane(page, stage).locator(".deal").nth(place)))


def inside(page: Page, stage: str, card: Locator) -> Locator:
    """The card (of whichever page) in that column, and saved."""
    return lane(page, stage).locator(f"#{id_of(card)}:not(.saving)")


def id_of(card: Locator) -> str:
    return card.get_attribute("id")


def pk_of(card: Locator) -> int:
    return int(card.get_attribute("data-deal-id"))
