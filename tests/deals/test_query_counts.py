"""No page asks the database more often because there is more to show: counted with few rows, then with many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.actions import add_note, log_call, plan_task
from deals.actions import add_contact, update_deal
from deals.models import Deal
from leads.actions import capture, create_company, create_contact
from leads.models import Company, Contact, Lead
from tests.deals.boards import fill
from tests.factories import make_deal, url
from tests.pages import SCRIPT


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


def grow(acme, number: int) -> None:
    """One of everything, linked to each other; the first deal, company and lead get more of what hangs on them."""
    company = create_company(acme.workspace, name=f"Harbour {number}", by=acme.bob, owner_id=acme.bob.user_id)
    person = create_contact(
        acme.workspace, by=acme.bob, first_name="Uma", last_name=f"Harbour {number}", company=company, phones=[f"+49301234{number:03}"], emails=[f"uma{number}@harbour.example"]
    )  # fmt: skip
    lead = capture(acme.workspace, by=acme.bob, email=f"uma{number}@harbour.example", owner_id=acme.bob.user_id)
    deal = make_deal(acme.bob, acme.stages["New"], f"Harbour {number}", company=company, lead=lead)
    first, home = Deal.objects.order_by("pk").first(), Company.objects.order_by("pk").first()
    plan_task(deal, "Call", by=acme.bob, due_at=timezone.now() + timedelta(days=1))
    add_contact(deal, person, by=acme.bob)
    if number:
        add_contact(first, person, by=acme.bob)
        make_deal(acme.bob, acme.stages["Contacted"], f"Harbour {number} b", company=home, lead=Lead.objects.order_by("pk").first())  # fmt: skip
        Contact.objects.filter(pk=person.pk).update(company=home)
    for subject in (first, home, Lead.objects.order_by("pk").first(), Contact.objects.order_by("pk").first()):
        add_note(subject, f"Note {number}", by=acme.bob)
        log_call(subject, by=acme.alice, outcome="connected")
        plan_task(subject, "Write", by=acme.bob, assignee_id=acme.alice.user_id)
    first.refresh_from_db()
    update_deal(first, by=acme.bob, version=first.version, next_step=f"Step {number}", owner_id=(acme.alice, acme.bob)[number % 2].user_id)  # fmt: skip


def counted(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as found:
        assert ask().status_code == 200
    return len(found)


PAGES = {
    "board": ("deal_board", {}, {}),
    "filtered board": ("deal_board", {"q": "harbour", "source": "", "amount_min": 1}, {}),
    "owner's board": ("deal_board", {"owner": "bob"}, {}),
    "column": ("deal_lane", {}, SCRIPT),
    "changes": ("deal_changes", {"ids": "all"}, SCRIPT),
    "list": ("deal_list", {}, {}),
    "sorted list": ("deal_list", {"sort": "-name", "tab": "all"}, {}),
    "filtered list": ("deal_list", {"q": "harbour"}, {}),
    "filter panel": ("deal_filter", {}, SCRIPT),
    "deal": ("deal_detail", {}, {}),
    "palette": ("search_page", {"q": "harbour"}, SCRIPT),
    "search": ("search_page", {"q": "harbour"}, {}),
    "leads": ("lead_list", {}, {}),
    "lead": ("lead_detail", {}, {}),
    "companies": ("company_list", {}, {}),
    "company": ("company_detail", {}, {}),
    "contacts": ("contact_list", {}, {}),
    "contact": ("contact_detail", {}, {}),
    "timeline": ("timeline", {}, SCRIPT),
    "summary": ("pipeline_summary", {}, {}),
    "forecast": ("deal_forecast", {}, {}),
    "dashboard": ("dashboard", {}, {}),
    "today": ("today", {}, {}),
    "tasks": ("task_list", {}, {}),
    "calendar": ("calendar", {}, {}),
    "notifications": ("notification_list", {}, {}),
    "bin": ("deal_bin", {}, {}),
    "goals": ("goal_list", {}, {}),
    "playbooks": ("playbook_report", {}, {}),
    **{f"deal's {tab}": ("deal_detail", {"tab": tab}, {}) for tab in ("overview", "tasks", "emails", "files")},
}
MOST = {"company": 13, "contact": 14}  # all others 12
# What a request asks beside that in a test alone: its own savepoint, and the scope of the test before and after.
OURS = 4


def test_pages_ask_as_often_for_many_rows_as_for_few(acme, bob):
    for number in range(2):
        grow(acme, number)
    arguments = {
        "deal_lane": [acme.stages["New"].pk],
        "deal_filter": ["owner"],
        "deal_detail": [Deal.objects.order_by("pk").first().pk],
        "lead_detail": [Lead.objects.order_by("pk").first().pk],
        "company_detail": [Company.objects.order_by("pk").first().pk],
        "contact_detail": [Contact.objects.order_by("pk").first().pk],
        "timeline": ["company", Company.objects.order_by("pk").first().pk],
    }

    def count() -> dict[str, int]:
        found = {}
        ids = ",".join(str(pk) for pk in Deal.objects.values_list("pk", flat=True))
        for title, (name, query, headers) in PAGES.items():
            query = query | ({"ids": ids} if "ids" in query else {}) | ({"owner": acme.bob.user_id} if "owner" in query else {})  # fmt: skip
            path = url(acme.workspace, name, *arguments.get(name, []))
            found[title] = counted(
                lambda path=path, query=query, headers=headers: bob.get(path, query, headers=headers)
            )
        return found

    count()  # what is asked once per process
    few = count()
    assert {title: number - OURS for title, number in few.items() if number - OURS > MOST.get(title, 12)} == {}
    for number in range(2, 28):
        grow(acme, number)
    assert count() == few


def test_a_move_asks_as_often_in_a_full_column_as_in_an_empty_one(acme, bob):
    def move(stage: str) -> int:
        deal = make_deal(acme.bob, acme.stages["New"])
        data = {"stage": acme.stages[stage].pk, "version": 1}
        path = url(acme.workspace, "deal_move", deal.pk)
        return counted(lambda: bob.post(path, data, headers=SCRIPT))

    move("Qualified")
    few = move("Contacted")
    fill(acme, "Contacted", 60)
    fill(acme, "New", 60)
    assert move("Contacted") == few
