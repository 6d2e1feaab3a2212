"""What admins set up, in the admin; what may be done with it is said by deals.setup."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminColorInputWidget

from deals import actions, setup
from deals.models import CloseReason, Pipeline, PlaybookRun, PlaybookTask, Product, Stage
from workspaces.admin_base import ReadOnlyAdmin, TenantAdmin
from workspaces.admin_forms import RefusableForm, VersionedForm
from workspaces.admin_site import site


def stage_label(stage: Stage) -> str:
    return f"{stage.pipeline} – {stage.name}"


class PipelineForm(VersionedForm):
    """Its action checks the constraints."""


class StageInline(TabularInline):
    """In order; each is changed on its own page."""

    model = Stage
    fields = readonly_fields = ("position", "linked", "kind", "probability", "color", "rotting_days")
    extra = 0
    can_delete = False
    hide_title = True

    @admin.display(description="name")
    def linked(self, stage: Stage) -> str:
        return format_html(
            '<a class="text-link" href="{}">{}</a>', reverse("admin:deals_stage_change", args=[stage.pk]), stage
        )

    def has_view_permission(self, request: HttpRequest, obj: Pipeline | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Pipeline | None = None) -> bool:
        return False

    has_change_permission = has_add_permission


@admin.register(Pipeline, site=site)
class PipelineAdmin(TenantAdmin):
    """A new pipeline comes with the default stages."""

    menu = ("Setup", 10, "view_kanban")
    form = PipelineForm
    list_display = ("name", "is_default", "position", "max_skip", "win_from")
    search_fields = ("name",)
    ordering = ("position", "pk")
    fields = ("name", "position", "is_default", "max_skip", "win_from", "seen")
    inlines = (StageInline,)

    def get_inlines(self, request: HttpRequest, obj: Pipeline | None):
        return self.inlines if obj else ()

    def get_actions(self, request: HttpRequest) -> dict:
        return {}

    def add_row(self, request: HttpRequest, obj: Pipeline, form: RefusableForm) -> Pipeline:
        return setup.add_pipeline(obj.workspace, by=self.actor(request), **form.facts())

    def change_row(self, request: HttpRequest, obj: Pipeline, form: RefusableForm) -> Pipeline:
        return setup.edit_pipeline(obj, by=self.actor(request), **form.facts())

    def delete_model(self, request: HttpRequest, obj: Pipeline) -> None:
        setup.delete_pipeline(obj, by=self.actor(request))


class StageForm(VersionedForm):
    def clean(self) -> dict[str, Any]:
        super().clean()
        # A closed stage says it for certain; the constraint would only say that it is violated.
        kind = self.cleaned_data.get("kind")
        self.cleaned_data["probability"] = setup.CERTAIN.get(kind, self.cleaned_data.get("probability"))
        return self.cleaned_data


@admin.register(Stage, site=site)
class StageAdmin(TenantAdmin):
    menu = ("Setup", 11, "steps")
    form = StageForm
    list_display = ("name", "pipeline", "position", "kind", "probability", "rotting_days", "forecast_category")
    list_filter = ("kind",)
    search_fields = ("name", "pipeline__name")
    ordering = ("pipeline", "position")
    fields = (
        "pipeline", "name", "position", "kind", "probability", "color", "rotting_days", "forecast_category", "seen",
    )  # fmt: skip

    def choice_label(self, obj: Stage) -> str:
        return stage_label(obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Stage | None = None):
        fixed = super().get_readonly_fields(request, obj)
        return [*fixed, "pipeline"] if obj else fixed

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs):
        if db_field.name == "color":
            kwargs["widget"] = UnfoldAdminColorInputWidget()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_actions(self, request: HttpRequest) -> dict:
        return {}

    def add_row(self, request: HttpRequest, obj: Stage, form: StageForm) -> Stage:
        facts = form.facts()
        facts.pop("pipeline_id")
        return setup.add_stage(obj.pipeline, by=self.actor(request), **facts)

    def change_row(self, request: HttpRequest, obj: Stage, form: StageForm) -> Stage:
        return setup.edit_stage(obj, by=self.actor(request), **form.facts())

    def delete_model(self, request: HttpRequest, obj: Stage) -> None:
        setup.delete_stage(obj, by=self.actor(request))


@admin.register(CloseReason, site=site)
class CloseReasonAdmin(TenantAdmin):
    menu = ("Setup", 12, "flag")
    form = VersionedForm
    list_display = ("label", "kind", "position", "needs_note")
    list_filter = ("kind",)
    search_fields = ("label",)
    ordering = ("kind", "position", "pk")
    fields = ("kind", "label", "needs_note", "seen")

    def get_readonly_fields(self, request: HttpRequest, obj: CloseReason | None = None):
        fixed = super().get_readonly_fields(request, obj)
        return [*fixed, "kind"] if obj else fixed

    def get_actions(self, request: HttpRequest) -> dict:
        return {}

    def add_row(self, request: HttpRequest, obj: CloseReason, form: RefusableForm) -> CloseReason:
        return setup.add_reason(obj.workspace, by=self.actor(request), **form.facts())

    def change_row(self, request: HttpRequest, obj: CloseReason, form: RefusableForm) -> CloseReason:
        return setup.edit_reason(obj, by=self.actor(request), **form.facts())

    def delete_model(self, request: HttpRequest, obj: CloseReason) -> None:
        setup.archive_reason(obj, by=self.actor(request))


@admin.register(PlaybookTask, site=site)
class PlaybookTaskAdmin(TenantAdmin):
    menu = ("Setup", 13, "checklist")
    form = VersionedForm
    list_display = ("title", "stage", "type", "assignee_rule", "due_amount", "due_unit", "is_active")
    list_filter = ("is_active", "type")
    search_fields = ("title", "stage__name")
    ordering = ("stage", "position", "pk")
    fields = ("stage", "title", "type", "assignee_rule", "assignee", "due_amount", "due_unit", "is_active", "seen")

    def get_readonly_fields(self, request: HttpRequest, obj: PlaybookTask | None = None):
        fixed = super().get_readonly_fields(request, obj)
        return [*fixed, "stage"] if obj else fixed

    def get_actions(self, request: HttpRequest) -> dict:
        return {}

    def add_row(self, request: HttpRequest, obj: PlaybookTask, form: RefusableForm) -> PlaybookTask:
        facts = form.facts()
        facts.pop("stage_id")
        return setup.add_playbook_task(obj.stage, by=self.actor(request), **facts)

    def change_row(self, request: HttpRequest, obj: PlaybookTask, form: RefusableForm) -> PlaybookTask:
        return setup.edit_playbook_task(obj, by=self.actor(request), **form.facts())

    def delete_model(self, request: HttpRequest, obj: PlaybookTask) -> None:
        setup.delete_playbook_task(obj, by=self.actor(request))


class ProductForm(VersionedForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "currency" in self.fields:
            self.fields["currency"].required = False
            self.fields["currency"].help_text = "Three letters; empty: that of the workspace."


@admin.register(Product, site=site)
class ProductAdmin(TenantAdmin):
    """What is no longer sold is not deleted: it is not active."""

    menu = ("Setup", 14, "inventory_2")
    form = ProductForm
    list_display = ("name", "code", "unit_price", "currency", "is_active")
    list_filter = ("is_active", "currency")
    search_fields = ("name", "code")
    ordering = ("name", "pk")
    fields = ("name", "code", "unit_price", "currency", "is_active", "seen")
    can_delete = False

    def add_row(self, request: HttpRequest, obj: Product, form: RefusableForm) -> Product:
        return actions.create_product(obj.workspace, by=self.actor(request), **form.facts())

    def change_row(self, request: HttpRequest, obj: Product, form: RefusableForm) -> Product:
        return actions.update_product(obj, by=self.actor(request), **form.facts())


@admin.register(PlaybookRun, site=site)
class PlaybookRunAdmin(ReadOnlyAdmin):
    menu = ("System", 28, "playlist_add_check")
    list_display = ("deal", "stage", "playbook_task", "outcome", "why", "at")
    list_filter = ("outcome", "at")
    search_fields = ("deal__name", "playbook_task__title")
