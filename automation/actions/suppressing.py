"""Addresses that get no more mail: asked for by their owners, entered and taken off by managers."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from activities.actions import record
from activities.models import Activity, Door
from automation.models import Suppression
from leads.actions import find_contact, update_contact
from leads.models import Campaign, CampaignMember, Contact
from leads.names import normalise_email
from workspaces.access import acting, check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role, Workspace

MAY = (Role.MANAGER, "say who gets no mail")
Reason = Suppression.Reason


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


# --- by the link in a mail --------------------------------------------------------------------------------


@action
def opt_out(workspace: Workspace, email: str) -> Suppression:
    """Whoever reads the mail says so: at once, in the whole workspace, and once however often."""
    contact = find_contact(workspace, email)
    row, is_new = Suppression.objects.get_or_create(
        workspace=workspace, email=email, defaults={"reason": Reason.UNSUBSCRIBED}
    )
    if contact and not contact.do_not_email:
        contact = update_contact(contact, by=None, version=contact.version, door=Door.AUTOMATION, do_not_email=True)
    if contact and is_new:
        tell(contact, "Asked for no more mail by the link in a mail")
        running = CampaignMember.objects.filter(lead__contact=contact, campaign__status=Campaign.Status.RUNNING)
        running.update(state=CampaignMember.State.UNSUBSCRIBED, state_at=timezone.now())
    return row


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
