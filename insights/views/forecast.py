"""The forecast, and what is done on it: a deal goes into another month."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from deals.actions import expect_in_month, undo_change
from deals.forms import VersionForm
from deals.models import Deal, DealChange
from deals.totals import Total
from deals.views.board import MANY, changed_since, pipeline_parameter, visible_deals
from insights.months import OVERDUE, UNDATED, Forecast
from workspaces.access import MemberRequest, member_required
from workspaces.action import Refused
from workspaces.dialogs import frame, is_script
from workspaces.filtering import filter_panel
from workspaces.models import Role
from workspaces.numbers import parse_id
from workspaces.pages import render_page


@member_required()
def deal_forecast(request: MemberRequest) -> HttpResponse:
    forecast = Forecast(request, pipeline_parameter(request))
    if query := forecast.filter.plain():
        return HttpResponseRedirect(f"?{query}")
    months = forecast.months()
    return render_page(request, "insights/deal_forecast.html", context_of(forecast, months) | undoable(request))


def context_of(forecast: Forecast, months: list) -> dict[str, object]:
    total = sum((month.open for month in months), Total())
    may_adjust = forecast.request.member.may(Role.MANAGER)
    said = forecast.say(total)
    return {"board": forecast, "months": months, "count": total.deals, "total": said, "may_adjust": may_adjust}


def undoable(request: MemberRequest) -> dict[str, object]:
    """After a move without JavaScript the page comes again and offers its undo."""
    pk = parse_id(request.GET.get("undo", ""))
    found = DealChange.objects.filter(workspace=request.workspace, deal__in=visible_deals(request), pk=pk)
    change = found.select_related("deal").first() if pk else None
    return {"change": change, "deal": change.deal} if change else {}


@member_required()
def deal_forecast_lane(request: MemberRequest, key: str) -> HttpResponse:
    """One more page of a column."""
    forecast = Forecast(request, pipeline_parameter(request))
    context = {"month": forecast.page(key, request.GET.get("after", ""))}
    return render(request, "insights/deal_forecast.html#cards", context)


@member_required()
def deal_forecast_filter(request: MemberRequest, name: str) -> HttpResponse:
    forecast = Forecast(request, pipeline_parameter(request))
    forecast.filter.queryset = forecast.filter.queryset.open()
    return filter_panel(request, forecast.filter, name, reverse("deal_forecast"))


@member_required()
def deal_forecast_changes(request: MemberRequest) -> HttpResponse:
    """Like deal_changes, for this page."""
    ids = [pk for text in request.GET.get("ids", "").split(",")[:MANY] if (pk := parse_id(text))]
    if "since" in request.GET:
        ids = changed_since(request, request.GET["since"])
        if len(ids) > MANY:
            return HttpResponse(status=205)
    response = changes(request, ids)
    response["X-About"] = ",".join(map(str, ids))
    return response


def changes(request: MemberRequest, ids: list[int], *, status: int = 200, **context: object) -> HttpResponse:
    """Cards, heads and a toast, as static/js/cards.js takes them."""
    forecast = Forecast(request, pipeline_parameter(request))
    context |= context_of(forecast, forecast.heads()) | {"changed": forecast.cards(ids) if ids else []}
    return render(request, "insights/deal_forecast.html#changes", context, status=status)


@member_required(methods=("GET", "POST"))
def deal_month(request: MemberRequest, pk: int) -> HttpResponse:
    """GET: the menu of months. POST: the expected close date goes into one, on the same day of the month."""
    deal = get_object_or_404(visible_deals(request), pk=pk)
    forecast = Forecast(request)
    if request.method == "GET":
        here = forecast.key_of(deal.expected_close_date)
        context = {"deal": deal, "months": months_of(forecast), "here": here, "frame": frame(request, "popover")}
        return render(request, "insights/deal_month.html", context)
    try:
        change = set_month(request, forecast, deal)
    except Refused as refusal:
        if not is_script(request):
            raise
        return changes(request, [deal.pk], status=refusal.status, refusal=refusal, deal=deal)
    if is_script(request):
        return changes(request, [deal.pk], change=change, deal=change.deal if change else deal)
    return HttpResponseRedirect(reverse("deal_forecast") + (f"?undo={change.pk}" if change else ""))


def set_month(request: MemberRequest, forecast: Forecast, deal: Deal) -> DealChange | None:
    """With the deal as it then is; None where the deal stood there already."""
    form = VersionForm(request.POST)
    key = request.POST.get("month", "")
    if not form.is_valid() or key not in forecast.keys:
        raise Refused("Reload the page and try again.")
    if key == forecast.key_of(deal.expected_close_date):
        return None
    month = None if key == UNDATED else forecast.bounds(key)[0]
    version = form.cleaned_data["version"]
    deal = expect_in_month(deal, month, by=request.member, version=version, today=forecast.today)
    return DealChange.objects.select_related("deal").get(deal=deal, version=deal.version)


def months_of(forecast: Forecast) -> list[tuple[str, str]]:
    """(key, name) of what the menu offers."""
    heads = [(month.key, forecast.name_of(month)) for month in forecast.blank()]
    return [head for head in heads if head[0] != OVERDUE]


@member_required(methods=("POST",))
def deal_month_undo(request: MemberRequest, pk: int) -> HttpResponse:
    change = get_object_or_404(DealChange, workspace=request.workspace, pk=pk, before__has_key="expected_close_date")
    deal = get_object_or_404(visible_deals(request), pk=change.deal_id)
    try:
        deal = undo_change(change, by=request.member)
    except Refused as refusal:
        if not is_script(request):
            raise
        return changes(request, [deal.pk], status=refusal.status, refusal=refusal, deal=deal)
    if is_script(request):
        return changes(request, [deal.pk], deal=deal, undone=True)
    return HttpResponseRedirect(reverse("deal_forecast"))
