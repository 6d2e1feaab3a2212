"""What follows from a reply (the table of domain.md section 5). Run in one transaction, with the message locked.

`by` is the person who decided, None where the classifier was sure enough.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone

from activities.actions import notify, plan_task, record, update_task
from activities.models import Activity, Notification, Task
from automation.actions.effects import TIMES, door_of, note
from automation.actions.matching import lead_of, open_deal
from automation.actions.suppressing import silence
from automation.intents import Intent
from automation.mail.people import named_person
from automation.models import Effect, Message, Suppression
from deals.actions import lock_lead, make_opportunity, mark_converted, move_to_stage, opportunity_stage
from deals.actions.starting import DISCOVERY_CALL
from deals.models import Deal, Kind, Stage
from deals.telling import key_of_new
from deals.working_time import after_hours, week_of
from leads.actions import capture, find_contact, update_lead
from leads.models import Company, Contact, Lead, SegmentMember, Source
from leads.names import split_name
from workspaces.action import Refused, action, within
from workspaces.asking import Question, asked_often
from workspaces.members import active_members
from workspaces.models import Membership, Workspace

CALL_WITHIN = 4  # working hours
NURTURE = timedelta(days=90)
AWAY = timedelta(days=14)
# The stage that a reply of this intent raises a deal to, by its name.
RAISED_TO = {Intent.INTERESTED: "Qualified", Intent.MEETING_BOOKED: "Meeting scheduled"}
FRESH = (Lead.Status.NEW, Lead.Status.ATTEMPTED)


def act(message: Message, *, by: Membership | None = None) -> None:
    """Do what the message's intent asks for. Once for each decision: the caller holds the message, whose state says whether
    that was done, its lead, and a savepoint, for where it is refused."""
    if follow := ACTS.get(Intent(message.intent)):
        follow(message, by)


# --- interested, meeting booked ---------------------------------------------------------------------


def positive(message: Message, by: Membership | None) -> None:
    lead = lead_for(message, by)
    if message.is_untouched:
        deal_for(lead, message, by)
    else:
        create_deal_from_positive_reply(lead, message, by=by)


@action
def create_deal_from_positive_reply(lead: Lead, message: Message, *, by: Membership | None = None) -> Deal:
    """The lead's open deal (else its company's) is raised to the stage of a reply like this, never lowered; where none is
    open, one is created there. With the task to call, and its owner told. Once for each message."""
    lead = lock_lead(lead)
    done = message.effects.filter(kind=Effect.Kind.DEAL_CREATED, undone_at=None).select_related("deal").first()
    return done.deal if done and done.deal else deal_for(lead, message, by)


def deal_for(lead: Lead, message: Message, by: Membership | None) -> Deal:
    """As create_deal_from_positive_reply, of a message that has made none; the caller holds the lead."""
    at = timezone.now()
    if lead.company_id:  # two of its leads at once: the second finds the first one's deal
        held_company(company=lead.company_id)
    deal = about_deal(message, lead)
    if deal:
        qualify(lead, message, by)
        told_by = raise_deal(deal, message, by)
    else:
        deal, told_by = make_deal(lead, message, by)
    message.lead, message.deal = lead, deal
    plan(
        message,
        DISCOVERY_CALL,
        by,
        type=Task.Type.CALL,
        due_at=after_hours(at, CALL_WITHIN, week_of(message.workspace)),
    )
    tell(message, Notification.Kind.POSITIVE_REPLY, by, told_by)
    return deal


@asked_often
def held_company(company: int) -> QuerySet:
    return Company.objects.select_for_update(no_key=True).filter(pk=company).values_list("pk", flat=True)


@asked_often
def first_segment(lead: int) -> QuerySet:
    return SegmentMember.objects.filter(lead_id=lead).order_by("pk").values_list("segment_id", flat=True)[:1]


def about_deal(message: Message, lead: Lead) -> Deal | None:
    """The open one that our mail was about which this answers, else the nearest."""
    if message.deal and message.deal.status == Kind.OPEN:
        return message.deal
    return open_deal(lead, lead.contact_id, lead.company_id)


def qualify(lead: Lead, message: Message, by: Membership | None) -> Lead:
    if lead.status in (Lead.Status.CONVERTED, Lead.Status.QUALIFIED):
        return lead
    return set_status(lead, message, by, Lead.Status.QUALIFIED)


def make_deal(lead: Lead, message: Message, by: Membership | None) -> tuple[Deal, str]:
    """(a deal in the stage of such a reply, the key of what its owner will be told)."""
    stage = opportunity_stage(message.workspace, RAISED_TO[Intent(message.intent)])
    facts = {"stage": stage, "owner_id": owner_for(message, lead), "segment_id": first_segment.first(lead=lead.pk)}
    how = {"by": by, "door": door_of(by), "at": timezone.now()}
    deal = make_opportunity(lead, **how, **facts)
    if lead.status != Lead.Status.CONVERTED:
        mark_converted(lead, deal, **how, why=f"reply of {message.sender}")
    note(
        message, Effect.Kind.DEAL_CREATED, f"Created the deal “{deal}” in {stage}", deal, by=by,
        lead_id=lead.pk, before={"version": deal.version},
    )  # fmt: skip
    return deal, key_of_new(deal)


def raise_deal(deal: Deal, message: Message, by: Membership | None) -> str:
    """Up to the stage of such a reply, if its pipeline has it; else it stays. Returns the key of what its owner is told."""
    stage = stage_for(message, deal.pipeline_id, deal.stage)
    if stage.position <= deal.stage.position:
        return f"reply:{message.pk}"
    said = f"Moved “{deal}” from {deal.stage} to {stage}"
    try:
        deal, event = move_to_stage(deal, stage, by=by, door=door_of(by))
    except Refused as refused:  # the pipeline's own rules: a person sees why
        note(message, Effect.Kind.DEAL_MOVED, said, deal, by=by, is_done=False, problem=refused.message[:300])
        return f"reply:{message.pk}"
    note(message, Effect.Kind.DEAL_MOVED, said, deal, by=by, event=event)
    # As deals.telling names it, which comes after commit and then finds that this was told already.
    lines = Activity.objects.filter(deal=deal, kind=Activity.Kind.STAGE_CHANGE).order_by("-pk")
    return f"stage:{lines.values_list('pk', flat=True)[0]}"


def stage_for(message: Message, pipeline_id: int, fallback: Stage) -> Stage:
    """The open one of this name in the pipeline."""
    name = RAISED_TO[Intent(message.intent)].casefold()
    stages = Stage.objects.filter(pipeline_id=pipeline_id, kind=Kind.OPEN).select_related("pipeline")
    return next((stage for stage in stages if stage.name.casefold() == name), fallback)


def lead_for(message: Message, by: Membership | None) -> Lead:
    """The message's lead; a known person without one becomes one."""
    if message.lead:
        return message.lead
    if message.contact is None:
        raise Refused("Nobody knows whose mail this is: link it to a person first.")
    Contact.objects.select_for_update(no_key=True).get(pk=message.contact_id)  # another mail of theirs may make one too
    if found := lead_of(message.contact):
        message.lead = found
        return found
    lead = capture(
        message.workspace,
        email=message.contact.emails.values_list("email", flat=True).first() or message.sender_email,
        by=by,
        door=door_of(by),
        owner_id=owner_for(message, None),
    )
    note(message, Effect.Kind.LEAD_CREATED, f"Made {lead} a lead", lead, by=by)
    message.lead = lead
    return lead


def owner_for(message: Message, lead: Lead | None) -> int:
    """A user id: the deal's owner, the lead's, the contact's, the mailbox's, else whoever has run the workspace longest."""
    contact, mailbox = message.contact, message.mailbox
    wanted = [message.deal and message.deal.owner_id, lead and lead.owner_id, contact and contact.owner_id]
    wanted += [mailbox and mailbox.owner_id]
    for user_id in filter(None, wanted):
        if any(member.works for member in active_members(message.workspace_id, [user_id])):
            return user_id
    heads = Membership.objects.admins().filter(workspace_id=message.workspace_id).order_by("-role", "pk")
    return heads.values_list("user_id", flat=True)[0]


# --- the others -------------------------------------------------------------------------------------


def info_request(message: Message, by: Membership | None) -> None:
    connect(message, by)
    plan(message, "Answer question", by, type=Task.Type.EMAIL, due_on=today_of(message.workspace))
    tell(message, Notification.Kind.REPLY, by)


def referral(message: Message, by: Membership | None) -> None:
    """A draft lead for whoever is named, and the task to write to them."""
    connect(message, by)
    person = named_person(message.visible_text, but=message.sender_email)
    title = f"Find out whom {message.sender} refers to"
    if person.email and find_contact(message.workspace, person.email):
        title = f"Contact {person.name or person.email}, referred by {message.sender}"
    elif person.name or person.email:
        title = f"Contact {person.name or person.email}, referred by {message.sender}"
        draft(message, person.name, person.email, by)
    plan(message, title[:200], by, type=Task.Type.EMAIL, due_on=today_of(message.workspace))
    tell(message, Notification.Kind.REPLY, by)


def draft(message: Message, name: str, email: str, by: Membership | None) -> None:
    known = find_contact(message.workspace, email)
    first, last = split_name(name)
    company = message.company or (message.contact.company if message.contact else None)
    lead = capture(
        message.workspace,
        first_name=first,
        last_name=last,
        email=email,
        company_name=company.name if company else "",
        by=by,
        door=door_of(by),
        source=Source.REFERRAL,
        owner_id=owner_for(message, message.lead),
        campaign=message.lead.campaign if message.lead else None,
    )
    record(
        lead, Activity.Kind.SYSTEM, by=by, door=door_of(by), body=f"Referred by {message.sender}",
        data={"message": message.pk},
    )  # fmt: skip
    before = {"contact": None if known else lead.contact_id}
    note(message, Effect.Kind.LEAD_CREATED, f"Drafted the lead {lead}", lead, by=by, before=before)


def not_now(message: Message, by: Membership | None) -> None:
    """Until the day that it names, else for 90 days."""
    day = message.until or today_of(message.workspace) + NURTURE
    if message.lead:
        set_status(message.lead, message, by, Lead.Status.NURTURE)
    plan(message, f"Get back to {message.sender}"[:200], by, type=Task.Type.EMAIL, due_on=day)


def not_interested(message: Message, by: Membership | None) -> None:
    """An open deal is not closed by itself: that is suggested."""
    if message.lead:
        set_status(message.lead, message, by, Lead.Status.UNQUALIFIED, "Not interested")
    if message.deal and message.deal.status == Kind.OPEN:
        note(message, Effect.Kind.SUGGESTED, f"Close “{message.deal}” as lost?", message.deal, by=by)


def unsubscribe(message: Message, by: Membership | None) -> None:
    """Who asks speaks for themselves alone, whoever's thread it is in; a complaint names the reader it is of."""
    email = message.bounced_address or message.sender_email
    contact = find_contact(message.workspace, email)
    if by is None and message.bounced_address and not was_mailed(contact):
        raise Refused("It says that our mail was marked as spam, and none was sent to this address.")
    suppress(message, email, Suppression.Reason.UNSUBSCRIBED, contact, by)
    if message.lead and contact and message.lead.contact_id == contact.pk:
        set_status(message.lead, message, by, Lead.Status.DO_NOT_CONTACT)


def out_of_office(message: Message, by: Membership | None) -> None:
    """Follow-ups that nobody planned in person wait until the sender is back."""
    if message.lead is None:
        return
    # A day that is named counts; one that nobody named brings no earlier one near.
    day = message.until or max(today_of(message.workspace) + AWAY, message.lead.wait_until or date.min)
    about = {"deal": message.deal} if message.deal else {"lead": message.lead}
    types = (Task.Type.CALL, Task.Type.EMAIL)
    planned = Task.objects.open().filter(created_by=None, type__in=types, due_on__lt=day, **about)
    moved = {}
    for task in planned.order_by("pk"):
        due = task.due_on.isoformat()
        moved[task.pk] = [update_task(task, by=by, quiet=True, due_on=day).version, due]
    before = {"tasks": moved, "wait_until": message.lead.wait_until and message.lead.wait_until.isoformat()}
    Lead.objects.filter(pk=message.lead_id).update(wait_until=day)
    note(message, Effect.Kind.WAITS, f"Follow-ups wait until {day:%-d %B %Y}", message.lead, by=by, before=before)


def bounce(message: Message, by: Membership | None) -> None:
    """An address that does not exist gets no more mail; what may work on another day is tried again by who sent it."""
    if not message.is_hard_bounce or not message.bounced_address:
        return
    contact = find_contact(message.workspace, message.bounced_address)
    if by is None and not was_mailed(contact):
        raise Refused("It says that our mail did not arrive, and none was sent to this address.")
    suppress(message, message.bounced_address, Suppression.Reason.BOUNCED, contact, by)


ACTS: dict[Intent, Callable[[Message, Membership | None], None]] = {
    Intent.INTERESTED: positive,
    Intent.MEETING_BOOKED: positive,
    Intent.INFO_REQUEST: info_request,
    Intent.REFERRAL: referral,
    Intent.NOT_NOW: not_now,
    Intent.NOT_INTERESTED: not_interested,
    Intent.UNSUBSCRIBE: unsubscribe,
    Intent.OUT_OF_OFFICE: out_of_office,
    Intent.BOUNCE: bounce,
}


# --- parts ------------------------------------------------------------------------------------------


def connect(message: Message, by: Membership | None) -> None:
    if message.lead and message.lead.status in FRESH:
        set_status(message.lead, message, by, Lead.Status.CONNECTED)


def set_status(lead: Lead, message: Message, by: Membership | None, status: Lead.Status, reason: str = "") -> Lead:
    """Unless it is so already, or the lead is converted. It takes the newest: nobody has looked at an older one."""
    lead = lock_lead(lead)
    if lead.status in (status, Lead.Status.CONVERTED):
        return lead
    before = {"status": lead.status, "unqualified_reason": lead.unqualified_reason, "became": status}
    before |= {name: (at := getattr(lead, name)) and at.isoformat() for name in TIMES}
    facts = {"status": status} | ({"unqualified_reason": reason} if reason else {})
    lead = update_lead(lead, by=by, version=lead.version, door=door_of(by), **facts)
    note(message, Effect.Kind.LEAD_CHANGED, f"{lead} is now {status.label.lower()}", lead, by=by, before=before)
    message.lead = lead
    return lead


def plan(message: Message, title: str, by: Membership | None, **facts: object) -> None:
    """For the owner of what the message is about; where a task of this name is open already, that one is it, and so is the
    meeting that the mail itself asks to."""
    subject = message.deal or message.lead or message.contact or message.company
    if subject is None or message.has_meeting or is_planned(message):
        return
    if open_of(subject._meta.model_name)(title=title, subject=subject.pk):
        return
    task = within(plan_task)(
        subject,
        title,
        by=by,
        assignee_id=owner_for(message, message.lead),
        why=f"by the reply of {message.sender}"[:200],
        **facts,
    )
    note(message, Effect.Kind.TASK, f"Planned “{title}”", subject, by=by, task=task)


@cache
def open_of(name: str) -> Question:
    """Open tasks of this title about one of these."""

    @asked_often
    def found(title: str, subject: int) -> QuerySet:
        return Task.objects.open().filter(title=title, **{f"{name}_id": subject}).values_list("pk", flat=True)[:1]

    return found


def is_planned(message: Message) -> bool:
    """Whether a task was, that nobody has taken back."""
    return not message.is_untouched and message.effects.filter(kind=Effect.Kind.TASK, undone_at=None).exists()


def tell(message: Message, kind: Notification.Kind, by: Membership | None, key: str = "") -> None:
    subject = message.deal or message.lead
    if subject:
        data = {"who": message.sender, "phrase": message.phrase[:200], "intent": str(Intent(message.intent).label)}
        notify([subject.owner_id], kind, subject=subject, key=key or f"reply:{message.pk}", by=by, data=data)


def suppress(
    message: Message, email: str, reason: Suppression.Reason, contact: Contact | None, by: Membership | None
) -> None:
    """No more mail to this address from the whole workspace."""
    if email:
        before = silence(message.workspace, email, reason, contact, by=by, door=door_of(by), message=message)
        note(message, Effect.Kind.SUPPRESSED, f"No more mail to {email}", contact, by=by, before=before)


def was_mailed(contact: Contact | None) -> bool:
    ours = Message.objects.filter(direction=Message.Direction.OUT, is_proven=True, contact=contact)
    return contact is not None and ours.exists()


def today_of(workspace: Workspace) -> date:
    return timezone.now().astimezone(ZoneInfo(workspace.time_zone)).date()
