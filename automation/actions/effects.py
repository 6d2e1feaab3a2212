"""What a message brings about, one row each; and each taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.utils import timezone

from activities.actions import cancel_task, update_task
from activities.models import Activity, Door, Task
from automation.actions.suppressing import unsilence
from automation.models import Effect, Message
from deals.actions import delete_deal, is_as_left, standing, undo_conversion, undo_stage_change
from leads.actions import update_lead
from leads.models import Contact, Lead
from workspaces.access import acting, check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role
from workspaces.tenant import TenantModel

Kind = Effect.Kind
OWN = (
    Activity.Kind.LEAD_CREATED,
    Activity.Kind.LEAD_CONVERTED,
    Activity.Kind.DEAL_CREATED,
    Activity.Kind.TASK_CANCELLED,
    Activity.Kind.SYSTEM,
)
STATUS = {"status", "unqualified_reason"}
TIMES = ("contacted_at", "qualified_at")


def door_of(by: Membership | None) -> Door:
    return Door.WEB if by else Door.AUTOMATION


def note(
    message: Message,
    kind: Effect.Kind,
    said: str,
    subject: TenantModel | None = None,
    *,
    by: Membership | None,
    **facts: object,
) -> Effect:
    """Write down that this was done (or, with a `problem`, why not), about `subject`, else what the message is about."""
    keys = {f"{subject._meta.model_name}_id": subject.pk} if subject else {}
    return Effect.objects.create(
        workspace_id=message.workspace_id,
        message=message,
        kind=kind,
        said=said[:300],
        by_id=acting(by),
        **keys,
        **facts,
    )


@action
def undo_effect(effect: Effect, *, by: Membership) -> Effect:
    """Refused, with the reason, where somebody has built on it since."""
    check_may(by, Role.REP, "undo what an automation did")
    effect = Effect.objects.select_for_update(of=("self",)).select_related("message__workspace").get(pk=effect.pk)
    if effect.undone_at:
        return effect
    if effect.is_undoable:  # else nothing was done, and it is struck all the same
        UNDO[Kind(effect.kind)](effect, by)
    effect.undone_at, effect.undone_by_id = timezone.now(), by.user_id
    effect.save(update_fields=["undone_at", "undone_by"])
    return effect


def undo_all(message: Message, *, by: Membership) -> None:
    """The newest first: each then finds what it left; a lead that it all hangs on goes last. The caller holds the lead."""
    effects = message.effects.filter(undone_at=None).exclude(kind=Kind.MEETING).order_by("-pk")
    for effect in sorted(effects, key=lambda effect: effect.kind == Kind.LEAD_CREATED):
        undo_effect(effect, by=by)


# --- one for each kind ------------------------------------------------------------------------------


def undo_deal(effect: Effect, by: Membership) -> None:
    deal = effect.deal
    if deal is None or deal.deleted_at is not None:
        return
    check_is_last(effect)
    conversion = standing(deal.lead) if deal.lead else None
    if conversion and conversion.deal_id == deal.pk:
        undo_conversion(deal.lead, by=by)
    else:
        was_left = is_as_left(deal, effect.before["version"])
        delete_deal(deal, by=by, version=deal.version if was_left else effect.before["version"])


def undo_move(effect: Effect, by: Membership) -> None:
    if effect.event:
        check_is_last(effect)
        undo_stage_change(effect.event, by=by)


def check_is_last(effect: Effect) -> None:
    """Of several mails that moved one deal, the last is taken back first: say which."""
    later = Effect.objects.filter(kind=Kind.DEAL_MOVED, deal_id=effect.deal_id, is_done=True, undone_at=None)
    later = later.filter(pk__gt=effect.pk).exclude(message_id=effect.message_id).select_related("message__contact")
    if last := later.order_by("-pk").first():
        raise Refused(f"The mail “{last.message}” of {last.message.sender} moved it since: take that back first.")


def undo_task(effect: Effect, by: Membership) -> None:
    task = effect.task
    if task is None or task.status == Task.Status.CANCELLED:
        return
    if task.status == Task.Status.DONE:
        raise Refused(f"“{task}” is done already.")
    cancel_task(task, by=by)


def undo_lead_change(effect: Effect, by: Membership) -> None:
    lead = effect.lead
    if lead is None or lead.status != effect.before["became"]:
        became = f"is {lead.get_status_display().lower()}" if lead else "is gone"
        raise Refused(f"{lead or 'The lead'} {became} by now: take that back first.")
    was = {name: effect.before[name] for name in ("status", "unqualified_reason")}
    update_lead(lead, by=by, version=lead.version, **was)
    # When it was contacted and qualified first: not by this, then.
    Lead.objects.filter(pk=lead.pk).update(**{name: effect.before[name] for name in TIMES if name in effect.before})


def undo_lead(effect: Effect, by: Membership) -> None:
    """Nobody has worked it: it goes, and so does its person, if that came with it."""
    lead = effect.lead
    if lead is None:
        return
    tasks = Task.objects.filter(lead=lead, created_by__isnull=False).exclude(status=Task.Status.CANCELLED)
    others = Message.objects.filter(lead=lead).exclude(pk=effect.message_id)
    worked = lead.deals.exists() or tasks.exists() or others.exists()
    if lead.status != Lead.Status.NEW or worked or any(is_work(line) for line in lead.activitys.all()):
        raise Refused(f"Somebody has worked {lead} since.")
    contact = lead.contact
    Lead.objects.filter(pk=lead.pk).delete()  # its mail stays
    if contact and contact.pk == effect.before.get("contact") and not is_used(contact):
        Contact.objects.filter(pk=contact.pk).delete()


def is_work(line: Activity) -> bool:
    """Whether a person has done more by it than what is taken back here: a change of status, a task."""
    if line.actor_id is None or line.undone_at or line.kind in OWN:
        return False
    return line.kind != Activity.Kind.FIELD_CHANGE or not STATUS.issuperset(line.data.get("changes", {}))


def is_used(contact: Contact) -> bool:
    lines = contact.activitys.all()
    return contact.leads.exists() or contact.deals.exists() or any(is_work(line) for line in lines)


def undo_wait(effect: Effect, by: Membership) -> None:
    lead = effect.lead
    if lead:
        Lead.objects.filter(pk=lead.pk).update(wait_until=effect.before["wait_until"])
    for pk, (version, due) in effect.before["tasks"].items():
        task = Task.objects.open().filter(pk=int(pk), version=version).first()
        if task:
            update_task(task, by=by, quiet=True, due_on=date.fromisoformat(due))


def undo_suppression(effect: Effect, by: Membership) -> None:
    unsilence(effect, by=by)


UNDO: dict[Effect.Kind, Callable[[Effect, Membership], None]] = {
    Kind.DEAL_CREATED: undo_deal,
    Kind.DEAL_MOVED: undo_move,
    Kind.TASK: undo_task,
    Kind.LEAD_CHANGED: undo_lead_change,
    Kind.LEAD_CREATED: undo_lead,
    Kind.WAITS: undo_wait,
    Kind.SUPPRESSED: undo_suppression,
}
