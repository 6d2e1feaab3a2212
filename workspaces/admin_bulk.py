"""Bulk actions of the admin: an action of the product, done to each chosen row; a page in between asks for what it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget

from workspaces.action import Refused
from workspaces.models import Membership, Workspace

AT_ONCE = 500
TOLD = 10


class BulkForm(forms.Form):
    """What a bulk action asks for; `workspace` is that of all chosen rows."""

    def __init__(self, *args, workspace: Workspace | None, **kwargs):
        super().__init__(*args, **kwargs)
        self.workspace = workspace


class OwnerForm(BulkForm):
    owner = forms.ModelChoiceField(Membership.objects.none(), to_field_name="user_id", widget=UnfoldAdminSelectWidget)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = self.workspace.memberships.working()


class BulkMixin:
    def actor(self, request: HttpRequest) -> Membership | None:
        """Who acts, for actions: the member, or None for a super admin, who is no member and may."""
        return request.member

    def hold(self, rows: Sequence[models.Model]) -> None:
        """Lock what `verb` is going to, of all rows and in the order in which everybody does. A row after the other, the
        locks of the first are held while the second waits for its own, and whoever has that may wait for the first."""

    def each(
        self, request: HttpRequest, rows: models.QuerySet, verb: Callable[[models.Model], object], done: str
    ) -> None:
        """Do `verb` to each row. What is refused is told row by row and changes nothing; `done` says what became of the rest."""
        rows = list(rows.order_by("pk")[: AT_ONCE + 1])
        if len(rows) > AT_ONCE:
            messages.error(request, f"At most {AT_ONCE} at once. Nothing was changed: choose fewer.")
            return
        self.hold(rows)
        refusals = []
        for row in rows:
            try:
                verb(row)
            except Refused as refusal:
                refusals.append(f"{row}: {refusal.message}")
        for text in refusals[:TOLD]:
            messages.error(request, text)
        if len(refusals) > TOLD:
            messages.error(request, f"And {len(refusals) - TOLD} more were refused.")
        if count := len(rows) - len(refusals):
            name = self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural
            messages.success(request, f"{count} {name} {done}.")

    def ask(
        self,
        request: HttpRequest,
        rows: models.QuerySet,
        *,
        title: str,
        verb: Callable[[models.Model, dict], object],
        done: str,
        form: type[BulkForm] = BulkForm,
    ) -> HttpResponse | None:
        """Ask for what `form` wants, then do `verb(row, cleaned data)` to each row."""
        chosen = list(rows.order_by("pk")[: AT_ONCE + 1])
        workspaces = {row.workspace_id for row in chosen}
        if len(workspaces) != 1:
            messages.error(request, "Choose rows of one workspace.")
            return None
        workspace = request.workspace or Workspace.objects.get(pk=workspaces.pop())
        bound = form(request.POST if "apply" in request.POST else None, workspace=workspace)
        if bound.is_valid():
            self.each(request, rows, lambda row: verb(row, bound.cleaned_data), done)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": None,
            "opts": self.opts,
            "form": bound,
            "rows": chosen,
            "action": request.POST["action"],
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/bulk.html", context)
