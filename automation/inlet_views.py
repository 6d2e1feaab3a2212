"""Where mail services and other programs post mail: outside every workspace; the secret of the address says which one."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from automation.actions.inlets import find_inlet, take_posted
from automation.models import Inlet, Provider
from automation.posted import Call, Forged, read_posted
from workspaces.access import public
from workspaces.action import Refused
from workspaces.sealing import Unreadable, unseal
from workspaces.tenancy import tenant

LARGEST = 60 * 1024 * 1024  # bytes: the largest mail, in base64
View = Callable[..., HttpResponse]


def takes_bytes(view: View) -> View:
    """The body is read by the view itself: a mail may be larger than forms are, and hold any byte."""
    vars(view)["takes_bytes"] = True
    return view


@takes_bytes
@csrf_exempt  # mail services have no cookie of ours; the secret address and their signature are what proves them
@public(reason="mail services log in nowhere: the secret address and their signature prove them", methods=("POST",))
def inlet(request: HttpRequest, provider: str, token: str) -> HttpResponse:
    """200 once the mail is stored, also of an event that was told before: what follows is done afterwards."""
    found = find_inlet(token)
    if found is None or provider == Provider.API:
        raise Http404("No such address")
    with tenant(found[0], door="automation"):
        row = opened(found[1], provider)
        if not row.mailbox.is_active:
            return said(503, "This mailbox is paused.")
        body = request.read(LARGEST + 1)
        if len(body) > LARGEST:
            return said(413, "This mail is too large.")
        try:
            call = Call(request.headers, request.headers.get("Content-Type", ""), body, timezone.now())
            posted = read_posted(provider, call, unseal(row, "key"))
            if posted.raw is None:
                return JsonResponse({"id": None, "duplicate": False})
            message, is_new = take_posted(row, posted.raw, event=posted.event, sent_at=posted.sent_at)
        except Unreadable:
            return said(503, "The signing key of this mailbox is to be typed in again.")
        except Forged as forged:
            return said(403, str(forged))
        except Refused as refused:
            return said(422, refused.message)
    return JsonResponse({"id": message.pk if message else None, "duplicate": not is_new})


@takes_bytes
@csrf_exempt  # programs have no cookie of ours; the token is what proves them
@public(reason="programs log in nowhere: the token proves them", methods=("POST",))
def api_inbound(request: HttpRequest) -> HttpResponse:
    """A mail as it is, or {"raw": text} or {"raw_base64": text}. Answers {"id", "duplicate"}."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = find_inlet(token.strip()) if scheme.lower() == "bearer" and token.strip() else None
    if found is None:
        response = said(401, "Authorization: Bearer and the token of a mailbox.")
        response["WWW-Authenticate"] = "Bearer"
        return response
    with tenant(found[0], door="api"):
        row = opened(found[1], Provider.API)
        if not row.mailbox.is_active:
            return said(503, "This mailbox is paused.")
        body = request.read(LARGEST + 1)
        if len(body) > LARGEST:
            return said(413, "This mail is too large.")
        try:
            message, is_new = take_posted(row, raw_of(request.content_type or "", body))
        except Refused as refused:
            return said(422, refused.message)
    return JsonResponse({"id": message.pk if message else None, "duplicate": not is_new})


def opened(pk: int, provider: str) -> Inlet:
    found = Inlet.objects.select_related("mailbox__workspace").filter(pk=pk, provider=provider).first()
    if found is None:
        raise Http404("No such address")
    return found


def raw_of(content_type: str, body: bytes) -> bytes:
    if content_type != "application/json":
        return body
    try:
        found = json.loads(body)
        if "raw_base64" in found:
            return base64.b64decode(found["raw_base64"], validate=True)
        return found["raw"].encode("utf-8", "surrogatepass")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise Refused('This is no mail: {"raw": "…"} has the whole of it.') from None


def said(status: int, words: str) -> HttpResponse:
    return JsonResponse({"detail": words}, status=status)
