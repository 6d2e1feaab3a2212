"""What other currencies are worth: everybody may read it, admins keep it."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from deals.actions import change_currency, delete_rate, set_rate
from deals.exchange import day_of
from deals.forms import CurrencyForm, RateForm
from deals.models import CurrencyRate, Deal
from workspaces.access import MemberRequest, member_required
from workspaces.dialogs import done, saved
from workspaces.formats import Formats
from workspaces.models import Role


@member_required()
def currency_list(request: MemberRequest) -> HttpResponse:
    formats = Formats.of(request)
    rates = CurrencyRate.objects.filter(workspace=request.workspace).order_by("currency", "-day")[:500]
    used = Deal.objects.filter(workspace=request.workspace).exclude(currency=request.workspace.currency)
    counts = (
        used.order_by().values_list("currency").annotate(is_open=Count("pk", filter=Q(status="open")), n=Count("pk"))
    )
    context = {
        "rates": [{"rate": rate, "said": formats.rate(rate.rate)} for rate in rates],
        "used": [{"currency": code, "open": is_open, "deals": n} for code, is_open, n in sorted(counts)],
    }
    return render(request, "deals/currency_list.html", context)


@member_required(Role.ADMIN, methods=("GET", "POST"))
def currency_rate(request: MemberRequest) -> HttpResponse:
    """A new rate, or on its day one put right."""
    initial = {"currency": request.GET.get("currency", "")[:3], "day": day_of(timezone.now())}
    form = RateForm(request.POST or None, formats=Formats.of(request), own=request.workspace.currency, initial=initial)
    return saved(
        request,
        "deals/currency_rate.html",
        form,
        lambda facts: set_rate(request.workspace, by=request.member, **facts),
        reverse("currency_list"),
    )


@member_required(Role.ADMIN, methods=("POST",), writer=Role.ADMIN)
def currency_rate_delete(request: MemberRequest, pk: int) -> HttpResponse:
    rate = get_object_or_404(CurrencyRate, workspace=request.workspace, pk=pk)
    delete_rate(rate, by=request.member)
    messages.success(request, f"The rate of {rate} is gone.")
    return done(request, reverse("currency_list"))


@member_required(Role.ADMIN, methods=("GET", "POST"))
def currency_change(request: MemberRequest) -> HttpResponse:
    """The workspace's own."""
    form = CurrencyForm(request.POST or None, initial={"currency": request.workspace.currency})
    return saved(
        request,
        "deals/currency_change.html",
        form,
        lambda facts: change_currency(request.workspace, by=request.member, **facts),
        reverse("currency_list"),
    )
