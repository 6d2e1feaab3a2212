"""Lines of history by the thousand; what one line is, activities/actions says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from activities.actions import about
from activities.models import Activity, Door
from activities.outbox import ring, tries_for
from workspaces.models import Membership

BATCH = 2000


def record_all(
    lines: Iterable[tuple[Any, dict[str, object]]],
    kind: Activity.Kind,
    *,
    by: Membership | None,
    door: Door,
    hand_on: bool = False,
) -> None:
    """Write a line for each (deal, lead, contact or company; further fields of its line such as `at`, `body`, `data`), in
    the caller's transaction. `hand_on`: as for a single line, what follows from it comes after commit (outbox.py); from
    what was imported nothing follows."""
    lines, now, tries = list(lines), timezone.now(), tries_for(kind) if hand_on else 0
    if tries and lines:
        ring(lines[0][0].workspace_id)
    Activity.objects.bulk_create(
        (
            Activity(
                workspace_id=subject.workspace_id,
                kind=kind,
                actor_id=by.user_id if by else None,
                door=door,
                tries_left=tries,
                **{"at": now} | about(subject) | fields,
            )
            for subject, fields in lines
        ),
        batch_size=BATCH,
    )
