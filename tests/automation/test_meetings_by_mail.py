"""Invitations that come by mail make, move and call off meetings; answers to ours are written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from activities.actions import invite_people, plan_task
from activities.ics import uid_of
from activities.models import Activity, Attendee, Notification, Task
from automation import actions
from automation.mail.calendars import invites
from automation.mail.parsing import read
from automation.models import Meeting, Message
from deals.models import Deal
from leads.actions import create_contact
from tests.automation.mails import mail
from tests.factories import make_deal
from tests.shared_data import shared
from workspaces.models import Membership

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def calendar(method: str = "REQUEST", uid: str = "abc@ida", sequence: int = 0, **lines: str) -> str:
    event = {
        "UID": uid, "SEQUENCE": str(sequence), "DTSTART;TZID=America/New_York": "20261201T090000",
        "DTEND;TZID=America/New_York": "20261201T094500", "SUMMARY": "Walk through the pilot", "LOCATION": "Room 4",
        "ORGANIZER": "mailto:ida@brightwater.example",
    } | lines  # fmt: skip
    body = "\r\n".join(f"{name}:{value}" for name, value in event.items() if value)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\n{body}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def letter(text: str, ics: str, **facts: str) -> bytes:
    whole = message_from_bytes(mail(text, **facts), policy=default)
    whole.add_alternative(ics, subtype="calendar")
    return bytes(whole)


def take(acme, raw: bytes) -> Message:
    message, _ = actions.receive(acme.workspace, raw)
    return actions.take(Message.objects.select_related("workspace", "mailbox").get(pk=message.pk))


def test_an_invitation_plans_the_meeting_and_moves_the_deal(acme, lead):
    message = take(acme, letter("Here is an invitation.", calendar()))
    task = Task.objects.get()
    assert (task.title, task.type, task.minutes, task.place) == ("Walk through the pilot", "meeting", 45, "Room 4")
    assert task.due_at == datetime(2026, 12, 1, 14, tzinfo=UTC)  # nine in New York
    deal = Deal.objects.get()
    assert (deal.stage.name, task.deal, task.assignee) == ("Meeting scheduled", deal, acme.bob.user)
    assert set(message.effects.values_list("kind", flat=True)) == {"deal_created", "task"}


def test_twice_is_once_what_is_newer_moves_it_and_what_is_older_does_nothing(acme, lead):
    for _ in range(2):
        take(acme, letter("Invitation", calendar()))
    later = {"DTSTART;TZID=America/New_York": "20261202T100000", "DTEND;TZID=America/New_York": "20261202T110000"}
    take(acme, letter("Moved", calendar(sequence=2, **later)))
    take(acme, letter("Late by a slow server", calendar(sequence=1)))
    task = Task.objects.get()
    assert (task.due_at, task.minutes) == (datetime(2026, 12, 2, 15, tzinfo=UTC), 60)
    take(acme, letter("Off", calendar("CANCEL", sequence=3)))
    take(acme, letter("Moved", calendar(sequence=2, **later)))
    task.refresh_from_db()
    assert task.status == Task.Status.CANCELLED and Task.objects.count() == Meeting.objects.count() == 1


def test_what_became_of_the_meeting_is_said_on_the_mail_and_waits_for_nobody(acme, lead):
    take(acme, letter("Invitation", calendar()))
    later = {"DTSTART;TZID=America/New_York": "20261202T100000", "DTEND;TZID=America/New_York": "20261202T110000"}
    moved = take(acme, letter("Moved", calendar(sequence=1, **later)))
    [said] = moved.effects.filter(kind="meeting").values_list("said", flat=True)
    assert said.startswith("Moved the meeting “Walk through the pilot”, now on 2 December 2026, ")
    assert moved.state == Message.State.DONE
    off = take(acme, letter("", calendar("CANCEL", sequence=2), subject="Canceled: Walk through the pilot"))
    effect = off.effects.get()
    assert (effect.said, effect.is_undoable) == ("Called off the meeting “Walk through the pilot”", False)
    assert (off.state, off.intent) == (Message.State.DONE, "auto_reply")
    assert Notification.objects.filter(recipient=acme.bob.user, key=f"reply:{off.pk}").exists()


def test_what_is_written_beside_a_cancellation_is_read_and_the_meeting_stays_off(acme, lead):
    take(acme, letter("Invitation", calendar()))
    off = take(acme, letter("We are not interested any more, sorry.", calendar("CANCEL", sequence=1)))
    assert off.intent == "not_interested" and off.effects.filter(kind="meeting").exists()
    actions.correct(off, "interested", by=acme.bob)
    assert Task.objects.get(type="meeting").status == Task.Status.CANCELLED
    assert off.effects.get(kind="meeting").undone_at is None


def test_a_cancellation_that_overtakes_its_invitation_holds(acme, lead):
    take(acme, letter("Off", calendar("CANCEL", sequence=1)))
    take(acme, letter("Invitation", calendar(sequence=0)))
    assert not Task.objects.filter(type="meeting").exists()


def test_mail_of_strangers_and_forged_mail_plan_nothing(acme, lead):
    take(acme, letter("Invitation", calendar(), sender="eve@elsewhere.example"))
    take(acme, letter("Invitation", calendar(), Authentication_Results="mx; dmarc=fail"))
    assert not Task.objects.exists() and not Meeting.objects.exists()


def test_once_it_is_said_whose_it_is_the_meeting_is_planned(acme, lead):
    message = take(acme, letter("Invitation", calendar(), sender="ida.private@mail.example"))
    actions.link(message, lead.contact, by=acme.bob)
    assert Task.objects.get().type == "meeting"


def test_answers_to_our_invitation_are_for_oneself_alone(acme, lead):
    due = timezone.now() + timedelta(days=3)
    task = plan_task(lead, "Walk", by=acme.bob, type="meeting", due_at=due, minutes=30)
    people = [("ida@brightwater.example", "Ida", lead.contact_id), ("otto@fjord.example", "Otto", None)]
    invite_people(task, people, by=acme.bob)
    create_contact(acme.workspace, first_name="Eve", emails=["eve@elsewhere.example"], by=acme.bob)

    def answer(part: str, sender: str, whose: str, method: str = "REPLY") -> None:
        ics = calendar(method, uid=uid_of(task), **{f"ATTENDEE;PARTSTAT={part}": f"mailto:{whose}"})
        take(acme, letter("See attached.", ics, sender=sender))

    answer("ACCEPTED", "ida@brightwater.example", "ida@brightwater.example")
    answer("DECLINED", "eve@elsewhere.example", "otto@fjord.example")
    answers = dict(Attendee.objects.values_list("email", "answer"))
    assert answers == {"ida@brightwater.example": "accepted", "otto@fjord.example": ""}
    assert Activity.objects.filter(body__startswith="Ida accepted: “Walk”").count() == 1
    answer("TENTATIVE", "ida@brightwater.example", "ida@brightwater.example", method="COUNTER")
    assert Activity.objects.filter(body__contains="proposes another time").count() == 1


@pytest.mark.parametrize(
    ("lines", "at", "on"),
    [
        ({"DTSTART;TZID=America/New_York": "", "DTEND;TZID=America/New_York": "", "DTSTART": "20261201T090000"}, datetime(2026, 12, 1, 8, tzinfo=UTC), None),
        ({"DTSTART;TZID=America/New_York": "", "DTEND;TZID=America/New_York": "", "DTSTART;VALUE=DATE": "20261224"}, None, "2026-12-24"),
        ({"DTSTART;TZID=America/New_York": "20260105T090000", "DTEND;TZID=America/New_York": "20260105T093000", "RRULE": "FREQ=WEEKLY"}, datetime(2026, 11, 23, 14, tzinfo=UTC), None),
        ({"DTSTART;TZID=America/New_York": "", "DTEND;TZID=America/New_York": "", "DTSTART;TZID=W. Europe Standard Time": "20260701T090000"}, datetime(2026, 7, 1, 7, tzinfo=UTC), None),
    ],
)  # fmt: skip
def test_zones_days_and_series(lines, at, on):
    [found] = invites(read(letter("x", calendar(**lines))), BERLIN, NOW)
    assert found.at == at and (str(found.on) if found.on else None) == on


@given(
    st.text(max_size=400), st.sampled_from(["DTSTART:", "RRULE:", "UID:", "SEQUENCE:", "RECURRENCE-ID:", "DURATION:"])
)
def test_nothing_in_a_calendar_tears_the_reading_down(text, name):
    ics = calendar().replace("END:VEVENT", f"{name}{text}\r\nEND:VEVENT")
    invites(read(letter("x", ics)), BERLIN, NOW)


def test_calendars_of_others_are_read():
    folder = shared("ical")
    files = sorted(folder.rglob("*.ics"))
    assert files
    for path in files:
        text = path.read_bytes().decode("utf-8", "replace")
        invites(read(letter("x", "METHOD:REQUEST\r\n" + text)), BERLIN, NOW)


def test_a_meeting_that_cannot_be_is_said_and_the_mail_is_read(acme, lead):
    """The numbers and days of others fit in no row of ours, and what our own rules refuse is no reason to lose a mail."""
    message = take(acme, letter("Here is an invitation.", calendar(sequence=2**40)))
    assert Meeting.objects.get().sequence == 2**31 - 1 and message.state == Message.State.DONE
    far = {"DTSTART;TZID=America/New_York": "99981201T090000", "DTEND;TZID=America/New_York": "99981201T094500"}
    message = take(acme, letter("Here is another.", calendar(uid="far@ida", **far)))
    assert message.state != Message.State.FAILED and Meeting.objects.count() == 1


def test_the_meeting_of_a_suspended_owner_is_anothers(acme, lead):
    deal = make_deal(acme.bob, acme.stages["Contacted"], lead=lead)
    Membership.objects.filter(pk=acme.bob.pk).update(status=Membership.Status.SUSPENDED)
    take(acme, letter("Here is an invitation.", calendar()))
    assert Task.objects.get(deal=deal, type="meeting").assignee == acme.alice.user
