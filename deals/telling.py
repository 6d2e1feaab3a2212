"""Whom a line of a deal's timeline concerns: its owner and who follows it. Called by the outbox, at least once."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet

from activities.actions import followers, notify
from activities.models import Activity, Door, Follow, Notification, Task
from deals.models import BulkChange, Deal, DealChange, Kind, StageEvent

# What others than a person did by the thousand is told of in one line, by whoever started it.
IN_BULK = frozenset((Door.IMPORT, Door.CONNECTOR))
CLOSED = {Kind.WON: Notification.Kind.DEAL_WON, Kind.LOST: Notification.Kind.DEAL_LOST}


def tell(activity: Activity) -> None:
    """A handler of settings.ACTIVITY_HANDLERS."""
    if activity.deal is None or activity.door in IN_BULK:
        return
    match activity.kind:
        case Activity.Kind.STAGE_CHANGE:
            _stage_changed(activity)
        case Activity.Kind.DEAL_CREATED:
            deal, kind = activity.deal, Notification.Kind.DEAL_CREATED
            notify([deal.owner_id], kind, subject=deal, key=key_of_new(deal), by=activity.actor_id, activity=activity)
        case Activity.Kind.FIELD_CHANGE:
            _owner_changed(activity)
        case Activity.Kind.NOTE:
            # Whom the note mentions was told as it was written.
            mentioned = set(activity.note.mentions.values_list("user_id", flat=True)) if activity.note else set()
            _told(activity, followers(activity.deal) - mentioned, Notification.Kind.NOTE, "note")


def key_of_new(deal: Deal) -> str:
    """Of what is told of a new deal: whoever told it in more words was first."""
    return f"deal:{deal.pk}"


def _stage_changed(activity: Activity) -> None:
    event = StageEvent.objects.filter(pk=activity.data.get("event") or 0).select_related("to_stage").first()
    kind = CLOSED.get(event.to_stage.kind if event else Kind.OPEN, Notification.Kind.STAGE_CHANGED)
    said = {name: activity.data[name] for name in ("from", "to", "reason") if name in activity.data}
    _told(activity, followers(activity.deal), kind, "stage", said)


def _owner_changed(activity: Activity) -> None:
    """The new owner, unless somebody else is it by now. Who gets it back by an undo ends where they began."""
    if activity.data.get("undo"):
        return
    _, name = (activity.data.get("changes") or {}).get("owner_id") or (None, None)
    if name is not None and name == str(activity.deal.owner):
        _told(activity, [activity.deal.owner_id], Notification.Kind.DEAL_ASSIGNED, "owner")


def _told(activity: Activity, user_ids: object, kind: Notification.Kind, key: str, data: dict | None = None) -> None:
    """Of a change of many deals each hears once, by the first deal that concerns them."""
    bulk = BulkChange.objects.filter(pk=activity.data.get("bulk") or 0, count__gt=1).first()
    notify(
        user_ids,
        kind,
        subject=activity.deal,
        key=f"{key}:bulk:{bulk.pk}" if bulk else f"{key}:{activity.pk}",
        by=activity.actor_id,
        data=(data or {}) | ({"many": bulk.count} if bulk else {}),
        activity=activity,
    )


# --- a change of many, undone in part -----------------------------------------------------------------

DONE = (DealChange.State.DONE, DealChange.State.KEPT)
TOLD_OF = {"owner": Activity.Kind.FIELD_CHANGE, "stage": Activity.Kind.STAGE_CHANGE}


def tell_of_rest(bulk: BulkChange, undone: Collection[int]) -> None:
    """Each hears once of a change of many, by one deal. Where that one is back as it was, it is by one that is not: what
    was told of an undone change is hidden, and they would never hear of the rest."""
    about = Q(deal_id__in=undone) | Q(task__deal_id__in=undone)
    keys = [f"{what}:bulk:{bulk.pk}" for what in (*TOLD_OF, "task")]
    unread = Notification.objects.select_for_update(of=("self",)).filter(about, key__in=keys, read_at=None)
    for told in unread.order_by("pk"):
        what = told.key.partition(":")[0]
        rest = _tasks_left(bulk, told) if what == "task" else _lines_left(bulk, told, what)
        first = rest.first()
        if first is None:
            continue
        count = rest.values("deal").distinct().count()
        told.data = {name: value for name, value in told.data.items() if name != "many"}
        told.data |= {"many": count} if count > 1 else {}
        told.deal_id = first.deal_id if told.deal_id else None
        if isinstance(first, Task):
            told.task = first
        else:
            told.activity = first
            told.data |= {name: first.data[name] for name in ("from", "to") if name in first.data}
        told.save(update_fields=["deal", "task", "activity", "data"])


def _lines_left(bulk: BulkChange, told: Notification, what: str) -> QuerySet[Activity]:
    """The lines of what is still changed, of the deals that concern whoever was told."""
    follows = Follow.objects.filter(user_id=told.recipient_id, state=Follow.State.FOLLOWING).values("deal")
    theirs = Q(deal__owner_id=told.recipient_id) | (Q(deal__in=follows) if what == "stage" else Q())
    left = bulk.items.filter(state__in=DONE, deal__deleted_at=None).values("deal", "at")
    return Activity.objects.filter(
        theirs,
        kind=TOLD_OF[what],
        undone_at=None,
        deal__in=left.values("deal"),
        at__in=left.values("at"),
        data__bulk=bulk.pk,
    ).order_by("deal_id", "pk")


def _tasks_left(bulk: BulkChange, told: Notification) -> QuerySet[Task]:
    left = bulk.items.filter(state__in=DONE, deal__deleted_at=None).values_list("before", flat=True)
    pks = [int(pk) for before in left for pk in (*before.get("tasks", ()), before.get("task")) if pk]
    found = Task.objects.filter(pk__in=pks, status=Task.Status.OPEN, assignee_id=told.recipient_id)
    return found.order_by("deal_id", "pk")
