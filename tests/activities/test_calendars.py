"""The calendar that other programs read: valid, the same for the same rows, and of one member alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from activities import ics
from activities.actions import complete_task, make_feed, plan_task, revoke_feed, update_task
from activities.models import Attendee, CalendarFeed, Task
from tests.factories import make_deal, url
from workspaces.models import Membership, User, Workspace

FRIDAY = date(2031, 2, 7)


@pytest.fixture
def deal(acme):
    return make_deal(acme.bob, acme.stages["New"], "Secret plan")


def read_feed(client, token: str) -> list:
    answer = client.get(f"/calendars/{token}.ics")
    assert answer.status_code == 200 and answer["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.content)
    assert calendar["PRODID"] and calendar["VERSION"] == "2.0" and not calendar.errors
    return list(calendar.walk("VEVENT"))


def test_tasks_and_meetings(acme, client, deal):
    token = make_feed(acme.bob)
    plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY)
    start = datetime(2031, 3, 30, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    plan_task(deal, "Demo", by=acme.bob, type="meeting", due_at=start, minutes=45, place="Room 1; left, up")
    plan_task(deal, "Hers", by=acme.alice, due_on=FRIDAY)
    plan_task(deal, "Some day", by=acme.bob)
    events = {str(event["SUMMARY"]): event for event in read_feed(client, token)}
    assert set(events) == {"☐ Call", "Demo"}
    call, demo = events["☐ Call"], events["Demo"]
    assert (call.decoded("DTSTART"), call.decoded("DTEND"), call["TRANSP"]) == (
        FRIDAY,
        FRIDAY + timedelta(days=1),
        "TRANSPARENT",
    )
    assert demo.decoded("DTSTART") == start and demo.decoded("DTEND") - start == timedelta(minutes=45)
    assert demo["LOCATION"] == "Room 1; left, up" and "Secret plan" in demo["DESCRIPTION"]
    assert demo["URL"].endswith(url(acme.workspace, "deal_detail", deal.pk)) and demo["URL"].startswith("http")


def test_a_change_is_newer_and_known_again(acme, client, deal):
    token = make_feed(acme.bob)
    task = plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY)
    [before] = read_feed(client, token)
    complete_task(update_task(task, by=acme.bob, title="Call Uma"), by=acme.bob)
    [after] = read_feed(client, token)
    assert after["UID"] == before["UID"] and after["SEQUENCE"] > before["SEQUENCE"]
    assert after.decoded("LAST-MODIFIED") >= before.decoded("LAST-MODIFIED")
    assert after["SUMMARY"] == "✓ Call Uma"


def test_who_asks_again_is_told_that_nothing_changed(acme, client, deal):
    token = make_feed(acme.bob)
    task = plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY)
    first = client.get(f"/calendars/{token}.ics")
    assert "max-age" in first["Cache-Control"] and "private" in first["Cache-Control"]
    again = client.get(f"/calendars/{token}.ics", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304 and not again.content
    update_task(task, by=acme.bob, title="Write")
    assert client.get(f"/calendars/{token}.ics", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_what_a_task_is_about_is_hidden_from_who_may_not_see_it(acme, client):
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    hidden = make_deal(acme.alice, acme.stages["New"], "Secret plan")
    plan_task(hidden, "Call them", by=acme.alice, assignee_id=acme.bob.user_id, due_on=FRIDAY)
    text = client.get(f"/calendars/{make_feed(acme.bob)}.ics").content.decode()
    assert "Call them" in text and "Secret plan" not in text and f"/deals/{hidden.pk}/" not in text


def test_an_address_is_shown_once_and_kept_as_a_hash(acme, login, client):
    bob = login(acme.bob)
    page = url(acme.workspace, "calendar_feed")
    assert b".ics" not in bob.get(page).content
    made = bob.post(page).content.decode()
    token = made.partition("/calendars/")[2].partition(".ics")[0]
    assert client.get(f"/calendars/{token}.ics").status_code == 200
    assert token not in bob.get(page).content.decode()
    assert token not in str(list(CalendarFeed.objects.values())) and len(CalendarFeed.objects.get().token_hash) == 64


def test_a_new_address_ends_the_old_one_and_a_revoked_one_opens_nothing(acme, login, client):
    old = make_feed(acme.bob)
    new = make_feed(acme.bob)
    assert [client.get(f"/calendars/{token}.ics").status_code for token in (old, new)] == [404, 200]
    login(acme.bob).post(url(acme.workspace, "calendar_feed"), {"revoke": "1"})
    assert client.get(f"/calendars/{new}.ics").status_code == 404
    revoke_feed(acme.bob)


@pytest.mark.parametrize("status", ["suspended", "left"])
def test_who_is_no_member_any_more_reads_nothing(acme, client, status):
    token = make_feed(acme.bob)
    Membership.objects.filter(pk=acme.bob.pk).update(status=status)
    assert client.get(f"/calendars/{token}.ics").status_code == 404


def test_nor_does_who_has_no_account(acme, client):
    token = make_feed(acme.bob)
    User.objects.filter(pk=acme.bob.user_id).update(is_active=False)
    assert client.get(f"/calendars/{token}.ics").status_code == 404


def test_it_is_of_one_workspace_whoever_reads_it(acme, login, deal):
    plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY)
    token = make_feed(acme.bob)
    assert [str(event["SUMMARY"]) for event in read_feed(login(acme.charlie), token)] == ["☐ Call"]


@pytest.mark.parametrize("token", ["x", "a" * 300, "%00", "../x", "é"])
def test_no_other_token_opens_anything(acme, client, token):
    make_feed(acme.bob)
    assert client.get(f"/calendars/{token}.ics").status_code in (400, 404)


def test_many_tasks_ask_no_more_than_one(acme, client, deal):
    token = make_feed(acme.bob)
    asked = []
    for _ in range(2):
        plan_task(deal, "Call", by=acme.bob, due_on=FRIDAY)
        plan_task(make_deal(acme.bob, acme.stages["New"]), "Write", by=acme.bob, due_on=FRIDAY)
        with CaptureQueriesContext(connection) as queries:
            read_feed(client, token)
        asked.append(len(queries))
    assert asked[0] == asked[1]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=90)


@settings(max_examples=150)
@given(
    title=TEXTS,
    place=TEXTS,
    about=TEXTS,
    minutes=st.none() | st.integers(1, 1440),
    all_day=st.booleans(),
    at=st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)),
)
def test_whatever_is_typed_is_read_back_as_one_line(title, place, about, minutes, all_day, at):
    at = at.replace(microsecond=0, tzinfo=UTC)
    task = Task(
        title=title,
        place=place,
        minutes=minutes,
        due_at=at,
        due_on=at.date() if all_day else None,
        created_at=at,
        changed_at=at,
    )
    raw = ics.feed("Acme", [(task, about, "https://crm.test/d/1/")])
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    [event] = Calendar.from_ical(raw).walk("VEVENT")
    assert not event.errors
    assert str(event["SUMMARY"]) == f"☐ {ics._line(title)}"
    assert event.decoded("DTSTART") == (at.date() if all_day else at)
    assert str(event.get("LOCATION", "")) == ics._line(place)


@settings(max_examples=80)
@given(title=TEXTS, name=TEXTS)
@example(title="", name="\\")
def test_no_name_breaks_out_of_an_invitation(title, name):
    at = datetime(2031, 2, 7, 9, tzinfo=UTC)
    task = Task(title=title, due_at=at, created_at=at, changed_at=at)
    people = [Attendee(email="ida@acme.test", name=name)]
    text = ics.invitation(task, User(email="bob@acme.test", name=name), people, cancelled=False)
    calendar = Calendar.from_ical(text)
    [event] = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "REQUEST" and not event.errors
    assert str(event["ATTENDEE"]) == "mailto:ida@acme.test" and event["ATTENDEE"].params["RSVP"] == "TRUE"
    assert str(event["ORGANIZER"]) == "mailto:bob@acme.test"
    assert text.count("BEGIN:VEVENT") == text.count("\r\nATTENDEE") == 1
