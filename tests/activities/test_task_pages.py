"""The list of tasks, Today, the calendar: who sees what, in whose days, and how little is asked of the database."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from activities.actions import cancel_task, complete_task, plan_task
from activities.lines import HIDDEN
from activities.models import Task
from deals.actions import delete_deal
from leads.actions import capture
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.models import Workspace

DAY = timedelta(days=1)


@pytest.fixture
def bob(acme, login):
    return login(acme.bob)


@pytest.fixture
def deal(acme):
    return make_deal(acme.bob, acme.stages["New"])


def titles(client, acme, **query) -> list[str]:
    page = read(client.get(url(acme.workspace, "task_list"), query))
    return [link.text for row in page.all("tr", data_task=None) for link in row.all("a", "med")]


def today() -> date:
    return timezone.localdate()


def see(acme, what: str) -> None:
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility=what)


# --- who sees what -------------------------------------------------------------------------------------


def test_tasks_of_what_one_may_not_see_are_not_there(acme, bob):
    see(acme, "own")
    hidden = make_deal(acme.alice, acme.stages["New"], "Secret plan")
    lead = capture(acme.workspace, by=acme.alice, first_name="Uma", owner_id=acme.alice.user_id)
    for subject in (hidden, lead):
        plan_task(subject, f"Zebra {subject._meta.model_name}", by=acme.alice, due_on=today())
    assert titles(bob, acme, whose="all") == []
    for name in ("today", "task_list", "calendar"):
        page = bob.get(url(acme.workspace, name), {"whose": "all", "who": "all"}).content.decode()
        assert "Zebra" not in page and "Secret plan" not in page
    for task in Task.objects.all():
        for name in ("task_menu", "task_edit"):
            assert bob.get(url(acme.workspace, name, task.pk)).status_code == 404
        assert bob.post(url(acme.workspace, "task_done", task.pk), {"version": 1}).status_code == 404
    assert not Task.objects.exclude(status="open").exists()


def test_ones_own_task_is_seen_but_not_the_deal_it_is_about(acme, bob):
    """Who is to do a thing must know of it; what it is about stays as hidden as it was."""
    see(acme, "own")
    hidden = make_deal(acme.alice, acme.stages["New"], "Secret plan")
    task = plan_task(hidden, "Call them", by=acme.alice, assignee_id=acme.bob.user_id, due_on=today())
    assert titles(bob, acme) == ["Call them"]
    for name in ("today", "task_list", "calendar"):
        page = bob.get(url(acme.workspace, name)).content.decode()
        assert "Call them" in page and "Secret plan" not in page
        assert HIDDEN in page and f"/deals/{hidden.pk}/" not in page
    answer = bob.post(url(acme.workspace, "task_done", task.pk), {"version": 1})
    assert answer.status_code == 302 and answer["Location"] == url(acme.workspace, "today")
    assert Task.objects.get().status == "done"


def test_a_task_about_nothing_is_seen_by_who_does_it_and_who_made_it(acme, bob, login):
    plan_task(acme.workspace, "Buy milk", by=acme.alice)
    given = plan_task(acme.workspace, "Water the plants", by=acme.alice, assignee_id=acme.bob.user_id)
    assert titles(bob, acme, whose="all") == ["Water the plants"]
    assert titles(login(acme.alice), acme, whose="all") == ["Buy milk", "Water the plants"]
    assert login(acme.vera).get(url(acme.workspace, "task_list"), {"whose": "all"}).content.count(b"data-task") == 0
    assert bob.get(url(acme.workspace, "task_edit", given.pk)).status_code == 200


def test_tasks_of_a_deal_in_the_bin_are_gone_from_lists_and_counts(acme, bob, deal):
    plan_task(deal, "Call", by=acme.bob, due_on=today())
    assert titles(bob, acme) == ["Call"]
    delete_deal(deal, by=acme.bob)
    assert titles(bob, acme) == []
    assert not read(bob.get(url(acme.workspace, "today"))).all("span", "ct")


def test_a_viewer_sees_and_changes_nothing(acme, login, deal):
    task = plan_task(deal, "Call", by=acme.bob, due_on=today())
    vera = login(acme.vera)
    page = read(vera.get(url(acme.workspace, "task_list"), {"whose": "all"}))
    assert [link.text for link in page.all("a", "med")] == ["Call"]
    assert not page.all("form", action=url(acme.workspace, "task_done", task.pk))
    assert vera.post(url(acme.workspace, "task_add"), {"title": "A"}).status_code == 403


# --- the list -----------------------------------------------------------------------------------------


def test_tabs_and_whose(acme, bob, deal):
    plan_task(deal, "Mine", by=acme.bob)
    plan_task(deal, "Hers", by=acme.alice)
    complete_task(plan_task(deal, "Did", by=acme.bob), by=acme.bob)
    cancel_task(plan_task(deal, "Dropped", by=acme.bob), by=acme.bob)
    assert titles(bob, acme) == ["Mine"]
    assert titles(bob, acme, whose="all") == ["Mine", "Hers"]
    assert titles(bob, acme, assignee=acme.alice.user_id) == ["Hers"]
    assert titles(bob, acme, tab="done") == ["Did"]
    assert titles(bob, acme, tab="cancelled") == ["Dropped"]


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York", "UTC"])
def test_ranges_are_the_readers_days(acme, bob, deal, zone):
    acme.bob.user.time_zone = zone
    acme.bob.user.save()
    here = ZoneInfo(zone)
    day = timezone.now().astimezone(here).date()
    last_minute = datetime.combine(day + DAY, datetime.max.time(), here)
    for title, when in (
        ("late", {"due_on": day - DAY}), ("now", {"due_on": day}), ("next", {"due_on": day + DAY}),
        ("night", {"due_at": last_minute}), ("week", {"due_on": day + 6 * DAY}), ("later", {"due_on": day + 7 * DAY}),
        ("some day", {}),
    ):  # fmt: skip
        # Made by somebody who lives elsewhere.
        plan_task(deal, title, by=acme.alice, assignee_id=acme.bob.user_id, **when)
    found = {
        key: sorted(titles(bob, acme, due=key)) for key in ("overdue", "today", "tomorrow", "week", "later", "none")
    }
    assert found == {
        "overdue": ["late"],
        "today": ["now"],
        "tomorrow": ["next", "night"],
        "week": ["next", "night", "now", "week"],
        "later": ["later"],
        "none": ["some day"],
    }
    assert titles(bob, acme, due_from=(day + 6 * DAY).isoformat(), due_to=(day + 7 * DAY).isoformat()) == [
        "week",
        "later",
    ]


def test_filters_and_their_panels(acme, bob, deal):
    plan_task(deal, "Urgent", by=acme.bob, priority=2, type="call", due_on=today())
    plan_task(acme.workspace, "Own", by=acme.bob)
    assert (
        titles(bob, acme, priority=2) == titles(bob, acme, type="call") == titles(bob, acme, about="deal") == ["Urgent"]
    )
    assert titles(bob, acme, about="nothing") == ["Own"] and titles(bob, acme, about="company") == []
    for name in ("due", "type", "priority", "about", "assignee"):
        assert bob.get(url(acme.workspace, "task_filter", name), headers=SCRIPT).status_code == 200
    panel = read(bob.get(url(acme.workspace, "task_filter", "due"), headers=SCRIPT))
    assert "Today 1" in panel.text and "No day 1" in panel.text


# --- today --------------------------------------------------------------------------------------------


def test_today_in_its_parts(acme, bob, deal):
    for title, days in (("Late", -3), ("Now", 0), ("Soon", 3), ("Far", 30)):
        plan_task(deal, title, by=acme.bob, due_on=today() + days * DAY)
    plan_task(deal, "Hers", by=acme.alice, due_on=today())
    page = read(bob.get(url(acme.workspace, "today")))
    parts = {
        part["aria-labelledby"]: [link.text for link in part.all("a", "med")]
        for part in page.one("div", "rec-main").all("section")
    }
    assert parts == {"head-overdue": ["Late"], "head-today": ["Now"], "head-week": ["Soon"]}
    assert page.all("span", "ct")[0].text == "2"


def test_deals_that_need_one(acme, bob):
    lonely = make_deal(acme.bob, acme.stages["New"], "Lonely")
    planned = make_deal(acme.bob, acme.stages["New"], "Planned")
    plan_task(planned, "Call", by=acme.bob, due_on=today() + DAY)
    make_deal(acme.alice, acme.stages["New"], "Hers")
    long_ago = timezone.now() - 100 * DAY
    for deal in (lonely, planned):
        type(deal).objects.filter(pk=deal.pk).update(last_activity_at=long_ago)
    page = read(bob.get(url(acme.workspace, "today")))
    stepless, rotting, _ = page.one("aside", "rail").all("section")
    assert [link.text for link in stepless.all("a", "med")] == ["Lonely"]
    assert [link.text for link in rotting.all("a", "med")] == ["Lonely"]
    assert stepless.all("a", href=url(acme.workspace, "task_new", "deal", lonely.pk))


def test_the_front_door_of_a_workspace_is_today(acme, bob):
    assert bob.get(url(acme.workspace, "workspace_home"))["Location"] == url(acme.workspace, "today")


def test_a_task_is_added_in_one_line(acme, bob):
    form = read(bob.get(url(acme.workspace, "today"))).one("form", "quick")
    answer = bob.post(form["action"], form.fields | {"title": "Buy stamps"}, headers=SCRIPT)
    assert read(answer).one("div", "toast").text.startswith("Planned Buy stamps")
    task = Task.objects.get()
    assert (task.due_on, task.assignee_id, task.subject) == (today(), acme.bob.user_id, None)


# --- the calendar -------------------------------------------------------------------------------------


def calendar(client, acme, **query):
    return read(client.get(url(acme.workspace, "calendar"), query))


def on(page, day: date) -> list[str]:
    return [item.one("a", "clip").text for item in page.one("li", data_day=day.isoformat()).all("li", "appt")]


def test_a_month_and_a_week(acme, bob, deal):
    plan_task(deal, "Call", by=acme.bob, due_on=date(2031, 2, 7))
    plan_task(deal, "Demo", by=acme.bob, type="meeting", due_at=datetime(2031, 2, 7, 14, 30, tzinfo=ZoneInfo("UTC")))
    plan_task(deal, "Hers", by=acme.alice, due_on=date(2031, 2, 7))
    month = calendar(bob, acme, day="2031-02-20")
    days = [day["data-day"] for day in month.all("li", "date")]
    assert (days[0], days[-1], len(days)) == ("2031-01-27", "2031-03-02", 35)
    assert on(month, date(2031, 2, 7)) == ["Call", "14:30 Demo"]
    week = calendar(bob, acme, day="2031-02-07", view="week", who="all")
    assert len(week.all("li", "date")) == 7 and on(week, date(2031, 2, 7)) == ["Call", "Hers", "14:30 Demo"]


def test_the_week_begins_where_its_reader_begins_it(acme, bob):
    acme.bob.user.locale = "en_US"
    acme.bob.user.save()
    assert calendar(bob, acme, day="2031-02-20").all("li", "date")[0]["data-day"] == "2031-01-26"


def test_a_late_hour_stands_on_its_readers_day(acme, bob, deal):
    plan_task(deal, "Demo", by=acme.bob, due_at=datetime(2031, 2, 7, 23, 30, tzinfo=ZoneInfo("UTC")))
    acme.bob.user.time_zone = "Asia/Kolkata"
    acme.bob.user.save()
    assert on(calendar(bob, acme, day="2031-02-20"), date(2031, 2, 8)) == ["05:00 Demo"]


@pytest.mark.parametrize("day", ["", "soon", "0001-01-01", "9999-12-31", "1900-01-01", "2199-12-31", "2031-02-30"])
@pytest.mark.parametrize("view", ["month", "week"])
def test_no_address_breaks_it(acme, bob, day, view):
    page = calendar(bob, acme, day=day, view=view, who="99999999999999999999")
    assert page.all("li", "date")


# --- cost ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["today", "task_list", "calendar"])
def test_many_lines_ask_no_more_than_few(acme, bob, deal, name, django_assert_max_num_queries):
    for number in range(30):
        plan_task(deal, f"Call {number}", by=acme.bob, due_on=today())
    with django_assert_max_num_queries(16):  # with the savepoints and settings of the request
        assert bob.get(url(acme.workspace, name)).status_code == 200
