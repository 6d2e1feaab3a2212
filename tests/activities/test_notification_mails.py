"""Notifications by mail: when each wanted them, once, what the reader may see by then, and a link that stops them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from celery import current_app
from celery.contrib.testing.worker import start_worker
from django.conf import settings as django_settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from activities import letters
from activities.actions import add_note, choose_delivery, mailing, mark_all_read, notify
from activities.models import Activity, Delivery, Notification, NotificationMail
from activities.tasks import send_mails
from deals.actions import delete_deal, move_to_stage, undo_stage_change, update_deal
from tests.factories import make_cast, make_deal
from tests.mailserver import mail_server
from tests.pages import read
from tests.waiting import wait_until
from workspaces.models import Membership, User, Workspace
from workspaces.tenancy import tenant

Kind = Notification.Kind
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def deal(acme):
    return make_deal(acme.alice, acme.stages["New"], "Brightwater sensors", 48000)


def tell(acme, deal, kind: Notification.Kind = Kind.MENTION, key: str = "one", **more) -> Notification:
    notify([acme.bob.user_id], kind, subject=deal, key=key, by=acme.alice, **more)
    return Notification.objects.get(key=key, recipient=acme.bob.user)


def later(**ago: int) -> None:
    """As if this much time had passed, for what waits."""
    for row in Notification.objects.filter(mail=None, mail_at__isnull=False):
        Notification.objects.filter(pk=row.pk).update(mail_at=row.mail_at - timedelta(**ago))
    for row in NotificationMail.objects.filter(next_try_at__isnull=False):
        NotificationMail.objects.filter(pk=row.pk).update(next_try_at=row.next_try_at - timedelta(**ago))


def run() -> list[mail.EmailMultiAlternatives]:
    """What the beat's task sends a minute later."""
    later(minutes=1)
    before = len(mail.outbox)
    send_mails()
    return mail.outbox[before:]


# --- when ---------------------------------------------------------------------------------------------------


def test_a_mention_comes_at_once_but_not_before_it_can_be_undone(acme, deal):
    tell(acme, deal)
    send_mails()
    assert not mail.outbox
    [letter] = run()
    assert letter.to == [acme.bob.user.email] and letter.subject == "Alice mentioned you on Brightwater sensors"
    assert run() == [] and run() == []


def test_each_kind_comes_as_it_was_chosen(acme, deal):
    choose_delivery(by=acme.bob, choices={Kind.MENTION: "off", Kind.NOTE: "now", Kind.DEAL_WON: "daily"})
    assert tell(acme, deal, key="a").mail_at is None
    assert tell(acme, deal, Kind.NOTE, "b").mail_at - timezone.now() < timedelta(minutes=1)
    User.objects.filter(pk=acme.bob.user_id).update(time_zone="Europe/Berlin")
    eight = tell(acme, deal, Kind.DEAL_WON, "c").mail_at.astimezone(BERLIN)
    assert (eight.hour, eight.minute) == (8, 0) and timedelta(0) < eight - timezone.now() <= timedelta(hours=25)
    assert [letter.subject for letter in run()] == ["Alice wrote a note on Brightwater sensors"]


def test_the_daily_mail_holds_all_of_the_day(acme, deal):
    for number, kind in enumerate((Kind.NOTE, Kind.STAGE_CHANGED, Kind.DEAL_WON)):
        tell(acme, deal, kind, str(number), data={"from": "New", "to": "Qualified"})
    assert run() == []
    later(hours=25)
    [letter] = run()
    assert letter.subject == "3 notifications from Acme"
    for part in (letter.body, letter.alternatives[0].content):
        text = re.sub("<[^>]*>", "", part)
        assert "moved Brightwater sensors from New to Qualified" in " ".join(text.split())
        assert "won Brightwater sensors · €48,000" in " ".join(text.split())


def test_quiet_hours_hold_a_mail_back_until_they_end(acme, deal):
    now = timezone.now().astimezone(BERLIN)
    User.objects.filter(pk=acme.bob.user_id).update(time_zone="Europe/Berlin")
    start, end = ((now + timedelta(hours=hours)).time().replace(second=0, microsecond=0) for hours in (-1, 2))
    choose_delivery(by=acme.bob, choices={}, quiet_from=start, quiet_until=end)
    row = tell(acme, deal)
    assert row.mail_at.astimezone(BERLIN).time() == end
    assert run() == []
    choose_delivery(by=acme.bob, choices={})
    later(hours=3)
    assert len(run()) == 1


def test_quiet_hours_chosen_after_the_notification_hold_it_back_too(acme, deal):
    row = tell(acme, deal)
    now = timezone.now()
    start, end = ((now + timedelta(hours=hours)).time().replace(second=0, microsecond=0) for hours in (-1, 2))
    choose_delivery(by=acme.bob, choices={}, quiet_from=start, quiet_until=end)
    assert run() == []
    row.refresh_from_db()
    assert row.mail_at > now + timedelta(minutes=100) and row.mail is None


def test_what_is_stopped_meanwhile_is_not_sent(acme, deal):
    row = tell(acme, deal)
    choose_delivery(by=acme.bob, choices={Kind.MENTION: "off"})
    assert run() == []
    row.refresh_from_db()
    assert row.mail_at is None and row.mail is None


def test_nobody_writes_to_who_has_no_mailbox_or_has_left(acme, deal):
    User.objects.filter(pk=acme.bob.user_id).update(email="bob@acme.import.invalid")
    assert tell(acme, deal).mail_at is None
    User.objects.filter(pk=acme.bob.user_id).update(email="bob@acme.example")
    tell(acme, deal, key="two")
    Membership.objects.filter(pk=acme.bob.pk).update(status=Membership.Status.LEFT)
    assert run() == []


# --- what -----------------------------------------------------------------------------------------------------


def test_a_mail_says_what_happened_and_leads_there(acme, deal):
    note = add_note(deal, "They want <b>two</b> years & more", by=acme.alice)
    row = tell(acme, deal, activity=Activity.objects.get(note=note))
    [letter] = run()
    place = f"{django_settings.SITE_URL}/w/acme/deals/{deal.pk}/#n{row.pk}"
    html = letter.alternatives[0].content
    assert place in letter.body and place in html
    assert "They want <b>two</b> years & more" in letter.body
    assert "They want &lt;b&gt;two&lt;/b&gt; years &amp; more" in html
    assert "/w/acme/notifications/mail/" in letter.body and "/w/acme/notifications/mail/" in html
    assert not re.search(r'(src|background)="', html), "nothing is fetched, so nobody learns when it is read"


def test_times_and_amounts_are_those_of_the_reader(acme, deal):
    User.objects.filter(pk=acme.bob.user_id).update(time_zone="Asia/Kathmandu", locale="de")
    choose_delivery(by=acme.bob, choices={Kind.DEAL_WON: "now"})
    row = tell(acme, deal, Kind.DEAL_WON)
    moment = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("UTC"))
    Notification.objects.filter(pk=row.pk).update(created_at=moment)
    [letter] = run()
    assert "48.000" in letter.subject and "17:45 +0545" in letter.body and "20. November 2026" in letter.body


def test_a_line_break_in_a_name_breaks_no_header(acme, deal):
    type(deal).objects.update(name="Evil\r\nBcc: everybody@example.org")
    tell(acme, deal)
    [letter] = run()
    assert "\n" not in letter.message()["Subject"] and letter.message()["Bcc"] is None


# --- only what one may see, by then ------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["hidden", "another owner's", "deleted", "read", "taken back"])
def test_what_is_not_to_be_seen_any_more_when_the_mail_goes_out_is_not_in_it(acme, deal, change):
    update_deal(deal, by=acme.alice, version=1, owner_id=acme.bob.user_id)
    Workspace.objects.update(visibility=Workspace.Visibility.OWN)
    acme.bob.workspace.refresh_from_db()
    deal, event = move_to_stage(type(deal).objects.get(pk=deal.pk), acme.stages["Qualified"], by=acme.alice)
    line = Activity.objects.get(kind=Activity.Kind.STAGE_CHANGE)
    row = tell(acme, deal, activity=line)
    mine = make_deal(acme.bob, acme.stages["New"], "Of his own")
    tell(acme, mine, key="mine")
    later(minutes=1)
    [(workspace_id, user_id)] = mailing.due()
    gathered = mailing.gather(workspace_id, user_id)
    row.refresh_from_db()
    assert row.mail == gathered
    if change in ("hidden", "another owner's"):
        update_deal(deal, by=acme.alice, version=deal.version, owner_id=acme.alice.user_id)
    elif change == "deleted":
        delete_deal(deal, by=acme.alice)
    elif change == "read":
        Notification.objects.filter(pk=row.pk).update(read_at=timezone.now())
    else:
        undo_stage_change(event, by=acme.alice)
    [letter] = run()
    text = str(letter.message())
    assert "Of his own" in letter.subject and "Brightwater" not in letter.body
    assert "Brightwater" not in letter.alternatives[0].content and "Brightwater" not in text


def test_a_mail_of_which_nothing_is_left_is_not_sent(acme, deal):
    tell(acme, deal)
    later(minutes=1)
    for pair in mailing.due():
        mailing.gather(*pair)
    mark_all_read(by=acme.bob)
    assert run() == []
    kept = NotificationMail.objects.get()
    assert (kept.sent_at, kept.next_try_at) == (None, None)


# --- once -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def smtp(settings):
    """The mail server that all of it goes to."""
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
        yield server


def prepare(cast, count: int = 3) -> None:
    """`count` notifications for each of bob and vera, all of them due."""
    with tenant(cast.workspace):
        deal = make_deal(cast.alice, cast.stages["New"], "Brightwater sensors")
        for number in range(count):
            notify([cast.bob.user_id, cast.vera.user_id], Kind.MENTION, subject=deal, key=str(number), by=cast.alice)
        later(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_send_each_mail_once(smtp):
    cast = make_cast()
    prepare(cast)

    def work(number: int) -> None:
        try:
            send_mails()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert sorted(letter["To"] for letter in smtp.taken) == [cast.bob.user.email, cast.vera.user.email]
    assert {letter["Subject"] for letter in smtp.taken} == {"3 notifications from Acme"}


def test_a_mail_server_that_is_away_is_tried_again(acme, deal, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False
    tell(acme, deal)
    run()
    kept = NotificationMail.objects.get()
    assert kept.attempts == 1 and kept.problem.startswith("away") and kept.sent_at is None
    assert timedelta(0) < kept.next_try_at - timezone.now() <= timedelta(minutes=1)
    with mail_server() as server:
        settings.EMAIL_PORT = server.port
        send_mails()
        assert not server.taken, "not before its time"
        server.refuses = True
        run()
        assert NotificationMail.objects.get().attempts == 2
        server.refuses = False
        later(minutes=5)
        run()
        [letter] = server.taken
    kept = NotificationMail.objects.get()
    assert (kept.attempts, kept.problem, kept.next_try_at) == (3, "", None) and kept.sent_at
    assert letter["Message-ID"] == letters.write_id(kept)


def test_an_address_that_is_refused_for_good_is_given_up(acme, deal, smtp):
    smtp.refuses, smtp.refusal = True, "550 no such user"
    tell(acme, deal)
    run()
    kept = NotificationMail.objects.get()
    assert (kept.next_try_at, kept.sent_at, kept.attempts) == (None, None, 1) and "no such user" in kept.problem


def test_it_is_not_tried_for_ever(acme, deal, smtp):
    smtp.refuses = True
    tell(acme, deal)
    for _ in range(mailing.TRIES + 3):
        run()
        later(hours=5)
    kept = NotificationMail.objects.get()
    assert (kept.attempts, kept.next_try_at) == (mailing.TRIES, None)


SEND = """
import django; django.setup()
from activities.tasks import send_mails
send_mails()
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_after_sending_leaves_a_copy_that_collapses(smtp, settings):
    """At least once: nothing is lost, and the second copy bears the same Message-ID."""
    cast = make_cast()
    with tenant(cast.workspace):
        deal = make_deal(cast.alice, cast.stages["New"])
        notify([cast.bob.user_id], Kind.MENTION, subject=deal, key="one", by=cast.alice)
        later(minutes=1)
    smtp.answers.clear()
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    variables = {
        "DATABASE_URL": url,
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp.port}",
        "DJANGO_SETTINGS_MODULE": "crm_project.settings",
    }
    worker = subprocess.Popen([sys.executable, "-c", SEND], env=os.environ | variables, cwd=django_settings.BASE_DIR)
    try:
        wait_until(lambda: smtp.taken, "the first copy", seconds=30)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
    smtp.answers.set()
    send_mails()
    assert len(smtp.taken) == 1, "claimed: another worker leaves it alone"
    with tenant(cast.workspace):
        later(minutes=16)
    send_mails()
    send_mails()
    first, second = smtp.taken
    assert first["Message-ID"] == second["Message-ID"] and first["Subject"] == second["Subject"]
    with tenant(cast.workspace):
        kept = NotificationMail.objects.get()
        assert kept.sent_at and kept.attempts == 2


@pytest.mark.django_db(transaction=True)
def test_from_the_click_to_the_mail_by_a_real_worker(settings):
    """Stage changed on the page, told by the outbox, mailed by the worker; asked to again and again, told once."""
    cast = make_cast()
    current_app.control.purge()
    with tenant(cast.workspace):
        choose_delivery(by=cast.bob, choices={Kind.STAGE_CHANGED: "now"})
        deal = make_deal(cast.bob, cast.stages["New"], "Brightwater sensors")

    def told() -> int:
        with tenant(cast.workspace):
            return Notification.objects.count()

    with start_worker(current_app, pool="solo", perform_ping_check=False, loglevel="WARNING"):
        with tenant(cast.workspace, cast.alice.user):
            move_to_stage(deal, cast.stages["Qualified"], by=cast.alice)
        wait_until(told, "the notification", seconds=20)
        with tenant(cast.workspace):
            Activity.objects.filter(kind="stage_change").update(tries_left=5)
        for _ in range(3):
            current_app.send_task("activities.tasks.dispatch", args=[cast.workspace.pk])
        with tenant(cast.workspace):
            later(minutes=1)
        for _ in range(3):
            current_app.send_task("activities.tasks.send_mails")
        wait_until(lambda: mail.outbox, "the mail", seconds=20)
    assert told() == 1 and len(mail.outbox) == 1
    assert mail.outbox[0].subject == "Alice moved Brightwater sensors from New to Qualified"


# --- the link that stops them -------------------------------------------------------------------------------------


def stop_link(letter) -> str:
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = letter.extra_headers["List-Unsubscribe"]
    assert link.startswith(f"<{django_settings.SITE_URL}/") and link.endswith(">")
    return link.strip("<>").removeprefix(django_settings.SITE_URL)


def choices(acme) -> dict[str, str]:
    with tenant(acme.workspace):
        found = Delivery.objects.first()
        return found.choices if found else {}


def test_one_click_of_the_mail_program_stops_this_kind_of_mail(acme, deal):
    tell(acme, deal)
    [letter] = run()
    stranger = Client(enforce_csrf_checks=True)
    answer = stranger.post(stop_link(letter), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200 and choices(acme) == {Kind.MENTION: "off"}
    tell(acme, deal, key="two")
    assert run() == []
    tell(acme, deal, Kind.DEAL_ASSIGNED, key="three")
    type(deal).objects.update(owner=acme.bob.user)
    assert len(run()) == 1


def test_looking_at_the_link_stops_nothing(acme, deal):
    tell(acme, deal)
    [letter] = run()
    page = Client().get(stop_link(letter))
    assert page.status_code == 200 and "Stop this kind of mail" in page.content.decode()
    assert Client().head(stop_link(letter)).status_code == 200 and choices(acme) == {}


def test_a_mail_of_several_kinds_stops_all_of_them_and_it_can_be_taken_back(acme, deal):
    choose_delivery(by=acme.bob, choices={Kind.NOTE: "now"})
    tell(acme, deal)
    tell(acme, deal, Kind.NOTE, "two")
    [letter] = run()
    before, stranger = choices(acme), Client()
    page = read(stranger.post(stop_link(letter)))
    assert set(choices(acme).values()) == {"off"} and set(choices(acme)) == set(Kind.values)
    data = {field["name"]: field["value"] for field in page.all("input", type="hidden", name="before")}
    stranger.post(stop_link(letter), data)
    assert choices(acme) == before
    assert stranger.post(stop_link(letter), {"before": "forged"}).status_code == 410


def test_the_page_can_stop_all_of_them_too(acme, deal):
    tell(acme, deal)
    [letter] = run()
    Client().post(stop_link(letter), {"all": "1"})
    assert set(choices(acme)) == set(Kind.values)


def test_a_forged_link_stops_nothing(acme, deal):
    tell(acme, deal)
    [letter] = run()
    path = stop_link(letter)
    for wrong in (path[:-3] + "xx/", "/unsubscribe/nonsense/", letters.unsubscribe_url(acme.bob, "nonsense").removeprefix(django_settings.SITE_URL)):  # fmt: skip
        assert Client().post(wrong).status_code == 410
    Membership.objects.filter(pk=acme.bob.pk).update(status=Membership.Status.LEFT)
    assert Client().post(path).status_code == 410 and choices(acme) == {}


def test_the_hours_are_kept_for_each_workspace(acme, deal):
    """What one chose in one workspace says nothing in another."""
    choose_delivery(by=acme.bob, choices={Kind.MENTION: "off"}, quiet_from=time(22), quiet_until=time(7))
    with tenant(acme.rival):
        assert not Delivery.objects.exists()
