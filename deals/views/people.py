"""Who is in a deal, in the rail of its page."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from activities.views import told
from deals import actions
from deals.actions.people import HISTORY
from deals.forms import ContactRoleForm, PartForm
from deals.models import DealContact
from deals.views.board import visible_deals
from workspaces.access import MemberRequest, member_required
from workspaces.action import Refused
from workspaces.dialogs import dialog, done, form_refused


@member_required(methods=("GET", "POST"))
def deal_contact_add(request: MemberRequest, pk: int) -> HttpResponse:
    deal = get_object_or_404(visible_deals(request), pk=pk)
    form = ContactRoleForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "deals/deal_contact_add.html", form, deal=deal)
    try:
        actions.add_person(deal, form.cleaned_data["contact"], role=form.cleaned_data["role"], by=request.member)
    except Refused as refusal:
        return form_refused(request, "deals/deal_contact_add.html", form, refusal, deal=deal)
    return done(request, deal.get_absolute_url())


@member_required(methods=("GET", "POST"))
def deal_contact_edit(request: MemberRequest, pk: int, contact_pk: int) -> HttpResponse:
    """Role, and whether they are the primary contact."""
    deal = get_object_or_404(visible_deals(request), pk=pk)
    link = get_object_or_404(DealContact.objects.select_related("contact"), deal=deal, pk=contact_pk)
    # Sent with no role and the box not ticked, it is a form all the same.
    data = request.POST if request.method == "POST" else None
    form = PartForm(data, initial={"role": link.role, "is_primary": link.is_primary})
    context = {"deal": deal, "link": link}
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "deals/deal_contact_edit.html", form, **context)
    try:
        actions.update_contact(link, by=request.member, **form.cleaned_data)
    except Refused as refusal:
        return form_refused(request, "deals/deal_contact_edit.html", form, refusal, **context)
    return told(request, deal, "Saved")


@member_required(methods=("POST",))
def deal_contact_remove(request: MemberRequest, pk: int, contact_pk: int) -> HttpResponse:
    deal = get_object_or_404(visible_deals(request), pk=pk)
    link = get_object_or_404(DealContact.objects.select_related("contact"), deal=deal, pk=contact_pk)
    actions.remove_contact(link, by=request.member)
    undo = reverse("deal_contact_restore", args=[deal.pk, contact_pk])
    return told(request, deal, f"{link.contact.name} is out of this deal", undo=undo)


@member_required(methods=("POST",))
def deal_contact_restore(request: MemberRequest, pk: int, contact_pk: int) -> HttpResponse:
    deal = get_object_or_404(visible_deals(request), pk=pk)
    if not HISTORY.objects.filter(pgh_obj_id=contact_pk, deal_id=deal.pk).exists():
        raise Http404("Nobody was taken out by this id")
    link = actions.restore_contact(deal, contact_pk, by=request.member)
    return told(request, deal, f"{link.contact.name} is back")
