"""Whom a line of a deal's timeline concerns: its owner and who follows it. Called by the outbox, at least once."""

from __future__ import annotations

from activities.actions import followers, notify
from activities.models import Activity, Door, Notification
from deals.models import BulkChange, Kind, StageEvent

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
            _told(activity, [activity.deal.owner_id], Notification.Kind.DEAL_CREATED, "created")
        case Activity.Kind.FIELD_CHANGE:
            _owner_changed(activity)
        case Activity.Kind.NOTE:
            # Whom the note mentions was told as it was written.
            mentioned = set(activity.note.mentions.values_list("user_id", flat=True)) if activity.note else set()
            _told(activity, followers(activity.deal) - mentioned, Notification.Kind.NOTE, "note")


def _stage_changed(activity: Activity) -> None:
    event = StageEvent.objects.filter(pk=activity.data.get("event") or 0).select_related("to_stage").first()
    kind = CLOSED.get(event.to_stage.kind if event else Kind.OPEN, Notification.Kind.STAGE_CHANGED)
    said = {name: activity.data[name] for name in ("from", "to", "reason") if name in activity.data}
    _told(activity, followers(activity.deal), kind, "stage", said)


def _owner_changed(activity: Activity) -> None:
    """The new owner, unless somebody else is it by now."""
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
