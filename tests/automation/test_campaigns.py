"""Campaigns: each step once to each member, in working hours, no faster than allowed, and no more once somebody answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail as outbox
from django.db import connections
from django.utils import timezone

from activities.actions import log_meeting, plan_task
from activities.models import Activity
from automation import actions, tasks
from automation.models import CampaignStep, Enrolment, Mailbox, Message, Sending, StepMail, Suppression
from automation.pacing import due_after, is_working
from deals.working_time import Week
from leads.actions import update_contact, update_lead
from leads.models import Campaign, CampaignMember, Contact, Lead, Segment, SegmentMember
from tests.automation.mails import mail, make_lead
from tests.factories import make_cast, make_deal, url
from tests.pages import read
from workspaces.access import visible_owners
from workspaces.action import NotAllowed, Refused
from workspaces.models import Workspace
from workspaces.tenancy import as_owner, tenant

Why = Enrolment.Why
ALWAYS = {"work_start": time(0), "work_end": time(23, 59, 59), "work_days": list(range(7))}
FIRST = {"name": "First", "subject": "For {company}", "body": "Dear {first_name}"}
SECOND = {"name": "Second", "subject": "", "body": "Once more, {first_name}"}


def build(cast, *leads: Lead) -> Campaign:
    """A running campaign of two steps, the second a working day later, in a workspace that always works."""
    Workspace.objects.filter(pk=cast.workspace.pk).update(**ALWAYS)
    cast.workspace.refresh_from_db()
    campaign = actions.create_campaign(cast.workspace, name="Spring", by=cast.alice)
    for facts, delay in ((FIRST, 0), (SECOND, 1)):
        template = actions.create_template(cast.workspace, by=cast.alice, **facts)
        actions.add_step(campaign, by=cast.alice, template=template, delay=delay, unit="days")
    actions.add_members(campaign, leads, by=cast.alice)
    return actions.start_campaign(campaign, by=cast.alice)


@pytest.fixture
def campaign(acme, lead) -> Campaign:
    return build(acme, lead)


def run(acme, later: bool = False) -> Enrolment:
    """What the beat's task does; `later`: once what waits is due."""
    if later:
        Enrolment.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    for pk in actions.due_steps(acme.workspace.pk):
        actions.send_step(acme.workspace.pk, pk)
    return Enrolment.objects.order_by("pk").first()


# --- what is sent -------------------------------------------------------------------------------------------


def test_the_steps_go_out_one_after_the_other_in_one_thread(acme, lead, campaign):
    Mailbox.objects.create(workspace=acme.workspace, name="Sales", address="sales@acme.example")
    place = run(acme)
    [first] = Sending.objects.all()
    assert (first.message.subject_line, first.message.text) == ("For Brightwater", "Dear Ida")
    assert first.by == acme.bob.user and "/opt-out/" in first.opt_out
    assert timedelta(hours=23) < place.due_at - timezone.now() < timedelta(hours=25)
    run(acme)
    assert Sending.objects.count() == 1
    place = run(acme, later=True)
    second = Sending.objects.order_by("pk").last()
    assert (second.message.subject_line, second.message.text) == ("Re: For Brightwater", "Once more, Ida")
    assert second.message.answers == [first.message.message_id]
    assert (place.stopped, place.due_at) == (Why.FINISHED, None)
    assert CampaignMember.objects.get().state == "sent" and StepMail.objects.count() == 2
    assert Activity.objects.filter(lead=lead, kind="email_out", door="automation").count() == 2


def test_it_leaves_by_the_one_outbox(acme, campaign):
    run(acme)
    sending = Sending.objects.get()
    tasks.send_mail(acme.workspace.pk, sending.pk)
    [letter] = outbox.outbox
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_nothing_is_sent_outside_working_hours(acme, campaign):
    never = (timezone.now().weekday() + 3) % 7
    Workspace.objects.filter(pk=acme.workspace.pk).update(work_days=[never])
    run(acme, later=True)
    assert not Sending.objects.exists()


def test_when_work_goes_on():
    week, friday = Week(ZoneInfo("Europe/Berlin")), datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
    assert not is_working(friday, week) and due_after(friday, 0, "days", week) == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert is_working(due_after(friday, 3, "days", week), week)


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_each_step_once():
    with as_owner():
        cast = make_cast()
    with tenant(cast.workspace, cast.alice.user):
        build(cast, *(make_lead(cast.bob, email=f"p{number}@brightwater.example") for number in range(6)))

    def work(_: int) -> None:
        tasks.run_campaigns()
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    with tenant(cast.workspace, cast.alice.user):
        assert Sending.objects.count() == StepMail.objects.count() == 6
        assert Sending.objects.values("message__contact").distinct().count() == 6


# --- how fast -----------------------------------------------------------------------------------------------


def test_a_mailbox_sends_no_more_than_it_may(acme, lead):
    more = [make_lead(acme.bob, email=f"p{number}@brightwater.example") for number in range(4)]
    build(acme, lead, *more)
    box = Mailbox.objects.create(workspace=acme.workspace, name="Sales", address="sales@acme.example")
    actions.set_pace(acme.workspace, box, by=acme.alice, per_hour=2, per_day=3)
    run(acme)
    assert Sending.objects.count() == 2
    waiting = Enrolment.objects.filter(due_at__gt=timezone.now() + timedelta(minutes=50), member__step_mails=None)
    assert waiting.count() == 3
    Sending.objects.update(queued_at=timezone.now() - timedelta(hours=2))
    Enrolment.objects.filter(member__step_mails=None).update(due_at=timezone.now())
    run(acme)
    assert Sending.objects.count() == 3


# --- what stops it ------------------------------------------------------------------------------------------


def replied(acme, lead):
    message, _ = actions.receive(acme.workspace, mail("Who are you?"))
    actions.take(Message.objects.select_related("workspace", "mailbox").get(pk=message.pk))


def meeting(acme, lead):
    plan_task(lead, "Demo", by=acme.bob, type="meeting", due_at=timezone.now() + timedelta(days=2))


STOPS = {
    Why.REPLIED: replied,
    Why.BOUNCED: lambda acme, lead: CampaignMember.objects.update(state="bounced"),
    Why.OPTED_OUT: lambda acme, lead: actions.opt_out(acme.workspace, "ida@brightwater.example"),
    Why.DEAL: lambda acme, lead: make_deal(acme.bob, acme.stages["New"], lead=lead),
    Why.MEETING: meeting,
    Why.CLOSED: lambda acme, lead: update_lead(
        lead, by=acme.bob, version=lead.version, status="unqualified", unqualified_reason="No budget"
    ),
    Why.BY_HAND: lambda acme, lead: actions.stop_member(CampaignMember.objects.get(), by=acme.bob),
}


@pytest.mark.parametrize("why", STOPS)
def test_it_stops(acme, lead, campaign, why):
    run(acme)
    STOPS[why](acme, lead)
    place = run(acme, later=True)
    assert (place.stopped, place.due_at) == (why, None) and StepMail.objects.count() == 1
    run(acme, later=True)
    assert StepMail.objects.count() == 1


def test_more_that_stops_it(acme, lead, campaign):
    for prepare, undo, why in (
        (lambda c: update_contact(c, by=acme.bob, version=c.version, do_not_email=True),
         lambda c: update_contact(c, by=acme.bob, version=c.version, do_not_email=False), Why.OPTED_OUT),
        (lambda c: update_lead(lead, by=acme.bob, version=1, status="do_not_contact"),
         lambda c: update_lead(lead, by=acme.bob, version=2, status="new"), Why.OPTED_OUT),
        (lambda c: Contact.objects.update(first_name=""), lambda c: Contact.objects.update(first_name="Ida"), Why.EMPTY),
        (lambda c: log_meeting(lead, by=acme.bob, body="Met"), lambda c: Activity.objects.update(undone_at=timezone.now()),
         Why.MEETING),
    ):  # fmt: skip
        prepare(Contact.objects.get())
        assert run(acme, later=True).stopped == why
        undo(Contact.objects.get())
        actions.resume_member(CampaignMember.objects.get(), by=acme.bob)
    assert not StepMail.objects.exists()
    run(acme, later=True)
    assert StepMail.objects.count() == 1


def test_it_waits_for_who_is_away(acme, lead, campaign):
    day = timezone.now().date() + timedelta(days=9)
    Lead.objects.update(wait_until=day)
    place = run(acme, later=True)
    assert place.due_at.date() in (day, day - timedelta(days=1)) and not place.stopped and not StepMail.objects.exists()


def test_a_pause_holds_everything_and_who_answers_meanwhile_gets_no_more(acme, lead, campaign):
    run(acme)
    actions.pause_campaign(campaign, by=acme.alice)
    run(acme, later=True)
    assert StepMail.objects.count() == 1
    replied(acme, lead)
    actions.start_campaign(campaign, by=acme.alice)
    assert run(acme, later=True).stopped == Why.REPLIED


def test_what_campaigns_refuse(acme, lead):
    campaign = actions.create_campaign(acme.workspace, name="Spring", by=acme.alice)
    with pytest.raises(Refused, match="needs a step"):
        actions.start_campaign(campaign, by=acme.alice)
    template = actions.create_template(acme.workspace, by=acme.alice, **SECOND)
    actions.add_step(campaign, by=acme.alice, template=template, delay=0, unit="days")
    with pytest.raises(Refused, match="needs a subject"):
        actions.start_campaign(campaign, by=acme.alice)
    with pytest.raises(NotAllowed):
        actions.pause_campaign(campaign, by=acme.bob)
    with pytest.raises(Refused, match="this name"):
        actions.create_campaign(acme.workspace, name="Spring", by=acme.alice)


def test_a_step_that_is_added_goes_to_who_was_through(acme, lead, campaign):
    run(acme)
    assert run(acme, later=True).stopped == Why.FINISHED
    template = actions.create_template(acme.workspace, by=acme.alice, **SECOND | {"name": "Third"})
    actions.add_step(campaign, by=acme.alice, template=template, delay=0, unit="days")
    run(acme, later=True)
    assert StepMail.objects.count() == 3


# --- pages --------------------------------------------------------------------------------------------------


def test_the_pages_of_a_campaign(acme, lead, campaign, login):
    run(acme)
    alice = login(acme.alice)
    assert "Spring" in read(alice.get(url(acme.workspace, "campaign_list"))).one("table").text
    path = url(acme.workspace, "campaign_detail", campaign.pk)
    page = read(alice.get(path)).one("main").text
    for said in (
        "1 lead",
        "1 reached by 1 mail",
        "Ida Berg",
        "1 of 2 sent",
        "after 1 working days",
        "30 mails an hour",
    ):
        assert said in page
    alice.post(url(acme.workspace, "campaign_pause", campaign.pk))
    undo = read(alice.get(path)).one(id="toasts").all("form")[-1]["action"]
    alice.post(undo)
    campaign.refresh_from_db()
    assert campaign.status == "running"
    member = CampaignMember.objects.get()
    alice.post(url(acme.workspace, "member_stop", member.pk))
    assert Enrolment.objects.get().stopped == Why.BY_HAND
    alice.post(read(alice.get(path)).one(id="toasts").all("form")[-1]["action"])
    assert Enrolment.objects.get().due_at
    step = CampaignStep.objects.first()
    alice.post(url(acme.workspace, "step_remove", step.pk))
    alice.post(read(alice.get(path)).one(id="toasts").all("form")[-1]["action"])
    step.refresh_from_db()
    assert step.archived_at is None
    assert alice.post(url(acme.workspace, "pace_edit"), {"per_hour": "5", "per_day": "9"}).status_code == 302
    assert "5 mails an hour and 9 a day" in read(alice.get(path)).one("main").text


def test_leads_come_in_by_segment_and_each_sees_their_own(acme, lead, login):
    other = make_lead(acme.alice, email="zoe@other.example", first_name="Zoe", company_name="Other")
    segment = Segment.objects.create(workspace=acme.workspace, name="Nordics")
    for each in (lead, other):
        SegmentMember.objects.create(workspace=acme.workspace, segment=segment, lead=each)
    campaign = build(acme)
    alice, bob = login(acme.alice), login(acme.bob)
    for _ in range(2):
        alice.post(url(acme.workspace, "campaign_add", campaign.pk), {"segment": segment.pk})
    assert campaign.members.count() == Enrolment.objects.count() == 2
    Workspace.objects.filter(pk=acme.workspace.pk).update(visibility="own")
    acme.bob.workspace.visibility = "own"
    assert visible_owners(acme.bob) == [acme.bob.user_id]
    page = read(bob.get(url(acme.workspace, "campaign_detail", campaign.pk))).one("main").text
    assert "1 lead" in page and "Ida" in page and "Zoe" not in page
    hidden = campaign.members.get(lead=other)
    assert bob.post(url(acme.workspace, "member_stop", hidden.pk)).status_code == 404


# --- pages --------------------------------------------------------------------------------------------------


def test_steps_are_put_in_order_and_back(acme, lead, campaign, client):
    client.force_login(acme.alice.user)
    first, second = CampaignStep.objects.order_by("position")
    seen, order = f"{first.pk},{second.pk}", f"{second.pk},{first.pk}"
    path = url(acme.workspace, "step_order", campaign.pk)
    client.post(path, {"seen": seen, "down": first.pk})
    assert list(CampaignStep.objects.order_by("position")) == [second, first]
    assert client.post(path, {"seen": seen, "order": order}).status_code == 409  # somebody else did it already
    client.post(path, {"seen": order, "order": seen, "undo": "1"})
    assert list(CampaignStep.objects.order_by("position")) == [first, second]


def test_one_person_is_added_by_name(acme, lead, campaign, client):
    client.force_login(acme.alice.user)
    other = make_lead(acme.bob, "zoe@north.example", first_name="Zoe", last_name="Quist")
    path = url(acme.workspace, "campaign_add", campaign.pk)
    client.post(path, {"contact": "Zoe Quist"})
    assert campaign.members.filter(lead=other).exists() and campaign.members.count() == 2
    response = client.post(path, {"contact": "Nobody Known"})
    assert response.status_code == 422 and "No contact has this name" in response.content.decode()


def test_who_gets_no_mail_is_said_when_they_are_added_and_in_their_row(acme, lead, campaign, client):
    client.force_login(acme.alice.user)
    silent = make_lead(acme.bob, "zoe@north.example", first_name="Zoe", last_name="Quist")
    make_lead(acme.bob, "max@north.example", first_name="Max", last_name="Orth")
    Suppression.objects.create(workspace=acme.workspace, email="zoe@north.example", reason="bounced")
    Lead.objects.exclude(pk=lead.pk).update(campaign=campaign)
    client.post(url(acme.workspace, "campaign_add", campaign.pk), {"segment": ""})
    page = read(client.get(url(acme.workspace, "campaign_detail", campaign.pk)))
    assert "2 leads added, 1 of them gets no mail." in page.one("div", "toasts").text
    [row] = [line for line in page.all("li") if "No mail" in line.text]
    assert str(silent) in row.text
    update_contact(lead.contact, by=acme.bob, version=lead.contact.version, do_not_email=True)
    page = read(client.get(url(acme.workspace, "campaign_detail", campaign.pk)))
    assert sum("No mail" in line.text for line in page.all("li")) == 2


def test_a_step_without_any_template_says_what_it_needs(acme, client):
    client.force_login(acme.alice.user)
    campaign = actions.create_campaign(acme.workspace, name="Spring", by=acme.alice)
    path = url(acme.workspace, "step_new", campaign.pk)
    page = read(client.get(path))
    assert "there is none yet" in page.text and url(acme.workspace, "template_new") in {
        a["href"] for a in page.all("a")
    }
    refused = client.post(path, {"delay": "0", "unit": "days"})
    assert refused.status_code == 422 and "A step needs a template" in refused.content.decode()
    start = client.post(url(acme.workspace, "campaign_start", campaign.pk))
    assert start.status_code == 422 and "needs a step before" in read(start).text
