"""The dashboard: its figures at once, what takes longer panel by panel."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from deals.views.board import pipeline_parameter
from insights.attention import at_risk, recent, told
from insights.dashboard import PERIODS, Dashboard
from insights.kpis import Kpis
from insights.panels import by_stage, forecast, funnel, leaders, won_by_month
from workspaces.access import MemberRequest, member_required
from workspaces.filtering import filter_panel
from workspaces.pages import render_page

# Each is loaded by itself: {name: (title, what it shows)}.
PANELS: dict[str, tuple[str, Callable[[Dashboard], object]]] = {
    "won": ("Won against goal", won_by_month),
    "funnel": ("Funnel", funnel),
    "forecast": ("Forecast", forecast),
    "leaders": ("Leaderboard", leaders),
    "risk": ("Deals at risk", at_risk),
    "activity": ("Activity", told),
    "recent": ("Recent deals", recent),
}


@member_required()
def dashboard(request: MemberRequest) -> HttpResponse:
    board = Dashboard(request, pipeline_parameter(request))
    if query := board.filter.plain():
        return HttpResponseRedirect(f"?{query}")
    context = {
        "board": board,
        "periods": PERIODS,
        "kpis": Kpis(board).all(),
        "stages": by_stage(board),
        "panels": [(name, title) for name, (title, _) in PANELS.items()],
    }
    return render_page(request, "insights/dashboard.html", context)


@member_required()
def dashboard_panel(request: MemberRequest, name: str) -> HttpResponse:
    """One panel: for the dashboard, or (without JavaScript) as a page."""
    if name not in PANELS:
        raise Http404("No such panel")
    title, show = PANELS[name]
    board = Dashboard(request, pipeline_parameter(request))
    panel = f"insights/panels/{name}.html"
    context = {"board": board, "name": name, "title": title, "panel": panel, "found": show(board)}
    return render(request, panel if request.htmx else "insights/dashboard_panel.html", context)


@member_required()
def dashboard_filter(request: MemberRequest, name: str) -> HttpResponse:
    board = Dashboard(request, pipeline_parameter(request))
    return filter_panel(request, board.filter, name, reverse("dashboard"))
