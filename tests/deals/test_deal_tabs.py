"""The parts of a deal's page, and the composer that stands in it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.actions import add_note, cancel_task, complete_task, log_call, log_email, plan_task
from activities.models import Activity, Task
from deals.actions import update_deal
from deals.models import Deal
from leads.models import Campaign, Segment
from tests.factories import make_deal, url
from tests.pages import SCRIPT, Element, read


@pytest.fixture
def bob(acme, login) -> Client:
    return login(acme.bob)


@pytest.fixture
def deal(acme) -> Deal:
    deal = make_deal(acme.bob, acme.stages["Qualified"], "Harbour", 1000)
    add_note(deal, "Board approved it", by=acme.bob, pinned=True)
    add_note(deal, "Only a note", by=acme.bob)
    log_call(deal, by=acme.bob, outcome="connected", body="They said yes", minutes=4)
    log_email(deal, by=acme.bob, body="The offer")
    complete_task(plan_task(deal, "Prepared it", by=acme.bob), by=acme.bob)
    cancel_task(plan_task(deal, "Dropped it", by=acme.bob), by=acme.bob)
    plan_task(deal, "Send it", by=acme.bob, due_at=timezone.now() + timedelta(days=2))
    return deal


def page(client: Client, deal: Deal, query: str = "") -> Element:
    response = client.get(url(deal.workspace, "deal_detail", deal.pk) + query)
    assert response.status_code == 200
    return read(response)


def test_tabs_are_links_with_counts_and_the_timeline_is_the_first_shown(bob, deal):
    tabs = page(bob, deal).one("nav", id="tabs").all("a")
    texts = [tab.text for tab in tabs if "tab=" in tab["href"]]
    assert texts[:4] == ["Overview", "Timeline 7", "Tasks 1", "Emails 1"]
    assert [tab.text for tab in tabs if tab.get("aria-current") == "page"] == ["Timeline 7"]
    for tab, shown in (
        ("overview", "Overview"),
        ("tasks", "Tasks 1"),
        ("emails", "Emails 1"),
        ("nowhere", "Timeline 7"),
    ):
        links = page(bob, deal, f"?tab={tab}").one("nav", id="tabs").all("a", aria_current="page")
        assert [link.text for link in links] == [shown]


def test_a_tab_keeps_what_the_address_says_of_the_list(bob, deal):
    links = page(bob, deal, "?list=sort%3Dname&events=calls").one("nav", id="tabs").all("a")
    assert "?list=sort%3Dname&tab=overview" in [link["href"] for link in links]


def test_the_overview(acme, bob, deal):
    spring = Campaign.objects.create(workspace=acme.workspace, name="Spring")
    deal.refresh_from_db()
    update_deal(deal, by=acme.bob, version=1, campaign_id=spring.pk)
    shown = page(bob, deal, "?tab=overview").one(id="activity")
    step, plan = shown.all("section")[:2]
    assert "Send it" in step.text and "Mark done" in step.text
    assert plan.one("header").text == "Close plan 1 of 2"
    assert [line.text for line in plan.all("li")][0].startswith("Prepared it") and "Dropped it" not in plan.text
    assert "Board approved it" in shown.text and "Only a note" not in shown.text
    assert "Campaign Spring" in shown.text


def test_tasks_that_are_open_and_those_that_are_not(bob, deal):
    shown = page(bob, deal, "?tab=tasks").one(id="activity").text
    assert shown.index("Send it") < shown.index("Done and cancelled") < shown.index("Dropped it")
    assert "Prepared it" in shown and "Board approved" not in shown


def test_emails_alone(bob, deal):
    shown = page(bob, deal, "?tab=emails")
    assert "The offer" in shown.one(id="activity").text and "They said yes" not in shown.one(id="activity").text
    assert shown.one(id="composer").one("a", aria_current="true").text == "Email"


@pytest.mark.parametrize(
    ("events", "there"),
    [("calls", {"They said yes"}), ("notes", {"Board approved it", "Only a note"}), ("tasks", {"Prepared it", "Dropped it"}), ("system", {"created"}), ("meetings", set()), ("nonsense", {"They said yes", "created"})],
)  # fmt: skip
def test_a_timeline_of_one_kind(acme, bob, deal, events, there):
    for path in (url(acme.workspace, "deal_detail", deal.pk), url(acme.workspace, "timeline", "deal", deal.pk)):
        found = read(bob.get(f"{path}?events={events}")).text
        assert all(text in found for text in there)
    lines = page(bob, deal, f"?events={events}").one("ol", "tl").all("time")
    assert (not lines) == (not there)


def test_one_kind_is_paged_by_itself(acme, bob, deal):
    for number in range(35):
        log_call(deal, by=acme.bob, body=f"Call {number}")
        add_note(deal, "Between", by=acme.bob)
    first = page(bob, deal, "?events=calls").one("ol", "tl")
    [more] = [found["hx-get"] for found in first.walk() if "hx-get" in found.attributes]
    second = read(bob.get(more))
    shown = [quote.text for part in (first, second) for quote in part.all("div", "quote")]
    assert shown == [*(f"Call {number}" for number in reversed(range(35))), "They said yes"]


# --- the composer ------------------------------------------------------------------------------------


def test_the_composer_stands_in_the_page_and_its_modes_are_links(acme, bob, deal):
    composer = page(bob, deal).one(id="composer")
    assert [link.text for link in composer.one("nav").all("a")] == ["Note", "Email", "Log call", "Task", "Meeting"]
    assert composer.one("form")["action"] == url(acme.workspace, "compose", "deal", deal.pk, "note") + "?inline=1"
    for mode, field in (("call", "outcome"), ("task", "due_on"), ("meeting", "minutes")):
        [link] = [link for link in composer.one("nav").all("a") if f"compose={mode}" in link["href"]]
        plain = page(bob, deal, link["href"]).one(id="composer")
        scripted = read(bob.get(link["data-mode"], headers=SCRIPT)).one(id="composer")
        for shown in (plain, scripted):
            assert shown.one("nav").one("a", aria_current="true").text == link.text
            assert field in shown.one("form").fields


def test_a_mail_is_written_or_logged(acme, bob, deal):
    """The form of a mail comes from its own page; without JavaScript a link leads there."""
    waiting = page(bob, deal, "?compose=mail").one(id="composer")
    assert waiting.one("nav").one("a", aria_current="true").text == "Email"
    [loads] = [found["hx-get"] for found in waiting.walk() if "hx-get" in found.attributes]
    form = read(bob.get(loads, headers=SCRIPT)).one(id="composer")
    assert {"to", "subject", "body"} <= set(form.one("form").fields)
    [logging] = [link["data-mode"] for link in form.one("form").all("a") if "data-mode" in link.attributes]
    logged = read(bob.get(logging, headers=SCRIPT)).one(id="composer")
    assert logged.one("nav").one("a", aria_current="true").text == "Email" and "at_0" in logged.one("form").fields
    alone = read(bob.get(waiting.one("p", "fields").one("a")["href"]))
    assert {"to", "subject", "body"} <= set(alone.one("form", "form-page").fields)


def test_what_is_sent_from_the_page_is_saved_with_and_without_javascript(acme, bob, deal):
    form = page(bob, deal).one(id="composer").one("form")
    before = Activity.objects.count()
    assert bob.post(form["action"], {"body": "One"})["Location"] == url(acme.workspace, "deal_detail", deal.pk)
    assert (
        read(bob.post(form["action"], {"body": "Two"}, headers=SCRIPT))
        .one("div", "toast")
        .text.startswith("Note saved")
    )
    assert Activity.objects.count() == before + 2
    task = page(bob, deal, "?compose=task").one(id="composer").one("form")
    assert bob.post(task["action"], {"title": "Call them"}, headers=SCRIPT).status_code == 200
    assert Task.objects.filter(deal=deal, title="Call them", assignee=acme.bob.user).exists()


def test_what_was_wrong_is_said_in_the_page(acme, bob, deal):
    action = page(bob, deal, "?compose=call").one(id="composer").one("form")["action"]
    response = bob.post(action, {"minutes": "7", "body": " "}, headers=SCRIPT)
    composer = read(response).one(id="composer")
    assert response.status_code == 422 and composer.one("form").fields["minutes"] == "7"
    assert "How did it end?" in composer.one("p", "err").text
    plain = bob.post(action, {"minutes": "7", "body": " "})
    assert plain.status_code == 422 and "How did it end?" in read(plain).one("p", "err").text


def test_a_viewer_has_no_composer(acme, login, deal):
    for tab in ("timeline", "tasks", "emails", "overview"):
        assert not page(login(acme.vera), deal, f"?tab={tab}").all(id="composer")


@pytest.mark.parametrize(
    ("tab", "most"), [("timeline", 13), ("emails", 14), ("overview", 15), ("tasks", 17), ("files", 14)]
)
def test_a_tab_asks_little(acme, bob, deal, tab, most):
    path = url(acme.workspace, "deal_detail", deal.pk)
    bob.get(f"{path}?tab={tab}")
    with CaptureQueriesContext(connection) as asked:
        bob.get(f"{path}?tab={tab}")
    asked = [query["sql"] for query in asked if not re.match("SAVEPOINT|RELEASE", query["sql"])]
    # Two more than a request of its own: the test's scope is read, and restored at the end.
    assert len(asked) <= most + 2, "\n".join(sql[:150] for sql in asked)


# --- facts of the overview ---------------------------------------------------------------------------


def test_campaign_segment_and_product_are_set_in_place(acme, bob, deal):
    spring = Campaign.objects.create(workspace=acme.workspace, name="Spring")
    nordics = Segment.objects.create(workspace=acme.workspace, name="Nordics")
    deal.refresh_from_db()
    for version, (field, value) in enumerate(
        (("campaign", spring.pk), ("segment", nordics.pk), ("product", "Probes")), 1
    ):
        path = url(acme.workspace, "deal_edit", deal.pk, field)
        assert bob.post(path, {"value": value, "version": version}, headers=SCRIPT).status_code == 200
    deal.refresh_from_db()
    assert (deal.campaign, deal.segment, deal.product) == (spring, nordics, "Probes")
    assert "changed campaign Spring" in page(bob, deal).one(id="activity").text
    gone = bob.post(url(acme.workspace, "deal_edit", deal.pk, "campaign"), {"value": "", "version": 4}, headers=SCRIPT)
    deal.refresh_from_db()
    assert gone.status_code == 200 and deal.campaign is None
    assert bob.post(url(acme.workspace, "deal_edit", deal.pk, "segment"), {"value": "999", "version": 5}, headers=SCRIPT).status_code == 422  # fmt: skip
