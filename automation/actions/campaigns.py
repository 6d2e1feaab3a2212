"""Campaigns: their steps, who is in them, and what is sent when it is due; each step once to each member."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.utils import timezone

from activities.models import Activity, Door, Task
from automation.actions.processing import ROBOTS
from automation.actions.replies import owner_for, today_of
from automation.actions.sending import mailbox_for, queue, silent, values_of
from automation.models import (
    CampaignStep,
    Enrolment,
    Mailbox,
    MailTemplate,
    Message,
    Pace,
    Sending,
    StepMail,
    Suppression,
)
from automation.opting_out import opt_out_url
from automation.pacing import due_after, is_working
from automation.placeholders import fill
from deals.models import Deal
from deals.setup.rows import check_order, put_in_order
from deals.working_time import week_of
from leads.models import Campaign, CampaignMember, Contact, ContactEmail, Lead
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role, Workspace
from workspaces.tenancy import tenant

MAY = (Role.MANAGER, "run campaigns")
BATCH = 500
MOST_STEPS = 20
MOST_ADDED = 5000  # leads in one go
Status, State, Why = Campaign.Status, CampaignMember.State, Enrolment.Why
CLOSED = (Lead.Status.CONVERTED, Lead.Status.UNQUALIFIED)
# How far a member got says why nothing more is sent.
STATES = {State.REPLIED: Why.REPLIED, State.BOUNCED: Why.BOUNCED, State.UNSUBSCRIBED: Why.OPTED_OUT}


# --- the campaign -----------------------------------------------------------------------------------------


@action
def create_campaign(workspace: Workspace, *, by: Membership, name: str) -> Campaign:
    check_may(by, *MAY)
    name = " ".join(name.split())
    if not name or Campaign.objects.filter(workspace=workspace, name=name).exists():
        say = "Another campaign has this name." if name else "What is it called?"
        raise Refused(say, fields={"name": say})
    return Campaign.objects.create(workspace=workspace, name=name)


@action
def start_campaign(campaign: Campaign, *, by: Membership) -> Campaign:
    """It sends what is due from now on; again, after a pause."""
    check_may(by, *MAY)
    campaign = locked(campaign)
    first = steps_of(campaign).first()
    if first is None:
        raise Refused("A campaign needs a step before it can send anything.")
    if not first.template.subject:
        raise Refused("The template of the first step needs a subject.")
    campaign.status = Status.RUNNING
    campaign.save(update_fields=["status"])
    enrol(campaign)
    return campaign


@action
def pause_campaign(campaign: Campaign, *, by: Membership) -> Campaign:
    """Nothing is sent until it goes on; replies still count."""
    check_may(by, *MAY)
    campaign = locked(campaign)
    if campaign.status != Status.RUNNING:
        raise Refused("It is not running.")
    campaign.status = Status.PAUSED
    campaign.save(update_fields=["status"])
    return campaign


def locked(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_for_update(of=("self",), no_key=True).select_related("workspace").get(pk=campaign.pk)


# --- its steps --------------------------------------------------------------------------------------------


def steps_of(campaign: Campaign):
    return CampaignStep.objects.filter(campaign=campaign, archived_at=None).select_related("template")


@action
def add_step(campaign: Campaign, *, by: Membership, template: MailTemplate, delay: int, unit: str) -> CampaignStep:
    check_may(by, *MAY)
    campaign = locked(campaign)
    steps = list(steps_of(campaign))
    if len(steps) >= MOST_STEPS:
        raise Refused(f"At most {MOST_STEPS} steps.")
    position = steps[-1].position + 1 if steps else 1
    step = CampaignStep.objects.create(
        workspace_id=campaign.workspace_id, campaign=campaign, template=template, position=position,
        delay=delay, unit=unit,
    )  # fmt: skip
    # Whoever was through goes on with it.
    done = Enrolment.objects.filter(member__campaign=campaign, stopped=Why.FINISHED)
    done.update(stopped="", due_at=due_after(timezone.now(), delay, unit, week_of(campaign.workspace)))
    return step


@action
def edit_step(step: CampaignStep, *, by: Membership, template: MailTemplate, delay: int, unit: str) -> CampaignStep:
    """For those who have not had it yet; what waits already keeps its day."""
    check_may(by, *MAY)
    step.template, step.delay, step.unit = template, delay, unit
    step.save(update_fields=["template", "delay", "unit"])
    return step


@action
def reorder_steps(campaign: Campaign, order: Sequence[int], *, seen: Sequence[int], by: Membership) -> None:
    """Whoever has had a step does not get it again."""
    check_may(by, *MAY)
    locked(campaign)
    steps = list(CampaignStep.objects.filter(campaign=campaign, archived_at=None))
    put_in_order(steps, check_order(steps, order, seen))


@action
def remove_step(step: CampaignStep, *, by: Membership) -> CampaignStep:
    check_may(by, *MAY)
    step.archived_at = timezone.now()
    step.save(update_fields=["archived_at"])
    return step


@action
def restore_step(step: CampaignStep, *, by: Membership) -> CampaignStep:
    check_may(by, *MAY)
    step.archived_at = None
    step.save(update_fields=["archived_at"])
    return step


# --- its members ------------------------------------------------------------------------------------------


@action
def add_members(campaign: Campaign, leads: Iterable[Lead], *, by: Membership) -> list[int]:
    """Each lead once, however often it is added; the ids of those that are new."""
    check_may(by, *MAY)
    campaign = locked(campaign)
    leads = list(leads)
    if len(leads) > MOST_ADDED:
        raise Refused(f"At most {MOST_ADDED:,} leads in one go.")
    had = set(CampaignMember.objects.filter(campaign=campaign, lead__in=leads).values_list("lead_id", flat=True))
    new = [lead for lead in leads if lead.pk not in had]
    rows = [CampaignMember(workspace_id=campaign.workspace_id, campaign=campaign, lead=lead) for lead in new]
    CampaignMember.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    if campaign.status == Status.RUNNING:
        enrol(campaign)
    return [lead.pk for lead in new]


def without_mail(lead_ids: Sequence[int]) -> set[int]:
    """Which of these leads get none, whatever a campaign sends: they have no address, or must not be written to."""
    addresses = ContactEmail.objects.filter(contact=OuterRef("contact")).order_by("-is_primary", "pk").values("email")
    leads = Lead.objects.filter(pk__in=lead_ids).annotate(address=Subquery(addresses[:1]))
    suppressed = Suppression.objects.filter(workspace=OuterRef("workspace"), email=OuterRef("address"))
    whole = Lead.objects.filter(contact=OuterRef("contact"), status=Lead.Status.DO_NOT_CONTACT)
    refused = Q(contact__do_not_email=True) | Q(contact__consent=Contact.Consent.REFUSED)
    found = leads.filter(Q(address=None) | refused | Exists(suppressed) | Exists(whole))
    return set(found.order_by().values_list("pk", flat=True))


def enrol(campaign: Campaign) -> None:
    """Whoever is in it and has no place in its steps yet gets the first step when it is due."""
    first = steps_of(campaign).first()
    if first is None:
        return
    due = due_after(timezone.now(), first.delay, first.unit, week_of(campaign.workspace))
    new = CampaignMember.objects.filter(campaign=campaign, enrolments=None).values_list("pk", flat=True)
    rows = [Enrolment(workspace_id=campaign.workspace_id, member_id=pk, due_at=due) for pk in new]
    Enrolment.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


@action
def stop_member(member: CampaignMember, *, by: Membership) -> None:
    check_may(by, Role.REP, "stop mail to a lead")
    Enrolment.objects.get_or_create(workspace_id=member.workspace_id, member=member)
    Enrolment.objects.filter(member=member).update(stopped=Why.BY_HAND, due_at=None)


@action
def resume_member(member: CampaignMember, *, by: Membership) -> None:
    """From the step that is next; what stops it by itself will stop it again."""
    check_may(by, Role.REP, "send mail to a lead")
    at = due_after(timezone.now(), 0, "hours", week_of(member.workspace))
    Enrolment.objects.filter(member=member).exclude(stopped="").update(stopped="", due_at=at)


def unreplied(message: Message) -> None:
    """What stopped its lead's campaigns was no reply after all: they go on, unless another one came."""
    came = Message.objects.filter(contact=message.contact, direction=Message.Direction.IN).exclude(pk=message.pk)
    if message.lead is None or came.exclude(intent__in=ROBOTS).exists():
        return
    now, members = timezone.now(), CampaignMember.objects.filter(lead=message.lead, state=State.REPLIED)
    Enrolment.objects.filter(member__in=members, stopped=Why.REPLIED).update(stopped="", due_at=now)
    members.update(state=State.SENT, state_at=now)


@action
def set_pace(workspace: Workspace, mailbox: Mailbox | None, *, by: Membership, per_hour: int, per_day: int) -> Pace:
    check_may(by, *MAY)
    pace = pace_of(workspace, mailbox)
    pace.per_hour, pace.per_day = per_hour, per_day
    pace.save()
    return pace


def pace_of(workspace: Workspace, mailbox: Mailbox | None) -> Pace:
    """Held until the transaction ends: two workers do not count the same mails."""
    Pace.objects.get_or_create(workspace=workspace, mailbox=mailbox)
    return Pace.objects.select_for_update(of=("self",)).get(workspace=workspace, mailbox=mailbox)


# --- sending ------------------------------------------------------------------------------------------------


def due_steps(workspace_id: int) -> list[int]:
    """Ids of the enrolments for which something is due, oldest first; none outside working hours."""
    now = timezone.now()
    with tenant(workspace_id):
        workspace = Workspace.objects.get(pk=workspace_id)
        if not is_working(now, week_of(workspace)):
            return []
        due = Enrolment.objects.filter(due_at__lte=now, member__campaign__status=Status.RUNNING)
        return list(due.order_by("due_at", "pk").values_list("pk", flat=True)[:BATCH])


def send_step(workspace_id: int, enrolment_id: int) -> None:
    """What is due for one member, in one transaction."""
    with tenant(workspace_id, door="automation"):
        found = Enrolment.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        found = found.filter(due_at__lte=timezone.now(), member__campaign__status=Status.RUNNING)
        related = ("workspace", "member__campaign", "member__lead__contact__company", "member__lead__company")
        enrolment = found.select_related(*related).filter(pk=enrolment_id).first()
        if enrolment:
            go_on(enrolment)


@action
def go_on(enrolment: Enrolment) -> None:
    """Send the next step, or say why not, or wait."""
    now, member, workspace = timezone.now(), enrolment.member, enrolment.workspace
    lead, week = member.lead, week_of(workspace)
    email = address_of(lead.contact)
    if why := stopped_by(enrolment, lead, email):
        return stop(enrolment, why)
    if lead.wait_until and lead.wait_until > today_of(workspace):
        return wait(enrolment, max(now, week.shift(lead.wait_until)[0]))
    sent = set(StepMail.objects.filter(member=member).values_list("step_id", flat=True))
    steps = [step for step in steps_of(member.campaign) if step.pk not in sent]
    if not steps:
        return stop(enrolment, Why.FINISHED)
    message = Message(workspace=workspace, contact=lead.contact, company=lead.company, lead=lead)
    by = Membership.objects.select_related("user").get(workspace=workspace, user_id=owner_for(message, lead))
    mailbox = mailbox_for(workspace, by.user_id)
    if later := held_back(workspace, mailbox, now):
        return wait(enrolment, later)
    if not write(message, steps[0].template, member, values_of(lead.contact, by.user, workspace)):
        return stop(enrolment, Why.EMPTY)
    queue(message, [email], by=by, mailbox=mailbox, opt_out=opt_out_url(workspace, email), door=Door.AUTOMATION)
    StepMail.objects.create(workspace=workspace, member=member, step=steps[0], message=message)
    CampaignMember.objects.filter(pk=member.pk, state=State.QUEUED).update(state=State.SENT, state_at=now)
    if len(steps) == 1:
        return stop(enrolment, Why.FINISHED)
    return wait(enrolment, due_after(now, steps[1].delay, steps[1].unit, week))


def address_of(contact: Contact | None) -> str:
    emails = contact.emails.order_by("-is_primary", "pk").values_list("email", flat=True) if contact else []
    return next(iter(emails[:1]), "")


def stopped_by(enrolment: Enrolment, lead: Lead, email: str) -> str:
    """Why nothing more is sent; empty where it goes on."""
    member = enrolment.member
    if why := STATES.get(State(member.state)):
        return why
    if not email:
        return Why.NO_ADDRESS
    if silent(lead.workspace_id, [email]) or lead.contact and lead.contact.consent == Contact.Consent.REFUSED:
        return Why.OPTED_OUT
    if Deal.objects.filter(lead=lead).exists():
        return Why.DEAL
    if lead.status in CLOSED:
        return Why.CLOSED
    if Task.objects.open().filter(lead=lead, type=Task.Type.MEETING).exists():
        return Why.MEETING
    if Activity.objects.filter(lead=lead, kind=Activity.Kind.MEETING, at__gt=enrolment.since, undone_at=None).exists():
        return Why.MEETING
    came = Message.objects.filter(contact=lead.contact, direction=Message.Direction.IN, received_at__gt=enrolment.since)
    return Why.REPLIED if came.exclude(intent__in=ROBOTS).exists() else ""


def stop(enrolment: Enrolment, why: str) -> None:
    enrolment.stopped, enrolment.due_at = why, None
    enrolment.save(update_fields=["stopped", "due_at"])


def wait(enrolment: Enrolment, until: datetime) -> None:
    enrolment.due_at = until
    enrolment.save(update_fields=["due_at"])


def held_back(workspace: Workspace, mailbox: Mailbox | None, now: datetime) -> datetime | None:
    """When the mailbox may send again; None where it may now. All that it sends counts, by hand and by campaigns."""
    pace = pace_of(workspace, mailbox)
    for most, span in ((pace.per_hour, timedelta(hours=1)), (pace.per_day, timedelta(days=1))):
        sent = Sending.objects.filter(
            workspace=workspace, mailbox=mailbox, queued_at__gt=now - span, cancelled_at=None
        ).order_by("-queued_at")
        newest = list(sent.values_list("queued_at", flat=True)[:most])
        if len(newest) == most:
            return newest[-1] + span
    return None


def write(message: Message, template: MailTemplate, member: CampaignMember, values: dict[str, str]) -> bool:
    """The text, in the thread of the step before where the template has no subject. False where a placeholder is empty."""
    subject, missing = fill(template.subject, values)
    message.text, more = fill(template.body, values)
    before = StepMail.objects.filter(member=member).select_related("message").order_by("-pk").first()
    if not subject and before:
        first = before.message.subject_line
        subject = first if first.startswith("Re: ") else f"Re: {first}"
        message.answers = [before.message.message_id, *before.message.answers][:50]
    message.subject_line = " ".join(subject.split())[:250] or str(member.campaign)
    return not missing and not more


# --- figures ------------------------------------------------------------------------------------------------


def figures(members) -> dict[str, int]:
    """Of the members that one may see."""
    mailed = Q(step_mails__isnull=False)
    return members.aggregate(
        members=Count("pk", distinct=True),
        reached=Count("pk", filter=mailed, distinct=True),
        mails=Count("step_mails", distinct=True),
        replied=Count("pk", filter=Q(state=State.REPLIED), distinct=True),
        bounced=Count("pk", filter=Q(state=State.BOUNCED), distinct=True),
        unsubscribed=Count("pk", filter=Q(state=State.UNSUBSCRIBED), distinct=True),
    )
