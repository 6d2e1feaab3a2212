"""The one verb behind every change of stage: closing and reopening too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from activities.actions import record
from activities.models import Activity, Door
from deals.actions.closing import Reasons, check_closed_at
from deals.actions.events import CLOSING, add_stage_event, before_image
from deals.actions.facts import check_values
from deals.actions.locking import lock_deal, lock_stages
from deals.actions.rates import rate_of
from deals.models import Deal, Kind, Stage, StageEvent
from deals.ranks import rank_at
from deals.transitions import Closing, Policy, check_move, check_skip, is_reopenable, needs_order
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role

# What a stage change writes.
MOVED = (
    "stage", "pipeline", "status", "stage_entered_at", "last_activity_at", "closed_at", *CLOSING, "rank", "probability", "probability_source", "rate",
    "furthest", "version", "updated_at",
)  # fmt: skip


@action
def move_to_stage(
    deal: Deal,
    stage: Stage,
    *,
    by: Membership | None,
    door: Door = Door.WEB,
    version: int | None = None,
    after: int | None = None,
    before: int | None = None,
    reason: str = "",
    note: str = "",
    competitor: str = "",
    at: datetime | None = None,
) -> tuple[Deal, StageEvent | None]:
    """Put a deal into a stage, below the card `after` or above `before` (ids), else on top.

    Within the same stage it only changes places, and there is no event. `version` is the one the caller saw;
    None (commands, automations) takes the newest. Closing reads reason, note and competitor.
    """
    check_may(by, Role.REP, "move deals")
    deal = lock_deal(deal.pk, version, by)
    stages = lock_stages(deal.stage_id, stage.pk)
    source, target = stages[deal.stage_id], stages[stage.pk]
    if source.pk == target.pk:
        return _change_places(deal, target, after, before), None
    at = at or timezone.now()
    closing = Reasons(deal.workspace_id, door).closing(target.kind, reason, note, competitor)
    check_entry(deal, source, target, closing, by=by, at=at, way=way_into(target, [deal]))
    entered, image = deal.stage_entered_at, before_image(deal)
    set_stage(deal, source, target, closing, at)
    deal.rank = rank_at(target, after=after, before=before, moved=deal.pk) if target.kind == Kind.OPEN else None
    deal.save(update_fields=MOVED)
    event = add_stage_event(deal, source, target, by=by, door=door, at=at, entered_at=entered, before=image)
    data = told_of_move(event, source, target, reason)
    record(deal, Activity.Kind.STAGE_CHANGE, by=by, door=door, at=at, body=note, data=data)
    return deal, event


@dataclass(frozen=True)
class Way:
    """Into a pipeline: its stages in order, as far as the rules ask for them, and where deals that are in another one now
    stood in it last."""

    order: Sequence[Stage]
    stood: Mapping[int, Stage]


def way_into(target: Stage, deals: Iterable[Deal]) -> Way:
    policy = policy_of(target)
    order = list(target.pipeline.stages.all()) if needs_order(target, policy) else []
    away = [deal.pk for deal in deals if deal.pipeline_id != target.pipeline_id]
    if not away or policy.max_skip is None:
        return Way(order, {})
    left = StageEvent.objects.filter(deal_id__in=away, from_stage__pipeline_id=target.pipeline_id)
    last = left.order_by("deal_id", "-left_at", "-pk").distinct("deal_id").select_related("from_stage")
    return Way(order, {event.deal_id: event.from_stage for event in last if event.from_stage})


def policy_of(stage: Stage) -> Policy:
    return Policy(stage.pipeline.max_skip, stage.pipeline.win_from)


def check_entry(
    deal: Deal,
    source: Stage,
    target: Stage,
    closing: Closing,
    *,
    by: Membership | None,
    at: datetime,
    way: Way,
) -> None:
    """Refused unless the deal may go there now. One that was in the pipeline before goes on from where it stood."""
    if target.kind != Kind.OPEN:
        check_closed_at(at)
        check_values({f"{target.kind}_reason": closing.reason, "competitor": closing.competitor})
    if source.pipeline_id == target.pipeline_id:
        may_reopen = may_be_reopened(deal, by, at)
        check_move(source, target, way.order, policy_of(target), closing, may_reopen=may_reopen)
    elif source.kind != Kind.OPEN or target.kind != Kind.OPEN:
        raise Refused("Only an open deal moves to another pipeline, and into an open stage of it.")
    elif stood := way.stood.get(deal.pk):
        check_skip(stood, target, way.order, policy_of(target))


def set_stage(deal: Deal, source: Stage, target: Stage, closing: Closing, at: datetime) -> None:
    """All that entering a stage writes (MOVED) but for the place in its column, without saving."""
    _reach(deal, source, target)
    deal.stage, deal.pipeline_id, deal.status = target, target.pipeline_id, target.kind
    deal.stage_entered_at = at
    deal.last_activity_at = max(at, deal.last_activity_at or at)
    _close(deal, target, at, closing)
    if source.kind != target.kind:
        deal.rate = rate_of(deal)
    if source.kind != Kind.OPEN and target.kind == Kind.OPEN:
        _take_back_probability(deal)
    if deal.probability_source == Deal.ProbabilitySource.STAGE or target.kind != Kind.OPEN:
        deal.probability = target.probability
    deal.version += 1


def told_of_move(event: StageEvent, source: Stage, target: Stage, reason: str) -> dict[str, object]:
    """What the timeline's line of a stage change holds."""
    days = max(0, (event.left_at - (event.entered_at or event.left_at)).days)
    told = {"from": source.name, "to": target.name, "days": days, "event": event.pk}
    return told | ({"reason": reason} if reason else {})


def _change_places(deal: Deal, stage: Stage, after: int | None, before: int | None) -> Deal:
    if stage.kind == Kind.OPEN and (after or before):
        deal.rank = rank_at(stage, after=after, before=before, moved=deal.pk)
        deal.version += 1
        deal.save(update_fields=["rank", "version", "updated_at"])
    return deal


def _close(deal: Deal, target: Stage, at: datetime, closing: Closing) -> None:
    """Closing says when and why; reopening forgets both (the history keeps them). Never the expected date."""
    deal.closed_at = at if target.kind != Kind.OPEN else None
    deal.won_reason = closing.reason if target.kind == Kind.WON else ""
    deal.lost_reason = closing.reason if target.kind == Kind.LOST else ""
    deal.close_note = closing.note if target.kind != Kind.OPEN else ""
    if target.kind != Kind.OPEN and closing.competitor:
        deal.competitor = closing.competitor


def _reach(deal: Deal, source: Stage, target: Stage) -> None:
    """Remember the furthest stage; in another pipeline the way begins anew."""
    goes_back = source.kind == Kind.OPEN and target.position < source.position
    if target.kind != Kind.OPEN or goes_back and source.pipeline_id == target.pipeline_id:
        return
    known = source if deal.furthest_id == source.pk else deal.furthest
    if known is None or known.pipeline_id != target.pipeline_id or known.position < target.position:
        deal.furthest = target


def _take_back_probability(deal: Deal) -> None:
    """Reopened: the one that was set by hand before it was closed, else that of the stage."""
    closing = StageEvent.objects.filter(deal=deal, from_stage__kind=Kind.OPEN).order_by("-left_at", "-id").first()
    before = closing.before if closing else {}
    deal.probability_source = before.get("probability_source", Deal.ProbabilitySource.STAGE)
    deal.probability = before.get("probability", deal.probability)


def may_be_reopened(deal: Deal, by: Membership | None, now: datetime) -> bool:
    if deal.status == Kind.OPEN or by is None or by.may(Role.MANAGER):
        return True
    last = StageEvent.objects.filter(deal=deal).order_by("-left_at", "-id").first()
    return is_reopenable(
        is_manager=False,
        closed_by_same_user=last is not None and last.by_id == by.user_id,
        closed_at=deal.closed_at,
        now=now,
    )
