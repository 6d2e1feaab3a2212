"""The request's way into a workspace, and the one transaction around it."""

from __future__ import annotations

import logging
import re
from functools import cache

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, QueryDict
from django.shortcuts import render
from django.urls import get_script_prefix
from django.utils import timezone

from workspaces.access import SAFE
from workspaces.action import Refused
from workspaces.dialogs import is_script, refusal_said
from workspaces.models import Membership, User, Workspace
from workspaces.mounting import mounted
from workspaces.rows import columns_of, row_of
from workspaces.tenancy import all_workspaces, tenant

log = logging.getLogger(__name__)
MOUNT = re.compile(r"^/w/([a-z0-9-]+)(/.*)$")
UNFINISHED = re.compile(r"^/w/[a-z0-9-]+\Z")
CLIENT = re.compile(r"^[\w-]{1,40}$")


class HealthMiddleware:
    """/healthz: the process answers. /readyz: the database answers and has all migrations; Redis is not asked for."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.migrated = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return HttpResponse("ok", content_type="text/plain")
        if request.path == "/readyz":
            return self.readyz()
        return self.get_response(request)

    def readyz(self) -> HttpResponse:
        try:
            if not self.migrated:
                executor = MigrationExecutor(connection)
                if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                    return HttpResponse(
                        "migrations are missing: run manage.py migrate", status=503, content_type="text/plain"
                    )
                self.migrated = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError:
            return HttpResponse("the database does not answer", status=503, content_type="text/plain")
        finally:
            connection.close()
        return HttpResponse("ready", content_type="text/plain")


class MountMiddleware:
    """A workspace is mounted at /w/<slug>/ the way a WSGI application is mounted under a script name.

    Inside, URLs resolve and reverse without naming the workspace; links can be shared, and two browser tabs
    can hold two workspaces.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.slug = None
        if found := MOUNT.match(request.path_info):
            request.slug, request.path_info = found.groups()
            request.urlconf = settings.WORKSPACE_URLCONF
            with mounted(f"{get_script_prefix()}w/{request.slug}/"):
                return self.get_response(request)
        if UNFINISHED.match(request.path_info):
            return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
        return self.get_response(request)


class NulMiddleware:
    """No text of ours holds a NUL: PostgreSQL keeps none, so a request with one is refused before anything asks for it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.refusal(request.path_info, request.GET, request.COOKIES) or self.get_response(request)

    def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
        """The body, now that the one who forges requests has been turned away."""
        if request.method != "POST" or getattr(view[0], "takes_bytes", False):
            return None
        return self.refusal("", request.POST, {})

    def refusal(self, path: str, fields: QueryDict, cookies: dict[str, str]) -> HttpResponse | None:
        sent = (text for name, values in fields.lists() for text in (name, *values))
        if not any("\0" in text for text in (path, *cookies.values(), *sent)):
            return None
        return HttpResponse("This request cannot be read: it holds a NUL.", status=400, content_type="text/plain")


@cache
def arrive() -> str:
    """The membership of a user in the workspace of an address, which is entered by it: the scope was theirs alone, and is
    the workspace's from here on."""
    return (
        f"SELECT set_config('app.workspace_id', w.id::text, true), {columns_of(Membership, 'm')}, {columns_of(Workspace, 'w')} "  # noqa: S608
        "FROM workspaces_membership m JOIN workspaces_workspace w ON w.id = m.workspace_id "
        f"WHERE m.user_id = %s AND w.slug = %s AND m.status = '{Membership.Status.ACTIVE}'"
    )


def arrived(found: tuple, user: User) -> Membership:
    """Of the row that `arrive` finds."""
    wide = 1 + len(Membership._meta.concrete_fields)
    member = row_of(Membership, found[1:wide])
    member.workspace, member.user = row_of(Workspace, found[wide:]), user
    return member


class TenantMiddleware:
    """Owns the request's transaction: scope first, view and template inside, rollback on a server error.

    Not ATOMIC_REQUESTS, which opens too late and closes before the template is rendered.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.workspace = request.member = None
        client = request.headers.get("X-Client-Id", "")
        user = request.user
        # Of one user alone, whatever somebody else sends (workspaces/live.py).
        request.client_id = f"{user.pk}.{client}" if user.pk and CLIENT.match(client) else ""
        with self.scope(request) as found:
            if found:
                request.member = arrived(found, user)
                request.workspace = request.member.workspace
            self.speak(request)
            response = self.get_response(request)
            if response.status_code >= 500 or (response.status_code >= 400 and request.method not in SAFE):
                # The exception was made a response further in, so nothing else would undo its writes; and who is told
                # that nothing was saved must be told the truth.
                transaction.set_rollback(True)
        timezone.deactivate()
        if response.streaming:
            # An open event stream must not hold a database connection.
            connection.close()
        return response

    def scope(self, request: HttpRequest):
        """Of the workspace whose member they are; unknown and foreign are alike: the view's guard answers 404."""
        user, slug = request.user, request.slug
        is_admin = request.path_info.startswith("/admin/")
        if slug is None and is_admin and user.is_superuser:
            return all_workspaces(user, door="admin")
        arrival = (arrive(), [user.pk, slug]) if slug and user.is_authenticated else None
        door = "admin" if slug and is_admin else "web"
        return tenant(None, user.pk, door=door, client=request.client_id, then=arrival)

    def speak(self, request: HttpRequest) -> None:
        zone = getattr(request.user, "time_zone", "") or (request.workspace.time_zone if request.workspace else "")
        timezone.activate(zone) if zone else timezone.deactivate()

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refused action: nothing was written, and the person is told why where they asked."""
        if isinstance(exception, (redis.ConnectionError, redis.TimeoutError)):
            # Login attempts are counted there; uncounted ones would be as many as anybody likes.
            log.error("Redis does not answer: %s", exception)
            context = {
                "status": 503,
                "title": "Not just now",
                "text": "Logging in is not possible for the moment. Try again in a minute.",
            }
            return render(request, "error.html", context, status=503)
        if not isinstance(exception, Refused):
            return None
        if is_script(request) or request.htmx:
            return refusal_said(request, exception)
        return render(request, "refused.html", {"refusal": exception}, status=exception.status)
