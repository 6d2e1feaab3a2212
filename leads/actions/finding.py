"""A person or a company by what somebody typed."""

from __future__ import annotations

import re

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from activities.models import Door
from leads.actions.companies import create_company
from leads.models import Company, Contact, ContactEmail
from leads.names import domain_of, name_key, normalise_email
from workspaces.action import Refused
from workspaces.asking import asked_often
from workspaces.models import Membership, Workspace

NAMED = re.compile(r"([^<>]*)<([^<>]+)>")


@asked_often
def with_address(workspace: int, email: str) -> QuerySet[Contact]:
    return Contact.objects.filter(emails__workspace=workspace, emails__email=email)


def find_contact(workspace: Workspace, email: str) -> Contact | None:
    found = with_address.first(workspace=workspace.pk, email=email) if email else None
    if found:
        found.workspace = workspace
    return found


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
    if contact := find_contact(workspace, normalise_email(found[2] if found else text)):
        return contact
    people = list(Contact.objects.filter(workspace=workspace, name__iexact=text).order_by("pk")[:2]) if text else []
    if len(people) == 1:
        return people[0]
    message = (
        f"Several people are called {text}: choose one by the email address."
        if people
        else "No contact has this name or address. Choose one of those that are offered."
    )
    raise Refused(message, fields={"contact": message})


def find_or_create_company(
    workspace: Workspace, name: str, *, by: Membership | None, door: Door = Door.WEB
) -> Company | None:
    """The company that a person means by typing a name; None for no name."""
    if not name.strip():
        return None
    return find_company(workspace, name) or create_company(workspace, name=name, by=by, door=door)
