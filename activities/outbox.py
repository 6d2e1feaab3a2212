"""What follows from a line of the timeline, after commit: the row itself is the outbox, Celery only the doorbell.

`settings.ACTIVITY_HANDLERS` says who wants which kinds: {"app.module.function": ("stage_change", …)}. A handler is called
with the Activity, inside its workspace, in a transaction that also takes the line out of the outbox. It runs at least
once, so what it writes has a unique key. `settings.ACTIVITY_ASKED` names, for handlers that most workspaces have no use for,
the function that says which kinds a workspace asks for now; what nobody asks for goes out by the fifty.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.module_loading import import_string

from activities.causes import because_of
from activities.models import Activity
from workspaces.asking import asked_often
from workspaces.background import after_commit
from workspaces.memory import remembered
from workspaces.tenancy import tenant

log = logging.getLogger(__name__)

TRIES = 20  # the beat task makes one a minute
BATCH = 500  # lines of a workspace that one task takes


def handlers_of(kind: str, workspace_id: int) -> list[Callable[[Activity], None]]:
    """Inside the workspace."""
    paths = [path for path, kinds in settings.ACTIVITY_HANDLERS.items() if kind in kinds]
    return [import_string(path) for path in paths if is_asked(path, kind, workspace_id)]


def is_asked(handler: str, kind: str, workspace_id: int) -> bool:
    asked = settings.ACTIVITY_ASKED.get(handler)
    return asked is None or kind in remembered(workspace_id, asked, lambda: import_string(asked)(workspace_id))


def tries_for(kind: str) -> int:
    """How often to try to hand on a line of this kind: never where nobody wants it."""
    return TRIES if any(kind in kinds for kinds in settings.ACTIVITY_HANDLERS.values()) else 0


def ring(workspace_id: int) -> None:
    after_commit("activities.tasks.dispatch", workspace_id)


def ring_again(activity: Activity) -> None:
    """What it tells of is settled only now: it is handed on once more."""
    activity.tries_left = tries_for(activity.kind)
    activity.save(update_fields=["tries_left"])
    ring(activity.workspace_id)


def pending(workspace_id: int) -> list[int]:
    """Ids of the lines that wait, oldest first."""
    with tenant(workspace_id):
        waiting = Activity.objects.filter(workspace_id=workspace_id, tries_left__gt=0)
        return list(waiting.order_by("pk").values_list("pk", flat=True)[:BATCH])


def settle(workspace_id: int, activity_ids: Collection[int]) -> list[int]:
    """Takes those out that nobody asks for, all at once; gives the others, in their order."""
    with tenant(workspace_id, door="automation"):
        kinds = dict(Activity.objects.filter(pk__in=activity_ids).values_list("pk", "kind"))
        unheard = {pk for pk, kind in kinds.items() if not handlers_of(kind, workspace_id)}
        if unheard:
            Activity.objects.filter(pk__in=unheard, tries_left__gt=0).update(tries_left=0)
    return [pk for pk in activity_ids if pk not in unheard]


@asked_often
def waiting_one(activity: int) -> QuerySet[Activity]:
    """Locked; whoever else holds it is handing it on."""
    lines = Activity.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    return lines.select_related("workspace", "deal").filter(pk=activity, tries_left__gt=0)


def hand_on(workspace_id: int, activity_id: int) -> None:
    """To each handler that wants it. Where one fails the others' work stands, and the line waits for another try."""
    with tenant(workspace_id, door="automation"):
        activity = waiting_one.first(activity=activity_id)
        if activity is None:
            return
        with because_of(activity.data.get("cause")):
            results = [_survived(handler, activity) for handler in handlers_of(activity.kind, workspace_id)]
        activity.tries_left = 0 if all(results) else F("tries_left") - 1
        activity.save(update_fields=["tries_left"])


def _survived(handler: Callable[[Activity], None], activity: Activity) -> bool:
    try:
        with transaction.atomic():
            handler(activity)
    except Exception:
        log.exception("%s failed for activity %s", handler.__qualname__, activity.pk)
        return False
    return True
