"""What people do with companies, contacts and leads. `by` is the Membership that acts, None the system."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from urllib.parse import urlencode

from django.db import models
from django.db.models.expressions import RawSQL
from django.http import QueryDict
from django.utils import timezone

from activities.actions import record
from activities.models import Activity, Door
from leads.filters import LeadFilter
from leads.models import Company, Contact, ContactEmail, ContactPhone, Lead, Segment, SegmentMember
from leads.names import domain_of, full_name, name_key, normalise_email, normalise_phone
from workspaces.access import check_may
from workspaces.action import Refused, Stale, action
from workspaces.models import Membership, Role, Workspace

# Set by conversion alone.
CONVERTED = Lead.Status.CONVERTED


@action
def create_company(
    workspace: Workspace,
    *,
    name: str,
    by: Membership | None,
    door: Door = Door.WEB,
    at: datetime | None = None,
    **fields: object,
) -> Company:
    """A new company. Refused when another has its domain; a similar name is only warned of (see find_duplicates)."""
    check_may(by, Role.REP, "create companies")
    company = Company(workspace=workspace, name=name.strip(), created_at=at or timezone.now(), **fields)
    prepare_company(company)
    check_domain(company)
    company.save()
    record(company, Activity.Kind.SYSTEM, by=by, door=door, at=at, body="Company created")
    return company


@action
def update_company(
    company: Company, *, by: Membership, version: int, door: Door = Door.WEB, **changes: object
) -> Company:
    company = lock(company, version, by)
    for field, value in changes.items():
        setattr(company, field, value)
    prepare_company(company)
    check_domain(company)
    return save_changes(company, changes, by=by, door=door)


def prepare_company(company: Company) -> None:
    if not company.name:
        raise Refused("A company needs a name.", fields={"name": "What is it called?"})
    company.name_key = name_key(company.name)
    company.domain = domain_of(company.domain)


def check_domain(company: Company) -> None:
    other = (
        company.domain
        and Company.objects.filter(workspace_id=company.workspace_id, domain=company.domain)
        .exclude(pk=company.pk)
        .first()
    )
    if other:
        raise Refused(
            f"{other.name} has the domain {company.domain} already.",
            fields={"domain": f"{other.name} has this domain already."},
        )


@action
def create_contact(
    workspace: Workspace,
    *,
    by: Membership | None,
    first_name: str = "",
    last_name: str = "",
    emails: list[str] | None = None,
    phones: list[str] | None = None,
    door: Door = Door.WEB,
    at: datetime | None = None,
    **fields: object,
) -> Contact:
    """A person, once: an address that somebody has already is refused with that person's name."""
    check_may(by, Role.REP, "create contacts")
    contact = Contact(
        workspace=workspace,
        first_name=first_name.strip(),
        last_name=last_name.strip(),
        created_at=at or timezone.now(),
        **fields,
    )
    emails = [normalise_email(email) for email in emails or [] if email.strip()]
    contact.name = full_name(contact.first_name, contact.last_name) or (emails[0] if emails else "")
    if not contact.name:
        raise Refused(
            "A contact needs a name or an email address.", fields={"first_name": "A name or an email address, please."}
        )
    contact.save()
    set_emails(contact, emails)
    set_phones(contact, phones or [])
    record(contact, Activity.Kind.SYSTEM, by=by, door=door, at=at, body="Contact created")
    return contact


@action
def update_contact(
    contact: Contact,
    *,
    by: Membership,
    version: int,
    emails: list[str] | None = None,
    phones: list[str] | None = None,
    door: Door = Door.WEB,
    **changes: object,
) -> Contact:
    contact = lock(contact, version, by)
    for field, value in changes.items():
        setattr(contact, field, value)
    if emails is not None:
        set_emails(contact, [normalise_email(email) for email in emails if email.strip()])
    if phones is not None:
        set_phones(contact, phones)
    first = contact.emails.filter(is_primary=True).first()
    contact.name = full_name(contact.first_name, contact.last_name) or (first.email if first else contact.name)
    return save_changes(contact, changes | {"name": contact.name}, by=by, door=door)


def set_emails(contact: Contact, emails: list[str]) -> None:
    """Exactly these, the first one primary."""
    other = (
        ContactEmail.objects.filter(workspace_id=contact.workspace_id, email__in=emails)
        .exclude(contact=contact)
        .select_related("contact")
        .first()
    )
    if other:
        raise Refused(
            f"{other.contact.name} has the address {other.email} already.",
            fields={"emails": f"{other.email} belongs to {other.contact.name}."},
        )
    contact.emails.all().delete()
    ContactEmail.objects.bulk_create(
        ContactEmail(workspace_id=contact.workspace_id, contact=contact, email=email, is_primary=i == 0)
        for i, email in enumerate(dict.fromkeys(emails))
    )


def set_phones(contact: Contact, phones: list[str]) -> None:
    numbers = []
    for phone in phones:
        if not phone.strip():
            continue
        number = normalise_phone(phone)
        if not number:
            raise Refused(
                f"{phone} is not a phone number; write it with its country code: +49 30 123456.",
                fields={"phones": "With country code, such as +49 30 123456."},
            )
        numbers.append(number)
    contact.phones.all().delete()
    ContactPhone.objects.bulk_create(
        ContactPhone(workspace_id=contact.workspace_id, contact=contact, phone=number)
        for number in dict.fromkeys(numbers)
    )


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
    **fields: object,
) -> Lead:
    """A new lead. Its contact and company are found by address, domain and name, else created: nobody is copied."""
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
    name = (contact.name if contact else "") or (company.name if company else "")
    if not name:
        raise Refused(
            "A lead needs a name, an email address or a company.",
            fields={"last_name": "A name, an email address or a company, please."},
        )
    company = company or (contact.company if contact else None)
    lead = Lead.objects.create(
        workspace=workspace, name=name, contact=contact, company=company, created_at=at or timezone.now(), **fields
    )
    record(lead, Activity.Kind.LEAD_CREATED, by=by, door=door, at=at)
    return lead


def find_contact(workspace: Workspace, email: str) -> Contact | None:
    found = (
        ContactEmail.objects.filter(workspace=workspace, email=email).select_related("contact__company").first()
        if email
        else None
    )
    return found.contact if found else None


def find_company(workspace: Workspace, name: str, email: str = "") -> Company | None:
    """By name, else by the domain of an address (a company that has claimed gmail.com is the admin's own doing)."""
    companies = Company.objects.filter(workspace=workspace).order_by("pk")
    if name.strip():
        return companies.filter(name_key=name_key(name)).first()
    domain = domain_of(email)
    return companies.filter(domain=domain).first() if domain else None


def suggest_companies(workspace: Workspace, text: str, limit: int = 8) -> list[str]:
    """Names of companies that `text` finds."""
    found = Company.objects.filter(workspace=workspace, pk__in=RawSQL("SELECT crm_companies_like(%s)", [text]))
    return list(found.order_by("name").values_list("name", flat=True)[:limit])


def find_or_create_company(
    workspace: Workspace, name: str, *, by: Membership | None, door: Door = Door.WEB
) -> Company | None:
    """The company that a person means by typing a name; None for no name."""
    if not name.strip():
        return None
    return find_company(workspace, name) or create_company(workspace, name=name, by=by, door=door)


@action
def update_lead(lead: Lead, *, by: Membership, version: int, door: Door = Door.WEB, **changes: object) -> Lead:
    """Facts and status. `converted` is set by conversion alone, and left by its undo alone."""
    lead = lock(lead, version, by)
    status = changes.get("status", lead.status)
    if status != lead.status and CONVERTED in (status, lead.status):
        raise Refused(
            "A lead becomes converted by converting it, and stays so.", fields={"status": "Only conversion sets this."}
        )
    if status == Lead.Status.UNQUALIFIED and not (changes.get("unqualified_reason") or lead.unqualified_reason):
        raise Refused("Say why the lead is unqualified.", fields={"unqualified_reason": "A reason, please."})
    for field, value in changes.items():
        setattr(lead, field, value)
    now = timezone.now()
    if status in (Lead.Status.ATTEMPTED, Lead.Status.CONNECTED) and lead.contacted_at is None:
        lead.contacted_at = now
    if status == Lead.Status.QUALIFIED and lead.qualified_at is None:
        lead.qualified_at = now
    return save_changes(lead, changes, by=by, door=door)


def lock(row: models.Model, version: int, by: Membership | None) -> models.Model:
    """The newest state of the row, locked; refused when somebody changed it since `version`."""
    check_may(by, Role.REP, "change this")
    row = type(row).objects.select_for_update().get(pk=row.pk)
    if row.version != version:
        raise Stale(
            f"Somebody changed {row} while you were looking at it. Nothing was overwritten: look again, then save."
        )
    return row


def save_changes(row: models.Model, changes: dict[str, object], *, by: Membership | None, door: Door) -> models.Model:
    row.version += 1
    row.save()
    record(row, Activity.Kind.FIELD_CHANGE, by=by, door=door, data={"fields": sorted(changes)})
    return row


@action
def refresh_segment(segment: Segment) -> None:
    """Make the members of a segment by filter those that its filter finds now."""
    data = QueryDict(urlencode(segment.filter, doseq=True))
    found = LeadFilter(
        data,
        queryset=Lead.objects.filter(workspace_id=segment.workspace_id),
        request=SimpleNamespace(workspace=segment.workspace),
    )
    if not found.is_valid():
        raise Refused(f"The filter of {segment} cannot be read: {found.errors.as_text()}")
    wanted = found.qs.order_by()
    SegmentMember.objects.filter(segment=segment).exclude(lead__in=wanted).delete()
    missing = wanted.exclude(segments__segment=segment).values_list("pk", flat=True)
    SegmentMember.objects.bulk_create(
        (SegmentMember(workspace_id=segment.workspace_id, segment=segment, lead_id=pk) for pk in missing),
        ignore_conflicts=True,
    )
    segment.refreshed_at = timezone.now()
    segment.save(update_fields=["refreshed_at"])
