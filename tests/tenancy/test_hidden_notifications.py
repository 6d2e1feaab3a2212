"""A marker in a deal that bob may not see: no list, count, suggestion, mail or live event of his ever carries it."""

from __future__ import annotations

import json

import psycopg
import pytest
from django.core import mail
from django.db.models import F

from activities.actions import add_note, follow, mark_all_read, notify, plan_task
from activities.models import Activity, Notification, NotificationMail
from activities.outbox import hand_on
from activities.tasks import send_mails
from deals.actions import move_to_stage, update_deal
from deals.models import Deal
from leads.actions import capture
from tests.factories import make_cast, make_deal, url
from tests.pages import SCRIPT
from workspaces.live import Reader, dsn
from workspaces.models import Workspace
from workspaces.tenancy import tenant

MARKER = "zebracrossing"
PAGES = ("notification_list", "notification_menu", "notification_bell", "delivery", "deal_board")


def everything_happens(cast) -> int:
    """Everything that anybody could be told of, about a deal and a lead of alice; returns the id of the deal."""
    alice, bob = cast.alice, cast.bob
    deal = make_deal(alice, cast.stages["New"], f"{MARKER} deal")
    follow(deal, "following", by=bob)
    # Not for bob: of a task that he is given he knows, whatever it is about; see below.
    task = plan_task(deal, f"{MARKER} task", by=alice)
    note = add_note(deal, f"{MARKER} note", by=alice)
    line = Activity.objects.get(note=note)
    for kind in Notification.Kind.values:
        if kind not in Notification.SAID:
            notify([bob.user_id], kind, subject=deal, key=f"all:{kind}", by=alice, activity=line, data={"from": MARKER})
    notify([bob.user_id], Notification.Kind.TASK_DUE, subject=deal, key="due", task=task, by=alice)
    lead = capture(cast.workspace, first_name=MARKER, email="z@zebra.test", owner_id=alice.user_id, by=alice)
    notify([bob.user_id], Notification.Kind.NOTE, subject=lead, key="lead", by=alice)
    move_to_stage(deal, cast.stages["Qualified"], by=alice)
    for pk in list(Activity.objects.filter(tries_left__gt=0).values_list("pk", flat=True)):
        hand_on(cast.workspace.pk, pk)
    return deal.pk


def shown(client, cast) -> str:
    texts = []
    for name in PAGES:
        for headers in (None, SCRIPT):
            response = client.get(url(cast.workspace, name), headers=headers)
            texts.append(f"{response.content.decode()}{response.headers}")
    return "".join(texts)


def mailed() -> str:
    """All that waits by mail, sent as if its time had come."""
    Notification.objects.filter(mail=None, mail_at__isnull=False).update(mail_at=F("created_at"))
    NotificationMail.objects.filter(next_try_at__isnull=False).update(next_try_at=F("created_at"))
    send_mails()
    return "".join(str(letter.message()) for letter in mail.outbox if "bob@acme.example" in letter.to)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("setting", [Workspace.Visibility.OWN, Workspace.Visibility.TEAM])
def test_what_is_hidden_from_bob_reaches_him_in_no_way(acme, login, setting, when):
    """Hidden when it happened, and hidden only since."""

    def hide(value: str) -> None:
        Workspace.objects.filter(pk=acme.workspace.pk).update(visibility=value)
        for member in (acme.alice, acme.bob):
            member.workspace.refresh_from_db()

    if when == "before":
        hide(setting)
    pk = everything_happens(acme)
    bob = login(acme.bob)
    if when == "after":
        assert MARKER in shown(bob, acme), "else this proves nothing"
        hide(setting)
    else:
        assert not Notification.objects.filter(recipient=acme.bob.user).exists()
    assert MARKER not in shown(bob, acme)
    assert 'data-unread="0"' in bob.get(url(acme.workspace, "notification_bell")).content.decode()
    assert MARKER not in mailed()
    for name, more in (("mention_suggest", ["deal", pk]), ("deal_detail", [pk])):
        assert bob.get(url(acme.workspace, name, *more)).status_code == 404
    for state in ("following", "muted", "none"):
        assert bob.post(url(acme.workspace, "follow", pk, state)).status_code == 404
    # What was hidden for a while is there again, unread.
    if when == "after":
        mark_all_read(by=acme.alice)
        hide(Workspace.Visibility.ALL)
        assert MARKER in shown(bob, acme)


def test_of_a_task_that_bob_is_given_he_hears_and_not_what_it_is_about(acme, login):
    Workspace.objects.update(visibility=Workspace.Visibility.OWN)
    for member in (acme.alice, acme.bob):
        member.workspace.refresh_from_db()
    deal = make_deal(acme.alice, acme.stages["New"], f"{MARKER} deal")
    plan_task(deal, "Call the plant", by=acme.alice, assignee_id=acme.bob.user_id)
    bob = login(acme.bob)
    for text in (shown(bob, acme), mailed()):
        assert "Call the plant" in text and MARKER not in text


def test_a_deal_that_moves_to_another_owner_takes_its_notifications_along(acme, login):
    Workspace.objects.update(visibility=Workspace.Visibility.OWN)
    for member in (acme.alice, acme.bob):
        member.workspace.refresh_from_db()
    deal = make_deal(acme.bob, acme.stages["New"], f"{MARKER} deal")
    notify([acme.bob.user_id], Notification.Kind.NOTE, subject=deal, key="one", by=acme.alice)
    bob = login(acme.bob)
    assert MARKER in shown(bob, acme)
    update_deal(deal, by=acme.alice, version=Deal.objects.get(pk=deal.pk).version, owner_id=acme.alice.user_id)
    assert MARKER not in shown(bob, acme) and MARKER not in mailed()


@pytest.mark.django_db(transaction=True)
def test_no_live_event_of_it_reaches_bob():
    cast = make_cast()
    with tenant(cast.workspace):
        Workspace.objects.update(visibility=Workspace.Visibility.OWN)
        for member in (cast.alice, cast.bob, cast.vera):
            member.workspace.refresh_from_db()
    with psycopg.connect(dsn(), autocommit=True) as listener:
        listener.execute("LISTEN live")
        with tenant(cast.workspace, cast.alice.user):
            pk = everything_happens(cast)
            notify([cast.alice.user_id], Notification.Kind.NOTE, subject=Deal.objects.get(pk=pk), key="own")
        heard = [found.payload for found in listener.notifies(timeout=1)]
    events = [json.loads(payload) for payload in heard]
    assert MARKER not in "".join(heard) and any(event["kind"] == "notification" for event in events)
    bob = Reader(cast.workspace.pk, cast.bob.user_id, {cast.bob.user_id})
    assert [bob.cut(event) for event in events if event["kind"] != "member" and bob.cut(event)] == []
