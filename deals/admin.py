"""Deals, pipelines and stages in the admin; what may be done with them is said by deals.actions and deals.setup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from unfold.admin import TabularInline
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from activities.models import Door
from deals import actions, admin_changes, admin_figures
from deals.admin_setup import stage_label
from deals.forms import reason_choices
from deals.models import Deal, DealContact, Kind, Stage, StageEvent
from workspaces.admin_base import ReadOnlyAdmin, TenantAdmin
from workspaces.admin_bulk import BulkForm, OwnerForm
from workspaces.admin_filters import ChooseFilter
from workspaces.admin_forms import CustomisedForm, RefusableForm
from workspaces.admin_site import site


class MoveForm(BulkForm):
    stage = forms.ModelChoiceField(Stage.objects.none(), widget=UnfoldAdminSelectWidget)
    reason = forms.ChoiceField(
        required=False, widget=UnfoldAdminSelectWidget, help_text="When the stage closes the deals."
    )
    note = forms.CharField(required=False, widget=UnfoldAdminTextareaWidget)
    competitor = forms.CharField(max_length=120, required=False, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        offered = Stage.objects.filter(workspace=self.workspace).select_related("pipeline")
        self.fields["stage"].queryset = offered.order_by("pipeline__position", "pipeline_id", "position")
        self.fields["stage"].label_from_instance = stage_label
        why = [(kind.label, reason_choices(self.workspace, kind)) for kind in (Kind.WON, Kind.LOST)]
        self.fields["reason"].choices = [("", "—"), *why]


class LostForm(BulkForm):
    reason = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    note = forms.CharField(required=False, widget=UnfoldAdminTextareaWidget, help_text="Needed with the reason Other.")
    competitor = forms.CharField(max_length=120, required=False, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = reason_choices(self.workspace, Kind.LOST)


class BinFilter(admin.SimpleListFilter):
    """Deals in the bin are not shown unless asked for."""

    title = "bin"
    parameter_name = "bin"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [("only", "In the bin")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.filter(deleted_at__isnull=self.value() != "only")

    def choices(self, changelist: Any):
        first, *rest = super().choices(changelist)
        yield first | {"display": "Not in the bin"}
        yield from rest


class StageFilter(admin.SimpleListFilter):
    """The stages of the workspace one is in; over all workspaces there are too many."""

    title = parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        if not request.workspace:
            return []
        offered = Stage.objects.filter(workspace=request.workspace).select_related("pipeline")
        return [(stage.pk, stage_label(stage)) for stage in offered.order_by("pipeline__position", "position")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        known = {str(pk) for pk, _ in self.lookup_choices}
        return queryset.filter(stage_id=self.value()) if self.value() in known else queryset


class DealContactInline(TabularInline):
    """Who is in the deal; changed on the deal's page, or in "deal contacts"."""

    model = DealContact
    fields = readonly_fields = ("contact", "role", "is_primary")
    extra = 0
    can_delete = False
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Deal | None = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Deal | None = None) -> bool:
        return False

    has_change_permission = has_add_permission

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return super().get_queryset(request).select_related("contact")


__all__ = ["admin_changes", "admin_figures"]


class DealForm(CustomisedForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "probability" in self.fields:
            self.fields["probability"].required = False
            if not self.instance.pk:
                self.initial["probability"] = None
            self.fields["probability"].help_text = "Percent; empty: as the stage says."

        if "currency" in self.fields:
            self.fields["currency"].required = False
            self.fields["currency"].help_text = "Three letters; empty: that of the workspace. It needs a rate."

    def facts(self) -> dict[str, object]:
        facts = super().facts()
        facts.pop("stage_id", None)
        return facts


@admin.register(Deal, site=site)
class DealAdmin(TenantAdmin):
    menu = ("Sales", 10, "handshake")
    form = DealForm
    like = "crm_deals_like"
    list_display = ("name", "company", "stage", "owner", "amount", "currency", "expected_close_date", "created_at")
    list_filter = (("owner", ChooseFilter), "status", StageFilter, "source", "expected_close_date", BinFilter)
    search_fields = ("name", "company__name")
    ordering = ("-created_at", "-pk")
    inlines = (DealContactInline,)
    actions = ("move", "mark_lost", "change_owner", "bin", "restore")
    readonly_fields = (
        "pipeline", "stage", "status", "stage_entered_at", "closed_at", "probability_source", "rate", "slips", "slipped_days",
        "last_activity_at", "next_activity_at", "created_at", "created_by", "updated_at", "deleted_at",
    )  # fmt: skip
    FACTS = (
        "name", "company", "lead", "owner", "amount", "currency", "probability", "forecast_category", "expected_close_date",
        "source", "campaign", "segment", "product", "next_step", "competitor",
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Deal | None = None):
        if obj is None:
            where = () if request.workspace else ("workspace",)
            return [(None, {"fields": [*where, "stage", *self.FACTS, "custom_values"]})]
        place = (
            "pipeline", "stage", "status", "stage_entered_at", "closed_at", "probability_source", "rate", "slips", "slipped_days",
        )  # fmt: skip
        kept = (
            "last_activity_at",
            "next_activity_at",
            "created_at",
            "created_by",
            "updated_at",
            "deleted_at",
        )
        where = () if request.workspace else ("workspace",)
        return [
            (None, {"fields": [*where, *self.FACTS, "custom_values", "seen"]}),
            ("Closing", {"fields": ["won_reason", "lost_reason", "close_note"]}),
            ("Place", {"fields": place}),
            ("Kept by the system", {"fields": kept}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Deal | None = None):
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj else [name for name in fixed if name != "stage"]

    def get_inlines(self, request: HttpRequest, obj: Deal | None):
        return self.inlines if obj else ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        rows = Deal.all_objects.order_by(*self.get_ordering(request))
        return rows.filter(workspace=request.workspace) if request.workspace else rows

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial = super().get_changeform_initial_data(request)
        return ({"owner": request.user.pk} if request.member else {}) | initial

    def has_change_permission(self, request: HttpRequest, obj: Deal | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.deleted_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Deal | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.deleted_at is None)

    def add_row(self, request: HttpRequest, obj: Deal, form: DealForm) -> Deal:
        workspace, stage = obj.workspace, form.cleaned_data["stage"]
        return actions.create_deal(workspace, stage=stage, by=self.actor(request), door=Door.ADMIN, **form.facts())

    def change_row(self, request: HttpRequest, obj: Deal, form: DealForm) -> Deal:
        return actions.update_deal(obj, by=self.actor(request), door=Door.ADMIN, **form.facts())

    def get_deleted_objects(self, objs, request: HttpRequest):
        # Into the bin, with all that hangs on them.
        names = [str(obj) for obj in objs]
        return names, {"deals, into the bin": len(names)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Deal) -> None:
        actions.delete_deal(obj, by=self.actor(request), door=Door.ADMIN)

    def get_actions(self, request: HttpRequest) -> dict:
        return {name: found for name, found in super().get_actions(request).items() if name != "delete_selected"}

    def hold(self, rows: Sequence[Deal]) -> None:
        actions.hold_all(deal.pk for deal in rows)

    @admin.action(description="Move to a stage…")
    def move(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        def verb(deal: Deal, data: dict) -> None:
            actions.move_to_stage(deal, by=self.actor(request), door=Door.ADMIN, **data)

        return self.ask(request, queryset, title="Move to a stage…", form=MoveForm, verb=verb, done="moved")

    @admin.action(description="Mark as lost…")
    def mark_lost(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        def verb(deal: Deal, data: dict) -> None:
            lost = Stage.objects.filter(pipeline_id=deal.pipeline_id, kind=Kind.LOST).first()
            actions.move_to_stage(deal, lost, by=self.actor(request), door=Door.ADMIN, **data)

        return self.ask(request, queryset, title="Mark as lost…", form=LostForm, verb=verb, done="lost")

    @admin.action(description="Change the owner…")
    def change_owner(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        def verb(deal: Deal, data: dict) -> None:
            owner_id = data["owner"].user_id
            actions.assign_deal(deal, owner_id, by=self.actor(request), version=deal.version, door=Door.ADMIN)

        return self.ask(request, queryset, title="Change the owner…", form=OwnerForm, verb=verb, done="handed over")

    @admin.action(description="Delete…")
    def bin(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        def verb(deal: Deal, data: dict) -> None:
            actions.delete_deal(deal, by=self.actor(request), door=Door.ADMIN)

        return self.ask(request, queryset, title="Delete…", verb=verb, done="in the bin now, for 30 days")

    @admin.action(description="Take out of the bin")
    def restore(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        def verb(deal: Deal) -> None:
            actions.restore_deal(deal, by=self.actor(request), door=Door.ADMIN)

        self.each(request, queryset, verb, "restored")


@admin.register(DealContact, site=site)
class DealContactAdmin(TenantAdmin):
    menu = ("Sales", 11, "diversity_3")
    list_display = ("deal", "contact", "role", "is_primary")
    list_filter = ("role",)
    search_fields = ("deal__name", "contact__name")
    fields = ("deal", "contact", "role")
    can_change = False

    def add_row(self, request: HttpRequest, obj: DealContact, form: RefusableForm) -> DealContact:
        return actions.add_contact(obj.deal, obj.contact, role=obj.role, by=self.actor(request), door=Door.ADMIN)

    def delete_model(self, request: HttpRequest, obj: DealContact) -> None:
        actions.remove_contact(obj, by=self.actor(request), door=Door.ADMIN)


@admin.register(StageEvent, site=site)
class StageEventAdmin(ReadOnlyAdmin):
    menu = ("System", 20, "timeline")
    list_display = ("deal", "from_stage", "to_stage", "by", "door", "amount", "left_at")
    list_filter = ("door", "left_at")
    search_fields = ("deal__name",)
    ordering = ("-left_at", "-pk")
