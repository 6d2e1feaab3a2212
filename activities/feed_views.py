"""The calendar that other programs read, and the page of its secret address."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag

from activities import actions, ics
from activities.lines import COLUMNS, HIDDEN, about_of
from activities.models import SUBJECTS, CalendarFeed, Task
from workspaces.access import MemberRequest, member_required, public, visible_owners
from workspaces.models import Membership, Role
from workspaces.mounting import root_url, workspace_url
from workspaces.tenancy import tenant

BACK = timedelta(days=60)  # what ended or was due before is left out, unless it is still to be done
MOST = 2000
FRESH = 300  # seconds for which a program need not ask again


@member_required(methods=("GET", "POST"), writer=Role.VIEWER)
def calendar_feed(request: MemberRequest) -> HttpResponse:
    """Make the address, make another one, or take it away. It is shown in the answer that makes it, and never again."""
    address = ""
    if request.method == "POST" and "revoke" in request.POST:
        actions.revoke_feed(request.member)
        return redirect("calendar_feed")
    if request.method == "POST":
        address = request.build_absolute_uri(root_url("calendar_ics", actions.make_feed(request.member)))
    feed = CalendarFeed.objects.filter(workspace=request.workspace, user_id=request.member.user_id).first()
    response = render(request, "activities/calendar_feed.html", {"feed": feed, "address": address})
    response["Cache-Control"] = "no-store"
    return response


@public(reason="calendars log in nowhere: who holds the secret address reads one member's tasks, and nothing else")
def calendar_ics(request: HttpRequest, token: str) -> HttpResponse:
    found = actions.find_feed(token)
    if found is None:
        raise Http404("No such calendar")
    workspace_id, user_id = found
    with tenant(workspace_id, user_id):
        members = Membership.objects.active().filter(workspace_id=workspace_id, user_id=user_id, user__is_active=True)
        member = members.select_related("workspace", "user").first()
        if member is None:
            raise Http404("No such calendar")
        body = ics.feed(f"{member.workspace}: {member.user}", entries(request, member))
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = f"private, max-age={FRESH}"
    etag = quote_etag(sha256(body).hexdigest())
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response)


def entries(request: HttpRequest, member: Membership) -> list[tuple[Task, str, str]]:
    """Each task of the member that is due some time, what it is about, and where that is: a name only for who may see it."""
    since = timezone.now() - BACK
    tasks = Task.objects.of(member).filter(due_at__isnull=False)
    tasks = tasks.filter(status=Task.Status.OPEN) | tasks.filter(changed_at__gte=since, due_at__gte=since)
    owners = visible_owners(member)
    urls = {kind: request.build_absolute_uri(workspace_url(member.workspace, f"{kind}_detail", 0)) for kind in SUBJECTS}
    found = tasks.order_by("-due_at", "pk").select_related("deal", "lead", "contact", "company")[:MOST]
    return [(task, *named(task, owners, urls)) for task in found]


def named(task: Task, owners: list[int] | None, urls: dict[str, str]) -> tuple[str, str]:
    url, about = about_of(
        {name: value_of(task, name) for name in COLUMNS if not name.startswith("assignee")}, owners, urls
    )
    return ("" if about == HIDDEN else about), url


def value_of(task: Task, name: str) -> object:
    """A column of `lines.COLUMNS` of a task that was loaded with what it is about."""
    value: object = task
    for part in name.split("__"):
        value = getattr(value, part, None)
    return value
