"""Who is in a deal."""

from __future__ import annotations

from datetime import datetime

from activities.actions import record
from activities.models import Activity, Door
from deals.models import Deal, DealContact
from leads.models import Contact
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role


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
def remove_contact(link: DealContact, *, by: Membership | None, door: Door = Door.WEB) -> None:
    """Where the primary contact goes, the one who came next takes the place."""
    check_may(by, Role.REP, "change deals")
    link.delete()
    if link.is_primary and (heir := DealContact.objects.filter(deal=link.deal).order_by("pk").first()):
        heir.is_primary = True
        heir.save(update_fields=["is_primary"])
    changes = {"people": [link.contact.name, None]}
    record(link.deal, Activity.Kind.FIELD_CHANGE, by=by, door=door, data={"changes": changes})
