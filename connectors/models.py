"""What ties our records to those of other systems."""

from __future__ import annotations

from django.db import models

from workspaces.tenant import TenantModel, workspace_key


class ExternalId(TenantModel):
    """The name that another system has for one of our records; an import finds its earlier rows by it."""

    class Kind(models.TextChoices):
        COMPANY = "company", "Company"
        CONTACT = "contact", "Contact"
        LEAD = "lead", "Lead"
        DEAL = "deal", "Deal"

    workspace = workspace_key("external_ids")
    source = models.CharField(max_length=40, help_text="hubspot, salesforce, pipedrive, or the name of an import.")
    kind = models.CharField(max_length=7, choices=Kind)
    external_id = models.CharField(max_length=200)
    object_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "source", "kind", "external_id"], name="external_id_once")
        ]
        indexes = [models.Index(fields=["workspace", "kind", "object_id"], name="external_id_object")]

    def __str__(self):
        return f"{self.source}:{self.external_id}"
