"""The bell rings while one looks, notes name people by keys alone, a star follows; for axe, on a phone and in the dark too."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from activities.actions import add_note, notify, plan_task
from activities.models import Follow, Mention, Notification
from deals.models import Stage
from tests.browser.screens import SCREENS, check
from tests.factories import make_deal
from workspaces.tenancy import tenant


@pytest.fixture
def deal(place):
    with tenant(place.workspace, place.alice.user):
        stages = {stage.name: stage for stage in Stage.objects.select_related("pipeline")}
        return make_deal(place.alice, stages["New"], "Dairy cold chain, 5 plants", 146000)


def tell_all(place, deal) -> None:
    with tenant(place.workspace, place.alice.user):
        add_note(
            deal,
            "@Bob, they want the three-year terms in writing before Friday; they compare us with two others.",
            by=place.alice,
        )
        plan_task(deal, "Send the offer with three-year terms", by=place.alice, assignee_id=place.bob.user_id)
        told = {
            Notification.Kind.STAGE_CHANGED: {"from": "New", "to": "Meeting scheduled"},
            Notification.Kind.DEAL_WON: {},
            Notification.Kind.DEAL_LOST: {"reason": "Price"},
            Notification.Kind.NOTE: {},
        }
        for kind, data in told.items():
            notify([place.bob.user_id], kind, subject=deal, key=f"x{kind}", by=place.alice, data=data)
        data = {"text": "Your export of deals is ready", "view": "deal_list"}
        notify([place.bob.user_id], Notification.Kind.JOB_FINISHED, subject=place.workspace, key="job", data=data)
        Notification.objects.filter(kind="note").update(read_at="2026-01-01T00:00Z")


def test_the_bell_rings_while_one_looks_and_a_click_reads(page, place, log_in, deal, picture):
    log_in(page, place.bob).goto(place.url("leads/"))
    expect(page.locator("#live")).to_have_text("Live")
    bell = page.locator("#bell")
    before = bell.bounding_box()
    with tenant(place.workspace, place.alice.user):
        add_note(deal, "@Bob, look", by=place.alice)
    expect(bell.locator("b")).to_have_text("1")
    expect(page.locator("#bell-news")).to_have_text("Notifications, 1 unread.")
    assert bell.bounding_box() == before, "nothing moves"
    tell_all(place, deal)
    expect(bell.locator("b")).to_have_text("7")
    bell.click()
    menu = page.locator("#popover")
    expect(menu.locator("a[href*='#n']")).to_have_count(8)
    picture(page, "notifications-popover")
    menu.locator("a", has_text="mentioned you").last.click()
    page.wait_for_url(f"**/deals/{deal.pk}/**")
    expect(page.locator("#bell b")).to_have_text("6")
    assert "#n" not in page.url
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.wait_for_url("**/notifications/")
    picture(page, "notifications-list")
    row = page.locator(".inbox li.new").first
    row.get_by_role("button", name="Mark as read").click()
    expect(page.locator("#bell b")).to_have_text("5")
    expect(page.locator(".inbox li.new")).to_have_count(5)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator("#bell b")).to_have_count(0)
    expect(page.locator(".inbox li.new")).to_have_count(0)
    page.keyboard.press("z")
    expect(page.locator(".inbox li.new")).to_have_count(5)


def test_a_colleague_is_named_by_keys_alone(page, place, log_in, deal, picture):
    log_in(page, place.alice).goto(place.url(f"deals/{deal.pk}/?tab=timeline"))
    field = page.locator("#composer textarea")
    page.keyboard.press("n")
    expect(field).to_be_focused()
    field.press_sequentially("Ask @b")
    offered = page.get_by_role("listbox", name="Members")
    expect(offered.get_by_role("option")).to_have_count(1)
    picture(page, "mention-offered")
    page.keyboard.press("Escape")
    expect(offered).to_have_count(0)
    expect(field).to_be_focused()
    field.press_sequentially("o")
    expect(offered).to_be_visible()
    assert field.get_attribute("aria-activedescendant")
    page.keyboard.press("Enter")
    expect(field).to_have_value("Ask @Bob ")
    field.press_sequentially("for the terms")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".tl .mention")).to_have_text("@Bob")
    with tenant(place.workspace):
        assert Mention.objects.get().user_id == place.bob.user_id
        assert Notification.objects.filter(recipient=place.bob.user, kind="mention").count() == 1
    page.locator(".tl").get_by_role("button", name="Delete").click()
    expect(page.locator(".tl .mention")).to_have_count(0)
    page.keyboard.press("z")
    expect(page.locator(".tl .mention")).to_have_count(1)


def test_the_star_follows_and_stops(page, place, log_in, deal, picture):
    log_in(page, place.bob).goto(place.url(f"deals/{deal.pk}/"))
    page.get_by_role("button", name="Follow this deal").click()
    star = page.get_by_role("button", name="Stop following this deal")
    expect(star).to_be_visible()
    picture(page, "deal-followed")
    with tenant(place.workspace):
        assert Follow.objects.get().state == Follow.State.FOLLOWING
    star.click()
    expect(page.get_by_role("button", name="Follow this deal")).to_be_visible()


@pytest.mark.parametrize("screen", SCREENS)
def test_its_pages_satisfy_axe(opened, place, log_in, deal, screen, picture):
    tell_all(place, deal)
    page = log_in(opened(screen), place.bob)
    for path in ("notifications/", "notifications/?unread=1", "notifications/mail/", f"deals/{deal.pk}/?tab=timeline"):
        page.goto(place.url(path))
        assert not check(page, path, screen)
        name = path.partition("?")[0].strip("/").replace("/", "-")
        picture(page, f"{screen}-{name if not name.startswith('deals') else 'deal'}")
    page.locator("#bell").click()
    expect(page.locator("#popover .told")).to_be_visible()
    assert not check(page, "the bell", screen)
    picture(page, f"{screen}-popover")
