"""What makes a deal of a lead."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from deals import actions
from deals.actions.starting import DISCOVERY_CALL
from deals.forms import ConvertForm
from deals.models import ClosedTotal, Deal, Kind
from deals.views.board import visible_deals
from deals.working_time import after_days, week_of
from leads.models import Lead
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.action import Refused
from workspaces.dialogs import dialog, done, form_refused
from workspaces.formats import Formats

DAY = 86400  # seconds


def visible_lead(request: MemberRequest, pk: int) -> Lead:
    leads = Lead.objects.filter(workspace=request.workspace).owned_by(visible_owners(request.member))
    return get_object_or_404(leads.select_related("company", "contact", "campaign"), pk=pk)


@member_required(methods=("POST",))
def lead_deal(request: MemberRequest, pk: int) -> HttpResponse:
    """+ Create deal: one click, and there it is."""
    lead = visible_lead(request, pk)
    deal, is_new = actions.create_deal_from_lead(lead, by=request.member)
    if not is_new:
        messages.info(request, f"{lead} has this open deal already.")
    return done(request, deal.get_absolute_url())


@member_required(methods=("GET", "POST"))
def lead_convert(request: MemberRequest, pk: int) -> HttpResponse:
    lead = visible_lead(request, pk)
    formats = Formats.of(request)
    form = ConvertForm(
        request.POST or None, workspace=request.workspace, formats=formats, initial=prefilled(request, lead, formats)
    )
    context = {"lead": lead, "open_deals": open_deals(request, lead)}
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "deals/lead_convert.html", form, **context)
    attach = form.cleaned_data["attach"]
    deal = get_object_or_404(context["open_deals"], pk=attach) if attach else None
    try:
        deal, is_new = actions.convert_lead(
            lead,
            by=request.member,
            deal=deal,
            next_step=form.cleaned_data["next_step"],
            due_on=form.cleaned_data["due_on"],
            **({} if attach else form.facts()),
        )
    except Refused as refusal:
        return form_refused(request, "deals/lead_convert.html", form, refusal, **context)
    if is_new:
        undo = reverse("lead_convert_undo", args=[lead.pk])
        messages.success(request, f"{lead} was converted.", extra_tags=undo)
    else:
        messages.info(request, f"{lead} had been converted already: this is the deal.")
    return done(request, deal.get_absolute_url())


def open_deals(request: MemberRequest, lead: Lead) -> QuerySet[Deal]:
    """Those of its company that the lead may belong to."""
    deals = visible_deals(request).open().filter(company_id=lead.company_id, company__isnull=False)
    return deals.select_related("stage").order_by("-created_at")


def prefilled(request: MemberRequest, lead: Lead, formats: Formats) -> dict[str, object]:
    return {
        "name": actions.opportunity_name(lead),
        "stage": actions.opportunity_stage(request.workspace),
        "owner": lead.owner_id or request.member.user_id,
        "amount": lead.estimated_amount,
        "expected_close_date": formats.today + timedelta(days=days) if (days := usual_days(request)) else None,
        "next_step": DISCOVERY_CALL,
        "due_on": after_days(formats.today, 1, week_of(request.workspace)),
    }


def usual_days(request: MemberRequest) -> int | None:
    """From creation to close, of the deals won so far: the mean, from the totals that triggers keep."""
    won = ClosedTotal.objects.filter(workspace=request.workspace, stage__kind=Kind.WON)
    if (owners := visible_owners(request.member)) is not None:
        won = won.filter(owner_id__in=owners)
    sums = SimpleNamespace(deals=0, seconds=0)
    for deals, seconds in won.values_list("deals", "seconds"):
        sums.deals, sums.seconds = sums.deals + deals, sums.seconds + seconds
    return round(sums.seconds / sums.deals / DAY) if sums.deals else None


@member_required(methods=("POST",))
def lead_convert_undo(request: MemberRequest, pk: int) -> HttpResponse:
    lead = visible_lead(request, pk)
    actions.undo_conversion(lead, by=request.member)
    messages.success(request, f"{lead} is a lead again.")
    return done(request, lead.get_absolute_url())
