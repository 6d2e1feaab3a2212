"""Then: what each kind of step does, by the product's own actions, and what it says about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from activities.actions import notify, plan_task
from activities.models import Door, Notification
from automation.actions.campaigns import address_of, held_back
from automation.actions.replies import owner_for
from automation.actions.sending import mailbox_for, queue, silent, values_of
from automation.models import Message, RuleRun, RuleStep, RunStep
from automation.opting_out import opt_out_url
from automation.placeholders import FIELDS, fill
from automation.rules.calling import put_call
from deals.actions import move_to_stage, tag_deal, update_deal
from deals.models import Deal, DealContact, Kind, Tag
from deals.playbooks import due
from leads.actions import update_lead
from leads.models import Contact, Lead
from workspaces.action import Refused
from workspaces.models import Membership, Role, User

By = Door.AUTOMATION
BETWEEN_MAILS = timedelta(hours=24)  # of rules, to the same person


class LeftOut(Exception):
    """There is nothing to do, and why; the steps after it go on."""

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message


class Later(Exception):
    """Not before `until`; nothing went wrong."""

    def __init__(self, message: str, until: datetime):
        super().__init__(message)
        self.message, self.until = message, until


# --- who ------------------------------------------------------------------------------------------------


def people(step: RuleStep, subject: Deal | Lead) -> list[Membership]:
    """Whom the step names, of those who are active: a task's assignee, the next owner, whom to tell."""
    working = Membership.objects.working().filter(workspace_id=subject.workspace_id)
    match step.who:
        case RuleStep.Who.MEMBER:
            return list(working.filter(user_id=step.member_id))
        case RuleStep.Who.TEAM:
            return list(working.filter(team_id=step.team_id or 0).order_by("pk"))
        case RuleStep.Who.MANAGERS:
            return managers(subject)
    return list(working.filter(user_id=subject.owner_id))


def managers(subject: Deal | Lead) -> list[Membership]:
    """Of the owner's team; where it has none, the admins."""
    members = Membership.objects.filter(workspace_id=subject.workspace_id).select_related("user")
    active = members.active()
    owner = active.filter(user_id=subject.owner_id).first()
    team = owner.team_id if owner else None
    found = list(active.filter(role=Role.MANAGER, team_id=team)) if team else []
    return found or list(members.admins())


def one_of(step: RuleStep, subject: Deal | Lead) -> Membership:
    """Of a team each in turn."""
    found = people(step, subject)
    if not found:
        raise Refused(f"There is nobody: {step.get_who_display().lower()} is not active, or gone.")
    if step.who != RuleStep.Who.TEAM:
        return found[0]
    held = RuleStep.objects.select_for_update(no_key=True).get(pk=step.pk)
    held.turn += 1
    held.save(update_fields=["turn"])
    return found[(held.turn - 1) % len(found)]


# --- what is written --------------------------------------------------------------------------------------


def contact_of(subject: Deal | Lead) -> Contact | None:
    """Who a deal's mail goes to: its first person, else its lead's."""
    if isinstance(subject, Lead):
        return subject.contact
    links = DealContact.objects.filter(deal=subject).select_related("contact__company")
    link = links.order_by("-is_primary", "pk").first()
    return link.contact if link else subject.lead.contact if subject.lead else None


def values(subject: Deal | Lead, by: User | None = None) -> dict[str, str]:
    contact = contact_of(subject)
    deal = subject if isinstance(subject, Deal) else None
    found = values_of(contact, by or subject.owner, subject.workspace, deal)  # type: ignore[arg-type]
    return found | {"company": str(subject.company or found["company"]), "name": found["name"] or str(subject)}


def filled(text: str, subject: Deal | Lead) -> str:
    """What has no value is left out: a title says less then, and is one all the same."""
    return " ".join(fill(text, values(subject))[0].split())


def mailed_lately(contact: Contact) -> bool:
    """Two robots that answer each other stop here, whichever rules they are."""
    sent = Message.objects.filter(
        workspace_id=contact.workspace_id, contact=contact, direction=Message.Direction.OUT,
        received_at__gt=timezone.now() - BETWEEN_MAILS, line__undone_at=None, line__data__has_key="cause",
    )  # fmt: skip
    return sent.exists()


# --- steps ------------------------------------------------------------------------------------------------


def task(run: RuleRun, step: RuleStep, subject: Deal | Lead, row: RunStep) -> str:
    assignee = one_of(step, subject)
    planned = plan_task(
        subject,
        filled(step.text, subject)[:200] or "Follow up",
        by=None,
        assignee_id=assignee.user_id,
        type=step.type,
        why=f"by the rule “{run.rule}”"[:200],
        **due(step, run.at, run.workspace),
    )
    return f"Planned “{planned}” for {assignee}"


def tell(run: RuleRun, step: RuleStep, subject: Deal | Lead, row: RunStep) -> str:
    found = people(step, subject)
    if not found:
        raise LeftOut("There is nobody to tell.")
    notify(
        [member.user_id for member in found],
        Notification.Kind.RULE,
        subject=subject,
        key=f"rule:{run.pk}:{step.pk}",
        data={"rule": str(run.rule), "text": filled(step.text, subject)},
    )
    return f"Told {', '.join(map(str, found))}"


def move(run: RuleRun, step: RuleStep, subject: Deal | Lead, row: RunStep) -> str:
    deal = as_deal(subject)
    if step.stage is None or step.stage.archived_at:
        raise Refused("The stage that it is to move to is gone.")
    if deal.stage_id == step.stage_id:
        raise LeftOut(f"It is in {step.stage} already.")
    if deal.status != Kind.OPEN:
        raise LeftOut(f"It is {deal.status}: rules reopen nothing.")
    before = str(deal.stage)
    reason = step.text if step.stage.kind != Kind.OPEN else ""
    move_to_stage(deal, step.stage, by=None, door=By, reason=reason)
    return f"Moved from {before} to {step.stage}"


def status(run: RuleRun, step: RuleStep, subject: Deal | Lead, row: RunStep) -> str:
    lead = as_lead(subject)
    label = Lead.Status(step.status).label
    if lead.status == step.status:
        raise LeftOut(f"It is {label.lower()} already.")
    if lead.status == Lead.Status.CONVERTED:
        raise LeftOut("It is converted.")
    facts = {"unqualified_reason": step.text} if step.status == Lead.Status.UNQUALIFIED else {}
    update_lead(lead, by=None, version=lead.version, door=By, status=step.status, **facts)
    return f"Changed the status to {label.lower()}"


def assign(run: RuleRun, step: RuleStep, subject: Deal | Lead, row: RunStep) -> str:
    owner = one_of(step, subject)
    if owner.user_id == subject.owner_id:
        if step.who == RuleStep.Who.TEAM:  # whose turn is used up by it
            return f"It stays with {owner}, whose turn it was"
        raise LeftOut(f"{owner} is the owner already.")
    if isinstance(subject, Deal):
        update_deal(subject, by=None, version=subject.version, door=By, owner_id=owner.user_id)
    else:
        update_lead(subject, by=None, version=subject.version, door=By, owner_id=owner.user_id)
    return f"Gave it to {owner}"


def tag(run: RuleRun, step: RuleStep, subject: Deal | Lead, row: RunStep) -> str:
    deal = as_deal(subject)
    if step.tag is None:
        raise Refused("The tag is gone.")
    had = list(Tag.objects.filter(deal_links__deal=deal))
    if step.tag in had:
        raise LeftOut(f"It is tagged “{step.tag}” already.")
    tag_deal(deal, [*had, step.tag], by=None, door=By)
    return f"Tagged it “{step.tag}”"


def mail(run: RuleRun, step: RuleStep, subject: Deal | Lead, row: RunStep) -> str:
    """In the owner's name, by the outbox of mail; to nobody who wants none."""
    if step.template is None:
        raise Refused("The template is gone.")
    workspace, contact = run.workspace, contact_of(subject)
    email = address_of(contact)
    if contact is None or not email:
        raise LeftOut("Nobody in it has an address.")
    if why := silent(workspace.pk, [email]):
        raise LeftOut(why)
    if contact.consent == Contact.Consent.REFUSED:
        raise LeftOut(f"{contact} does not consent to mail.")
    if mailed_lately(contact):
        raise LeftOut(f"A rule has written to {contact} within a day already.")
    message = Message(workspace=workspace, contact=contact, company=subject.company)
    setattr(message, str(subject._meta.model_name), subject)
    by = Membership.objects.select_related("user").get(workspace=workspace, user_id=owner_for(message, message.lead))
    mailbox = mailbox_for(workspace, by.user_id)
    if until := held_back(workspace, mailbox, timezone.now()):
        raise Later("Waits: the mailbox has sent as much as it may.", until)
    said = values(subject, by.user)
    title, missing = fill(step.template.subject, said)
    message.text, more = fill(step.template.body, said)
    if lacks := [FIELDS[name].lower() for name in dict.fromkeys((*missing, *more))]:
        raise LeftOut(f"Not sent: nothing is known for “{', '.join(lacks)}”.")
    message.subject_line = " ".join(title.split())[:250] or str(subject)[:250]
    queue(message, [email], by=by, mailbox=mailbox, opt_out=opt_out_url(workspace, email), door=By)
    return f"Sent “{message.subject_line}” to {contact}"


def webhook(run: RuleRun, step: RuleStep, subject: Deal | Lead, row: RunStep) -> str:
    call = put_call(run, step, subject, row)
    return f"Call to {step.url} ({call.key})"


def as_deal(subject: Deal | Lead) -> Deal:
    if not isinstance(subject, Deal):
        raise LeftOut("This is for deals only.")
    return subject


def as_lead(subject: Deal | Lead) -> Lead:
    if not isinstance(subject, Lead):
        raise LeftOut("This is for leads only.")
    return subject


Do = Callable[[RuleRun, RuleStep, Deal | Lead, RunStep], str]
StepKind = RuleStep.Kind
DO: dict[RuleStep.Kind, Do] = {
    StepKind.TASK: task,
    StepKind.NOTIFY: tell,
    StepKind.MOVE: move,
    StepKind.STATUS: status,
    StepKind.ASSIGN: assign,
    StepKind.TAG: tag,
    StepKind.MAIL: mail,
    StepKind.WEBHOOK: webhook,
}
