"""The link of a campaign's mail that stops them (RFC 8058). Looking at it stops nothing: mail scanners look at every link."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from automation.actions.suppressing import opt_in, opt_out
from workspaces.access import public
from workspaces.models import Workspace
from workspaces.mounting import root_url
from workspaces.tenancy import tenant

SALT = "opt-out"
PAGE = "automation/opt_out.html"


def opt_out_url(workspace: Workspace, email: str) -> str:
    return settings.SITE_URL + root_url("opt_out", signing.dumps([workspace.pk, email], salt=SALT))


def read_token(token: str) -> tuple[int, str] | None:
    """(workspace id, address); None for a forged one."""
    with suppress(signing.BadSignature, ValueError):
        workspace_id, email = signing.loads(token, salt=SALT)
        return workspace_id, email
    return None


@csrf_exempt  # the mail program that posts has no cookie of ours; the signed link is what proves it
@public(reason="whoever got the mail may stop it, and has no account; the link is signed", methods=("GET", "POST"))
def opt_out_page(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks. POST stops the mails, with `back` it takes that back."""
    found = read_token(token)
    if found is None:
        return render(request, PAGE, {"state": "forged"}, status=410)
    workspace_id, email = found
    with tenant(workspace_id, door="automation"):
        workspace = Workspace.objects.filter(pk=workspace_id).first()
        if workspace is None:
            return render(request, PAGE, {"state": "forged"}, status=410)
        state = "asked"
        if request.method == "POST" and "back" in request.POST:
            opt_in(workspace, email)
            state = "back"
        elif request.method == "POST":
            opt_out(workspace, email)
            state = "stopped"
        return render(request, PAGE, {"state": state, "from": workspace, "email": email})
