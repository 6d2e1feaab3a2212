"""Rates, and the sums that triggers keep, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from deals.actions import delete_rate, set_rate
from deals.models import (
    ClosedDay,
    ClosedTotal,
    CreatedDay,
    CurrencyRate,
    ForecastTotal,
    ReachedTotal,
    StageTotal,
)
from workspaces.admin_base import ReadOnlyAdmin, TenantAdmin
from workspaces.admin_forms import RefusableForm
from workspaces.admin_site import site


@admin.register(CurrencyRate, site=site)
class CurrencyRateAdmin(TenantAdmin):
    menu = ("Setup", 15, "currency_exchange")
    list_display = ("currency", "day", "rate")
    list_filter = ("currency",)
    search_fields = ("currency",)
    ordering = ("currency", "-day")
    fields = ("currency", "day", "rate")

    def get_readonly_fields(self, request: HttpRequest, obj: CurrencyRate | None = None):
        fixed = super().get_readonly_fields(request, obj)
        return [*fixed, "currency", "day"] if obj else fixed

    def get_actions(self, request: HttpRequest) -> dict:
        return {}

    def add_row(self, request: HttpRequest, obj: CurrencyRate, form: RefusableForm) -> CurrencyRate:
        return set_rate(obj.workspace, by=self.actor(request), **form.facts())

    def change_row(self, request: HttpRequest, obj: CurrencyRate, form: RefusableForm) -> CurrencyRate:
        known = {"currency": obj.currency, "day": obj.day, "rate": obj.rate}
        return set_rate(obj.workspace, by=self.actor(request), **known | form.facts())

    def delete_model(self, request: HttpRequest, obj: CurrencyRate) -> None:
        delete_rate(obj, by=self.actor(request))


@admin.register(StageTotal, site=site)
class StageTotalAdmin(ReadOnlyAdmin):
    menu = ("System", 21, "functions")
    list_display = ("stage", "owner", "deals", "amount", "weighted")
    search_fields = ("stage__name", "owner__name")


@admin.register(ClosedTotal, site=site)
class ClosedTotalAdmin(ReadOnlyAdmin):
    menu = ("System", 22, "functions")
    list_display = ("stage", "owner", "days", "deals", "amount")
    search_fields = ("stage__name", "owner__name")


@admin.register(ClosedDay, site=site)
class ClosedDayAdmin(ReadOnlyAdmin):
    menu = ("System", 23, "functions")
    list_display = ("stage", "owner", "day", "deals", "amount")
    search_fields = ("stage__name", "owner__name")


@admin.register(ForecastTotal, site=site)
class ForecastTotalAdmin(ReadOnlyAdmin):
    menu = ("System", 24, "functions")
    list_display = ("month", "stage", "owner", "said", "band", "deals", "amount")
    search_fields = ("stage__name", "owner__name")


@admin.register(CreatedDay, site=site)
class CreatedDayAdmin(ReadOnlyAdmin):
    menu = ("System", 25, "functions")
    list_display = ("pipeline", "day", "owner", "deals", "amount")
    search_fields = ("pipeline__name", "owner__name")


@admin.register(ReachedTotal, site=site)
class ReachedTotalAdmin(ReadOnlyAdmin):
    menu = ("System", 26, "functions")
    list_display = ("stage", "month", "owner", "status", "deals", "amount")
    search_fields = ("stage__name", "owner__name")
