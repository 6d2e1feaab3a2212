from __future__ import annotations

from django.contrib import admin

from connectors.models import ExternalId
from workspaces.admin_base import ReadOnlyAdmin
from workspaces.admin_site import site


@admin.register(ExternalId, site=site)
class ExternalIdAdmin(ReadOnlyAdmin):
    """Written by imports and connectors."""

    menu = ("System", 25, "link")
    list_display = ("source", "kind", "external_id", "object_id")
    list_filter = ("kind",)
    search_fields = ("external_id", "source")
