"""Every page in a browser: nothing an accessibility checker objects to, light and dark, wide and on a phone; nothing
wider than the screen."""

import pytest
from playwright.sync_api import expect

from activities.actions import add_note, complete_task, plan_task
from deals.actions import add_contact, move_to_stage, undo_stage_change, update_deal
from deals.models import Stage
from leads.actions import capture, create_contact, update_company
from tests.browser.board import fill, lane
from tests.browser.screens import SCREENS, check
from tests.tenancy.world import Rows
from tests.tenancy.world import fill as everything
from workspaces.models import Team
from workspaces.tenancy import tenant

MISSING = "no-such-page/"
INSIDE = (
    "deals/",
    "deals/?amount_min=999m",
    "deals/list/",
    "deals/list/?tab=lost",
    "deals/list/?view={view}",
    "deals/list/columns/",
    "deals/views/new/",
    "deals/views/{view}/edit/",
    "deals/bulk/",
    "deals/bulk/{bulk}/",
    "deals/bin/",
    "deals/new/",
    "deals/{deal}/",
    "deals/{full}/",
    "deals/{lost}/",
    "deals/{full}/?tab=overview",
    "deals/{full}/?tab=files",
    "deals/{full}/?tab=tasks",
    "deals/{full}/history/",
    "deals/{full}/items/",
    "deals/{deal}/contacts/",
    "deals/{deal}/move/",
    "deals/{deal}/edit/amount/",
    "deals/filter/close/",
    "leads/",
    "leads/{lead}/",
    "leads/{lead}/edit/",
    "leads/{qualified_lead}/convert/",
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
    "summary/playbooks/",
    "dashboard/",
    "goals/",
    "goals/new/",
    "goals/adjust/2026-01/",
    "deals/forecast/",
    "deals/{deal}/month/",
    "today/",
    "tasks/",
    "tasks/add/",
    "calendar/",
    "calendar/?view=week",
    "calendar/feed/",
    "notifications/",
    "notifications/mail/",
    "inbox/",
    "inbox/?tab=referral",
    "inbox/{message}/",
    "inbox/{stray}/",
    "inbox/{stray}/link/",
    "inbox/{message}/reply/",
    "records/deal/{deal}/mail/new/",
    "campaigns/",
    "campaigns/new/",
    "campaigns/pace/",
    "campaigns/{sequence}/",
    "campaigns/{sequence}/add/",
    "campaigns/{sequence}/steps/new/",
    "exports/",
    "exports/new/deal/",
    "exports/{export}/",
    "settings/",
    "settings/members/",
    "settings/members/invite/",
    "settings/leave/",
    "settings/pipelines/",
    "settings/pipelines/new/",
    "settings/pipelines/{pipeline}/",
    "settings/pipelines/{pipeline}/delete/",
    "settings/pipelines/stages/{stage}/",
    "settings/pipelines/stages/{stage}/delete/",
    "settings/pipelines/stages/{stage}/playbook/new/",
    "settings/pipelines/playbook/{playbook_task}/",
    "settings/reasons/",
    "settings/reasons/lost/new/",
    "settings/products/",
    "settings/products/new/",
    "settings/products/{product}/",
    "settings/fields/",
    "settings/fields/new/deal/",
    "settings/fields/{custom}/",
    "settings/currencies/",
    "settings/currencies/rate/",
    "settings/currencies/change/",
    "settings/mailboxes/",
    "settings/mailboxes/new/",
    "settings/mailboxes/new/imap/",
    "settings/mailboxes/new/mailgun/",
    "settings/mailboxes/{mailbox}/",
    "settings/templates/",
    "settings/templates/new/",
    "settings/templates/{template}/",
    "settings/rules/",
    "settings/rules/new/?from=large",
    "settings/rules/{rule}/",
    "settings/rules/{rule}/try/",
    "settings/rules/{rule}/delete/",
    "settings/rules/log/",
    "settings/suppressed/",
    "settings/suppressed/new/",
    MISSING,
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
    """All that a page can be of (`full` is a deal with everything), and rows with long names and with an end."""
    deals = fill(place, per_stage=2)
    with tenant(place.workspace, place.alice.user, door="web"):
        stages = {stage.name: stage for stage in Stage.objects.select_related("pipeline")}
        team = Team.objects.create(workspace=place.workspace, name="North")
        world = vars(everything(Rows(place.workspace.pk, place.slug), place.alice, place.bob, team, stages))
        deal, lost = deals["Qualified"]
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
        update_company(lead.company, by=place.alice, version=lead.company.version, name="Ü" * 150)
        deal = update_deal(deal, by=place.alice, version=deal.version, name="W" * 200, company_id=lead.company_id)
        add_contact(deal, person, by=place.alice, role="champion")
        add_note(deal, "Board approved. " * 30, by=place.alice)
        task = plan_task(deal, "Legal call: liability cap and data processing agreement", by=place.alice)
        complete_task(plan_task(deal, "Prepare", by=place.alice), by=place.alice)
        _, event = move_to_stage(deal, stages["Proposal"], by=place.alice)
        undo_stage_change(event, by=place.alice)
        move_to_stage(lost, stages["Lost"], by=place.alice, reason="No budget")
    people = {"lead": lead.pk, "company": lead.company_id, "contact": person.pk}
    return world | people | {"full": world["deal"], "deal": deal.pk, "lost": lost.pk, "task": task.pk}


@pytest.mark.parametrize("screen", SCREENS)
def test_pages_of_a_workspace(opened, place, log_in, rows, screen):
    page = log_in(opened(screen), place.alice)
    wrong = []
    for path in INSIDE:
        status = page.goto(place.url(path.format(**rows))).status
        wrong += check(page, path, screen) + [f"{path}: {status}"] * (status != (404 if path == MISSING else 200))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("screen", SCREENS)
def test_pages_outside(opened, place, log_in, screen):
    wrong = []
    page = opened(screen)
    for path in ANONYMOUS:
        page.goto(place.base + path)
        wrong += check(page, path, screen)
    log_in(page, place.alice)
    for path in OUTSIDE:
        page.goto(place.base + path)
        if "reauthenticate" in page.url:
            page.fill("input[type=password]", "demo")
            page.locator("main button[type=submit]").first.click()
        wrong += check(page, path, screen)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("screen", ["light", "dark"])
def test_open_dialogs_menus_and_the_palette(opened, place, log_in, rows, screen):
    page = log_in(opened(screen), place.alice)
    page.goto(place.url("deals/"))
    wrong = []
    page.keyboard.press("c")
    expect(page.locator("#dialog form")).to_be_visible()
    wrong += check(page, "new deal dialog", screen)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Close", exact=False).first.click()
    expect(page.locator("#popover form")).to_be_visible()
    wrong += check(page, "filter popover", screen)
    page.keyboard.press("Escape")
    lane(page, "New").locator(".deal").first.focus()
    page.keyboard.press("l")
    expect(page.locator("#dialog .reasons")).to_be_visible()
    wrong += check(page, "lost dialog", screen)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("deal")
    expect(page.locator("[data-hit]").first).to_be_visible()
    wrong += check(page, "palette", screen)
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    wrong += check(page, "shortcuts", screen)
    assert not wrong, "\n".join(wrong)
