"""Lists and pages of leads, companies and contacts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from activities.composing import Composer
from activities.file_views import panel
from activities.timeline import Timeline, open_tasks
from leads import actions
from leads.duplicates import like_company, like_contact, like_lead
from leads.filters import CompanyFilter, ContactFilter, LeadFilter
from leads.forms import CompanyForm, ContactForm, LeadEditForm, LeadForm
from leads.models import Company, Contact, ContactEmail, ContactPhone, Lead, Record
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.action import Refused
from workspaces.custom.columns import asked_columns, custom_cells, custom_columns
from workspaces.dialogs import dialog, done, form_refused, warned
from workspaces.filtering import DROPPED, ListFilter, filter_panel
from workspaces.formats import Formats
from workspaces.lists import Column, ListPage
from workspaces.models import Membership, Role
from workspaces.numbers import parse_id
from workspaces.pages import render_page


@dataclass(frozen=True)
class Listing:
    """What tells one list of records from another."""

    name: str
    title: str
    model: type
    filter: type[ListFilter]
    columns: tuple[Column, ...]
    default: str
    rows: Callable[[QuerySet], QuerySet]
    is_owned: bool = False

    def records(self, request: MemberRequest) -> QuerySet:
        """Those of the workspace that the member may see: fetch and permission in one."""
        records = self.model.objects.filter(workspace=request.workspace)
        return records.owned_by(visible_owners(request.member)) if self.is_owned else records

    def filtered(self, request: MemberRequest) -> ListFilter:
        return self.filter(request.GET, queryset=self.records(request), request=request)


PRIMARY = ContactEmail.objects.filter(
    workspace_id=OuterRef("workspace_id"), contact_id=OuterRef("pk"), is_primary=True
).values("email")[:1]

LEADS = Listing(
    "lead",
    "Leads",
    Lead,
    LeadFilter,
    (
        Column("name", "Lead", sort="name"),
        Column("company", "Company"),
        Column("status", "Status"),
        Column("source", "Source"),
        Column("amount", "Estimated", sort="estimated_amount", css="r", nullable=True),
        Column("owner", "Owner"),
        Column("created", "Created", sort="created_at", css="r"),
    ),
    "-created",
    lambda leads: leads.values(
        "pk",
        "name",
        "company_id",
        "company__name",
        "status",
        "source",
        "estimated_amount",
        "score",
        "owner_id",
        "owner__name",
        "created_at",
    ),
    is_owned=True,
)
COMPANIES = Listing(
    "company",
    "Companies",
    Company,
    CompanyFilter,
    (
        Column("name", "Company", sort="name"),
        Column("domain", "Domain"),
        Column("industry", "Industry"),
        Column("country", "Country"),
        Column("size", "Employees", sort="size", css="r", nullable=True),
        Column("revenue", "Revenue", sort="annual_revenue", css="r", nullable=True),
        Column("owner", "Owner"),
        Column("created", "Created", sort="created_at", css="r"),
    ),
    "name",
    lambda companies: companies.values(
        "pk", "name", "domain", "industry", "country", "size", "annual_revenue", "owner_id", "owner__name", "created_at"
    ),
)
CONTACTS = Listing(
    "contact",
    "Contacts",
    Contact,
    ContactFilter,
    (
        Column("name", "Contact", sort="name"),
        Column("title", "Job title"),
        Column("company", "Company"),
        Column("email", "Email"),
        Column("owner", "Owner"),
        Column("created", "Created", sort="created_at", css="r"),
    ),
    "name",
    lambda contacts: contacts.annotate(email=Subquery(PRIMARY)).values(
        "pk", "name", "title", "company_id", "company__name", "email", "owner_id", "owner__name", "created_at"
    ),
)


def list_page(request: MemberRequest, listing: Listing) -> HttpResponse:
    filterset = listing.filtered(request)
    if query := filterset.plain():
        return HttpResponseRedirect(f"?{query}")
    records = listing.rows(filterset.qs)
    name = listing.name
    known = custom_columns(request.workspace, name)
    own = asked_columns(request, known)
    page = ListPage(
        request, records.annotate(own=F("custom")) if own else records, (*listing.columns, *own), listing.default
    )
    if own:
        values = [{"custom": row["own"]} for row in page.rows]
        cells = custom_cells(request.workspace, name, [column.name for column in own], values, Formats.of(request))
        for row, said in zip(page.rows, cells, strict=True):
            row["cells"] = [(column, said[column.name]) for column in own]
    context = {"listing": listing, "filter": filterset, "page": page, "own_columns": known, "own_shown": own}
    asked = request.GET.copy()
    for dropped in ("columns", *DROPPED):
        asked.pop(dropped, None)
    context["kept"] = [(key, value) for key, values in asked.lists() for value in values]
    context |= {
        "new_url": reverse(f"{name}_new"),
        "home": f"{name}_list",
        "panel": f"{name}_filter",
        "row_template": f"leads/{name}_row.html",
    }
    return render_page(request, "leads/record_list.html", context)


def filter_of(request: MemberRequest, listing: Listing, name: str) -> HttpResponse:
    return filter_panel(request, listing.filtered(request), name, reverse(f"{listing.name}_list"))


def detail_page(request: MemberRequest, listing: Listing, record: Record, **context: object) -> HttpResponse:
    context |= {
        listing.name: record,
        "record": record,
        "listing": listing,
        "list_url": reverse(f"{listing.name}_list"),
        "edit_url": reverse(f"{listing.name}_edit", args=[record.pk]),
        "timeline": Timeline(request, record),
        "tasks": open_tasks(request, record),
        "composer": Composer(request, record) if request.member.may(Role.REP) else None,
        "deals": deals_of(request, record),
    } | panel(request, record)
    return render(request, f"leads/{listing.name}_detail.html", context)


def deals_of(request: MemberRequest, record: Record) -> QuerySet:
    """Open ones first. Deals stand above this app: they are reached through the record, without importing them."""
    deals = record.deals.owned_by(visible_owners(request.member)).select_related("stage")
    return deals.order_by(F("closed_at").desc(nulls_first=True), "-created_at")[:20]


def own(request: MemberRequest) -> dict[str, object]:
    """What a new record's form starts with."""
    return {"owner": request.member.user_id}


def create_or_edit(
    request: MemberRequest,
    form,
    template: str,
    save: Callable[[dict], object],
    *,
    like: Callable[[Membership, dict], list] | None = None,
    **context: object,
) -> HttpResponse:
    """A record's form in a dialog: shown, refused with its errors, warned of (where `like` finds others like it), or
    saved by `save(facts)`."""
    if request.method == "GET" or not form.is_valid():
        return dialog(request, template, form, **context)
    if like and (warning := warned(request, template, form, like(request.member, form.facts()))):
        return warning
    try:
        record = save(form.facts())
    except Refused as refusal:
        return form_refused(request, template, form, refusal, **context)
    return done(request, record.get_absolute_url())


# --- leads ------------------------------------------------------------------------------------------


@member_required()
def lead_list(request: MemberRequest) -> HttpResponse:
    return list_page(request, LEADS)


@member_required()
def lead_filter(request: MemberRequest, name: str) -> HttpResponse:
    return filter_of(request, LEADS, name)


@member_required()
def lead_detail(request: MemberRequest, pk: int) -> HttpResponse:
    of_contact = {"workspace_id": OuterRef("workspace_id"), "contact_id": OuterRef("contact_id")}
    leads = LEADS.records(request).select_related("owner", "contact", "company", "campaign")
    leads = leads.annotate(
        addresses=ArraySubquery(
            ContactEmail.objects.filter(**of_contact).order_by("-is_primary", "pk").values("email")
        ),
        numbers=ArraySubquery(ContactPhone.objects.filter(**of_contact).order_by("pk").values("phone")),
    )
    return detail_page(request, LEADS, get_object_or_404(leads, pk=pk))


@member_required(methods=("GET", "POST"))
def lead_new(request: MemberRequest) -> HttpResponse:
    form = LeadForm(
        request.POST or None, workspace=request.workspace, initial=own(request), formats=Formats.of(request)
    )
    return create_or_edit(
        request,
        form,
        "leads/lead_new.html",
        lambda facts: actions.capture(request.workspace, by=request.member, **facts),
        like=like_lead,
    )


@member_required(methods=("GET", "POST"))
def lead_edit(request: MemberRequest, pk: int) -> HttpResponse:
    lead = get_object_or_404(LEADS.records(request), pk=pk)
    form = LeadEditForm(request.POST or None, workspace=request.workspace, formats=Formats.of(request), edited=lead)
    return create_or_edit(
        request,
        form,
        "leads/record_edit.html",
        lambda facts: actions.update_lead(lead, by=request.member, **facts),
        record=lead,
    )


@member_required(methods=("POST",))
def lead_qualify(request: MemberRequest, pk: int) -> HttpResponse:
    lead = get_object_or_404(LEADS.records(request), pk=pk)
    version = parse_id(request.POST.get("version", ""))
    if version is None:
        raise Refused("Reload the page and try again.")
    actions.update_lead(lead, by=request.member, version=version, status=Lead.Status.QUALIFIED)
    return done(request, lead.get_absolute_url())


# --- companies --------------------------------------------------------------------------------------


@member_required()
def company_list(request: MemberRequest) -> HttpResponse:
    return list_page(request, COMPANIES)


@member_required()
def company_filter(request: MemberRequest, name: str) -> HttpResponse:
    return filter_of(request, COMPANIES, name)


@member_required()
def company_detail(request: MemberRequest, pk: int) -> HttpResponse:
    company = get_object_or_404(COMPANIES.records(request).select_related("owner", "parent"), pk=pk)
    contacts = company.contacts.annotate(email=Subquery(PRIMARY)).order_by("name")[:50]
    return detail_page(request, COMPANIES, company, contacts=contacts, leads=leads_of(request, company))


def leads_of(request: MemberRequest, record: Record) -> QuerySet:
    return record.leads.owned_by(visible_owners(request.member)).order_by("-created_at")[:20]


@member_required(methods=("GET", "POST"))
def company_new(request: MemberRequest) -> HttpResponse:
    form = CompanyForm(
        request.POST or None, workspace=request.workspace, initial=own(request), formats=Formats.of(request)
    )
    return create_or_edit(
        request,
        form,
        "leads/company_new.html",
        lambda facts: actions.create_company(request.workspace, by=request.member, **facts),
        like=like_company,
    )


@member_required(methods=("GET", "POST"))
def company_edit(request: MemberRequest, pk: int) -> HttpResponse:
    company = get_object_or_404(COMPANIES.records(request), pk=pk)
    form = CompanyForm(request.POST or None, workspace=request.workspace, formats=Formats.of(request), edited=company)
    return create_or_edit(
        request,
        form,
        "leads/record_edit.html",
        lambda facts: actions.update_company(company, by=request.member, **facts),
        record=company,
    )


@member_required()
def company_suggest(request: MemberRequest) -> HttpResponse:
    """Names for the company field of a form, as one types."""
    text = next((value for key, value in request.GET.items() if key in ("company_name", "value", "q")), "").strip()
    names = actions.suggest_companies(request.workspace, text) if len(text) > 1 else []
    return render(request, "leads/company_suggest.html", {"names": names})


# --- contacts ---------------------------------------------------------------------------------------


@member_required()
def contact_list(request: MemberRequest) -> HttpResponse:
    return list_page(request, CONTACTS)


@member_required()
def contact_filter(request: MemberRequest, name: str) -> HttpResponse:
    return filter_of(request, CONTACTS, name)


@member_required()
def contact_detail(request: MemberRequest, pk: int) -> HttpResponse:
    contact = get_object_or_404(CONTACTS.records(request).select_related("owner", "company"), pk=pk)
    emails, phones = contact.emails.order_by("-is_primary", "pk"), contact.phones.all()
    return detail_page(request, CONTACTS, contact, leads=leads_of(request, contact), emails=emails, phones=phones)


@member_required()
def contact_suggest(request: MemberRequest) -> HttpResponse:
    """People for the contact field of a form, as one types."""
    text = next((value for key, value in request.GET.items() if key in ("contact", "q")), "").strip()
    people = actions.suggest_contacts(request.workspace, text) if len(text) > 1 else []
    return render(request, "leads/contact_suggest.html", {"people": people})


@member_required(methods=("GET", "POST"))
def contact_new(request: MemberRequest) -> HttpResponse:
    form = ContactForm(
        request.POST or None, workspace=request.workspace, initial=own(request), formats=Formats.of(request)
    )
    return create_or_edit(
        request,
        form,
        "leads/contact_new.html",
        lambda facts: actions.create_contact(request.workspace, by=request.member, **facts),
        like=like_contact,
    )


@member_required(methods=("GET", "POST"))
def contact_edit(request: MemberRequest, pk: int) -> HttpResponse:
    contact = get_object_or_404(CONTACTS.records(request).select_related("company"), pk=pk)
    form = ContactForm(request.POST or None, workspace=request.workspace, formats=Formats.of(request), edited=contact)
    return create_or_edit(
        request,
        form,
        "leads/record_edit.html",
        lambda facts: actions.update_contact(contact, by=request.member, **facts),
        record=contact,
    )
