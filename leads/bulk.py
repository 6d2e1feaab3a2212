"""Companies, contacts and leads by the thousand, for imports: the checks and history of leads/actions, few statements.

Each row is given as the keyword arguments of the verb for one; a row that the verb would refuse is answered with its
Refused, and the others are written. Answers come in the order of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.utils import timezone

from activities.bulk import record_all
from activities.models import Activity, Door
from leads.actions import (
    CONVERTED,
    check_reason,
    domain_taken,
    email_taken,
    name_contact,
    name_of_lead,
    prepare_company,
    read_phones,
)
from leads.models import Company, Contact, ContactEmail, ContactPhone, Lead
from leads.names import domain_of, name_key, normalise_email
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.custom.fields import active_members
from workspaces.custom.records import set_custom
from workspaces.custom.values import Entity
from workspaces.models import Membership, Role, Workspace

BATCH = 2000
T = TypeVar("T")


@action
def create_companies(
    workspace: Workspace, rows: Sequence[dict[str, Any]], *, by: Membership | None, door: Door = Door.IMPORT
) -> list[Company | Refused]:
    """Rows as create_company has them: `name`, `at` and further fields."""
    check_may(by, Role.REP, "create companies")
    companies = [_company(workspace, **row) for row in rows]
    owners = {
        company.domain: company.name
        for company in Company.objects.filter(
            workspace=workspace, domain__in={domain_of(c.domain) for c in companies} - {""}
        )
    }
    results: list[Company | Refused] = []
    members = active_members(workspace.pk)
    for company, row in zip(companies, rows, strict=True):
        try:
            prepare_company(company)
            set_custom(company, Entity.COMPANY, row.get("custom"), is_new=True, members=members)
            if company.domain in owners:
                raise domain_taken(company.domain, owners[company.domain])
        except Refused as refusal:
            results.append(refusal)
            continue
        if company.domain:
            owners[company.domain] = company.name
        results.append(company)
    made = _good(results)
    Company.objects.bulk_create(made, batch_size=BATCH)
    _record_creation(made, "Company created", by, door)
    return results


def _company(
    workspace: Workspace, *, name: str, at: datetime | None = None, custom: Any = None, **fields: Any
) -> Company:
    """Its custom values are set where they are checked."""
    return Company(workspace=workspace, name=name.strip(), created_at=at or timezone.now(), **fields)


@action
def create_contacts(
    workspace: Workspace, rows: Sequence[dict[str, Any]], *, by: Membership | None, door: Door = Door.IMPORT
) -> list[Contact | Refused]:
    """Rows as create_contact has them: `first_name`, `last_name`, `emails`, `phones`, `at` and further fields."""
    check_may(by, Role.REP, "create contacts")
    wanted = {normalise_email(email) for row in rows for email in row.get("emails") or ()}
    owners = {email: contact.name for email, contact in contacts_by_email(workspace, wanted).items()}
    results: list[Contact | Refused] = []
    addresses: list[ContactEmail] = []
    numbers: list[ContactPhone] = []
    members = active_members(workspace.pk)
    for row in rows:
        try:
            contact, emails, phones = _contact(workspace, owners, **row)
            set_custom(contact, Entity.CONTACT, row.get("custom"), is_new=True, members=members)
        except Refused as refusal:
            results.append(refusal)
            continue
        owners |= dict.fromkeys(emails, contact.name)
        results.append(contact)
        addresses += (
            ContactEmail(workspace=workspace, contact=contact, email=email, is_primary=i == 0)
            for i, email in enumerate(emails)
        )
        numbers += (ContactPhone(workspace=workspace, contact=contact, phone=phone) for phone in phones)
    made = _good(results)
    Contact.objects.bulk_create(made, batch_size=BATCH)
    for links in (addresses, numbers):
        for link in links:
            # The contact had no id when the link was made.
            link.contact_id = link.contact.pk
    ContactEmail.objects.bulk_create(addresses, batch_size=BATCH)
    ContactPhone.objects.bulk_create(numbers, batch_size=BATCH)
    _record_creation(made, "Contact created", by, door)
    return results


def _contact(
    workspace: Workspace,
    owners: dict[str, str],
    *,
    first_name: str = "",
    last_name: str = "",
    emails: Iterable[str] | None = None,
    phones: Iterable[str] | None = None,
    at: datetime | None = None,
    custom: Any = None,
    **fields: Any,
) -> tuple[Contact, list[str], list[str]]:
    contact = Contact(
        workspace=workspace,
        first_name=first_name.strip(),
        last_name=last_name.strip(),
        created_at=at or timezone.now(),
        **fields,
    )
    addresses = list(dict.fromkeys(normalise_email(email) for email in emails or () if email.strip()))
    name_contact(contact, addresses)
    taken = next((email for email in addresses if email in owners), None)
    if taken:
        raise email_taken(taken, owners[taken])
    return contact, addresses, read_phones(list(phones or ()))


@action
def create_leads(
    workspace: Workspace, rows: Sequence[dict[str, Any]], *, by: Membership | None, door: Door = Door.IMPORT
) -> list[Lead | Refused]:
    """Rows as `capture` has them, but with `emails` and `phones`. Contacts and companies are found, else created."""
    check_may(by, Role.REP, "create leads")
    companies = _companies_of(workspace, rows, by, door)
    contacts = _contacts_of(workspace, rows, companies, by, door)
    results: list[Lead | Refused] = []
    members = active_members(workspace.pk)
    for row, company, contact in zip(rows, companies, contacts, strict=True):
        problem = next((found for found in (company, contact) if isinstance(found, Refused)), None)
        try:
            results.append(problem or _lead(workspace, company, contact, row, members))
        except Refused as refusal:
            results.append(refusal)
    made = _good(results)
    Lead.objects.bulk_create(made, batch_size=BATCH)
    record_all(((lead, {"at": lead.created_at}) for lead in made), Activity.Kind.LEAD_CREATED, by=by, door=door)
    return results


def _lead(workspace: Workspace, company: Any, contact: Any, row: dict[str, Any], members: set[int]) -> Lead:
    fields = {name: value for name, value in row.items() if name not in PERSONAL}
    check_reason(fields.get("status"), fields.get("unqualified_reason"))
    if fields.get("status") == CONVERTED:
        raise Refused("A lead becomes converted by converting it.", fields={"status": "Only conversion sets this."})
    company = company or (contact.company if contact else None)
    lead = Lead(
        workspace=workspace,
        name=name_of_lead(contact, company),
        contact=contact,
        company=company,
        created_at=row.get("at") or timezone.now(),
        **fields,
    )
    set_custom(lead, Entity.LEAD, row.get("custom"), is_new=True, members=members)
    return lead


# What of a lead's row belongs to its contact and company, and what is checked by itself.
PERSONAL = frozenset(("first_name", "last_name", "emails", "phones", "title", "company_name", "at", "custom"))


def _companies_of(
    workspace: Workspace, rows: Sequence[dict[str, Any]], by: Membership | None, door: Door
) -> list[Company | Refused | None]:
    """As find_company does: by name, else by the domain of an address; what is named and not found is made, once."""
    named = {name_key(row["company_name"]): row for row in reversed(rows) if row.get("company_name", "").strip()}
    found: dict[str, Company | Refused] = dict(companies_by_key(workspace, named))
    missing = [key for key in reversed(named) if key not in found]
    made = create_companies(
        workspace,
        [{"name": named[key]["company_name"], "at": named[key].get("at")} for key in missing],
        by=by,
        door=door,
    )
    found |= dict(zip(missing, made, strict=True))
    domains = companies_by_domain(workspace, {domain_of(email) for row in rows for email in row.get("emails") or ()})
    return [
        found[name_key(row["company_name"])]
        if row.get("company_name", "").strip()
        else next((domains[domain_of(email)] for email in row.get("emails") or () if domain_of(email) in domains), None)
        for row in rows
    ]


def _contacts_of(
    workspace: Workspace,
    rows: Sequence[dict[str, Any]],
    companies: Sequence[Company | Refused | None],
    by: Membership | None,
    door: Door,
) -> list[Contact | Refused | None]:
    """By address, else made; rows that share an address share the person."""
    found: dict[str, Contact | Refused] = dict(
        contacts_by_email(workspace, {email for row in rows for email in row.get("emails") or ()})
    )
    results: list[Contact | Refused | None] = [None] * len(rows)
    wanted: list[int] = []
    first: dict[str, int] = {}
    for i, (row, company) in enumerate(zip(rows, companies, strict=True)):
        emails = row.get("emails") or ()
        known = next((found[email] for email in emails if email in found), None)
        if known is not None or isinstance(company, Refused):
            results[i] = known
        elif any(row.get(part) for part in ("first_name", "last_name", "emails")) and not first.keys() & set(emails):
            wanted.append(i)
            first |= dict.fromkeys(emails, i)
    made = create_contacts(workspace, [_person(rows[i], companies[i]) for i in wanted], by=by, door=door)
    for i, contact in zip(wanted, made, strict=True):
        results[i] = contact
    for i, row in enumerate(rows):
        if results[i] is None:
            results[i] = next((results[first[email]] for email in row.get("emails") or () if email in first), None)
    return results


def _person(row: dict[str, Any], company: Company | Refused | None) -> dict[str, Any]:
    personal = {
        name: row[name] for name in ("first_name", "last_name", "emails", "phones", "title", "at") if name in row
    }
    return personal | {"company": company, "owner_id": row.get("owner_id")}


# --- found by what names them -------------------------------------------------------------------


def companies_by_key(workspace: Workspace, keys: Iterable[str]) -> dict[str, Company]:
    """{name key: the oldest company of that name}; keys: leads/names.name_key."""
    found = Company.objects.filter(workspace=workspace, name_key__in=set(keys) - {""}).order_by("-pk")
    return {company.name_key: company for company in found}


def companies_by_domain(workspace: Workspace, domains: Iterable[str]) -> dict[str, Company]:
    return {
        company.domain: company
        for company in Company.objects.filter(workspace=workspace, domain__in=set(domains) - {""})
    }


def contacts_by_email(workspace: Workspace, emails: Iterable[str]) -> dict[str, Contact]:
    found = ContactEmail.objects.filter(workspace=workspace, email__in=set(emails)).select_related("contact__company")
    return {address.email: address.contact for address in found}


def _good(results: Sequence[T | Refused]) -> list[T]:
    return [result for result in results if not isinstance(result, Refused)]


def _record_creation(made: Sequence[Company | Contact], body: str, by: Membership | None, door: Door) -> None:
    record_all(((row, {"at": row.created_at, "body": body}) for row in made), Activity.Kind.SYSTEM, by=by, door=door)
