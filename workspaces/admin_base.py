"""What all ModelAdmins share. They hold no rules: they show rows, and call the same actions as the pages do."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.db import DataError, IntegrityError, connection, models, transaction
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch
from django.utils.html import strip_tags
from django.utils.safestring import mark_safe
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from workspaces.action import Refused
from workspaces.admin_bulk import BulkMixin
from workspaces.admin_filters import ChooseFilter
from workspaces.admin_forms import RefusableForm, TenantForm, WorkspaceAutocomplete
from workspaces.admin_history import HistoryMixin, event_model
from workspaces.models import Membership, User
from workspaces.tenant import MemberForeignKey, TenantModel


class CountedOnce(ChangeList):
    """Without a search or a filter there is no other, full number of rows to speak of."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


def without_styles(html: str) -> str:
    """The theme draws JSON with style attributes, which the content security policy refuses. Values in it are escaped."""
    return mark_safe(re.sub(r' style="[^"]*"', "", html))  # noqa: S308


def without_link(html: str) -> str:
    """A member's name leads nowhere: inside a workspace nobody may look at users."""
    return mark_safe(strip_tags(html))  # noqa: S308


# How the theme's drawing of read-only fields is corrected.
DRAWN = {models.JSONField: without_styles, MemberForeignKey: without_link}


class CrmAdmin(HistoryMixin, BulkMixin, ModelAdmin):
    """Who may is said by the site alone; Django's permissions and its log (LogEntry knows no workspaces) are not used."""

    # Group, place and icon in the sidebar.
    menu = ("System", 50, "data_object")
    form = RefusableForm
    can_add = can_change = can_delete = True
    list_per_page = 50
    show_full_result_count = False
    ordering = ("-pk",)

    def __init__(self, model: type[models.Model], admin_site: Any):
        super().__init__(model, admin_site)
        drawn = {field.name: DRAWN[type(field)] for field in self.opts.fields if type(field) in DRAWN}
        self.readonly_preprocess_fields = drawn | self.readonly_preprocess_fields

    def may_enter(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may_enter(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may_enter(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.can_add and self.may_enter(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.can_change and self.may_enter(request)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.can_delete and self.may_enter(request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CountedOnce

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """The audit trail is written by the database."""

    log_change = log_addition

    def log_deletions(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        pass

    def choice_label(self, obj: models.Model) -> str:
        """How a row reads where one chooses it."""
        return str(obj)

    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        shown = set(self.get_list_display(request)) | set(self.list_select_related or ())
        keys = {field.name for field in self.opts.fields if isinstance(field, models.ForeignKey)}
        return [name for name in shown if name.partition("__")[0] in keys]

    def get_form(self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"request": request})

    def get_view_on_site_url(self, obj: models.Model | None = None) -> str | None:
        """The row's own page; there are such only inside a workspace."""
        try:
            return obj.get_absolute_url() if obj and hasattr(obj, "get_absolute_url") else None
        except NoReverseMatch:
            return None

    def changeform_view(
        self, request: HttpRequest, object_id=None, form_url: str = "", extra_context=None
    ) -> HttpResponse:
        shown = {"show_history": event_model(self.model) is not None, "show_view_on_site": True}
        extra_context = (extra_context or {}) | shown
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refusal:
            request.refusal = refusal
        except (IntegrityError, DataError) as error:
            request.refusal = refused_by_database(error)
        # Nothing was written; the same form again, with the refusal as its error.
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context=None) -> HttpResponse:
        try:
            with transaction.atomic():
                response = super().delete_view(request, object_id, extra_context)
                connection.check_constraints()
                return response
        except Refused as refusal:
            messages.error(request, refusal.message)
        except IntegrityError as error:
            messages.error(request, refused_by_database(error).message)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", object_id)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """Foreign and unknown are alike, as everywhere."""
        raise Http404

    def save_model(self, request: HttpRequest, obj: models.Model, form: RefusableForm, change: bool) -> None:
        saved = self.change_row(request, obj, form) if change else self.add_row(request, obj, form)
        # The page goes on with the row as the action left it.
        vars(obj).update(vars(saved))

    def add_row(self, request: HttpRequest, obj: models.Model, form: RefusableForm) -> models.Model:
        """Overridden where an action makes the row."""
        obj.save()
        return obj

    def change_row(self, request: HttpRequest, obj: models.Model, form: RefusableForm) -> models.Model:
        """Overridden where an action changes the row."""
        obj.save()
        return obj

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        for row in queryset.order_by("pk"):
            self.delete_model(request, row)

    def save_related(self, request: HttpRequest, form: RefusableForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        # Composite foreign keys are deferred: break them here, where it can still be said, not at the commit.
        connection.check_constraints()


class TenantAdmin(CrmAdmin):
    """Rows of workspaces: inside one its own rows, with the workspace out of sight; outside all, with the workspace shown."""

    form = TenantForm
    # A search function of deals/sql/search.sql: row-level security keeps operators from using indexes.
    like = ""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        rows = super().get_queryset(request)
        return rows.filter(workspace=request.workspace) if request.workspace else rows

    def get_search_results(self, request: HttpRequest, queryset: models.QuerySet, search_term: str):
        if self.like and request.workspace and search_term:
            return queryset.filter(pk__in=RawSQL(f"SELECT {self.like}(%s)", [search_term])), False  # noqa: S611 - a constant
        return super().get_search_results(request, queryset, search_term)

    def get_ordering(self, request: HttpRequest):
        # Indexes of tenant tables begin with the workspace: over all of them only the primary key is in order.
        return super().get_ordering(request) if request.workspace else ("-pk",)

    def get_list_display(self, request: HttpRequest):
        shown = list(super().get_list_display(request))
        return shown if request.workspace else [*shown[:1], "workspace", *shown[1:]]

    def get_list_filter(self, request: HttpRequest):
        filters = super().get_list_filter(request)
        return filters if request.workspace else [("workspace", ChooseFilter), *filters]

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None):
        sets = super().get_fieldsets(request, obj)
        named = {name for _, options in sets for name in options["fields"]}
        if request.workspace or "workspace" in named:
            return sets
        return [(None, {"fields": ["workspace"]}), *sets]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None):
        fixed = super().get_readonly_fields(request, obj)
        return [*fixed, "workspace"] if obj and not request.workspace else fixed

    def get_exclude(self, request: HttpRequest, obj: models.Model | None = None):
        exclude = super().get_exclude(request, obj)
        return [*(exclude or ()), "workspace"] if request.workspace else exclude

    def get_form(self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs):
        # Read below, where Django asks for the field of each foreign key without saying of which row.
        request.scope_id = obj.workspace_id if obj else request.workspace and request.workspace.pk
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_foreignkey(self, db_field: models.ForeignKey, request: HttpRequest, **kwargs):
        workspace_id = getattr(request, "scope_id", None)
        if isinstance(db_field, MemberForeignKey):
            members = Membership.objects.filter(workspace_id=workspace_id) if workspace_id else Membership.objects.all()
            kwargs["queryset"] = User.objects.filter(pk__in=members.values("user_id"))
        elif workspace_id and issubclass(db_field.related_model, TenantModel):
            kwargs["queryset"] = db_field.related_model._default_manager.filter(workspace_id=workspace_id)
        kwargs["widget"] = WorkspaceAutocomplete(db_field, self.admin_site, workspace_id=workspace_id)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_deleted_objects(self, objs, request: HttpRequest):
        """What goes with the rows, counted and not listed: a company can have a hundred thousand activities."""
        objs = list(objs)
        counts = {self.opts.verbose_name_plural: len(objs)}
        held_by = []
        for relation in self.opts.get_fields(include_hidden=True):
            if not relation.auto_created or relation.concrete or hasattr(relation.related_model, "pgh_tracked_model"):
                continue
            rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": objs})
            name = str(relation.related_model._meta.verbose_name_plural)
            if relation.on_delete in (models.CASCADE, models.DO_NOTHING):
                counts[name] = counts.get(name, 0) + rows.count()
            elif relation.on_delete is models.PROTECT and (count := rows.count()):
                held_by.append(f"{count} {name}")
        counts = {name: count for name, count in counts.items() if count}
        return [str(obj) for obj in objs], counts, set(), held_by


class ReadOnlyAdmin(TenantAdmin):
    """Rows that only actions, triggers or the system write."""

    can_add = can_change = can_delete = False


def refused_by_database(error: IntegrityError | DataError) -> Refused:
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    return Refused(f"The database refused this ({name or 'a value'}). Nothing was saved.")
