"""The link of every mail that stops it (RFC 8058). Looking at it stops nothing: mail scanners look at every link."""

from __future__ import annotations

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from activities import letters
from activities.actions import choose_mails, stop_mails
from activities.models import Notification
from workspaces.access import public
from workspaces.models import Membership
from workspaces.tenancy import tenant

PAGE = "activities/unsubscribe.html"


@csrf_exempt  # the mail program that posts has no cookie of ours; the signed link is what proves it
@public(reason="whoever reads the mail may stop it, logged in or not; the link is signed", methods=("GET", "POST"))
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks. POST stops the mails, and with `before` (signed by the page) takes that back. `all` stops every kind."""
    found = letters.read_token(token)
    if found is None:
        return render(request, PAGE, {"state": "forged"}, status=410)
    workspace_id, user_id, kind = found
    with tenant(workspace_id, user_id):
        members = Membership.objects.active().select_related("workspace", "user")
        member = members.filter(workspace_id=workspace_id, user_id=user_id).first()
        if member is None or kind not in (*Notification.Kind.values, letters.ALL):
            return render(request, PAGE, {"state": "forged"}, status=410)
        what = letters.ALL if request.POST.get("all") else kind
        label = "" if what == letters.ALL else Notification.Kind(what).label
        context = {"from": member.workspace, "label": label, "kind": kind, "state": "asked"}
        if request.method == "POST" and "before" in request.POST:
            try:
                before = signing.loads(request.POST["before"], salt=token)
            except signing.BadSignature:
                return render(request, PAGE, {"state": "forged"}, status=410)
            choose_mails(before, by=member)
            context["state"] = "back"
        elif request.method == "POST":
            before = stop_mails(by=member, kind="" if what == letters.ALL else what)
            context |= {"state": "stopped", "before": signing.dumps(before, salt=token)}
        return render(request, PAGE, context)
