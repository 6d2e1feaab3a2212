"""What a file can say of each kind of record: a column's name (as the lists have it, where they have it), its head, and how
its cell is read from a row of `values()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Expression, OuterRef, Subquery

from deals.cards import NEXT_TASK
from deals.models import Deal, DealTag
from leads.models import Company, Contact, ContactEmail, ContactPhone, Lead, Source
from workspaces.custom.fields import live_fields, names_for
from workspaces.custom.values import Entity, Field, typed
from workspaces.models import Workspace

Cell = str | int | Decimal | date | datetime | None
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """`path` is what `values()` asks for, `expression` what that name stands for where it is no column; `read` makes the
    cell of a row."""

    name: str
    label: str
    path: str
    read: Callable[[Row], Cell]
    expression: Expression | None = None


def plain(name: str, label: str, path: str = "") -> Column:
    path = path or name
    return Column(name, label, path, lambda row: row[path])


def chosen(name: str, label: str, choices: Mapping[str, str], path: str = "") -> Column:
    path = path or name
    return Column(name, label, path, lambda row: choices.get(row[path], row[path]))


def several(name: str, label: str, expression: Expression) -> Column:
    path = f"export_{name}"
    return Column(name, label, path, lambda row: "; ".join(row[path]), expression)


def weighted(row: Row) -> Decimal | None:
    return None if row["amount"] is None else (row["amount"] * row["probability"] / 100).quantize(Decimal("0.01"))


EMAILS = ContactEmail.objects.filter(workspace_id=OuterRef("workspace_id"), contact_id=OuterRef("pk"))
PHONES = ContactPhone.objects.filter(workspace_id=OuterRef("workspace_id"), contact_id=OuterRef("pk"))
PRIMARY = ContactEmail.objects.filter(
    workspace_id=OuterRef("workspace_id"), contact_id=OuterRef("contact_id"), is_primary=True
)
TAGS = DealTag.objects.filter(workspace_id=OuterRef("workspace_id"), deal_id=OuterRef("pk")).order_by("tag__name")
OWNER, CREATED = plain("owner", "Owner", "owner__name"), plain("created", "Created at", "created_at")
ID = plain("id", "Record ID", "pk")
SOURCE = chosen("source", "Source", dict(Source.choices))

COLUMNS: dict[Entity, tuple[Column, ...]] = {
    # Not the lead: it may be hidden from who sees the deal.
    Entity.DEAL: (
        ID, plain("name", "Deal name"), plain("company", "Company", "company__name"), plain("pipeline", "Pipeline", "pipeline__name"),
        plain("stage", "Stage", "stage__name"), chosen("status", "Status", dict(Deal._meta.get_field("status").flatchoices)), plain("amount", "Amount"),
        plain("currency", "Currency"), plain("probability", "Probability"), Column("weighted", "Weighted", "probability", weighted),
        plain("close", "Expected close date", "expected_close_date"), plain("closed", "Closed at", "closed_at"), OWNER,
        Column("next", "Next activity", "export_next", lambda row: (row["export_next"] or {}).get("title"), Subquery(NEXT_TASK)),
        plain("next_step", "Next step"), several("tags", "Tags", ArraySubquery(TAGS.values("tag__name"))),
        SOURCE, plain("campaign", "Campaign", "campaign__name"), plain("segment", "Segment", "segment__name"), plain("product", "Product"),
        plain("competitor", "Competitor"), plain("won_reason", "Won reason"), plain("lost_reason", "Lost reason"), plain("close_note", "Close note"),
        plain("age", "In stage since", "stage_entered_at"), plain("active", "Last activity", "last_activity_at"), CREATED,
    ),
    Entity.LEAD: (
        ID, plain("name", "Lead name"), plain("company", "Company", "company__name"), plain("contact", "Contact", "contact__name"),
        Column("email", "Email", "export_email", lambda row: row["export_email"], Subquery(PRIMARY.values("email")[:1])),
        chosen("status", "Status", dict(Lead.Status.choices)), plain("unqualified_reason", "Unqualified reason"), SOURCE,
        plain("amount", "Estimated amount", "estimated_amount"), plain("score", "Score"), plain("campaign", "Campaign", "campaign__name"), OWNER,
        plain("contacted", "Contacted", "contacted_at"), plain("qualified", "Qualified", "qualified_at"), CREATED,
    ),
    Entity.COMPANY: (
        ID, plain("name", "Company name"), plain("domain", "Domain"), plain("industry", "Industry"), plain("country", "Country"), plain("size", "Employees"),
        plain("revenue", "Annual revenue", "annual_revenue"), plain("phone", "Phone"), plain("parent", "Parent company", "parent__name"), OWNER, CREATED,
    ),
    Entity.CONTACT: (
        ID, plain("first_name", "First name"), plain("last_name", "Last name"), plain("name", "Full name"), plain("title", "Job title"),
        plain("company", "Company", "company__name"), several("email", "Email", ArraySubquery(EMAILS.order_by("-is_primary", "pk").values("email"))),
        several("phones", "Phone", ArraySubquery(PHONES.order_by("pk").values("phone"))), plain("do_not_email", "Do not email"),
        plain("do_not_call", "Do not call"), chosen("consent", "Consent", dict(Contact.Consent.choices)), OWNER, CREATED,
    ),
}  # fmt: skip
MODELS: dict[Entity, type] = {
    Entity.DEAL: Deal, Entity.LEAD: Lead, Entity.COMPANY: Company, Entity.CONTACT: Contact,
}  # fmt: skip


def columns_of(workspace: Workspace, entity: Entity, names: list[str]) -> list[Column]:
    """Those that are named, in that order; all of them, custom fields last, where none is. Unknown names are left out."""
    fields = live_fields(workspace, entity)
    members = names_for(workspace.pk, fields)
    known = {column.name: column for column in (*COLUMNS[entity], *(custom(field, members) for field in fields))}
    found = [known[name] for name in dict.fromkeys(names) if name in known]
    return found or list(known.values())


def custom(field: Field, members: Mapping[int, str]) -> Column:
    return Column(field.name, field.label, "custom", lambda row: typed(field, row["custom"].get(field.key), members))


def cells(columns: list[Column], row: Row, zone: tzinfo) -> list[Cell]:
    """Times are those of the member who asked, to the minute; yes and no in words."""
    return [shown(column.read(row), zone) for column in columns]


def shown(value: Cell, zone: tzinfo) -> Cell:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None)
    return value
