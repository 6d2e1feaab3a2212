"""To create and to change companies."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import datetime

from django.utils import timezone

from activities.actions import record
from activities.models import Activity, Door
from leads.actions.records import changed, lock, save_changes
from leads.models import Company
from leads.names import domain_of, name_key
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.custom.records import set_custom
from workspaces.custom.values import Entity
from workspaces.models import Membership, Role, Workspace


@action
def create_company(
    workspace: Workspace,
    *,
    name: str,
    by: Membership | None,
    door: Door = Door.WEB,
    at: datetime | None = None,
    custom: Mapping[str, object] | None = None,
    **fields: object,
) -> Company:
    """A new company. Refused when another has its domain; a similar name is only warned of (see duplicates.py).
    `custom`: values of custom fields by key; None where nobody was asked for them (see set_custom)."""
    check_may(by, Role.REP, "create companies")
    company = Company(workspace=workspace, name=name.strip(), created_at=at or timezone.now(), **fields)
    prepare_company(company)
    check_domain(company)
    set_custom(company, Entity.COMPANY, custom, is_new=True)
    company.save()
    record(company, Activity.Kind.SYSTEM, by=by, door=door, at=at, body="Company created")
    return company


@action
def update_company(
    company: Company,
    *,
    by: Membership,
    version: int,
    door: Door = Door.WEB,
    custom: Mapping[str, object] | None = None,
    **changes: object,
) -> Company:
    company = lock(company, version, by)
    before = copy(company)
    for field, value in changes.items():
        setattr(company, field, value)
    prepare_company(company, before.domain)
    check_domain(company)
    facts = changed(before, company, changes) | set_custom(company, Entity.COMPANY, custom)
    return save_changes(company, facts, by=by, door=door)


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
