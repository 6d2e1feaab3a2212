"""What people do with companies, contacts and leads. `by` is the Membership that acts, None the system."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from datetime import datetime
from itertools import takewhile
from types import SimpleNamespace
from typing import TypeVar
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import OuterRef, QuerySet, Subquery
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
from workspaces.dates import check_dates
from workspaces.models import Membership, Role, Workspace

Row = TypeVar("Row", Company, Contact, Lead)
# Set by conversion alone.
CONVERTED = Lead.Status.CONVERTED
NAMED = re.compile(r"[^<>]*<([^<>]+)>")
LONGEST_NAME = Contact._meta.get_field("name").max_length
LONGEST_EMAIL = ContactEmail._meta.get_field("email").max_length or 254


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
    """A new company. Refused when another has its domain; a similar name is only warned of (see duplicates.py)."""
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
    before = copy(company)
    for field, value in changes.items():
        setattr(company, field, value)
    prepare_company(company, before.domain)
    check_domain(company)
    return save_changes(company, changed(before, company, changes), by=by, door=door)


def prepare_company(company: Company, domain: str = "") -> None:
    """`domain`: the one that it has already."""
    if not company.name:
        raise Refused("A company needs a name.", fields={"name": "What is it called?"})
    company.name_key = name_key(company.name)
    website = company.domain.strip()
    if website != domain:
        company.domain = domain_of(website)
        if website and not company.domain:
            raise Refused(f"{website} is not a website.", fields={"domain": "Such as acme.com."})


def check_domain(company: Company) -> None:
    other = (
        company.domain
        and Company.objects.filter(workspace_id=company.workspace_id, domain=company.domain)
        .exclude(pk=company.pk)
        .first()
    )
    if other:
        raise domain_taken(company.domain, other.name, other)


def domain_taken(domain: str, name: str, other: Company | None = None) -> Refused:
    return Refused(
        f"{name} has the domain {domain} already.", fields={"domain": f"{name} has this domain already."}, other=other
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
    company_name: str = "",
    door: Door = Door.WEB,
    at: datetime | None = None,
    **fields: object,
) -> Contact:
    """A person, once: an address that somebody has already is refused with that person's name. A company that is named
    is found or created."""
    check_may(by, Role.REP, "create contacts")
    contact = Contact(
        workspace=workspace,
        first_name=first_name.strip(),
        last_name=last_name.strip(),
        created_at=at or timezone.now(),
        **fields,
    )
    emails = read_emails(emails or [])
    check_dates(consent_at=contact.consent_at)
    name_contact(contact, emails)
    if company_name:
        contact.company = find_or_create_company(workspace, company_name, by=by, door=door)
    contact.save()
    set_emails(contact, emails)
    set_phones(contact, phones or [])
    record(contact, Activity.Kind.SYSTEM, by=by, door=door, at=at, body="Contact created")
    return contact


def name_contact(contact: Contact, emails: list[str]) -> None:
    name = full_name(contact.first_name, contact.last_name) or (emails[0] if emails else "")
    contact.name = name[:LONGEST_NAME]
    if not contact.name:
        raise Refused(
            "A contact needs a name or an email address.", fields={"first_name": "A name or an email address, please."}
        )


@action
def update_contact(
    contact: Contact,
    *,
    by: Membership,
    version: int,
    emails: list[str] | None = None,
    phones: list[str] | None = None,
    company_name: str | None = None,
    door: Door = Door.WEB,
    **changes: object,
) -> Contact:
    """`emails` and `phones`: all that there are from now on. `company_name`: found or created, "" for none."""
    contact = lock(contact, version, by)
    before, lists = copy(contact), {}
    if company_name is not None and company_name.strip() != str(contact.company or ""):
        changes["company"] = find_or_create_company(contact.workspace, company_name, by=by, door=door)
    for field, value in changes.items():
        setattr(contact, field, value)
    check_dates(consent_at=contact.consent_at)
    if emails is not None:
        lists["emails"] = set_emails(contact, read_emails(emails))
    if phones is not None:
        lists["phones"] = set_phones(contact, phones)
    first = contact.emails.filter(is_primary=True).first()
    name_contact(contact, [first.email if first else contact.name])
    facts = changed(before, contact, [*changes, "name"])
    facts |= {name: [", ".join(old), ", ".join(new)] for name, (old, new) in lists.items() if old != new}
    return save_changes(contact, facts, by=by, door=door)


def read_emails(emails: list[str]) -> list[str]:
    """Normalised, each once."""
    found = [normalise_email(email) for email in emails if email.strip()]
    for email in found:
        try:
            validate_email(email)
        except ValidationError:
            raise not_an_email(email) from None
        if len(email) > LONGEST_EMAIL:
            raise not_an_email(email)
    return list(dict.fromkeys(found))


def not_an_email(text: str) -> Refused:
    return Refused(
        f"{text[:60]} is not an email address.", fields={"emails": f"“{text[:60]}” is not an email address."}
    )


def set_emails(contact: Contact, emails: list[str]) -> tuple[list[str], list[str]]:
    """Exactly these, the first one primary. Returns those of before, and these."""
    other = (
        ContactEmail.objects.filter(workspace_id=contact.workspace_id, email__in=emails)
        .exclude(contact=contact)
        .select_related("contact")
        .first()
    )
    if other:
        raise email_taken(other.email, other.contact.name, other.contact)
    rows = list(contact.emails.order_by("-is_primary", "pk"))
    old = [row.email for row in rows]
    same = same_start(old, emails)
    contact.emails.filter(pk__in=[row.pk for row in rows[same:]]).delete()
    ContactEmail.objects.bulk_create(
        ContactEmail(workspace_id=contact.workspace_id, contact=contact, email=email, is_primary=i == 0)
        for i, email in enumerate(emails)
        if i >= same
    )
    return old, emails


def same_start(old: list[str], new: list[str]) -> int:
    """How many stay as they are: only what comes behind is written anew."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def email_taken(email: str, name: str, other: Contact | None = None) -> Refused:
    return Refused(
        f"{name} has the address {email} already.", fields={"emails": f"{email} belongs to {name}."}, other=other
    )


def set_phones(contact: Contact, phones: list[str]) -> tuple[list[str], list[str]]:
    """Exactly these. Returns those of before, and these."""
    numbers = read_phones(phones)
    rows = list(contact.phones.order_by("pk"))
    old = [row.phone for row in rows]
    same = same_start(old, numbers)
    contact.phones.filter(pk__in=[row.pk for row in rows[same:]]).delete()
    ContactPhone.objects.bulk_create(
        ContactPhone(workspace_id=contact.workspace_id, contact=contact, phone=number) for number in numbers[same:]
    )
    return old, numbers


def read_phones(phones: list[str]) -> list[str]:
    """In E.164, each once."""
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
    return list(dict.fromkeys(numbers))


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
    name = name_of_lead(contact, company)
    company = company or (contact.company if contact else None)
    lead = Lead.objects.create(
        workspace=workspace, name=name, contact=contact, company=company, created_at=at or timezone.now(), **fields
    )
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
        key = name_key(name)
        return companies.filter(name_key=key).first() if key else None
    domain = domain_of(email)
    return companies.filter(domain=domain).first() if domain else None


def suggest_companies(workspace: Workspace, text: str, limit: int = 8) -> list[str]:
    """Names of companies that `text` finds."""
    found = Company.objects.filter(workspace=workspace, pk__in=RawSQL("SELECT crm_companies_like(%s)", [text]))
    return list(found.order_by("name").values_list("name", flat=True)[:limit])


def suggest_contacts(workspace: Workspace, text: str, limit: int = 12) -> list[tuple[str, str]]:
    """(what `named_contact` takes, company) of the people that `text` finds by name or address."""
    primary = ContactEmail.objects.filter(workspace=workspace, contact_id=OuterRef("pk"), is_primary=True)
    found = Contact.objects.filter(workspace=workspace, pk__in=RawSQL("SELECT crm_contacts_like(%s)", [text]))
    found = found.annotate(email=Subquery(primary.values("email")[:1])).order_by("name", "pk")
    rows = found.values_list("name", "email", "company__name")[:limit]
    return [(f"{name} <{email}>" if email and email != name else name, company or "") for name, email, company in rows]


def named_contact(workspace: Workspace, text: str) -> Contact:
    """The one person that is meant by a name, an address or both: "Ada Lovelace <ada@acme.com>"."""
    text = text.strip()
    found = NAMED.fullmatch(text)
    if contact := find_contact(workspace, normalise_email(found[1] if found else text)):
        return contact
    people = list(Contact.objects.filter(workspace=workspace, name__iexact=text).order_by("pk")[:2]) if text else []
    if len(people) == 1:
        return people[0]
    message = (
        f"Several people are called {text}: choose one by the email address."
        if people
        else "No contact has this name or address: choose one of those that are offered, or create the contact first."
    )
    raise Refused(message, fields={"contact": message})


def find_or_create_company(
    workspace: Workspace, name: str, *, by: Membership | None, door: Door = Door.WEB
) -> Company | None:
    """The company that a person means by typing a name; None for no name."""
    if not name.strip():
        return None
    return find_company(workspace, name) or create_company(workspace, name=name, by=by, door=door)


@action
def update_lead(
    lead: Lead, *, by: Membership, version: int, door: Door = Door.WEB, at: datetime | None = None, **changes: object
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
    return save_changes(lead, changed(before, lead, changes), by=by, door=door, at=at)


def check_reason(status: object, reason: object) -> None:
    if status == Lead.Status.UNQUALIFIED and not reason:
        raise Refused("Say why the lead is unqualified.", fields={"unqualified_reason": "A reason, please."})


def lock(row: Row, version: int, by: Membership | None) -> Row:
    """The newest state of the row, locked; refused when somebody changed it since `version`."""
    check_may(by, Role.REP, "change this")
    row = type(row).objects.select_for_update().get(pk=row.pk)
    if row.version != version:
        raise Stale(
            f"Somebody changed {row} while you were looking at it. Nothing was overwritten: look again, then save."
        )
    return row


def changed(before: Row, row: Row, names: Iterable[str]) -> dict[str, list[str]]:
    """{field: [old, new]} of those that differ, in words."""
    return {
        name: [said(before, name), said(row, name)] for name in names if getattr(before, name) != getattr(row, name)
    }


def said(row: Row, name: str) -> str:
    value = getattr(row, row._meta.get_field(name).name)  # of owner_id the owner
    return "" if value is None else str(value)


def save_changes(
    row: Row,
    changes: dict[str, list[str]],
    *,
    by: Membership | None,
    door: Door,
    at: datetime | None = None,
) -> Row:
    """Nothing is written, and the version stays, when all is so already."""
    if changes:
        row.version += 1
        row.save()
        data = {"fields": sorted(changes), "changes": changes}
        record(row, Activity.Kind.FIELD_CHANGE, by=by, door=door, at=at, data=data)
    return row


@action
def refresh_segment(segment: Segment) -> None:
    """Make the members of a segment by filter those that its filter finds now."""
    wanted = leads_of(segment).order_by()
    SegmentMember.objects.filter(segment=segment).exclude(lead__in=wanted).delete()
    missing = wanted.exclude(segments__segment=segment).values_list("pk", flat=True)
    SegmentMember.objects.bulk_create(
        (SegmentMember(workspace_id=segment.workspace_id, segment=segment, lead_id=pk) for pk in missing),
        ignore_conflicts=True,
    )
    segment.refreshed_at = timezone.now()
    segment.save(update_fields=["refreshed_at"])


def leads_of(segment: Segment) -> QuerySet[Lead]:
    """What the segment's filter finds; refused where the filter is none that the list of leads could have."""
    asked = segment.filter
    if not isinstance(asked, dict) or not all(map(_is_parameter, asked.values())):
        raise unreadable(segment, 'it must be an object of names and values, such as {"source": ["event"]}')
    if unknown := asked.keys() - LeadFilter.base_filters.keys():
        raise unreadable(segment, f"leads have no {', '.join(sorted(unknown))}")
    found = LeadFilter(
        QueryDict(urlencode(asked, doseq=True)),
        queryset=Lead.objects.filter(workspace_id=segment.workspace_id),
        request=SimpleNamespace(workspace=segment.workspace),
    )
    if not found.is_valid():
        raise unreadable(segment, found.errors.as_text())
    return found.qs


def _is_parameter(value: object) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(single, str | int) for single in values)


def unreadable(segment: Segment, why: str) -> Refused:
    message = f"The filter of {segment} cannot be read: {why}"
    return Refused(message, fields={"filter": message})
