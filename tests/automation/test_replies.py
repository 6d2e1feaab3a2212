"""What follows from a reply of each class, once, and how it is taken back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from activities.models import Notification, Task
from automation import actions
from automation.intents import Intent
from automation.models import Effect, Message, Suppression
from deals.actions import convert_lead, delete_deal, move_to_stage
from deals.actions.starting import DISCOVERY_CALL
from deals.models import Deal, Kind
from leads.actions import update_lead
from leads.models import Campaign, CampaignMember, Lead, Segment, SegmentMember, Source
from tests.automation.mails import make_lead, read_as
from tests.factories import make_deal
from workspaces.action import Refused
from workspaces.models import Membership

Kinds = Effect.Kind


def done(message: Message) -> set[str]:
    return set(message.effects.filter(undone_at=None).values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("intent", "stage"), [(Intent.INTERESTED, "Qualified"), (Intent.MEETING_BOOKED, "Meeting scheduled")]
)
def test_a_positive_reply_becomes_a_deal(acme, lead, intent, stage):
    segment = Segment.objects.create(workspace=acme.workspace, name="Nordics")
    SegmentMember.objects.create(workspace=acme.workspace, segment=segment, lead=lead)
    lead.campaign = Campaign.objects.create(workspace=acme.workspace, name="Spring")
    lead.save()
    message = read_as(intent, lead, acme.bob)

    deal = actions.create_deal_from_positive_reply(lead, message)

    deal.refresh_from_db()
    assert (deal.stage.name, deal.lead, deal.company, deal.owner) == (stage, lead, lead.company, acme.bob.user)
    assert (deal.campaign, deal.segment) == (lead.campaign, segment)
    assert list(deal.people.all()) == [lead.contact]
    task = Task.objects.get(deal=deal)
    assert (task.title, task.assignee, task.type) == (DISCOVERY_CALL, acme.bob.user, Task.Type.CALL)
    assert task.due_at > timezone.now()
    lead.refresh_from_db()
    assert lead.status == Lead.Status.CONVERTED
    told = Notification.objects.get(kind=Notification.Kind.POSITIVE_REPLY)
    assert (told.recipient, told.deal) == (acme.bob.user, deal)
    assert done(message) == {Kinds.DEAL_CREATED, Kinds.TASK}


def test_once_however_often_it_is_done(acme, lead):
    message = read_as(Intent.INTERESTED, lead, acme.bob)
    deals = {actions.create_deal_from_positive_reply(lead, message).pk for _ in range(3)}
    actions.act(message)
    assert len(deals) == Deal.objects.count() == 1
    assert Task.objects.count() == Notification.objects.filter(kind="positive_reply").count() == 1


def test_an_open_deal_is_raised_and_never_lowered(acme, lead):
    deal = make_deal(acme.bob, acme.stages["New"], lead=lead)
    message = read_as(Intent.INTERESTED, lead, acme.bob)
    assert actions.create_deal_from_positive_reply(lead, message) == deal
    deal.refresh_from_db()
    assert deal.stage.name == "Qualified"
    assert done(message) == {Kinds.DEAL_MOVED, Kinds.LEAD_CHANGED, Kinds.TASK}

    move_to_stage(deal, acme.stages["Proposal"], by=acme.bob)
    later = read_as(Intent.MEETING_BOOKED, lead, acme.bob)
    actions.create_deal_from_positive_reply(lead, later)
    deal.refresh_from_db()
    assert deal.stage.name == "Proposal"
    # The task is there already, and nothing else had to be done.
    assert done(later) == set() and Task.objects.filter(title=DISCOVERY_CALL).count() == 1


def test_the_company_s_open_deal_where_the_lead_has_none(acme, lead):
    deal = make_deal(acme.alice, acme.stages["New"], company=lead.company)
    assert actions.create_deal_from_positive_reply(lead, read_as(Intent.INTERESTED, lead, acme.bob)) == deal
    assert Deal.objects.count() == 1


def test_a_converted_lead_whose_deal_is_closed_gets_another(acme, lead):
    update_lead(lead, by=acme.bob, version=lead.version, status=Lead.Status.QUALIFIED)
    first, _ = convert_lead(lead, by=acme.bob)
    move_to_stage(first, acme.stages["Lost"], by=acme.bob, reason="No budget")
    lead.refresh_from_db()
    message = read_as(Intent.INTERESTED, lead, acme.bob)
    second = actions.create_deal_from_positive_reply(lead, message)
    assert second != first and second.lead == lead
    actions.undo(message, by=acme.bob)
    assert Deal.objects.get() == first


def test_what_the_pipeline_refuses_is_said_and_the_rest_is_done(acme, lead):
    pipeline = acme.stages["New"].pipeline
    pipeline.max_skip = 0
    pipeline.save()
    make_deal(acme.bob, acme.stages["New"], lead=lead)
    message = read_as(Intent.INTERESTED, lead, acme.bob)
    actions.create_deal_from_positive_reply(lead, message)
    moved = message.effects.get(kind=Kinds.DEAL_MOVED)
    assert "at most" in moved.problem or "no stage" in moved.problem
    assert not moved.is_undoable and Kinds.TASK in done(message)


def test_all_of_it_is_undone_while_nobody_worked_on_it(acme, lead):
    message = read_as(Intent.INTERESTED, lead, acme.bob)
    actions.act(message)
    message.save()
    actions.undo(message, by=acme.bob)
    lead.refresh_from_db()
    assert lead.status == Lead.Status.NEW
    assert not Deal.objects.exists() and not Task.objects.open().exists()
    assert done(message) == set()
    # And done anew, once a person says so.
    actions.accept(message, by=acme.bob)
    assert Deal.objects.count() == 1


def test_an_undo_says_what_stands_in_its_way(acme, lead):
    message = read_as(Intent.INTERESTED, lead, acme.bob)
    actions.act(message)
    message.save()
    move_to_stage(Deal.objects.get(), acme.stages["Proposal"], by=acme.alice)
    with pytest.raises(Refused):
        actions.undo(message, by=acme.bob)
    assert done(message) == {Kinds.DEAL_CREATED, Kinds.TASK}


def test_a_question_is_a_task_for_today(acme, lead):
    message = read_as(Intent.INFO_REQUEST, lead, acme.bob)
    actions.act(message)
    task = Task.objects.get()
    assert (task.title, task.lead, task.due_on) == ("Answer question", lead, timezone.localdate())
    lead.refresh_from_db()
    assert lead.status == Lead.Status.CONNECTED
    assert Notification.objects.get().kind == Notification.Kind.REPLY
    assert not Deal.objects.exists()


def test_a_referral_drafts_a_lead(acme, lead):
    text = "Not my area any more. Please contact Luca Ferri (luca.ferri@brightwater.example)."
    message = read_as(Intent.REFERRAL, lead, acme.bob, text)
    actions.act(message)
    draft = Lead.objects.exclude(pk=lead.pk).get()
    assert (draft.name, draft.source, draft.owner) == ("Luca Ferri", Source.REFERRAL, acme.bob.user)
    assert draft.company == lead.company
    assert Task.objects.get().title == "Contact Luca Ferri, referred by Ida Berg"
    actions.undo(message, by=acme.bob)
    assert Lead.objects.get() == lead


def test_not_now_waits_for_the_day_that_is_named(acme, lead):
    message = read_as(Intent.NOT_NOW, lead, acme.bob, until=date(2027, 3, 2))
    actions.act(message)
    lead.refresh_from_db()
    assert (lead.status, Task.objects.get().due_on) == (Lead.Status.NURTURE, date(2027, 3, 2))
    other = read_as(Intent.NOT_NOW, make_lead(acme.bob, "otto@brightwater.example", first_name="Otto"), acme.bob)
    actions.act(other)
    assert other.effects.get(kind=Kinds.TASK).task.due_on == timezone.localdate() + timedelta(days=90)


def test_no_closes_no_deal_by_itself(acme, lead):
    deal = make_deal(acme.bob, acme.stages["Qualified"], lead=lead)
    message = read_as(Intent.NOT_INTERESTED, lead, acme.bob, deal=deal)
    actions.act(message)
    lead.refresh_from_db()
    deal.refresh_from_db()
    assert (lead.status, lead.unqualified_reason, deal.status) == ("unqualified", "Not interested", Kind.OPEN)
    assert "lost" in message.effects.get(kind=Kinds.SUGGESTED).said


def test_who_unsubscribes_gets_no_more_mail(acme, lead):
    campaign = Campaign.objects.create(workspace=acme.workspace, name="Spring", status="running")
    member = CampaignMember.objects.create(workspace=acme.workspace, campaign=campaign, lead=lead)
    message = read_as(Intent.UNSUBSCRIBE, lead, acme.bob)
    actions.act(message)
    message.save()
    lead.refresh_from_db()
    member.refresh_from_db()
    lead.contact.refresh_from_db()
    assert Suppression.objects.get().email == "ida@brightwater.example"
    assert (lead.status, member.state) == ("do_not_contact", "unsubscribed")
    assert lead.contact.do_not_email
    actions.undo(message, by=acme.bob)
    lead.contact.refresh_from_db()
    assert not Suppression.objects.exists() and not lead.contact.do_not_email


def test_out_of_office_lets_follow_ups_wait(acme, lead):
    deal = make_deal(acme.bob, acme.stages["Contacted"], lead=lead)
    planned = Task.objects.create(
        workspace=acme.workspace, deal=deal, title="Follow up", type="call", due_on=date(2026, 11, 23),
        due_at=timezone.now(), assignee=acme.bob.user,
    )  # fmt: skip
    message = read_as(Intent.OUT_OF_OFFICE, lead, acme.bob, deal=deal, until=date(2026, 12, 7))
    actions.act(message)
    message.save()
    planned.refresh_from_db()
    lead.refresh_from_db()
    assert planned.due_on == lead.wait_until == date(2026, 12, 7)
    actions.undo(message, by=acme.bob)
    planned.refresh_from_db()
    lead.refresh_from_db()
    assert (planned.due_on, lead.wait_until) == (date(2026, 11, 23), None)


def test_a_hard_bounce_ends_mail_to_an_address_and_a_soft_one_does_not(acme, lead):
    facts = {"bounced_address": "ida@brightwater.example", "bounce_reason": "userunknown"}
    actions.act(read_as(Intent.BOUNCE, None, acme.bob, is_hard_bounce=False, **facts))
    assert not Suppression.objects.exists()
    with pytest.raises(Refused, match="none was sent"):
        actions.act(read_as(Intent.BOUNCE, None, acme.bob, is_hard_bounce=True, **facts))
    read_as(Intent.UNCLEAR, lead, acme.bob, direction=Message.Direction.OUT, is_proven=True)
    actions.act(read_as(Intent.BOUNCE, None, acme.bob, is_hard_bounce=True, **facts))
    assert Suppression.objects.get().reason == Suppression.Reason.BOUNCED
    lead.contact.refresh_from_db()
    assert not lead.contact.do_not_email  # they did not ask for it


def test_correcting_takes_back_and_does_what_is_right(acme, lead):
    message = read_as(Intent.INTERESTED, lead, acme.bob)
    actions.act(message)
    message.save()
    actions.correct(message, Intent.NOT_NOW, by=acme.bob)
    lead.refresh_from_db()
    message.refresh_from_db()
    assert lead.status == Lead.Status.NURTURE and not Deal.objects.exists()
    assert (message.judged, message.intent, message.handled_by) == ("interested", "not_now", acme.bob.user)


def test_what_was_only_suggested_does_not_stand_in_the_way(acme, lead):
    deal = make_deal(acme.bob, acme.stages["New"], lead=lead)
    message = read_as(Intent.NOT_INTERESTED, lead, acme.bob, deal=deal)
    actions.accept(message, by=acme.bob)
    assert message.effects.filter(kind=Kinds.SUGGESTED).exists()
    actions.correct(message, Intent.INTERESTED, by=acme.bob)
    deal.refresh_from_db()
    assert deal.stage.name == "Qualified" and {Kinds.DEAL_MOVED, Kinds.TASK} <= done(message)
    actions.undo(message, by=acme.bob)
    actions.accept(message, by=acme.bob)
    deal.refresh_from_db()
    assert deal.stage.name == "Qualified"


def test_a_referral_of_somebody_unknown_becomes_two_leads(acme):
    text = "Please contact Luca Ferri (luca.ferri@aurelia.example), he decides."
    message = read_as(Intent.REFERRAL, None, acme.bob, text)
    Message.objects.filter(pk=message.pk).update(state=Message.State.UNMATCHED)
    actions.make_lead(message, by=acme.bob)
    assert set(Lead.objects.values_list("contact__name", flat=True)) == {"Ida Berg", "Luca Ferri"}
    again = read_as(Intent.INFO_REQUEST, None, acme.bob)
    Message.objects.filter(pk=again.pk).update(state=Message.State.UNMATCHED)
    actions.make_lead(again, by=acme.bob)
    assert Lead.objects.count() == 2


def test_mail_outlives_what_it_is_about(acme, lead):
    message = read_as(Intent.INTERESTED, lead, acme.bob)
    actions.act(message)
    message.save()
    Deal.objects.get().delete()
    lead.delete()
    message.refresh_from_db()
    assert (message.deal, message.lead) == (None, None) and message.effects.count() == 2


def test_the_owner_is_somebody_who_works_here(acme, lead):
    Membership.objects.filter(pk=acme.bob.pk).update(status=Membership.Status.SUSPENDED)
    deal = actions.create_deal_from_positive_reply(lead, read_as(Intent.INTERESTED, lead, acme.bob))
    assert deal.owner == acme.alice.user


def test_a_deal_in_the_bin_is_no_open_deal(acme, lead):
    deal = make_deal(acme.bob, acme.stages["New"], lead=lead)
    delete_deal(deal, by=acme.bob)
    assert actions.create_deal_from_positive_reply(lead, read_as(Intent.INTERESTED, lead, acme.bob)) != deal
