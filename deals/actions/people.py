"""Who is in a deal."""

from __future__ import annotations

from datetime import datetime

from django.apps import apps

from activities.actions import record
from activities.models import Activity, Door
from deals.actions.locking import lock_deal
from deals.models import Deal, DealContact
from leads.actions import named_or_new_contact
from leads.models import Contact
from workspaces.access import check_may
from workspaces.action import Refused, Stale, action
from workspaces.models import Membership, Role

# Made by pghistory: each link as it was before a change, the deleted ones as they were last.
HISTORY = apps.get_model("deals", "DealContactHistory")


@action
def add_contact(
    deal: Deal,
    contact: Contact,
    *,
    by: Membership | None,
    role: str = "",
    door: Door = Door.WEB,
    at: datetime | None = None,
) -> DealContact:
    """A person in the deal; the first one is its primary contact."""
    check_may(by, Role.REP, "change deals")
    found = DealContact.objects.filter(deal=deal, contact=contact).first()
    if found:
        raise Refused(f"{contact} is in this deal already.", fields={"contact": "This person is in the deal already."})
    is_first = not DealContact.objects.filter(deal=deal).exists()
    link = DealContact.objects.create(
        workspace_id=deal.workspace_id, deal=deal, contact=contact, role=role, is_primary=is_first
    )
    record(deal, Activity.Kind.FIELD_CHANGE, by=by, door=door, at=at, data={"changes": {"people": ["", contact.name]}})
    return link


@action
def add_person(deal: Deal, text: str, *, by: Membership | None, role: str = "") -> DealContact:
    """Whom a name, an address or both mean; somebody new becomes a contact of the deal's company (leads/actions/contacts.py)."""
    return add_contact(deal, named_or_new_contact(deal.workspace, text, by=by, company=deal.company), by=by, role=role)


@action
def update_contact(
    link: DealContact, *, by: Membership | None, role: str, is_primary: bool, door: Door = Door.WEB
) -> DealContact:
    """The part that a person plays. Who becomes the primary contact takes the place of who was; none may give it up alone."""
    check_may(by, Role.REP, "change deals")
    deal = lock_deal(link.deal_id)
    links = {other.pk: other for other in DealContact.objects.filter(deal=deal).select_related("contact")}
    if link.pk not in links:
        raise Stale("This person was taken out of the deal meanwhile.")
    link = links[link.pk]
    if role not in DealContact.Role.values:
        raise Refused("There is no such role.", fields={"role": "Choose a role."})
    changes = {}
    if role != link.role:
        changes["role"] = [link.role, role]
        link.role = role
        link.save(update_fields=["role"])
    if is_primary and not link.is_primary:
        former = next((other for other in links.values() if other.is_primary), None)
        DealContact.objects.filter(deal=deal, is_primary=True).update(is_primary=False)
        link.is_primary = True
        link.save(update_fields=["is_primary"])
        changes["primary contact"] = [former.contact.name if former else "", link.contact.name]
    elif link.is_primary and not is_primary and len(links) > 1:
        raise Refused(
            "Make somebody else the primary contact instead.",
            fields={"is_primary": "Make somebody else the primary contact instead."},
        )
    if changes:
        data = {"changes": changes, "person": link.contact.name}
        record(deal, Activity.Kind.FIELD_CHANGE, by=by, door=door, data=data)
    return link


@action
def remove_contact(link: DealContact, *, by: Membership | None, door: Door = Door.WEB) -> None:
    """Where the primary contact goes, the one who came next takes the place. `restore_contact` puts them back."""
    check_may(by, Role.REP, "change deals")
    deal = link.deal
    link.delete()
    if link.is_primary and (heir := DealContact.objects.filter(deal=deal).order_by("pk").first()):
        heir.is_primary = True
        heir.save(update_fields=["is_primary"])
    changes = {"people": [link.contact.name, None]}
    record(deal, Activity.Kind.FIELD_CHANGE, by=by, door=door, data={"changes": changes})


@action
def restore_contact(deal: Deal, pk: int, *, by: Membership | None, door: Door = Door.WEB) -> DealContact:
    """Somebody who was taken out, in the part they played; the primary contact again, if they were."""
    check_may(by, Role.REP, "change deals")
    deal = lock_deal(deal.pk)
    image = HISTORY.objects.filter(pgh_obj_id=pk, deal_id=deal.pk).order_by("-pgh_id").first()
    contact = image and Contact.objects.filter(pk=image.contact_id).first()
    if contact is None:
        raise Refused("There is nobody to put back.")
    if link := DealContact.objects.filter(deal=deal, contact=contact).first():
        return link
    if image.is_primary:
        DealContact.objects.filter(deal=deal, is_primary=True).update(is_primary=False)
    link = DealContact(
        pk=pk,
        workspace_id=deal.workspace_id,
        deal=deal,
        contact=contact,
        role=image.role,
        is_primary=image.is_primary or not DealContact.objects.filter(deal=deal).exists(),
    )
    link.save(force_insert=True)
    record(deal, Activity.Kind.FIELD_CHANGE, by=by, door=door, data={"changes": {"people": ["", contact.name]}})
    return link
