from __future__ import annotations

from django.contrib import admin

from connectors.models import Export, ExternalId
from workspaces.admin_base import ReadOnlyAdmin
from workspaces.admin_site import site


@admin.register(ExternalId, site=site)
class ExternalIdAdmin(ReadOnlyAdmin):
    """Written by imports and connectors."""

    menu = ("System", 25, "link")
    list_display = ("source", "kind", "external_id", "object_id")
    list_filter = ("kind",)
    search_fields = ("external_id", "source")


@admin.register(Export, site=site)
class ExportAdmin(ReadOnlyAdmin):
    """Asked for on the lists; the files are for who asked alone."""

    menu = ("System", 26, "download")
    list_display = ("entity", "format", "by", "state", "rows", "created_at", "expires_at")
    list_filter = ("entity", "state")
    search_fields = ("entity", "by__name", "by__email")
