"""To take a change of stage back."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from activities.actions import record
from activities.models import Activity, Door
from deals.actions.events import PUT_BACK, add_stage_event, before_image
from deals.actions.locking import LINES, lock_deal, lock_stages, raise_stale
from deals.actions.moving import may_be_reopened
from deals.actions.rates import rate_of
from deals.models import Deal, Kind, Stage, StageEvent
from deals.path import standing
from deals.ranks import rank_again
from workspaces.access import check_may
from workspaces.action import NotAllowed, Refused, action
from workspaces.models import Membership, Role


@action
def undo_stage_change(event: StageEvent, *, by: Membership, door: Door = Door.WEB) -> Deal:
    """Put a deal back as it was before this stage change: stage, place, age in the stage, probability, closing.

    Refused when anybody changed the deal since, and to others than who made the change and managers; what an automation
    did, anybody may take back who may change the deal.
    """
    check_may(by, Role.REP, "undo moves")
    deal = lock_deal(event.deal_id)
    if not is_as_left(deal, event.version) or StageEvent.objects.filter(undoes=event).exists():
        raise_stale(deal, what="cannot be undone any more")
    if event.by_id not in (None, by.user_id) and not by.may(Role.MANAGER):
        raise NotAllowed("Only a manager may undo what somebody else did.")
    if event.from_stage_id is None:
        raise Refused("The creation of a deal is undone by deleting it.")
    now = timezone.now()
    stages = lock_stages(event.from_stage_id, event.to_stage_id)
    target = stages[event.from_stage_id]
    if deal.status != Kind.OPEN and not may_be_reopened(deal, by, now):
        raise NotAllowed("Only a manager may reopen a closed deal, or whoever closed it within ten minutes.")
    image = before_image(deal)
    set_back(deal, event, target)
    deal.rank = rank_again(target, event.before["rank"]) if target.kind == Kind.OPEN else None
    strike(event, now)
    deal.refresh_from_db(fields=["last_activity_at"])
    deal.save()
    undo = add_stage_event(
        deal,
        stages[event.to_stage_id],
        target,
        by=by,
        door=door,
        at=now,
        entered_at=event.left_at,
        before=image,
        undoes=event,
    )
    record(
        deal,
        Activity.Kind.UNDO,
        by=by,
        door=door,
        at=now,
        data={"from": stages[event.to_stage_id].name, "to": target.name, "event": undo.pk},
    )
    return deal


def set_back(deal: Deal, event: StageEvent, target: Stage) -> None:
    """As the deal was before the event, but for its place in the column, without saving."""
    deal.stage, deal.pipeline_id, deal.status = target, target.pipeline_id, target.kind
    for field in event.before.keys() & set(PUT_BACK):
        setattr(deal, field, event.before[field])
    deal.stage_entered_at = event.entered_at or event.left_at
    deal.closed_at = datetime.fromisoformat(event.before["closed_at"]) if event.before["closed_at"] else None
    deal.rate = rate_of(deal)
    deal.version += 1


def is_as_left(deal: Deal, version: int) -> bool:
    """Whether nothing has changed since the deal was of this version, but for moves that were taken back."""
    if deal.version == version:
        return True
    later = list(StageEvent.objects.filter(deal=deal, version__gt=version))
    return deal.version - version == len(later) and not standing(later)


def strike(event: StageEvent, now: datetime) -> None:
    """The line of an undone change counts for nothing any more; that of a change whose undoing is undone counts again."""
    _lines(event).update(undone_at=now)
    if event.undoes:
        _lines(event.undoes).update(undone_at=None)


def _lines(event: StageEvent) -> QuerySet[Activity]:
    """Found by their time, for which there is an index; what was imported closed names no event."""
    its = Q(data__event=event.pk) | ~Q(data__has_key="event")
    return Activity.objects.filter(its, deal_id=event.deal_id, at=event.left_at, kind__in=LINES)
