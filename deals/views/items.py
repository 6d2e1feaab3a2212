"""Line items of a deal, in its overview."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from activities.views import told
from deals import actions
from deals.actions.items import HISTORY
from deals.forms import ItemForm, VersionForm
from deals.models import Deal, LineItem
from deals.views.board import visible_deals
from workspaces.access import MemberRequest, member_required
from workspaces.action import Refused
from workspaces.dialogs import dialog, form_refused
from workspaces.formats import Formats

FORM = "deals/deal_item.html"


def get_item(request: MemberRequest, pk: int, item_pk: int) -> tuple[Deal, LineItem]:
    """A line of a deal that the member may see."""
    deal = get_object_or_404(visible_deals(request), pk=pk)
    return deal, get_object_or_404(LineItem.objects.select_related("product"), deal=deal, pk=item_pk)


@member_required(methods=("GET", "POST"))
def deal_item_add(request: MemberRequest, pk: int) -> HttpResponse:
    deal = get_object_or_404(visible_deals(request), pk=pk)
    form = ItemForm(request.POST or None, deal=deal, formats=Formats.of(request))
    if request.method == "GET" or not form.is_valid():
        return dialog(request, FORM, form, deal=deal)
    try:
        item = actions.add_item(deal, by=request.member, **form.cleaned_data)
    except Refused as refusal:
        return form_refused(request, FORM, form, refusal, deal=deal)
    undo = reverse("deal_item_remove", args=[deal.pk, item.pk]) + f"?version={item.deal.version}"
    return told(request, deal, f"Added {item}", undo=undo)


@member_required(methods=("GET", "POST"))
def deal_item_edit(request: MemberRequest, pk: int, item_pk: int) -> HttpResponse:
    deal, item = get_item(request, pk, item_pk)
    form = ItemForm(request.POST or None, deal=deal, formats=Formats.of(request), edited=item)
    if request.method == "GET" or not form.is_valid():
        return dialog(request, FORM, form, deal=deal, item=item)
    try:
        actions.update_item(item, by=request.member, **form.cleaned_data)
    except Refused as refusal:
        return form_refused(request, FORM, form, refusal, deal=deal, item=item)
    return told(request, deal, "Saved")


@member_required(methods=("POST",))
def deal_item_remove(request: MemberRequest, pk: int, item_pk: int) -> HttpResponse:
    deal, item = get_item(request, pk, item_pk)
    item = actions.remove_item(item, by=request.member, version=version_of(request))
    return told(request, deal, f"Removed {item}", undo=reverse("deal_item_restore", args=[deal.pk, item.pk]))


@member_required(methods=("POST",))
def deal_item_restore(request: MemberRequest, pk: int, item_pk: int) -> HttpResponse:
    deal = get_object_or_404(visible_deals(request), pk=pk)
    if not HISTORY.objects.filter(pgh_obj_id=item_pk, deal_id=deal.pk).exists():
        raise Http404("No line was removed by this id")
    item = actions.restore_item(deal, item_pk, by=request.member)
    return told(request, deal, f"{item} is back")


@member_required(methods=("POST",))
def deal_item_move(request: MemberRequest, pk: int, item_pk: int) -> HttpResponse:
    deal, item = get_item(request, pk, item_pk)
    actions.move_item(item, by=request.member, up="up" in request.POST, version=version_of(request))
    return told(request, deal, "Moved")


@member_required(methods=("POST",))
def deal_amount_source(request: MemberRequest, pk: int) -> HttpResponse:
    deal = get_object_or_404(visible_deals(request), pk=pk)
    source = request.POST.get("source", "")
    deal = actions.set_amount_source(deal, source, by=request.member, version=version_of(request))
    by_hand = "The amount is set by hand; the lines stay" if source == Deal.AmountSource.MANUAL else ""
    return told(request, deal, by_hand or "The amount follows the lines")


def version_of(request: MemberRequest) -> int:
    """The one that the page showed, or the toast with the undo."""
    form = VersionForm(request.GET if "version" in request.GET else request.POST)
    if not form.is_valid():
        raise Refused("Reload the page and try again.")
    return form.cleaned_data["version"]
