"""What ties our records to those of other systems, and the files they are exported to."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from workspaces.custom.values import Entity
from workspaces.tenant import MemberForeignKey, TenantModel, workspace_key


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


class Export(TenantModel):
    """A file of what a list's filter finds, made in the background for the member who asked; kept for a week."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "Excel (XLSX)"

    by = MemberForeignKey()
    entity = models.CharField(max_length=7, choices=Entity)
    format = models.CharField(max_length=4, choices=Format, default=Format.CSV)
    query = models.TextField(blank=True, help_text="The list's address behind the question mark.")
    columns = models.JSONField(default=list, help_text="Names of columns; empty: all.")
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    rows = models.PositiveIntegerField(default=0, help_text="Written so far.")
    total = models.PositiveIntegerField(null=True, help_text="Found; unknown until it is being made.")
    problem = models.CharField(max_length=200, blank=True)
    file = models.CharField(max_length=100, blank=True, help_text="Its name in the workspace's folder.")
    size = models.PositiveBigIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Whoever makes it says before then that they still do; else somebody else makes it.
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["workspace", "by", "-created_at"], name="export_mine")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="ready") | ~models.Q(file="") & models.Q(expires_at__isnull=False),
                name="export_ready_has_file",
            )
        ]

    def __str__(self):
        return f"{self.get_entity_display()}, {self.get_format_display()}"

    @property
    def is_open(self) -> bool:
        """Still to be made, or being made."""
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def is_there(self) -> bool:
        return self.state == self.State.READY and self.expires_at is not None and self.expires_at > timezone.now()
