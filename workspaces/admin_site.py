"""The admin site: one object at two places.

/admin/            super admins, over all workspaces (the middleware runs the request as the role crm_admin)
/w/<slug>/admin/   admins and owners of a workspace, over its rows (row-level security, as everywhere inside)

Who may enter is said by the guard below, not by Django's permissions; logging in and out is allauth's business.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from workspaces.models import Membership, Role, User
from workspaces.mounting import root_url
from workspaces.numbers import parse_id
from workspaces.tenant import MemberForeignKey, TenantModel

# The sidebar's groups in order; each ModelAdmin names its own (`menu`).
GROUPS = ("Sales", "People", "Mail", "Setup", "System")
# Django's own pages that have a better one here, and unfold's search, whose cache knows no workspaces.
LEFT_OUT = ("view_on_site", "search")


class CrmAdminSite(UnfoldAdminSite):
    site_header = "Dealwright"
    index_title = "Admin"

    def has_permission(self, request: HttpRequest) -> bool:
        if request.slug is None:
            return request.user.is_active and request.user.is_superuser
        return request.member is not None and request.member.may(Role.ADMIN)

    def admin_view(self, view, cacheable: bool = False):
        """Strangers log in, who may not see the place gets 404, members below admin get 403."""
        inner = super().admin_view(view, cacheable)

        @functools.wraps(inner)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not self.has_permission(request):
                if request.member is None:
                    raise Http404
                raise PermissionDenied(f"This needs the role {Role.ADMIN.label.lower()} or above.")
            return inner(request, *args, **kwargs)

        guarded.access = "admin"
        return guarded

    def get_urls(self):
        return [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") not in LEFT_OUT]

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """No second door: allauth's has the throttles and the second factor."""
        return redirect_to_login(reverse("admin:index"))

    login.access = "public: sends to the login page"

    def logout(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if request.method != "POST":
            return redirect(root_url("account_logout"))
        get_adapter().logout(request)
        return redirect(root_url("account_login"))

    def password_change(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return redirect(root_url("account_change_password"))

    def password_change_done(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        return redirect(root_url("profile"))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return Autocomplete.as_view(admin_site=self)(request)

    def extra_context(self, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        # The theme would write its colours into a <style> element, which the content security policy
        # refuses; they are in static/css/admin.css.
        return context | {"colors": None, "site_subheader": str(request.workspace or "All workspaces")}


class Autocomplete(AutocompleteJsonView):
    """Choices for a foreign key: of the workspace one is in, else of `?workspace=`; members for a MemberForeignKey."""

    def has_perm(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Inside a workspace nobody may look through all users, but every admin may choose a member.
        return isinstance(self.source_field, MemberForeignKey) or super().has_perm(request, obj)

    def get_queryset(self) -> QuerySet:
        found = super().get_queryset()
        asked = parse_id(self.request.GET.get("workspace", ""))
        workspace_id = self.request.workspace.pk if self.request.workspace else asked
        if isinstance(self.source_field, MemberForeignKey):
            members = Membership.objects.active()
            members = members.filter(workspace_id=workspace_id) if workspace_id else members
            return found.filter(pk__in=members.values("user_id"))
        if not issubclass(found.model, TenantModel):
            return found
        return found.filter(workspace_id=workspace_id) if workspace_id else found.select_related("workspace")

    def serialize_result(self, obj: Model, to_field_name: str) -> dict[str, str]:
        text = self.model_admin.choice_label(obj)
        if self.request.workspace is None and isinstance(obj, TenantModel):
            text = f"{text} · {obj.workspace}"
        elif isinstance(obj, User):
            text = f"{text} · {obj.email}"
        return {"id": str(getattr(obj, to_field_name)), "text": text}


site = CrmAdminSite(name="admin")


# --- what settings.UNFOLD names -------------------------------------------------------------------


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: every model that this request may look at, in the group and order that its ModelAdmin says."""
    groups = defaultdict(list)
    for model, model_admin in site._registry.items():
        if not model_admin.has_module_permission(request):
            continue
        group, order, icon = model_admin.menu
        link = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        title = str(model._meta.verbose_name_plural).capitalize()
        groups[group].append((order, {"title": title, "icon": icon, "link": link}))
    return [
        {"title": group, "items": [item for _, item in sorted(groups[group], key=lambda pair: pair[0])]}
        for group in GROUPS
        if group in groups
    ]


def site_url(request: HttpRequest) -> str:
    """Back to the pages: the workspace one is in, else the list of them."""
    return reverse("workspace_home") if request.workspace else root_url("workspace_list")


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    return [
        {"title": "Profile", "link": root_url("profile")},
        {"title": "Change password", "link": root_url("account_change_password")},
    ]


def stylesheet(request: HttpRequest) -> str:
    return static("css/admin.css")


def script(request: HttpRequest) -> str:
    return static("js/admin.js")


def favicon(request: HttpRequest) -> str:
    return static("img/mark.svg")
