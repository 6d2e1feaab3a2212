"""The bell, the list behind it, the star of a deal, and the choice of what comes by mail."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities import inbox
from activities.actions import add_note, follow, followers, forget_old, log_call, notify, plan_task, update_task
from activities.models import Activity, Delivery, Follow, Notification
from activities.outbox import hand_on
from deals.actions import create_deal, move_to_stage, update_deal
from deals.telling import tell as tell_of
from leads.actions import capture, create_company
from tests.factories import make_deal, url
from tests.pages import SCRIPT, read
from workspaces.models import Workspace

Kind = Notification.Kind
# What a request asks only here, where it runs inside the transaction of its test.
NESTED = 4


@pytest.fixture
def deal(acme):
    return make_deal(acme.alice, acme.stages["New"], "Brightwater sensors", 48000)


def tell(acme, deal, *, count: int = 1, kind: Notification.Kind = Kind.NOTE, start: int = 0, **more) -> None:
    for number in range(start, start + count):
        notify([acme.bob.user_id], kind, subject=deal, key=f"{kind}{number}", by=acme.alice, **more)


def page(client, acme, name: str = "notification_list", query: str = "", **headers: str):
    response = client.get(url(acme.workspace, name) + query, headers=headers or None)
    assert response.status_code == 200
    return read(response)


def handed_on(acme) -> None:
    """As the worker would, after commit."""
    for pk in Activity.objects.filter(tries_left__gt=0).order_by("pk").values_list("pk", flat=True):
        hand_on(acme.workspace.pk, pk)


def kinds(member) -> list[str]:
    return list(Notification.objects.filter(recipient=member.user).order_by("pk").values_list("kind", flat=True))


# --- the bell -------------------------------------------------------------------------------------------------


def test_the_bell_says_how_many_are_unread_on_every_page(acme, deal, login):
    bob = login(acme.bob)
    assert page(bob, acme, "deal_board").one("a", id="bell").text == "Notifications"
    tell(acme, deal, count=3)
    for name in ("deal_board", "lead_list", "notification_list", "notification_bell"):
        assert "3 unread" in page(bob, acme, name).one("a", id="bell").text
    assert "unread" not in page(login(acme.alice), acme, "deal_board").one("a", id="bell").text


def test_the_bell_counts_no_further_than_it_can_show(acme, deal, login):
    tell(acme, deal, count=inbox.MANY + 3)
    assert "more than 99 unread 99+" in page(login(acme.bob), acme, "notification_bell").one("a", id="bell").text


def test_the_bell_opens_the_newest_and_without_javascript_the_list(acme, deal, login):
    tell(acme, deal, count=inbox.NEWEST + 2)
    bob = login(acme.bob)
    menu = page(bob, acme, "notification_menu", **SCRIPT)
    links = [link for link in menu.all("a") if "#n" in link["href"]]
    assert len(links) == inbox.NEWEST and "Alice wrote a note on Brightwater sensors" in links[0].text
    response = bob.get(url(acme.workspace, "notification_menu"))
    assert (response.status_code, response.url) == (302, url(acme.workspace, "notification_list"))


# --- the list ---------------------------------------------------------------------------------------------------


def test_the_list_is_grouped_by_days_and_paged(acme, deal, login):
    tell(acme, deal, count=inbox.PAGE + 5)
    old = Notification.objects.order_by("pk")[:3].values("pk")
    Notification.objects.filter(pk__in=list(old.values_list("pk", flat=True))).update(
        created_at=timezone.now() - timedelta(days=3)
    )
    bob = login(acme.bob)
    first = page(bob, acme)
    rows = [item for item in first.one("ol").all("li") if item.get("id")]
    assert len(rows) == inbox.PAGE and [h.text for h in first.all("h2")][0].startswith("Today")
    more = first.one("li", css="more-rows")["hx-get"]
    rest = read(bob.get(more, headers=SCRIPT | {"X-Part": "rows"}))
    ids = [item["id"] for item in (*rows, *rest.all("li")) if item.get("id")]
    assert len(ids) == len(set(ids)) == inbox.PAGE + 5 and not rest.all("li", css="more-rows")
    assert bob.get(more.partition("?")[0] + "?before=nonsense").status_code == 404


def test_the_list_asks_as_often_for_many_as_for_few(acme, login):
    bob = login(acme.bob)

    def grow(start: int, count: int) -> None:
        for number in range(start, start + count):
            company = create_company(acme.workspace, name=f"Harbour {number}", by=acme.alice)
            lead = capture(
                acme.workspace, email=f"uma{number}@harbour.test", owner_id=acme.alice.user_id, by=acme.alice
            )
            deal = make_deal(acme.alice, acme.stages["New"], f"Deal {number}", company=company)
            note = add_note(deal, f"@Bob, {number}", by=acme.alice)
            plan_task(deal, f"Task {number}", by=acme.alice, assignee_id=acme.bob.user_id)
            for subject in (company, lead, deal):
                notify(
                    [acme.bob.user_id],
                    Kind.NOTE,
                    subject=subject,
                    key=f"{subject._meta.model_name}{number}",
                    by=acme.alice,
                )
            assert note.mentions.exists()

    def asked(name: str) -> int:
        with CaptureQueriesContext(connection) as found:
            page(bob, acme, name, **(SCRIPT if name == "notification_menu" else {}))
        return len(found) - NESTED

    grow(0, 1)
    names = ("notification_list", "notification_menu", "notification_bell", "deal_board")
    few = {name: asked(name) for name in names}
    few = {name: asked(name) for name in names}
    grow(1, 8)
    assert {name: asked(name) for name in names} == few
    assert max(few.values()) <= 12 and few["notification_bell"] <= 7, few


def test_each_kind_says_what_happened(acme, deal, login):
    note = add_note(deal, "They want a longer contract. " * 20, by=acme.alice)
    task = plan_task(deal, "Send the offer", by=acme.alice)
    line = Activity.objects.get(note=note)
    said = {
        Kind.MENTION: ({"activity": line}, "Alice mentioned you on Brightwater sensors"),
        Kind.DEAL_ASSIGNED: ({}, "Alice assigned Brightwater sensors to you"),
        Kind.DEAL_CREATED: ({}, "Alice created Brightwater sensors for you"),
        Kind.TASK_ASSIGNED: ({"task": task}, "Alice gave you a task on Brightwater sensors"),
        Kind.TASK_DUE: ({"task": task, "by": None}, "Task due on Brightwater sensors"),
        Kind.STAGE_CHANGED: (
            {"data": {"from": "New", "to": "Proposal"}},
            "Alice moved Brightwater sensors from New to Proposal",
        ),
        Kind.DEAL_WON: ({}, "Alice won Brightwater sensors · €48,000"),
        Kind.DEAL_LOST: ({"data": {"reason": "Price"}}, "Alice lost Brightwater sensors · Price"),
        Kind.POSITIVE_REPLY: (
            {"data": {"who": "Ida Berg", "phrase": "call me"}, "by": None},
            "Ida Berg is interested: Brightwater sensors",
        ),
        Kind.REPLY: ({"data": {"who": "Ida Berg"}, "by": None}, "Ida Berg wrote about Brightwater sensors"),
        Kind.NOTE: ({"activity": line}, "Alice wrote a note on Brightwater sensors"),
        Kind.MAILBOX_DOWN: ({"data": {"text": "Sales brings no mail", "view": "deal_list"}}, "Sales brings no mail"),
        Kind.JOB_FINISHED: ({"data": {"text": "300 deals exported", "view": "deal_list"}}, "300 deals exported"),
    }
    assert set(said) == set(Kind)
    type(deal).objects.update(owner=acme.bob.user)
    task = update_task(task, by=acme.bob, assignee_id=acme.bob.user_id)
    for kind, (more, _) in said.items():
        subject = acme.workspace if kind in Notification.SAID else deal
        notify([acme.bob.user_id], kind, subject=subject, key=kind, **{"by": acme.alice} | more)
    texts = {
        item["id"]: item.one("div", css="tx").text for item in page(login(acme.bob), acme).all("li") if item.get("id")
    }
    for row in Notification.objects.exclude(key__startswith="task:"):
        assert texts[f"told-{row.pk}"].startswith(said[Kind(row.kind)][1]), row.kind
    assert any("Send the offer" in text for text in texts.values())
    assert any("They want a longer contract." in text and text.endswith("…") for text in texts.values())


def test_a_line_leads_to_what_it_is_about(acme, deal, login):
    tell(acme, deal)
    data = {"text": "Exported", "view": "deal_list", "args": []}
    notify([acme.bob.user_id], Kind.JOB_FINISHED, subject=acme.workspace, key="job", data=data)
    notify(
        [acme.bob.user_id], Kind.JOB_FINISHED, subject=acme.workspace, key="gone", data={"text": "x", "view": "gone"}
    )
    gone, job, told = Notification.objects.order_by("-pk")
    found = {link["href"] for link in page(login(acme.bob), acme).all("a")}
    assert f"{url(acme.workspace, 'deal_detail', deal.pk)}#n{told.pk}" in found
    assert f"{url(acme.workspace, 'deal_list')}#n{job.pk}" in found
    assert f"{url(acme.workspace, 'notification_list')}#n{gone.pk}" in found


def test_reading_one_all_and_taking_it_back(acme, deal, login):
    tell(acme, deal, count=3)
    bob = login(acme.bob)
    first, second, _ = Notification.objects.order_by("pk")
    path = url(acme.workspace, "notification_read", first.pk)
    assert bob.post(path, headers=SCRIPT).status_code == 204
    assert len(page(bob, acme, query="?unread=1").one("ol").all("li", css="new")) == 2
    assert bob.post(path, {"unread": "1"}).status_code == 302
    assert Notification.objects.unread().count() == 3
    bob.post(url(acme.workspace, "notification_read", second.pk))
    told = read(bob.post(url(acme.workspace, "notification_read_all"), headers=SCRIPT))
    assert not Notification.objects.unread().exists()
    assert bob.post(told.one("form")["action"], headers=SCRIPT).status_code == 200
    assert Notification.objects.unread().count() == 2, "the one that was read before stays read"
    assert bob.post(url(acme.workspace, "notification_unread", "yesterday")).status_code == 404


def test_nobody_reads_the_notifications_of_others(acme, deal, login):
    tell(acme, deal)
    row = Notification.objects.get()
    alice = login(acme.alice)
    assert "Nothing yet" in page(alice, acme).text
    assert alice.post(url(acme.workspace, "notification_read", row.pk)).status_code == 404
    alice.post(url(acme.workspace, "notification_read_all"))
    assert Notification.objects.unread().count() == 1


def test_what_one_may_no_longer_see_is_in_no_list_and_no_count(acme, deal, login):
    tell(acme, deal)
    Workspace.objects.update(visibility=Workspace.Visibility.OWN)
    bob = login(acme.bob)
    for name in ("notification_list", "notification_bell", "notification_menu"):
        shown = page(bob, acme, name, **SCRIPT)
        assert "Brightwater" not in shown.text and "unread" not in shown.text.replace("?unread", "")[:40]
    assert bob.post(url(acme.workspace, "notification_read", Notification.objects.get().pk)).status_code == 404


def test_old_ones_are_forgotten(acme, deal):
    tell(acme, deal, count=2)
    Notification.objects.filter(key="note0").update(created_at=timezone.now() - timedelta(days=91))
    forget_old(acme.workspace.pk)
    assert [row.key for row in Notification.objects.all()] == ["note1"]


# --- what raises them ---------------------------------------------------------------------------------------------


def test_the_owner_and_who_follows_hear_of_stages_notes_and_the_end(acme, deal):
    handed_on(acme)
    update_deal(deal, by=acme.alice, version=1, owner_id=acme.bob.user_id)
    follow(deal, "following", by=acme.vera)
    deal, _ = move_to_stage(deal, acme.stages["Qualified"], by=acme.alice)
    add_note(deal, "Said", by=acme.alice)
    log_call(deal, by=acme.alice, outcome="connected")
    move_to_stage(deal, acme.stages["Lost"], by=acme.alice, reason="No budget")
    for _ in range(3):
        handed_on(acme)
    assert kinds(acme.bob) == [Kind.DEAL_ASSIGNED, Kind.STAGE_CHANGED, Kind.NOTE, Kind.DEAL_LOST]
    assert kinds(acme.vera) == [Kind.STAGE_CHANGED, Kind.NOTE, Kind.DEAL_LOST]
    assert kinds(acme.alice) == []
    assert Notification.objects.filter(kind=Kind.DEAL_LOST).first().data["reason"] == "No budget"


def test_a_handler_that_runs_again_tells_nobody_twice(acme, deal):
    follow(deal, "following", by=acme.bob)
    move_to_stage(deal, acme.stages["Qualified"], by=acme.alice)
    line = Activity.objects.get(kind=Activity.Kind.STAGE_CHANGE)
    for _ in range(5):
        tell_of(line)
    assert kinds(acme.bob) == [Kind.STAGE_CHANGED]


def test_a_deal_created_for_somebody_is_told_and_one_by_an_import_is_not(acme):
    make_deal(acme.alice, acme.stages["New"], owner_id=acme.bob.user_id)
    make_deal(acme.bob, acme.stages["New"])
    create_deal(
        acme.workspace, name="From a file", stage=acme.stages["New"], by=acme.alice, owner_id=acme.bob.user_id, door="import"
    )  # fmt: skip
    handed_on(acme)
    assert kinds(acme.bob) == [Kind.DEAL_CREATED]


def test_an_owner_for_a_moment_is_not_told(acme, deal):
    deal = update_deal(deal, by=acme.alice, version=1, owner_id=acme.bob.user_id)
    update_deal(deal, by=acme.alice, version=2, owner_id=acme.alice.user_id)
    handed_on(acme)
    assert kinds(acme.bob) == []


def test_who_is_given_a_task_is_told_of_it(acme, deal):
    task = plan_task(deal, "Call", by=acme.alice, assignee_id=acme.bob.user_id)
    plan_task(deal, "Mine", by=acme.alice)
    plan_task(deal, "Of the playbook", by=None, assignee_id=acme.bob.user_id)
    update_task(task, by=acme.alice, title="Call them")
    assert kinds(acme.bob) == [Kind.TASK_ASSIGNED]
    task = update_task(task, by=acme.alice, assignee_id=acme.vera.user_id)
    assert kinds(acme.vera) == [Kind.TASK_ASSIGNED]
    assert not inbox.mine(acme.bob).exists(), "it is somebody else's now"


# --- the star -----------------------------------------------------------------------------------------------------


def test_the_star_of_a_deal(acme, deal, login):
    for member, label in (
        (acme.bob, "Follow this deal"),
        (acme.alice, "Mute this deal"),
        (acme.vera, "Follow this deal"),
    ):
        client = login(member)
        shown = page(client, acme, "deal_list")
        response = client.get(url(acme.workspace, "deal_detail", deal.pk))
        assert label in [button.get("aria-label") for button in read(response).all("button")], shown.text[:50]
    bob = login(acme.bob)
    told = read(bob.post(url(acme.workspace, "follow", deal.pk, "following"), headers=SCRIPT))
    assert "Following" in told.text and followers(deal) == {acme.alice.user_id, acme.bob.user_id}
    told = read(bob.post(url(acme.workspace, "follow", deal.pk, "muted"), headers=SCRIPT))
    assert Follow.objects.get().state == Follow.State.MUTED
    bob.post(told.one("form")["action"], headers=SCRIPT)
    assert Follow.objects.get().state == Follow.State.FOLLOWING, "undone"
    labels = [b.get("aria-label") for b in read(bob.get(url(acme.workspace, "deal_detail", deal.pk))).all("button")]
    assert "Stop following this deal" in labels
    bob.post(url(acme.workspace, "follow", deal.pk, "none"))
    assert not Follow.objects.exists()
    assert bob.post(url(acme.workspace, "follow", deal.pk, "loudly")).status_code == 404


def test_the_menu_of_a_deal_follows_and_mutes_too(acme, deal, login):
    bob = login(acme.bob)
    menu = url(acme.workspace, "deal_move", deal.pk)
    assert {"Follow", "Mute"} <= {button.text for button in read(bob.get(menu, headers=SCRIPT)).all("button")}
    follow(deal, "muted", by=acme.bob)
    assert "Hear of it again" in {button.text for button in read(bob.get(menu, headers=SCRIPT)).all("button")}


# --- what comes by mail ---------------------------------------------------------------------------------------------


def test_choosing_what_comes_by_mail(acme, login):
    bob = login(acme.bob)
    path = url(acme.workspace, "delivery")
    form = read(bob.get(path)).one("form", css="form-page")
    assert (form.fields["mention"], form.fields["note"], form.fields["job_finished"]) == ("now", "daily", "off")
    data = form.fields | {"note": "off", "quiet_from": "22:00", "quiet_until": "07:30"}
    assert bob.post(path, data).status_code == 302
    kept = Delivery.objects.get()
    assert (kept.user, kept.when(Kind.NOTE), kept.when(Kind.MENTION)) == (acme.bob.user, "off", "now")
    assert (kept.quiet_from, kept.quiet_until) == (time(22), time(7, 30))
    for wrong in ({"note": "often"}, {"quiet_until": ""}, {"quiet_until": "22:00"}):
        assert bob.post(path, data | wrong).status_code == 422
    assert Delivery.objects.get().quiet_until == time(7, 30)
    shown = read(bob.get(path)).one("form", css="form-page").fields
    assert (shown["note"], shown["quiet_from"], shown["mention"]) == ("off", "22:00", "now")


def test_the_profile_leads_to_it(acme, login):
    profile = read(login(acme.bob).get("/profile/"))
    assert url(acme.workspace, "delivery") in {link["href"] for link in profile.all("a")}
