"""Invitations go out once for each version of a meeting, by real mail; reminders are told once, and in no flood."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from icalendar import Calendar

from activities.actions import (
    cancel_task,
    complete_task,
    invite_people,
    mailing,
    people_of,
    plan_task,
    reopen_task,
    update_task,
)
from activities.actions.reminding import remind
from activities.models import Activity, Attendee, Notification, Task
from deals.actions import add_contact
from leads.actions import create_contact
from tests.factories import make_deal, url
from tests.mailserver import mail_server
from tests.pages import SCRIPT, read
from workspaces.action import NotAllowed, Refused
from workspaces.models import Workspace

IDA, OTTO = ("ida@brightwater.test", "Ida Blau", None), ("otto@brightwater.test", "", None)


@pytest.fixture
def deal(acme):
    return make_deal(acme.bob, acme.stages["New"])


@pytest.fixture
def meeting(acme, deal):
    start = timezone.now() + timedelta(days=3)
    return plan_task(deal, "Demo", by=acme.bob, type="meeting", due_at=start, minutes=45, place="https://meet.test/1")


@pytest.fixture
def mails(settings):
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def waiting():
    return Attendee.objects.filter(next_try_at__isnull=False).order_by("pk")


def send_all() -> int:
    """How many were mailed."""
    before = {person.pk: person.sent_version for person in Attendee.objects.all()}
    for person in waiting():
        mailing.send(Attendee, person.workspace_id, person.pk)
    return sum(person.sent_version != before[person.pk] for person in Attendee.objects.all())


def later(**ago: int) -> None:
    """As if this much time had passed, for what waits."""
    waiting().update(next_try_at=F("next_try_at") - timedelta(**ago))


def calendars(mails) -> list[tuple[str, str, int]]:
    """(to, method, sequence) of each mail, in the order in which they came."""
    found = []
    for mail in mails.taken:
        assert mail.get_content_type() == "multipart/alternative"
        plain, invite = mail.iter_parts()
        assert plain.get_content_type() == "text/plain" and invite.get_content_type() == "text/calendar"
        calendar = Calendar.from_ical(invite.get_payload(decode=True))
        assert invite.get_param("method") == calendar["METHOD"]
        [event] = calendar.walk("VEVENT")
        found.append((str(mail["To"]), str(calendar["METHOD"]), int(event["SEQUENCE"])))
    return found


def test_people_are_invited_once(acme, meeting, mails):
    meeting = invite_people(meeting, [IDA, OTTO], by=acme.bob)
    assert (send_all(), send_all()) == (2, 0)
    invite_people(meeting, [IDA, OTTO], by=acme.bob)
    assert send_all() == 0
    assert calendars(mails) == [("ida@brightwater.test", "REQUEST", 2), ("otto@brightwater.test", "REQUEST", 2)]
    mail = mails.taken[0]
    assert mail["Reply-To"] == acme.bob.user.email and "Bob (Acme)" in mail["From"] and "crm@localhost" in mail["From"]
    assert mail["Subject"] == "Invitation: Demo" and "https://meet.test/1" in mail.get_body(("plain",)).get_content()
    line = Activity.objects.get(kind="system")
    assert "Ida Blau" in line.body and "otto@brightwater.test" in line.body


def test_they_hear_of_changes_and_of_nothing_else(acme, meeting, mails):
    invite_people(meeting, [IDA], by=acme.bob)
    send_all()
    update_task(meeting, by=acme.bob, priority=2, remind="1h")
    assert send_all() == 0
    task = update_task(meeting, by=acme.bob, due_at=meeting.due_at + timedelta(hours=1))
    assert send_all() == 1
    cancel_task(task, by=acme.bob)
    assert send_all() == 1
    reopen_task(task, by=acme.bob)
    assert send_all() == 1
    complete_task(task, by=acme.bob)
    assert send_all() == 0
    sent = calendars(mails)
    assert [method for _, method, _ in sent] == ["REQUEST", "REQUEST", "CANCEL", "REQUEST"]
    sequences = [sequence for _, _, sequence in sent]
    assert sequences == sorted(set(sequences))


def test_who_is_taken_off_is_told_and_may_come_back(acme, meeting, mails):
    task = invite_people(meeting, [IDA, OTTO], by=acme.bob)
    send_all()
    task = invite_people(task, [IDA], by=acme.bob)
    send_all()
    invite_people(task, [IDA, OTTO], by=acme.bob)
    send_all()
    assert [(to[:4], method) for to, method, _ in calendars(mails)] == [
        ("ida@", "REQUEST"), ("otto", "REQUEST"), ("otto", "CANCEL"), ("otto", "REQUEST"),
    ]  # fmt: skip


def test_who_never_heard_of_it_need_not_hear_that_it_is_off(acme, meeting, mails):
    invite_people(meeting, [IDA], by=acme.bob)
    cancel_task(meeting, by=acme.bob)
    assert send_all() == 0 and mails.taken == [] and not waiting().exists()


def test_a_mail_server_that_is_away_loses_none_and_is_not_besieged(acme, meeting, mails):
    invite_people(meeting, [IDA], by=acme.bob)
    mails.refuses = True
    assert send_all() == 0
    person = waiting().get()
    assert person.attempts == 1 and "451" in person.problem and person.next_try_at > timezone.now()
    mails.refuses = False
    assert send_all() == 0, "not before its time"
    later(minutes=2)
    assert send_all() == 1
    person = Attendee.objects.get()
    assert (person.problem, person.next_try_at) == ("", None) and person.sent_at
    assert mails.taken[0]["Message-ID"].startswith("<meeting.")


@pytest.mark.parametrize(("refusal", "tries"), [("550 no such user", 1), ("451 try again later", mailing.TRIES)])
def test_no_address_is_tried_for_ever(acme, login, meeting, mails, refusal, tries):
    mails.refuses, mails.refusal = True, refusal
    meeting = invite_people(meeting, [IDA], by=acme.bob)
    for _ in range(mailing.TRIES + 2):
        send_all()
        later(hours=5)
    person = Attendee.objects.get()
    assert (person.attempts, person.next_try_at, person.sent_version) == (tries, None, 0)
    page = read(login(acme.bob).get(url(acme.workspace, "meeting_invite", meeting.pk), headers=SCRIPT))
    assert "Could not be sent" in page.text
    # What changes is news, and gets another chance.
    mails.refuses = False
    update_task(meeting, by=acme.bob, place="Dock 4")
    assert send_all() == 1 and mails.taken[0]["Subject"] == "Invitation: Demo"


def test_a_change_while_it_is_sent_is_sent_too(acme, meeting, mails):
    invite_people(meeting, [IDA], by=acme.bob)
    claimed = waiting().get()
    update_task(meeting, by=acme.bob, place="Dock 4")
    person = Attendee.objects.get()
    person.taken(claimed)
    assert person.sent_version == claimed.due_version and person.next_try_at is not None


def test_who_asked_for_no_mail_is_not_invited_by_typing_either(acme, meeting):
    create_contact(acme.workspace, first_name="Silent", emails=[IDA[0]], do_not_email=True, by=acme.bob)
    with pytest.raises(Refused, match="asked for no mail"):
        invite_people(meeting, [("Ida@brightwater.test", "", None)], by=acme.bob)
    assert not Attendee.objects.exists()


@pytest.mark.parametrize("evil", ["Demo\r\nBcc: all@evil.test", "Demo\nX-Evil: 1", "Demo\r\n\r\n<b>hi"])
def test_no_name_becomes_a_header(acme, meeting, mails, evil):
    Task.objects.filter(pk=meeting.pk).update(title=evil)
    acme.bob.user.name = evil
    acme.bob.user.save()
    invite_people(meeting, [(IDA[0], evil, None)], by=acme.bob)
    assert send_all() == 1
    [mail] = mails.taken
    assert mail["Bcc"] is None and mail["X-Evil"] is None and len(mail.get_all("To")) == 1


@pytest.mark.parametrize("address", ["ida", "ida@", "a@b.test\nBcc: c@d.test", "a b@c.test", "x@somebody.invalid"])
def test_no_other_address_is_taken(acme, meeting, address):
    with pytest.raises(Refused):
        invite_people(meeting, [IDA, (address, "", None)], by=acme.bob)
    assert not Attendee.objects.exists()


def test_only_to_a_meeting_to_come_and_only_by_who_may(acme, deal, meeting):
    for task in (
        plan_task(deal, "Call", by=acme.bob, due_at=timezone.now()),
        plan_task(deal, "Some day", by=acme.bob, type="meeting"),
        complete_task(plan_task(deal, "Over", by=acme.bob, type="meeting", due_at=timezone.now()), by=acme.bob),
    ):
        with pytest.raises(Refused):
            invite_people(task, [IDA], by=acme.bob)
    with pytest.raises(NotAllowed):
        invite_people(meeting, [IDA], by=acme.vera)


def test_from_the_page(acme, login, deal, meeting):
    uma = create_contact(acme.workspace, first_name="Uma", emails=["uma@acme.test"], by=acme.bob)
    silent = create_contact(
        acme.workspace, first_name="Silent", emails=["silent@acme.test"], do_not_email=True, by=acme.bob
    )
    for contact in (uma, silent):
        add_contact(deal, contact, by=acme.bob)
    assert people_of(deal) == [("uma@acme.test", "Uma", uma.pk)]
    bob, page = login(acme.bob), url(acme.workspace, "meeting_invite", meeting.pk)
    assert "Uma · uma@acme.test" in read(bob.get(page, headers=SCRIPT)).text
    assert bob.post(page, {"people": ["uma@acme.test"], "others": "a@b.test, c@d.test"}).status_code == 302
    assert list(Attendee.objects.order_by("pk").values_list("email", "contact_id")) == [
        ("uma@acme.test", uma.pk), ("a@b.test", None), ("c@d.test", None),
    ]  # fmt: skip
    wrong = bob.post(page, {"others": "nobody"})
    assert wrong.status_code == 422 and "nobody" in wrong.content.decode()
    assert bob.post(page, {"people": ["foreign@else.test"]}).status_code == 422
    menu = read(bob.get(url(acme.workspace, "task_menu", meeting.pk), headers=SCRIPT))
    assert menu.all("a", href=page)


# --- reminders ----------------------------------------------------------------------------------------


def told(acme) -> list[tuple[int, str]]:
    return list(Notification.objects.filter(kind="task_due").order_by("pk").values_list("recipient_id", "task__title"))


def at(acme, minutes: int):
    return timezone.now() + timedelta(minutes=minutes)


def test_a_reminder_is_told_once_and_again_when_it_moved(acme, deal):
    task = plan_task(deal, "Call", by=acme.bob, due_at=at(acme, 30), remind="1h")
    plan_task(deal, "Later", by=acme.bob, due_at=at(acme, 300), remind="1h")
    assert [remind(acme.workspace, timezone.now()) for _ in range(2)] == [1, 0]
    assert told(acme) == [(acme.bob.user_id, "Call")]
    update_task(task, by=acme.bob, due_at=at(acme, 200))
    assert remind(acme.workspace, timezone.now()) == 0
    assert remind(acme.workspace, at(acme, 150)) == 1
    assert len(told(acme)) == 2


def test_what_is_done_or_gone_reminds_nobody(acme, deal):
    for verb in (complete_task, cancel_task):
        verb(plan_task(deal, "Call", by=acme.bob, due_at=at(acme, 5), remind="10m"), by=acme.bob)
    assert remind(acme.workspace, timezone.now()) == 0 and told(acme) == []


def test_after_a_standstill_one_line_tells_of_many(acme, deal):
    for number in range(12):
        plan_task(deal, f"Call {number}", by=acme.bob, due_at=at(acme, -600 + number), remind="at")
    plan_task(deal, "Hers", by=acme.bob, assignee_id=acme.alice.user_id, due_at=at(acme, -600), remind="at")
    assert remind(acme.workspace, timezone.now()) == 13
    assert sorted(user_id for user_id, _ in told(acme)) == sorted([acme.bob.user_id, acme.alice.user_id])
    assert Notification.objects.get(kind="task_due", recipient_id=acme.bob.user_id).data["more"] == 11


def test_ones_own_task_about_what_one_may_not_see_reminds_all_the_same(acme):
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    hidden = make_deal(acme.alice, acme.stages["New"], "Secret plan")
    plan_task(hidden, "Call them", by=acme.alice, assignee_id=acme.bob.user_id, due_at=at(acme, 0), remind="at")
    plan_task(acme.workspace, "Buy milk", by=acme.bob, due_at=at(acme, 0), remind="at")
    remind(Workspace.objects.get(pk=acme.workspace.pk), at(acme, 1))
    assert sorted(told(acme), key=str) == [(acme.bob.user_id, "Buy milk"), (acme.bob.user_id, "Call them")]
    assert not Notification.objects.filter(kind="task_due", deal=hidden).exists()
