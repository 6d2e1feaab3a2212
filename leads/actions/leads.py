"""To capture leads and to change them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import datetime

from django.utils import timezone

from activities.actions import record
from activities.models import Activity, Door
from leads.actions.companies import create_company
from leads.actions.contacts import create_contact
from leads.actions.finding import find_company, find_contact
from leads.actions.records import changed, lock, save_changes
from leads.models import Company, Contact, Lead
from leads.names import normalise_email
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.custom.records import set_custom
from workspaces.custom.values import Entity
from workspaces.models import Membership, Role, Workspace

# Set by conversion alone.
CONVERTED = Lead.Status.CONVERTED


@action
def capture(
    workspace: Workspace,
    *,
    by: Membership | None,
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    company_name: str = "",
    door: Door = Door.WEB,
    at: datetime | None = None,
    custom: Mapping[str, object] | None = None,
    **fields: object,
) -> Lead:
    """A new lead. Its contact and company are found by address, domain and name, else created: nobody is copied.
    `custom`: values of custom fields by key; None where nobody was asked for them (see set_custom)."""
    check_may(by, Role.REP, "create leads")
    email = normalise_email(email)
    company = find_company(workspace, company_name, email)
    if company is None and company_name.strip():
        company = create_company(workspace, name=company_name, by=by, door=door, at=at)
    contact = find_contact(workspace, email)
    if contact is None and (first_name or last_name or email):
        contact = create_contact(
            workspace,
            by=by,
            first_name=first_name,
            last_name=last_name,
            emails=[email],
            company=company,
            door=door,
            at=at,
        )
    name = name_of_lead(contact, company)
    company = company or (contact.company if contact else None)
    lead = Lead(
        workspace=workspace, name=name, contact=contact, company=company, created_at=at or timezone.now(), **fields
    )
    set_custom(lead, Entity.LEAD, custom, is_new=True)
    lead.save(force_insert=True)
    record(lead, Activity.Kind.LEAD_CREATED, by=by, door=door, at=at)
    return lead


def name_of_lead(contact: Contact | None, company: Company | None) -> str:
    name = (contact.name if contact else "") or (company.name if company else "")
    if not name:
        raise Refused(
            "A lead needs a name, an email address or a company.",
            fields={"last_name": "A name, an email address or a company, please."},
        )
    return name


@action
def update_lead(
    lead: Lead,
    *,
    by: Membership | None,
    version: int,
    door: Door = Door.WEB,
    at: datetime | None = None,
    custom: Mapping[str, object] | None = None,
    **changes: object,
) -> Lead:
    """Facts and status. `converted` is set by conversion alone, and left by its undo alone."""
    lead = lock(lead, version, by)
    status = changes.get("status", lead.status)
    if status != lead.status and CONVERTED in (status, lead.status):
        raise Refused(
            "A lead becomes converted by converting it, and stays so.", fields={"status": "Only conversion sets this."}
        )
    check_reason(status, changes.get("unqualified_reason") or lead.unqualified_reason)
    before = copy(lead)
    for field, value in changes.items():
        setattr(lead, field, value)
    at = at or timezone.now()
    if status in (Lead.Status.ATTEMPTED, Lead.Status.CONNECTED) and lead.contacted_at is None:
        lead.contacted_at = at
    if status == Lead.Status.QUALIFIED and lead.qualified_at is None:
        lead.qualified_at = at
    facts = changed(before, lead, changes) | set_custom(lead, Entity.LEAD, custom)
    return save_changes(lead, facts, by=by, door=door, at=at)


def check_reason(status: object, reason: object) -> None:
    if status == Lead.Status.UNQUALIFIED and not reason:
        raise Refused("Say why the lead is unqualified.", fields={"unqualified_reason": "A reason, please."})
