"""What was done to deals, and to many as one; what hangs on them. In the admin to be looked at: actions write it."""

from __future__ import annotations

from django.contrib import admin

from deals.models import BulkChange, Conversion, DealChange, DealTag, LineItem, SavedView, Tag
from workspaces.admin_base import ReadOnlyAdmin
from workspaces.admin_filters import ChooseFilter
from workspaces.admin_site import site


@admin.register(LineItem, site=site)
class LineItemAdmin(ReadOnlyAdmin):
    """Kept on the deal's page, whose amount follows from them."""

    menu = ("Sales", 12, "receipt_long")
    list_display = ("name", "deal", "product", "quantity", "unit_price", "discount")
    search_fields = ("name", "deal__name")


@admin.register(Tag, site=site)
class TagAdmin(ReadOnlyAdmin):
    """Made where deals are tagged."""

    menu = ("Sales", 13, "sell")
    list_display = ("name",)
    search_fields = ("name",)


@admin.register(DealTag, site=site)
class DealTagAdmin(ReadOnlyAdmin):
    menu = ("Sales", 14, "sell")
    list_display = ("deal", "tag")
    search_fields = ("deal__name", "tag__name")


@admin.register(SavedView, site=site)
class SavedViewAdmin(ReadOnlyAdmin):
    """Made and changed above the list of deals."""

    menu = ("Sales", 15, "bookmark")
    list_display = ("name", "owner", "shared", "query", "deleted_at")
    list_filter = (("owner", ChooseFilter), "shared")
    search_fields = ("name",)


@admin.register(Conversion, site=site)
class ConversionAdmin(ReadOnlyAdmin):
    menu = ("System", 18, "swap_horiz")
    list_display = ("lead", "deal", "is_new_deal", "by", "at", "undone_at")
    list_filter = (("by", ChooseFilter), "at")
    search_fields = ("lead__name", "deal__name")


@admin.register(BulkChange, site=site)
class BulkChangeAdmin(ReadOnlyAdmin):
    menu = ("System", 19, "library_add_check")
    list_display = ("summary", "count", "state", "by", "at", "undone_by", "undone_at")
    list_filter = (("by", ChooseFilter), "verb", "state", "at")
    search_fields = ("summary",)


@admin.register(DealChange, site=site)
class DealChangeAdmin(ReadOnlyAdmin):
    """Why one of many was left out is said here."""

    menu = ("System", 27, "edit_note")
    list_display = ("deal", "verb", "state", "reason", "bulk", "by", "at")
    list_filter = ("verb", "state", "at")
    search_fields = ("deal__name", "bulk__summary", "reason")
