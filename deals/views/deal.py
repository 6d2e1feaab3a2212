"""The page of one deal: facts edited in place, stage path, timeline, tasks, people."""

from __future__ import annotations

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Subquery
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from activities.following import followed
from activities.timeline import Timeline, open_tasks
from activities.wording import in_words
from deals import actions
from deals.around import Around, around
from deals.cards import NEXT_TASK, next_step
from deals.filters import quick_days
from deals.forecast import band, category
from deals.forms import fact_form
from deals.links import came_from, way_back
from deals.models import Deal, DealTag, Kind, Stage
from deals.path import stage_path
from deals.trail import Trail
from deals.views.board import visible_deals
from deals.views.deal_tabs import TABS, tab_of, tabs
from leads.actions import find_or_create_company
from leads.models import ContactEmail, ContactPhone, Lead
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.action import Refused, Stale
from workspaces.custom.fields import field_named, names_for
from workspaces.custom.forms import is_custom
from workspaces.custom.values import PREFIX, Entity, say
from workspaces.dialogs import dialog, done, form_refused, frame, is_script
from workspaces.formats import Formats
from workspaces.people import tone_of_name


@member_required()
def deal_detail(request: MemberRequest, pk: int) -> HttpResponse:
    deal = detailed(request).filter(pk=pk).first()
    if deal is None:
        return gone(request, pk)
    tab = tab_of(request)
    around_it = around(deal, request.member)
    context = record_context(request, deal, around_it)
    context |= {"tab": tab, "tabs": tabs(around_it), "siblings": around_it.siblings}
    context |= {"contacts": people(deal), "came": came_from(request)[0], "way_back": way_back(request, deal)}
    return render(request, f"deals/detail/{tab}.html", context | TABS[tab].context(request, deal, around_it))


def gone(request: MemberRequest, pk: int) -> HttpResponse:
    """In the bin: who put it there, and the way back."""
    binned = visible_deals(request, "all_objects").filter(deleted_at__isnull=False).select_related("deleted_by")
    return render(request, "deals/deal_gone.html", {"deal": get_object_or_404(binned, pk=pk)}, status=404)


@member_required()
def deal_peek(request: MemberRequest, pk: int) -> HttpResponse:
    """A deal in short, beside its row in the list."""
    deal = get_object_or_404(detailed(request), pk=pk)
    context = record_context(request, deal, around(deal, request.member))
    context |= {
        "tasks": open_tasks(request, deal),
        "timeline": Timeline(request, deal),
        "frame": frame(request, "popover"),
    }
    return render(request, "deals/deal_peek.html", context)


def detailed(request: MemberRequest):
    # Lead, campaign and segment, which few deals have, are fetched where they are there: more joins take longer to plan
    # than to do.
    deals = visible_deals(request).select_related("stage", "pipeline", "company", "owner", "created_by")
    tags = DealTag.objects.filter(workspace_id=OuterRef("workspace_id"), deal_id=OuterRef("pk")).order_by("tag__name")
    marked = deals.annotate(
        next_task=Subquery(NEXT_TASK),
        followed=followed(request.member),
        tag_names=ArraySubquery(tags.values("tag__name")),
    )
    return marked.prefetch_related("pipeline__stages")


def record_context(request: MemberRequest, deal: Deal, around_it: Around) -> dict[str, object]:
    """Head, path and facts: what is drawn again after every change."""
    formats, now = Formats.of(request), timezone.now()
    return {
        "deal": deal,
        "lead": around_it.lead,
        "tags": [{"name": name, "tone": tone_of_name(name)} for name in deal.tag_names],
        **next_step(deal.next_task, formats, now),
        "is_late": deal.expected_close_date is not None and deal.expected_close_date < formats.today,
        "path": (path := stage_path(deal, around_it.events, now)),
        "onward": next((step.stage for step in path if step.state == "future"), None),
        **figures(deal, formats),
    }


def figures(deal: Deal, formats: Formats) -> dict[str, str]:
    """How sure it is, how often it was put off, and what it is worth here, in words."""
    said = category(deal.forecast_category, deal.stage.forecast_category, band(deal.probability))
    facts = {"category": str(Stage.Forecast(said).label)}
    if deal.slips:
        times = "once" if deal.slips == 1 else f"{deal.slips} times"
        facts["slip"] = f"moved {times}, +{formats.number(deal.slipped_days)} d"
        facts["slip_title"] = (
            f"The expected date was put off {times}, by {formats.number(deal.slipped_days)} days in all"
        )
    if deal.currency != formats.currency:
        facts["worth"] = f"≈ {formats.money(deal.base_amount)}"
        since = "by the newest rate" if deal.status == Kind.OPEN else "by the rate of the day it was closed"
        facts["rate_said"] = f"1 {deal.currency} = {formats.rate(deal.rate)} {formats.currency}, {since}"
    return facts


def people(deal: Deal):
    """Who is in the deal, each with an address and a number to be reached at."""
    about = {"workspace_id": OuterRef("workspace_id"), "contact_id": OuterRef("contact_id")}
    email = ContactEmail.objects.filter(**about).order_by("-is_primary", "pk").values("email")[:1]
    phone = ContactPhone.objects.filter(**about).order_by("pk").values("phone")[:1]
    links = deal.contacts.select_related("contact").annotate(email=Subquery(email), phone=Subquery(phone))
    return links.order_by("-is_primary", "contact__name")


@member_required(methods=("GET", "POST"))
def deal_edit(request: MemberRequest, pk: int, field: str) -> HttpResponse:
    """One fact, in place: the form, then the record as it stands."""
    deal = get_object_or_404(detailed(request), pk=pk)
    try:
        form = fact_form(field, request.workspace, request.POST or None, deal, Formats.of(request))
    except KeyError:
        raise Http404 from None
    context = {
        "kind": "popover",
        "deal": deal,
        "field": field,
        "label": form.fields["value"].label or LABELS.get(field, field.replace("_", " ").capitalize()),
        "days": quick_days(Formats.of(request).today) if field == "expected_close_date" else (),
    }
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "deals/deal_edit.html", form, **context)
    try:
        deal = save_fact(request, deal, field, form)
    except Refused as refusal:
        if refusal.status == 409:
            # What the other one wrote, beside what was typed here: saving again is now a choice, not an accident.
            newest = get_object_or_404(detailed(request), pk=pk)
            form.data = form.data.copy()
            form.data["version"] = newest.version
            refusal = Stale(f"{refusal.message} It is now {now_said(newest, field, Formats.of(request))}.")
            context["theirs"] = True
        return form_refused(request, "deals/deal_edit.html", form, refusal, **context)
    return changed(request, deal, undoable=deal.version != form.cleaned_data["version"])


def save_fact(request: MemberRequest, deal: Deal, field: str, form: Form) -> Deal:
    """By the verb that the fact has: a new owner and tags have one of their own."""
    changes, version = {field: form.cleaned_data["value"]}, form.cleaned_data["version"]
    if currency := form.cleaned_data.get("currency"):
        changes["currency"] = currency
    if "note" in form.fields and "note" in form.data:
        changes["close_note"] = form.cleaned_data["note"]
    columns = as_columns(request, changes)
    if field == "owner":
        along = "hand_over" in request.POST
        return actions.assign_deal(deal, by=request.member, version=version, with_tasks=along, **columns)
    if field == "tags":
        found = actions.find_or_create_tags(request.workspace, columns["tags"].split(","), by=request.member)
        return actions.tag_deal(deal, found, by=request.member, version=version)
    return actions.update_deal(deal, by=request.member, version=version, **columns)


def now_said(deal: Deal, field: str, formats: Formats) -> str:
    """A fact as the timeline would say it."""
    if custom := field_named(deal.workspace, Entity.DEAL, field):
        value = deal.custom.get(custom.key)
        return say(custom, value, formats, names_for(deal.workspace_id, (custom,))) or "empty"
    if field == "tags":
        return ", ".join(deal.tag_names) or "empty"
    column = f"{field}_id" if field in NAMED else field
    return in_words(Deal, column, actions.said(column, getattr(deal, column)), formats, deal.currency) or "empty"


def changed(request: MemberRequest, deal: Deal, *, undoable: bool = False) -> HttpResponse:
    """Saved: our JavaScript draws the record or the card again and offers the undo, a plain form goes to the deal's page."""
    return (
        render(request, "deals/changed.html", {"deal": deal, "undoable": undoable})
        if is_script(request)
        else done(request, deal.get_absolute_url())
    )


NAMED = ("owner", "company", "campaign", "segment")
LABELS = {
    "owner": "Owner",
    "next_step": "Note of the next step",
    "product": "About",
    "expected_close_date": "Expected close",
    "forecast_category": "Forecast category",
    "won_reason": "Why it was won",
    "lost_reason": "Why it was lost",
}


def as_columns(request: MemberRequest, changes: dict[str, object]) -> dict[str, object]:
    """Form values as update_deal takes them: ids for people and companies, custom fields by key."""
    if custom := {name.removeprefix(PREFIX): value for name, value in changes.items() if is_custom(name)}:
        return {"custom": custom}
    if "owner" in changes:
        return {"owner_id": changes["owner"].user_id}
    if "company" in changes:
        company = find_or_create_company(request.workspace, changes["company"], by=request.member)
        return {"company_id": company and company.pk}
    for name in ("campaign", "segment"):
        if name in changes:
            chosen = changes[name]
            return {f"{name}_id": chosen and chosen.pk}
    return changes


@member_required()
def deal_history(request: MemberRequest, pk: int) -> HttpResponse:
    """Every change of every fact, or of one (?field), from the audit trail."""
    deal = get_object_or_404(visible_deals(request), pk=pk)
    leads = Lead.objects.filter(workspace=request.workspace).owned_by(visible_owners(request.member))
    trail = Trail(
        deal,
        Formats.of(request),
        field=request.GET.get("field", ""),
        before=request.GET.get("before", ""),
        may_see=lambda ids: set(leads.filter(pk__in=ids).values_list("pk", flat=True)),
    )
    fields = sorted(trail.fields.items(), key=lambda item: item[1].casefold())
    return render(request, "deals/deal_history.html", {"deal": deal, "trail": trail, "fields": fields})
