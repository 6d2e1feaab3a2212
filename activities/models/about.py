"""What all of it has in common: it is about a deal, lead, contact or company."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from workspaces.tenant import TenantForeignKey, TenantModel


class Door(models.TextChoices):
    """Where a change came from."""

    WEB = "web", "Web"
    ADMIN = "admin", "Admin"
    API = "api", "API"
    IMPORT = "import", "Import"
    AUTOMATION = "automation", "Automation"
    CONNECTOR = "connector", "Connector"
    SYSTEM = "system", "System"


SUBJECTS = {"deal": "deals.Deal", "lead": "leads.Lead", "contact": "leads.Contact", "company": "leads.Company"}
# Their owner says who sees them; contacts and companies are seen by all.
OWNED = ("deal", "lead")
# What somebody may write at once: as much as a long mail with all that it answers.
LONGEST_TEXT = 50_000
HAS_SUBJECT = Q(deal__isnull=False) | Q(lead__isnull=False) | Q(contact__isnull=False) | Q(company__isnull=False)


class About(TenantModel):
    """Something about a deal, lead, contact or company."""

    deal = TenantForeignKey(
        "deals.Deal", models.CASCADE, null=True, blank=True, related_name="%(class)ss", db_index=False
    )
    lead = TenantForeignKey(
        "leads.Lead", models.CASCADE, null=True, blank=True, related_name="%(class)ss", db_index=False
    )
    contact = TenantForeignKey(
        "leads.Contact", models.CASCADE, null=True, blank=True, related_name="%(class)ss", db_index=False
    )
    company = TenantForeignKey(
        "leads.Company", models.CASCADE, null=True, blank=True, related_name="%(class)ss", db_index=False
    )

    class Meta:
        abstract = True

    @property
    def subject(self) -> Any:
        """A deal, lead, contact or company; None for nothing."""
        return self.deal or self.lead or self.contact or self.company


def subject_indexes(name: str, *columns: str, **only: object) -> list[models.Index]:
    """One narrow index per kind of subject, led by the workspace."""
    return [
        models.Index(
            fields=["workspace", subject, *columns],
            name=f"{name}_{subject}",
            condition=Q(**only, **{f"{subject}__isnull": False}),
        )
        for subject in SUBJECTS
    ]
