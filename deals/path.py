"""The chevrons of a deal's page: which stages it went through, and how long it stayed in each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deals.models import Deal, Kind, Stage, StageEvent


@dataclass
class Step:
    stage: Stage
    days: int | None
    state: str  # done, skipped, current, future, won, lost


def stage_path(deal: Deal, events: list[StageEvent], now: datetime) -> list[Step]:
    """`events` from stage to stage, the oldest first. The open stages in order; a won deal is done with all, a lost one stands where it was lost."""
    spent: dict[int, float] = {}
    last_open = deal.stage_id
    for event in standing(events):
        spent[event.from_stage_id] = (
            spent.get(event.from_stage_id, 0) + (event.left_at - event.entered_at).total_seconds()
        )
        last_open = event.from_stage_id
    if deal.status == Kind.OPEN:
        last_open = deal.stage_id
        spent[deal.stage_id] = (now - deal.stage_entered_at).total_seconds()
    stages = [stage for stage in deal.pipeline.stages.all() if stage.is_open]
    current = next((i for i, stage in enumerate(stages) if stage.pk == last_open), -1)
    return [
        Step(stage, _days(spent.get(stage.pk)), _state(deal, i, current, was_there=stage.pk in spent))
        for i, stage in enumerate(stages)
    ]


def standing(events: list[StageEvent]) -> list[StageEvent]:
    """Without those that were taken back, and without the taking back; an undo may have been taken back itself."""
    undone: set[int] = set()
    # The newest first: whether an undo holds is known before what it undoes is met.
    for event in sorted(events, key=lambda event: event.pk, reverse=True):
        if event.undoes_id and event.pk not in undone:
            undone.add(event.undoes_id)
    return [event for event in events if not event.undoes_id and event.pk not in undone]


def _days(seconds: float | None) -> int | None:
    return None if seconds is None else max(0, int(seconds // 86400))


def _state(deal: Deal, index: int, current: int, *, was_there: bool) -> str:
    if deal.status == Kind.WON:
        return "won"
    if index == current:
        return "lost" if deal.status == Kind.LOST else "current"
    if index > current:
        return "future"
    return "done" if was_there else "skipped"
