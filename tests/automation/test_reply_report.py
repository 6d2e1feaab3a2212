"""Replies by class, week by week, and how many wait for a decision: of what each member may see."""

from __future__ import annotations

from datetime import UTC, date, timedelta

import pytest
from django.utils import timezone

from activities.context import glance
from automation.intents import Intent
from automation.models import Mailbox, Message
from tests.automation.mails import make_lead, read_as
from tests.factories import url
from tests.pages import read
from workspaces.formats import Formats, locale_of
from workspaces.models import Workspace

State = Message.State


@pytest.fixture
def mail(acme) -> list[Message]:
    """Of alice's lead and of bob's, of nobody's in each sort of mailbox; decided, sent and waiting ones."""
    hers = make_lead(acme.alice, "olga@brightwater.example")
    his = make_lead(acme.bob)
    own = Mailbox.objects.create(workspace=acme.workspace, name="Bob", owner=acme.bob.user)
    shared = Mailbox.objects.create(workspace=acme.workspace, name="Sales")
    found = [read_as(Intent.UNCLEAR, lead, acme.alice) for lead in (hers, his, his)]
    found += [read_as(Intent.UNCLEAR, None, acme.alice, mailbox=box) for box in (None, shared, own)]
    out = read_as(Intent.UNCLEAR, his, acme.alice)
    done = read_as(Intent.INTERESTED, his, acme.alice)
    through = read_as(Intent.INTERESTED, his, acme.alice)
    Message.objects.filter(pk=out.pk).update(direction=Message.Direction.OUT)
    Message.objects.filter(pk=done.pk).update(state=State.DONE)
    Message.objects.filter(pk=through.pk).update(handled_at=timezone.now())
    return found


@pytest.mark.parametrize("visibility", Workspace.Visibility.values)
def test_the_frame_counts_what_a_query_of_what_waits_finds(acme, mail, visibility):
    """It is written out in SQL."""
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility=visibility)
    counts = {}
    for name in ("alice", "bob", "vera"):
        member = type(acme.alice).objects.select_related("workspace", "user").get(pk=getattr(acme, name).pk)
        found = Message.objects.visible_to(member).undecided().count()
        counts[name] = glance(member, Formats(locale_of("en"), UTC, "EUR", date(2026, 11, 20)))[2]
        assert counts[name] == found, name
    assert counts["alice"] == 6
    assert counts["bob"] == {"all": 6, "team": counts["bob"], "own": 3}[visibility]


def test_the_side_bar_says_how_many_wait(acme, mail, login):
    page = read(login(acme.bob).get(url(acme.workspace, "inbox")))
    assert [link.text for link in page.all("a") if link.get("title") == "Inbox"][0] == "Inbox 6"


def test_replies_are_counted_by_class_and_week(acme, login):
    lead, now = make_lead(acme.bob), timezone.now()
    for intent, weeks in (
        (Intent.INTERESTED, 0),
        (Intent.MEETING_BOOKED, 0),
        (Intent.NOT_NOW, 1),
        (Intent.NOT_NOW, 30),
    ):
        read_as(intent, lead, acme.bob, received_at=now - timedelta(weeks=weeks))
    page = read(login(acme.bob).get(url(acme.workspace, "reply_report")))
    rows = {row.text.split()[0]: row for row in page.all("tr")}
    assert rows["Interested"].text.split()[-3:] == ["2", "0", "2"]
    assert rows["Not"].text.split()[-3:] == ["0", "0", "0"]  # not interested: the last that begins so
    assert "3 messages came in" in page.one("main").text
    assert [link.get("href") for link in page.all("a") if link.text == "Not now"] == [
        url(acme.workspace, "inbox") + "?tab=not_now"
    ]


def test_what_one_may_not_see_is_not_counted(acme, login):
    read_as(Intent.INTERESTED, make_lead(acme.alice), acme.alice)
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility=Workspace.Visibility.OWN)
    assert "No reply came in" in read(login(acme.bob).get(url(acme.workspace, "reply_report"))).one("main").text
    assert "1 message came in" in read(login(acme.alice).get(url(acme.workspace, "reply_report"))).one("main").text
