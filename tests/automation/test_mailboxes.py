"""Mailboxes that are fetched, from a real server: each mail once and none passed over, whatever happens in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from activities.models import Notification
from automation.actions import add_mailbox, change_mailbox, delete_mailbox, pause, restore_mailbox
from automation.actions.alarms import suspects, watch
from automation.actions.fetching import due, fetch
from automation.actions.mailboxes import forget_old
from automation.health import health_of
from automation.models import ImapLogin, Mailbox, Message
from automation.tasks import fetch_due
from tests.imapserver import ImapServer, imap_server
from tests.waiting import wait_until
from workspaces.action import NotAllowed, Refused, Stale
from workspaces.sealing import unseal
from workspaces.tenancy import tenant

PASSWORD = "s3cret-pass"
TODAY = date(2026, 1, 1)


@pytest.fixture
def imap() -> Iterator[ImapServer]:
    with imap_server() as server:
        yield server


def raw(number: int, subject: str = "Hello") -> bytes:
    return (
        f"From: Uma <uma@buyer.example>\r\nTo: sales@acme.example\r\nMessage-ID: <{number}@buyer.example>\r\n"
        f"Subject: {subject} {number}\r\n\r\nWords {number}\r\n"
    ).encode()


def login_of(imap: ImapServer, **other: object) -> dict:
    facts = {"host": "127.0.0.1", "port": imap.port, "security": "none", "username": "sales@acme.example"}
    return facts | {"password": PASSWORD, "first_day": TODAY} | other


def box_at(cast, imap: ImapServer, by=None, **other: object) -> Mailbox:
    by = by or cast.alice
    facts = {"name": "Sales", "address": "Sales@Acme.example", "owner_id": None, "login": login_of(imap)} | other
    return add_mailbox(cast.workspace, by=by, **facts)[0]


@pytest.fixture
def box(acme, imap) -> Mailbox:
    return box_at(acme, imap)


def run(box: Mailbox) -> int:
    """Its turn comes now."""
    ImapLogin.objects.filter(mailbox=box).update(next_at=timezone.now())
    return fetch(box.workspace_id, box.logins.get().pk)


def numbers() -> list[int]:
    return sorted(int(bytes(each.raw).split(b"Message-ID: <")[1].split(b"@")[0]) for each in Message.objects.all())


# --- fetching ---------------------------------------------------------------------------------------


def test_only_what_is_new_is_fetched(box, imap):
    for number in (1, 2):
        imap.folder.add(raw(number))
    assert run(box) == 2 and numbers() == [1, 2]
    assert run(box) == 0 and imap.bodies == 2
    imap.folder.add(raw(3))
    assert run(box) == 1 and numbers() == [1, 2, 3] and imap.bodies == 3
    message = Message.objects.order_by("-pk").first()
    assert bytes(message.raw) == raw(3) and message.mailbox == box
    box.refresh_from_db()
    assert box.problem == "" and box.last_success_at and box.last_message_at and box.lag is not None
    assert health_of(box, timezone.now()).tone == "green"


def test_the_first_time_no_further_back_than_asked(acme, imap):
    box = box_at(acme, imap, login=login_of(imap, first_day=timezone.now().date() - timedelta(days=7)))
    imap.folder.add(raw(1), timezone.now() - timedelta(days=30))
    imap.folder.add(raw(2), timezone.now() - timedelta(days=2))
    assert run(box) == 1 and numbers() == [2]


def test_a_server_that_numbers_its_mails_anew(box, imap):
    imap.folder.add(raw(1))
    imap.folder.add(raw(2))
    run(box)
    imap.folder.mails.pop(0)
    imap.folder.renew()
    imap.folder.add(raw(3))
    assert run(box) == 1 and numbers() == [1, 2, 3]
    login = box.logins.get()
    assert (login.uid_validity, login.last_uid) == (2, 2)


def test_a_mail_that_lies_there_twice_is_there_once(box, imap):
    imap.folder.add(raw(1))
    imap.folder.add(raw(1))
    assert run(box) == 1 and numbers() == [1] and box.logins.get().last_uid == 2


def test_what_cannot_be_taken_stops_nothing(box, imap):
    imap.folder.add(b"\r\n")
    imap.folder.add(raw(2))
    assert run(box) == 1 and numbers() == [2]


def test_a_mail_that_is_too_large_is_left_and_told_once(acme, box, imap):
    imap.folder.add(b"x" * (41 * 1024 * 1024))
    imap.folder.add(raw(2))
    assert run(box) == 1
    assert told(acme.alice) == ["A mail of 41 MB was left in Sales: at most 40 MB are taken in. Read it there."]


def test_a_worker_that_dies_goes_on_where_it_was(box, imap):
    """The connection breaks at the third mail: two are stored, and the next turn brings the others."""
    for number in (1, 2, 3, 4):
        imap.folder.add(raw(number))
    imap.breaks_at = 3
    assert run(box) == 0 and numbers() == [1, 2]
    box.refresh_from_db()
    assert "ended the connection" in box.problem
    imap.breaks_at = 0
    assert run(box) == 2 and numbers() == [1, 2, 3, 4]
    box.refresh_from_db()
    assert box.problem == "" and imap.bodies == 5


def test_a_lease_that_ran_out_is_taken_over(box, imap):
    """The worker was killed with the lease in its hand."""
    imap.folder.add(raw(1))
    login = box.logins.get()
    soon = timezone.now() + timedelta(minutes=4)
    ImapLogin.objects.update(lease_until=soon)
    assert run(box) == 0
    ImapLogin.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert run(box) == 1 and numbers() == [1]
    login.refresh_from_db()
    assert login.lease is None and login.lease_until is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_fetch_one_box_once(cast, imap):
    with tenant(cast.workspace):
        box = box_at(cast, imap)
        login = box.logins.get()
    for number in range(20):
        imap.folder.add(raw(number))
    found: list[int] = []

    def work() -> None:
        found.append(fetch(box.workspace_id, login.pk))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(found) == [0, 0, 0, 20] and imap.bodies == 20 and imap.logins == 1
    with tenant(cast.workspace):
        assert numbers() == list(range(20))


@pytest.mark.django_db(transaction=True)
def test_who_lost_the_lease_stores_nothing_more(cast, imap):
    """Somebody pauses the mailbox while a worker waits for the server."""
    with tenant(cast.workspace):
        box = box_at(cast, imap)
        login = box.logins.get()
    imap.folder.add(raw(1))
    imap.answers.clear()
    found: list[int] = []

    def work() -> None:
        found.append(fetch(box.workspace_id, login.pk))
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    wait_until(lambda: imap.bodies == 1, "the body is asked for")
    with tenant(cast.workspace):
        pause(box, by=cast.alice)
    imap.answers.set()
    worker.join()
    with tenant(cast.workspace):
        assert found == [0] and not Message.objects.exists()
        login.refresh_from_db()
        assert login.last_uid == 0 and Mailbox.objects.get().problem == ""


def test_whose_turn_it_is(acme, box, imap):
    assert due() == [(box.workspace_id, box.logins.get().pk)]
    run(box)
    assert due() == []
    ImapLogin.objects.update(next_at=timezone.now())
    pause(box, by=acme.alice)
    assert due() == [] and run(box) == 0
    pause(box, by=acme.alice, go_on=True)
    assert len(due()) == 1
    delete_mailbox(box, by=acme.alice)
    assert due() == [] and run(box) == 0


def test_a_task_for_each(box, imap):
    fetch_due()  # rings, and does nothing by itself
    assert not Message.objects.exists()


# --- what goes wrong --------------------------------------------------------------------------------


def test_a_wrong_password_is_said_and_not_tried_every_minute(box, imap):
    imap.password = "another"
    assert run(box) == 0
    box.refresh_from_db()
    assert box.problem == "127.0.0.1 does not accept this user name and password."
    login = box.logins.get()
    assert login.next_at > timezone.now() + timedelta(minutes=20) and login.lease is None
    assert health_of(box, timezone.now()).tone == "red"


def test_a_server_that_is_down_is_tried_less_and_less(box, imap):
    ImapLogin.objects.update(port=1)
    pauses = []
    for _ in range(4):
        run(box)
        pauses.append(round((box.logins.get().next_at - timezone.now()).total_seconds() / 60))
    assert pauses == [1, 2, 4, 8]
    ImapLogin.objects.update(port=imap.port)
    run(box)
    box.refresh_from_db()
    assert box.problem == "" and box.failing_since is None and box.logins.get().failures == 0


def test_a_password_whose_key_is_gone(box, imap, settings):
    settings.SECRETS_KEYS = ["x" * 40]
    run(box)
    box.refresh_from_db()
    assert "type it again" in box.problem and imap.logins == 0


# --- health -----------------------------------------------------------------------------------------


def told(member) -> list[str]:
    rows = Notification.objects.filter(recipient_id=member.user_id, kind=Notification.Kind.MAILBOX_DOWN)
    return [row.data["text"] for row in rows.order_by("pk")]


def at(box: Mailbox, **facts: object) -> None:
    Mailbox.objects.filter(pk=box.pk).update(**facts)


def test_admins_hear_of_an_outage_once(acme, imap):
    box = box_at(acme, imap, by=acme.bob, owner_id=acme.bob.user_id)
    imap.password = "another"
    run(box)
    assert suspects() == []  # a moment's failure is none
    at(box, failing_since=timezone.now() - timedelta(minutes=11))
    assert suspects() == [(box.workspace_id, box.pk)] and watch(box.workspace_id, box.pk)
    run(box)
    assert suspects() == [] and not watch(box.workspace_id, box.pk)
    assert (
        told(acme.alice)
        == told(acme.bob)
        == ["Sales brings no mail: 127.0.0.1 does not accept this user name and password."]
    )
    assert told(acme.vera) == []
    imap.password = PASSWORD
    run(box)
    assert suspects() and not watch(box.workspace_id, box.pk)  # it is over
    imap.password = "another"
    run(box)
    at(box, failing_since=timezone.now() - timedelta(minutes=11))
    assert watch(box.workspace_id, box.pk) and len(told(acme.alice)) == 2


def test_silence_turns_it_red_by_itself(acme, imap):
    box = box_at(acme, imap, silent_hours=24)
    imap.folder.add(raw(1))
    run(box)
    now = timezone.now()
    box.refresh_from_db()
    assert health_of(box, now).tone == "green" and suspects() == []
    late = now + timedelta(hours=25)
    assert health_of(box, late).words == "No mail came for 25 hours." and health_of(box, late).tone == "red"
    at(box, last_message_at=now - timedelta(hours=25), since=now - timedelta(days=9))
    assert watch(box.workspace_id, box.pk)
    imap.folder.add(raw(2))
    run(box)
    box.refresh_from_db()
    assert health_of(box, timezone.now()).tone == "green"


def test_a_pause_is_no_silence(acme, imap):
    box = box_at(acme, imap, silent_hours=1)
    at(box, since=timezone.now() - timedelta(days=3))
    pause(box, by=acme.alice)
    assert suspects() == []
    box = pause(box, by=acme.alice, go_on=True)
    assert health_of(box, timezone.now()).tone == "amber" and suspects() == []


# --- who may, and what is kept ----------------------------------------------------------------------


def test_members_have_mailboxes_of_their_own(acme, imap):
    box = box_at(acme, imap, by=acme.bob, owner_id=acme.bob.user_id)
    assert list(Mailbox.objects.of(acme.bob)) == list(Mailbox.objects.of(acme.alice)) == [box]
    assert change_mailbox(box, by=acme.bob, version=1, name="Mine", address="bob@acme.example").name == "Mine"
    with pytest.raises(NotAllowed):
        box_at(acme, imap, by=acme.bob, name="Ours")
    with pytest.raises(NotAllowed):
        box_at(acme, imap, by=acme.vera, owner_id=acme.vera.user_id)
    ours = box_at(acme, imap, name="Ours")
    for verb in (pause, delete_mailbox):
        with pytest.raises(NotAllowed):
            verb(ours, by=acme.bob)


def test_a_password_goes_nowhere_else(acme, box, imap):
    """Who may change a mailbox but does not know its password must not have it sent to a server of theirs."""
    facts = {"by": acme.alice, "version": 1, "name": "Sales", "address": "sales@acme.example"}
    for moved in ({"host": "localhost"}, {"port": 1143}, {"security": "starttls"}, {"username": "other"}):
        with pytest.raises(Refused) as refused:
            change_mailbox(box, login=login_of(imap, password="") | moved, **facts)
        assert "password" in refused.value.fields
    assert unseal(box.logins.get(), "secret") == PASSWORD
    change_mailbox(box, login=login_of(imap, password="", folder="Leads"), **facts)
    assert unseal(box.logins.get(), "secret") == PASSWORD and box.logins.get().folder == "Leads"
    with pytest.raises(Stale):
        change_mailbox(box, login=login_of(imap, password=""), **facts)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"host": "user@host"}, "host"), ({"host": ""}, "host"), ({"port": 0}, "port"), ({"port": 70000}, "port"),
        ({"username": "a\r\nb"}, "username"), ({"folder": ""}, "folder"), ({"password": "a\nb"}, "password"),
        ({"password": ""}, "password"),
    ],
)  # fmt: skip
def test_what_is_no_login_is_refused(acme, imap, wrong, field):
    with pytest.raises(Refused) as refused:
        box_at(acme, imap, login=login_of(imap, **wrong))
    assert list(refused.value.fields) == [field] and not Mailbox.objects.exists()


def test_a_name_is_there_once(acme, box, imap):
    with pytest.raises(Refused):
        box_at(acme, imap)
    delete_mailbox(box, by=acme.alice)
    again = box_at(acme, imap)
    with pytest.raises(Refused, match="rename"):
        restore_mailbox(box, by=acme.alice)
    delete_mailbox(again, by=acme.alice)
    restore_mailbox(box, by=acme.alice)
    assert list(Mailbox.objects.live()) == [box] and unseal(box.logins.get(), "secret") == PASSWORD


def test_in_the_end_its_password_goes_and_its_mail_stays(acme, box, imap):
    imap.folder.add(raw(1))
    run(box)
    delete_mailbox(box, by=acme.alice)
    forget_old(box.workspace_id)
    assert ImapLogin.objects.exists()
    at(box, deleted_at=timezone.now() - timedelta(days=31))
    forget_old(box.workspace_id)
    assert not ImapLogin.objects.exists() and not Mailbox.objects.exists()
    assert Message.objects.get().mailbox is None


def test_the_clock_of_the_server_is_not_believed(box, imap):
    imap.folder.add(raw(1), datetime.now().astimezone() + timedelta(days=400))
    run(box)
    box.refresh_from_db()
    assert box.last_message_at <= timezone.now() and box.lag == 0
