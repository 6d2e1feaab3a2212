"""One line of a timeline."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from activities.models import LONGEST_TEXT, SUBJECTS, Activity, Door
from activities.outbox import ring, tries_for
from workspaces.access import acting
from workspaces.action import Refused
from workspaces.dates import check_dates
from workspaces.models import Membership
from workspaces.tenant import TenantModel


def about(subject: TenantModel) -> dict[str, int]:
    """The foreign keys of something about `subject`; a deal's or lead's activity also stands in its company's timeline."""
    name = subject._meta.model_name
    if name not in SUBJECTS:
        raise TypeError(f"nothing can be about a {name}")
    keys = {f"{name}_id": subject.pk}
    for parent in ("company", "contact"):
        if getattr(subject, f"{parent}_id", None) and name != parent:
            keys[f"{parent}_id"] = getattr(subject, f"{parent}_id")
    return keys


def written(body: str) -> str:
    """What a person wrote, as it is kept."""
    body = body.strip()
    if len(body) > LONGEST_TEXT:
        say = f"At most {LONGEST_TEXT:,} characters; this has {len(body):,}."
        raise Refused(say, fields={"body": say})
    return body


def record(
    subject: TenantModel,
    kind: Activity.Kind,
    *,
    by: Membership | None,
    door: Door,
    at: datetime | None = None,
    **fields: object,
) -> Activity:
    """Write one line of history in the caller's transaction; what follows from it comes after commit (outbox.py)."""
    check_dates(at=at)
    if tries := tries_for(kind):
        ring(subject.workspace_id)
    return Activity.objects.create(
        workspace_id=subject.workspace_id,
        kind=kind,
        actor_id=acting(by),
        door=door,
        at=at or timezone.now(),
        tries_left=tries,
        **about(subject),
        **fields,
    )
