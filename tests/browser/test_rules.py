"""An admin makes a rule, tries it, switches it on, and reads what it did."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from activities.outbox import hand_on, pending
from automation.models import Rule
from automation.rules import running
from deals.models import Stage
from tests.browser.screens import SCREENS, check
from tests.factories import make_deal
from workspaces.tenancy import tenant


def work(place) -> None:
    for pk in pending(place.workspace.pk):
        hand_on(place.workspace.pk, pk)
    for pk in running.waiting(place.workspace.pk):
        running.run(place.workspace.pk, pk)


def large(place, name: str) -> None:
    with tenant(place.workspace, place.bob.user):
        make_deal(place.bob, Stage.objects.select_related("pipeline").get(name="New"), name, 50_000)


@pytest.mark.parametrize("screen", SCREENS)
def test_a_rule_from_the_first_click_to_its_log(opened, place, log_in, screen):
    large(place, "Before it was on")
    page, wrong = log_in(opened(screen), place.alice), []
    page.goto(place.url("settings/rules/"))
    wrong += check(page, "no rules", screen)
    page.get_by_role("link", name="Watch large deals").click()
    expect(page.get_by_label("Name")).to_have_value("Watch large deals")
    # The event is another one: the fields that hang on it come by themselves, and what was typed stays.
    page.get_by_label("This happens").select_option("deal_moved")
    expect(page.get_by_text("none chosen: any")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Watch large deals")
    page.get_by_label("This happens").select_option("deal_created")
    expect(page.get_by_text("none chosen: any")).to_have_count(0)
    page.get_by_label("Another condition").select_option("status")
    page.get_by_role("button", name="Add condition").click()
    page.get_by_label("Open", exact=True).check()
    page.get_by_label("Another step").select_option("move")
    page.get_by_role("button", name="Add step").click()
    page.get_by_label("Stage", exact=True).select_option(label="Contacted")
    page.get_by_role("button", name="Step 3 up").click()
    expect(page.locator("fieldset.step legend").nth(1)).to_contain_text("Move the deal")
    page.get_by_role("button", name="Remove step 3").click()
    expect(page.locator("fieldset.step")).to_have_count(2)
    wrong += check(page, "editor", screen)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("off until you switch it on")
    page.get_by_role("link", name="Dry run").click()
    expect(page.locator("main")).to_contain_text("1 run for 1 deal")
    wrong += check(page, "dry run", screen)
    page.get_by_role("link", name="Watch large deals").click()
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("button", name="Switch off")).to_be_visible()
    large(place, "A large one")
    work(place)
    page.get_by_role("link", name="Log", exact=True).click()
    expect(page.locator("main")).to_contain_text("Told Alice")
    expect(page.locator("main")).to_contain_text("Moved from New to Contacted")
    wrong += check(page, "log", screen)
    page.goto(place.url("settings/rules/"))
    wrong += check(page, "rules", screen)
    page.get_by_role("switch", name="Watch large deals").click()
    expect(page.get_by_role("switch", name="Watch large deals")).not_to_be_checked()
    with tenant(place.workspace):
        assert not Rule.objects.get().is_on
    assert not wrong, "\n".join(wrong)
