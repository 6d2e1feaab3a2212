"""The bin, and a deal once more."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from deals import actions
from deals.tasks import KEPT
from deals.views.board import visible_deals
from workspaces.access import MemberRequest, member_required
from workspaces.dialogs import done, frame
from workspaces.models import Role

SHOWN = 200


@member_required()
def deal_bin(request: MemberRequest) -> HttpResponse:
    """Deleted deals that the member may see, the last first."""
    found = visible_deals(request, "all_objects").filter(deleted_at__isnull=False)
    found = found.select_related("company", "stage", "deleted_by", "owner").order_by("-deleted_at", "-pk")[: SHOWN + 1]
    now = timezone.now()
    rows = [(deal, max(0, (deal.deleted_at + KEPT - now).days)) for deal in found]
    context = {"rows": rows[:SHOWN], "is_more": len(rows) > SHOWN, "may_purge": request.member.may(Role.MANAGER)}
    return render(request, "deals/deal_bin.html", context)


@member_required(Role.MANAGER, methods=("GET", "POST"))
def deal_purge(request: MemberRequest, pk: int) -> HttpResponse:
    """Asked first: this is the one thing that cannot be taken back."""
    deal = get_object_or_404(visible_deals(request, "all_objects"), pk=pk, deleted_at__isnull=False)
    if request.method == "GET":
        return render(request, "deals/deal_purge.html", {"deal": deal, "frame": frame(request)})
    actions.purge_deal(deal, by=request.member)
    messages.success(request, f"{deal.name} is deleted for good.")
    return done(request, reverse("deal_bin"))


@member_required(methods=("POST",))
def deal_duplicate(request: MemberRequest, pk: int) -> HttpResponse:
    deal = get_object_or_404(visible_deals(request), pk=pk)
    copy = actions.duplicate_deal(deal, by=request.member)
    undo = f"{reverse('deal_delete', args=[copy.pk])}?version={copy.version}&copied={deal.pk}"
    messages.success(request, f"A copy of {deal.name}.", extra_tags=undo)
    return done(request, copy.get_absolute_url())
