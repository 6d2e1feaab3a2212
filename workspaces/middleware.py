"""The request's way into a workspace, and the one transaction around it."""

from __future__ import annotations

import re

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import get_script_prefix
from django.utils import timezone

from workspaces.action import Refused
from workspaces.models import Membership
from workspaces.mounting import mounted
from workspaces.tenancy import all_workspaces, enter, tenant

MOUNT = re.compile(r"^/w/([a-z0-9-]+)(/.*)$")
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
        return self.get_response(request)


class TenantMiddleware:
    """Owns the request's transaction: scope first, view and template inside, rollback on a server error.

    Not ATOMIC_REQUESTS, which opens too late and closes before the template is rendered.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.workspace = request.member = None
        client = request.headers.get("X-Client-Id", "")
        request.client_id = client if CLIENT.match(client) else ""
        user = request.user
        with self.scope(request):
            if request.slug and user.is_authenticated:
                self.enter_workspace(request)
            self.speak(request)
            response = self.get_response(request)
            if response.status_code >= 500:
                # The exception was made a response further in, so nothing else would undo its writes.
                transaction.set_rollback(True)
        timezone.deactivate()
        if response.streaming:
            # An open event stream must not hold a database connection.
            connection.close()
        return response

    def scope(self, request: HttpRequest):
        user = request.user
        if request.slug is None and request.path_info.startswith("/admin/") and user.is_superuser:
            return all_workspaces(user, door="admin")
        return tenant(None, user.pk, door="web", client=request.client_id)

    def enter_workspace(self, request: HttpRequest) -> None:
        memberships = Membership.objects.active().select_related("workspace", "user", "team")
        member = memberships.filter(user_id=request.user.pk, workspace__slug=request.slug).first()
        if member is None:
            return  # unknown and foreign are alike: the view's guard answers 404
        door = "admin" if request.path_info.startswith("/admin/") else "web"
        enter(member.workspace_id, request.user.pk, door=door, client=request.client_id)
        request.workspace, request.member = member.workspace, member

    def speak(self, request: HttpRequest) -> None:
        zone = getattr(request.user, "time_zone", "") or (request.workspace.time_zone if request.workspace else "")
        timezone.activate(zone) if zone else timezone.deactivate()

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refused action: nothing was written, and the person is told why where they asked."""
        if not isinstance(exception, Refused):
            return None
        if request.headers.get("HX-Request"):
            return render(request, "components/refusal.html", {"refusal": exception}, status=exception.status)
        return render(request, "refused.html", {"refusal": exception}, status=exception.status)
