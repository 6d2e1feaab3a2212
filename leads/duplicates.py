"""Records that a new one may repeat: of the same address or number, or of a name much like it (domain.md section 2).

Only those that the member may see: a warning must not tell of the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL

from activities.models import OWNED
from leads.actions import find_company
from leads.models import Company, Contact, Lead
from leads.names import full_name, name_key, normalise_email, normalise_phone
from workspaces.access import visible_owners
from workspaces.models import Membership

MOST = 5


def similar(model: type[Model], name: str, member: Membership) -> QuerySet:
    """Those whose name is much like this one (crm_similar in deals/sql/search.sql)."""
    kind = model._meta.model_name
    owners = visible_owners(member) if kind in OWNED else None
    like = RawSQL("SELECT crm_similar(%s, %s, %s, %s)", [kind, name.strip(), owners, MOST])
    rows = model._default_manager.filter(workspace_id=member.workspace_id)
    return rows.filter(pk__in=like) if name.strip() else rows.none()


def like_company(member: Membership, facts: dict[str, object]) -> list[Company]:
    name = str(facts["name"])
    same = Company.objects.filter(workspace_id=member.workspace_id, name_key=name_key(name))[:MOST] if name else ()
    return unique(same, similar(Company, name, member))


def like_named_company(member: Membership, name: object) -> QuerySet[Company]:
    """What a new company would repeat, when a form names none that is there."""
    name = str(name or "")
    return similar(Company, "" if find_company(member.workspace, name) else name, member)


def like_contact(member: Membership, facts: dict[str, object]) -> list[Model]:
    phones = [number for number in map(normalise_phone, facts["phones"] or ()) if number]
    of_number = Contact.objects.filter(
        pk__in=Contact.objects.filter(workspace_id=member.workspace_id, phones__phone__in=phones).values("pk")[:MOST]
    )
    name = full_name(str(facts["first_name"]), str(facts["last_name"]))
    companies = like_named_company(member, facts["company_name"])
    return unique(of_number if phones else (), similar(Contact, name, member), companies)


def like_lead(member: Membership, facts: dict[str, object]) -> list[Model]:
    email = normalise_email(str(facts["email"]))
    name = full_name(str(facts["first_name"]), str(facts["last_name"]))
    leads = Lead.objects.filter(workspace_id=member.workspace_id).owned_by(visible_owners(member))
    of_person = leads.filter(contact__emails__email=email).exclude(Q(status=Lead.Status.CONVERTED))[:MOST]
    companies = like_named_company(member, facts["company_name"])
    return unique(of_person if email else (), similar(Lead, name, member), companies)


def unique(*found: Iterable[Model]) -> list[Model]:
    """Each once, in this order, no more than a person reads."""
    return list(dict.fromkeys(chain(*found)))[:MOST]
