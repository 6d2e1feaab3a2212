"""Search over companies, contacts, leads and deals; the work is done in PostgreSQL (deals/sql/search.sql)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from deals.models import Deal
from leads.models import Company, Contact, Lead
from workspaces.access import visible_owners
from workspaces.formats import Formats
from workspaces.models import Membership

LIMIT = 5  # of each kind


@dataclass(frozen=True)
class Hit:
    """One line of the palette."""

    kind: str
    pk: int
    title: str
    subtitle: str
    url: str
    stage: str = ""
    color: str = ""


def search(text: str, member: Membership, formats: Formats, limit: int = LIMIT) -> list[Hit]:
    """The best `limit` of each kind, best first; typos are forgiven where nothing fits exactly."""
    text = text.strip()[:80]
    if not text:
        return []
    owners = visible_owners(member)
    with connection.cursor() as cursor:
        found = cursor.execute("SELECT kind, id, score FROM crm_search(%s, %s, %s)", [text, owners, limit]).fetchall()
    hits = {}
    for kind, load in LOADERS.items():
        ids = [pk for found_kind, pk, _ in found if found_kind == kind]
        hits |= {(kind, hit.pk): hit for hit in load(member.workspace_id, ids, owners, formats)} if ids else {}
    # What was deleted in between has no hit.
    return [hits[kind, pk] for kind, pk, _ in found if (kind, pk) in hits]


def deals(workspace_id: int, ids: list[int], owners: list[int] | None, formats: Formats):
    for deal in (
        Deal.objects.filter(workspace_id=workspace_id, pk__in=ids).owned_by(owners).select_related("company", "stage")
    ):
        subtitle = [str(deal.company)] if deal.company else []
        yield Hit(
            "deal",
            deal.pk,
            deal.name,
            " · ".join([*subtitle, formats.money(deal.amount, deal.currency)]),
            deal.get_absolute_url(),
            deal.stage.name,
            deal.stage.color,
        )


def companies(workspace_id: int, ids: list[int], owners: list[int] | None, formats: Formats):
    for company in Company.objects.filter(workspace_id=workspace_id, pk__in=ids):
        yield Hit(
            "company",
            company.pk,
            company.name,
            " · ".join(filter(None, ["Company", company.industry, company.domain])),
            company.get_absolute_url(),
        )


def contacts(workspace_id: int, ids: list[int], owners: list[int] | None, formats: Formats):
    for contact in Contact.objects.filter(workspace_id=workspace_id, pk__in=ids).select_related("company"):
        where = ", ".join(filter(None, [contact.title, str(contact.company or "")]))
        yield Hit("contact", contact.pk, contact.name, where or "Contact", contact.get_absolute_url())


def leads(workspace_id: int, ids: list[int], owners: list[int] | None, formats: Formats):
    for lead in Lead.objects.filter(workspace_id=workspace_id, pk__in=ids).owned_by(owners).select_related("company"):
        where = " · ".join(filter(None, ["Lead", lead.get_status_display(), str(lead.company or "")]))
        yield Hit("lead", lead.pk, lead.name, where, lead.get_absolute_url())


LOADERS = {"deal": deals, "company": companies, "contact": contacts, "lead": leads}
