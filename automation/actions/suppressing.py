"""Addresses that get no more mail: asked for by their owners, said by mail servers, entered and taken off by managers."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.utils import timezone

from activities.actions import record
from activities.models import Activity, Door
from automation.models import Effect, Message, Suppression
from leads.actions import find_contact, update_contact
from leads.models import Campaign, CampaignMember, Contact
from leads.names import normalise_email
from workspaces.access import acting, check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role, Workspace

MAY = (Role.MANAGER, "say who gets no mail")
Reason, State = Suppression.Reason, CampaignMember.State
STATES = {Reason.UNSUBSCRIBED: State.UNSUBSCRIBED, Reason.BOUNCED: State.BOUNCED}


@action
def suppress_address(workspace: Workspace, email: str, *, by: Membership) -> Suppression:
    check_may(by, *MAY)
    email = normalise_email(email)
    try:
        validate_email(email)
    except ValidationError:
        say = f"“{email[:80]}” is no address."
        raise Refused(say, fields={"email": say}) from None
    row, is_new = Suppression.objects.get_or_create(
        workspace=workspace, email=email, defaults={"reason": Reason.BY_HAND, "by_id": acting(by)}
    )
    if not is_new:
        raise Refused("It is on the list already.", fields={"email": "It is on the list already."})
    return row


@action
def lift_suppression(row: Suppression, *, by: Membership) -> dict[str, object]:
    """It may get mail again, as far as this list goes. Returns what `put_back` takes."""
    check_may(by, *MAY)
    contact = find_contact(row.workspace, row.email)
    said = row.reason == Reason.UNSUBSCRIBED and contact is not None and contact.do_not_email
    kept = {"email": row.email, "reason": row.reason, "message_id": row.message_id, "by_id": row.by_id, "said": said}
    row.delete()
    if contact and said:
        update_contact(contact, by=by, version=contact.version, do_not_email=False)
    return kept


@action
def put_back(workspace: Workspace, kept: Mapping[str, object], *, by: Membership) -> Suppression:
    """Undo of `lift_suppression`."""
    check_may(by, *MAY)
    facts = {name: kept[name] for name in ("reason", "message_id", "by_id")}
    row, _ = Suppression.objects.get_or_create(workspace=workspace, email=kept["email"], defaults=facts)
    contact = find_contact(workspace, row.email)
    if contact and kept["said"] and not contact.do_not_email:
        update_contact(contact, by=by, version=contact.version, do_not_email=True)
    return row


# --- by whom it is about ----------------------------------------------------------------------------------


def silence(
    workspace: Workspace,
    email: str,
    reason: Suppression.Reason,
    contact: Contact | None,
    *,
    by: Membership | None,
    door: Door,
    message: Message | None = None,
) -> dict[str, object]:
    """No more mail to this address from the whole workspace; its person is out of all campaigns. Once however often.
    Returns what an Effect keeps for `unsilence`."""
    row, is_new = Suppression.objects.get_or_create(
        workspace=workspace, email=email, defaults={"reason": reason, "message": message}
    )
    before: dict[str, object] = {"email": email, "do_not_email": contact.do_not_email if contact else False}
    if not is_new and reason == Reason.UNSUBSCRIBED != row.reason:  # their own word weighs most
        before["reason"], row.reason = row.reason, reason
        row.save(update_fields=["reason"])
    if contact and reason == Reason.UNSUBSCRIBED and not contact.do_not_email:
        update_contact(contact, by=by, version=contact.version, door=door, do_not_email=True)
    members = CampaignMember.objects.filter(lead__contact=contact) if contact else CampaignMember.objects.none()
    before["members"] = reached(members, STATES[reason])
    return before


def unsilence(effect: Effect, *, by: Membership) -> None:
    """Undo of what one message brought; where another one asks for the same, that one stands for it from now on."""
    email, before, contact = effect.before["email"], effect.before, effect.contact
    row = Suppression.objects.filter(workspace_id=effect.workspace_id, email=email).first()
    its = row is not None and row.message_id == effect.message_id
    others = Effect.objects.filter(kind=Effect.Kind.SUPPRESSED, undone_at=None, before__email=email)
    other = others.exclude(pk=effect.pk).order_by("pk").first()
    if other:
        # Both say it of one row: what was before the first is what the last gives back.
        first = effect if effect.pk < other.pk else other
        other.before |= {"do_not_email": first.before["do_not_email"]}
        other.before["members"] = members_of(first) | members_of(other)
        other.save(update_fields=["before"])
        if row and its:
            row.message_id = other.message_id
            row.save(update_fields=["message"])
        return
    if row and its:
        row.delete()
    elif row and row.at > effect.at:  # they said so themselves since
        return
    elif row and "reason" in before:
        row.reason = before["reason"]
        row.save(update_fields=["reason"])
    if contact and contact.do_not_email and not before["do_not_email"]:
        update_contact(contact, by=by, version=contact.version, do_not_email=False)
    for pk, state in members_of(effect).items():
        gone = CampaignMember.objects.filter(pk=int(pk), state__in=STATES.values())
        gone.update(state=state, state_at=timezone.now())


def members_of(effect: Effect) -> dict[str, str]:
    """How far its person had got in campaigns; what was done before this was kept knows nothing of it."""
    return effect.before.get("members", {})


def reached(members: QuerySet[CampaignMember], state: CampaignMember.State) -> dict[int, str]:
    """How far these got in the campaigns that run: {id: the state before}."""
    running = members.filter(campaign__status=Campaign.Status.RUNNING)
    before = dict(running.exclude(state__in=(state, State.UNSUBSCRIBED)).values_list("pk", "state"))
    if before:
        CampaignMember.objects.filter(pk__in=before).update(state=state, state_at=timezone.now())
    return before


# --- by the link in a mail --------------------------------------------------------------------------------


@action
def opt_out(workspace: Workspace, email: str) -> Suppression:
    """Whoever reads the mail says so: at once, in the whole workspace, and once however often."""
    contact = find_contact(workspace, email)
    asked = Suppression.objects.filter(workspace=workspace, email=email, reason=Reason.UNSUBSCRIBED)
    is_new = not asked.exists()
    silence(workspace, email, Reason.UNSUBSCRIBED, contact, by=None, door=Door.AUTOMATION)
    asked.update(message=None, at=timezone.now())  # their own click: no undo of what a mail did takes it back
    if contact and is_new:
        tell(contact, "Asked for no more mail by the link in a mail")
    return asked.get()


@action
def opt_in(workspace: Workspace, email: str) -> None:
    """Who opted out by the link takes it back there. Campaigns do not go on by themselves."""
    contact = find_contact(workspace, email)
    gone, _ = Suppression.objects.filter(workspace=workspace, email=email, reason=Reason.UNSUBSCRIBED).delete()
    if gone and contact and contact.do_not_email:
        contact = update_contact(contact, by=None, version=contact.version, door=Door.AUTOMATION, do_not_email=False)
        tell(contact, "Wants mail again, by the link in a mail")


def tell(contact: Contact, said: str) -> None:
    record(contact, Activity.Kind.SYSTEM, by=None, door=Door.AUTOMATION, body=said)
