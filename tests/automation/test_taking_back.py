"""What a reply brought about is taken back whole, whatever other replies did meanwhile; and decided anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from activities.models import Task
from automation import actions
from automation.intents import Intent
from automation.models import Enrolment, Mailbox, Message, Suppression
from deals.actions import move_to_stage, undo_stage_change
from deals.models import Deal, StageEvent
from leads.models import Campaign, CampaignMember, Lead
from tests.automation.mails import mail, read_as
from tests.factories import make_deal
from workspaces.action import Refused

State = Message.State


def acted(message: Message) -> Message:
    actions.act(message)
    message.save()
    return message


def came(acme, raw: bytes) -> Message:
    message, _ = actions.receive(acme.workspace, raw)
    return actions.take(Message.objects.select_related("workspace", "mailbox").get(pk=message.pk))


def member_of(acme, lead: Lead) -> CampaignMember:
    campaign = Campaign.objects.create(workspace=acme.workspace, name="Spring", status="running")
    return CampaignMember.objects.create(workspace=acme.workspace, campaign=campaign, lead=lead, state="sent")


def test_two_replies_of_one_deal_are_taken_back_one_after_the_other(acme, lead):
    first = acted(read_as(Intent.INTERESTED, lead, acme.bob))
    second = acted(read_as(Intent.MEETING_BOOKED, lead, acme.bob, deal=first.deal))
    assert Deal.objects.get().stage.name == "Meeting scheduled"

    with pytest.raises(Refused, match="of Ida Berg moved it since: take that back first"):
        actions.undo(first, by=acme.bob)
    actions.undo(second, by=acme.bob)
    actions.undo(first, by=acme.bob)

    lead.refresh_from_db()
    assert not Deal.objects.exists()
    assert (lead.status, lead.qualified_at, lead.converted_at) == (Lead.Status.NEW, None, None)


def test_a_deal_that_was_changed_since_is_not_taken_back(acme, lead):
    message = acted(read_as(Intent.INTERESTED, lead, acme.bob))
    deal, _ = move_to_stage(message.deal, acme.stages["Proposal"], by=acme.alice)
    with pytest.raises(Refused):
        actions.undo(message, by=acme.bob)
    undo_stage_change(StageEvent.objects.latest("pk"), by=acme.alice)
    actions.undo(message, by=acme.bob)
    assert not Deal.objects.exists()


def test_moves_are_taken_back_from_the_last_to_the_first(acme):
    deal = make_deal(acme.bob, acme.stages["New"])
    events = [move_to_stage(deal, acme.stages[name], by=acme.bob)[1] for name in ("Contacted", "Qualified", "Proposal")]
    with pytest.raises(Refused):
        undo_stage_change(events[0], by=acme.bob)
    for event in reversed(events):
        deal = undo_stage_change(event, by=acme.bob)
    assert deal.stage == acme.stages["New"]


def test_of_two_who_ask_for_no_mail_each_stands_alone(acme, lead):
    member = member_of(acme, lead)
    first, second = (acted(read_as(Intent.UNSUBSCRIBE, lead, acme.bob)) for _ in range(2))
    for undone, left in ((first, 1), (second, 0)):
        actions.undo(undone, by=acme.bob)
        lead.contact.refresh_from_db()
        assert Suppression.objects.count() == left and lead.contact.do_not_email is bool(left)
    member.refresh_from_db()
    assert member.state == "sent"


def test_their_own_word_weighs_more_than_a_bounce(acme, lead):
    email = "ida@brightwater.example"
    Suppression.objects.create(workspace=acme.workspace, email=email, reason=Suppression.Reason.BOUNCED)
    message = acted(read_as(Intent.UNSUBSCRIBE, lead, acme.bob))
    assert Suppression.objects.get().reason == Suppression.Reason.UNSUBSCRIBED
    actions.undo(message, by=acme.bob)
    assert Suppression.objects.get().reason == Suppression.Reason.BOUNCED


def test_when_somebody_was_contacted_first_is_taken_back_too(acme, lead):
    message = acted(read_as(Intent.INFO_REQUEST, lead, acme.bob))
    lead.refresh_from_db()
    assert lead.contacted_at
    actions.undo(message, by=acme.bob)
    lead.refresh_from_db()
    assert (lead.status, lead.contacted_at) == (Lead.Status.NEW, None)


REPORT = """From: Feedback <fbl@mail.example>
To: abuse@acme.example
Subject: complaint
Message-ID: <c1@mail.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: FBL/1.0
Version: 1
Original-Rcpt-To: <Ida@brightwater.example>

--b--
"""


def test_a_complaint_is_of_the_reader_and_not_of_the_server(acme, lead):
    message = came(acme, REPORT.encode())
    assert (message.state, Suppression.objects.count()) == (State.REVIEW, 0)
    assert "none was sent" in message.problem

    read_as(Intent.UNCLEAR, lead, acme.bob, direction=Message.Direction.OUT, is_proven=True)
    message = came(acme, REPORT.replace("c1@", "c2@").encode())
    assert message.state == State.DONE
    assert [row.email for row in Suppression.objects.all()] == ["ida@brightwater.example"]


def test_a_complaint_that_names_nobody_waits_for_a_person(acme):
    message = came(acme, REPORT.replace("Original-Rcpt-To: <Ida@brightwater.example>\n", "").encode())
    assert message.state == State.UNMATCHED and not Suppression.objects.exists()


def test_what_is_said_of_mail_from_nobody_known_is_kept_until_they_are(acme):
    message = came(acme, mail("Hm.", sender="Zoe Quist <zoe@nowhere.example>"))
    message = actions.correct(message, Intent.INTERESTED, by=acme.bob)
    assert (message.state, message.intent, message.handled_at) == (State.UNMATCHED, Intent.INTERESTED, None)
    actions.make_lead(message, by=acme.bob)
    assert Deal.objects.get().lead.name == "Zoe Quist"


def test_who_is_not_known_may_ask_for_no_mail_by_correction(acme):
    message = came(acme, mail("Hm.", sender="Zoe Quist <zoe@nowhere.example>"))
    message = actions.correct(message, Intent.UNSUBSCRIBE, by=acme.bob)
    assert message.state == State.DONE and Suppression.objects.get().email == "zoe@nowhere.example"


def test_a_correction_reads_the_day_that_is_named(acme, lead):
    message = read_as(Intent.NOT_INTERESTED, lead, acme.bob, text="Please ask again in two weeks.", language="en")
    message = actions.correct(message, Intent.NOT_NOW, by=acme.bob)
    expected = message.at.date() + timedelta(days=14)
    assert message.until == expected and Task.objects.get().due_on == expected


def test_a_robot_that_was_taken_for_a_reply_stops_no_campaign(acme, lead):
    member = member_of(acme, lead)
    Enrolment.objects.create(
        workspace=acme.workspace, member=member, stopped=Enrolment.Why.REPLIED, due_at=None
    )  # fmt: skip
    message = came(acme, mail("Thank you for your message, somebody looks at it."))
    member.refresh_from_db()
    assert member.state == "replied"
    actions.correct(message, Intent.AUTO_REPLY, by=acme.bob)
    member.refresh_from_db()
    enrolment = Enrolment.objects.get()
    assert (member.state, enrolment.stopped) == ("sent", "") and enrolment.due_at <= timezone.now()


def test_an_absence_without_a_day_brings_no_named_one_near(acme, lead):
    day = timezone.now().date() + timedelta(days=40)
    acted(read_as(Intent.OUT_OF_OFFICE, lead, acme.bob, until=day))
    lead.refresh_from_db()
    acted(read_as(Intent.OUT_OF_OFFICE, lead, acme.bob))
    lead.refresh_from_db()
    assert lead.wait_until == day


def test_a_mailbox_claims_no_customers_address(acme, lead):
    facts = {"by": acme.bob, "name": "Mine", "owner_id": acme.bob.user_id, "provider": "json"}
    with pytest.raises(Refused, match="address of Ida Berg"):
        actions.add_mailbox(acme.workspace, address=" Ida@brightwater.example", **facts)
    # One that did before the customer was known makes nothing of theirs ours.
    Mailbox.objects.create(workspace=acme.workspace, name="Old", address="ida@brightwater.example")
    message = came(acme, mail(Authentication_Results="mx.acme.example; dmarc=pass"))
    assert message.direction == Message.Direction.IN


@pytest.mark.parametrize("intent", [Intent.BOUNCE, Intent.UNSUBSCRIBE])
def test_what_they_said_by_the_link_outlives_the_undo_of_a_mail(acme, lead, intent):
    email = "ida@brightwater.example"
    read_as(Intent.UNCLEAR, lead, acme.bob, direction=Message.Direction.OUT, is_proven=True)
    facts = {"is_hard_bounce": True, "bounced_address": email} if intent == Intent.BOUNCE else {}
    message = acted(read_as(intent, lead, acme.bob, **facts))
    actions.opt_out(acme.workspace, email)
    actions.undo(message, by=acme.bob)
    lead.contact.refresh_from_db()
    assert Suppression.objects.get().reason == Suppression.Reason.UNSUBSCRIBED and lead.contact.do_not_email
