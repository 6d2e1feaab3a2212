"""The bell and what it opens; a deal's star. All of it is the reader's own, so viewers may use it too."""

from __future__ import annotations

from datetime import UTC

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from activities import actions, inbox
from activities.models import Delivery
from activities.notification_forms import DeliveryForm
from activities.views import get_subject, told
from workspaces.access import MemberRequest, member_required
from workspaces.action import Refused
from workspaces.cursors import read_moment
from workspaces.dialogs import form_refused, frame, is_script
from workspaces.models import Role
from workspaces.pages import render_page

FOLLOWED = {
    "following": "Following: you hear of its stages and notes",
    "muted": "Muted: you hear only what is meant for you in person",
    "none": "Not followed any more",
}


@member_required()
def notification_list(request: MemberRequest) -> HttpResponse:
    """?unread=1 for those alone, ?before= for the next page."""
    only_unread = request.GET.get("unread") == "1"
    found = inbox.Inbox(request, only_unread=only_unread, before=request.GET.get("before", ""))
    context = {"inbox": found, "only_unread": only_unread, "unread": inbox.unread(request.member), "many": inbox.MANY}
    return render_page(request, "activities/notification_list.html", context)


@member_required()
def notification_menu(request: MemberRequest) -> HttpResponse:
    """The newest, in a popover; without JavaScript the bell leads to the list."""
    if not is_script(request):
        return redirect("notification_list")
    context = {"inbox": inbox.Inbox(request, size=inbox.NEWEST), "frame": frame(request, "popover")}
    return render(request, "activities/notification_menu.html", context)


@member_required()
def notification_bell(request: MemberRequest) -> HttpResponse:
    """The bell as it is now, for our JavaScript."""
    return render(request, "activities/bell.html")


@member_required(methods=("POST",), writer=Role.VIEWER)
def notification_read(request: MemberRequest, pk: int) -> HttpResponse:
    """Marks one as read, or with unread=1 as unread again."""
    row = get_object_or_404(inbox.mine(request.member), pk=pk)
    actions.mark_read(row.pk, by=request.member, is_read=request.POST.get("unread") != "1")
    return HttpResponse(status=204) if is_script(request) else redirect("notification_list")


@member_required(methods=("POST",), writer=Role.VIEWER)
def notification_read_all(request: MemberRequest) -> HttpResponse:
    marked = actions.mark_all_read(by=request.member)
    undo = reverse("notification_unread", args=[f"{marked.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"]) if marked else ""
    return _told(request, "All marked as read" if marked else "There was nothing to read", undo)


@member_required(methods=("POST",), writer=Role.VIEWER)
def notification_unread(request: MemberRequest, moment: str) -> HttpResponse:
    """Takes back a "mark all as read"."""
    actions.unmark_read(read_moment(moment), by=request.member)
    return _told(request, "Unread again")


def _told(request: MemberRequest, text: str, undo: str = "") -> HttpResponse:
    if is_script(request):
        return render(request, "components/toast.html", {"text": text, "undo": undo})
    messages.success(request, text, extra_tags=undo)
    return redirect("notification_list")


@member_required(methods=("POST",), writer=Role.VIEWER)
def follow(request: MemberRequest, pk: int, state: str) -> HttpResponse:
    """`state`: following, muted, or none for neither."""
    deal = get_subject(request, "deal", pk)
    if state not in FOLLOWED:
        raise Http404
    before = actions.follow(deal, "" if state == "none" else state, by=request.member)
    return told(request, deal, FOLLOWED[state], undo=reverse("follow", args=[pk, before or "none"]))


@member_required(methods=("GET", "POST"), writer=Role.VIEWER)
def delivery(request: MemberRequest) -> HttpResponse:
    """What of it comes by mail."""
    mine = Delivery.objects.filter(workspace=request.workspace, user_id=request.member.user_id).first()
    form = DeliveryForm(request.POST or None, delivery=mine or Delivery())
    context = {"zone": request.user.time_zone or request.workspace.time_zone}
    if request.method == "POST" and form.is_valid():
        try:
            actions.choose_delivery(by=request.member, **form.as_delivery())
        except Refused as refusal:
            return form_refused(request, "activities/delivery.html", form, refusal, **context)
        messages.success(request, "Saved.")
        return redirect("delivery")
    status = 422 if form.errors else 200
    return render(request, "activities/delivery.html", context | {"form": form}, status=status)
