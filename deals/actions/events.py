"""Stage events: the history of a deal's way, and what an undo restores."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from activities.models import Door
from deals.models import Deal, Stage, StageEvent
from workspaces.access import acting
from workspaces.models import Membership

CLOSING = ("won_reason", "lost_reason", "close_note", "competitor")
# What an undo sets back as it was, beside stage and times.
PUT_BACK = ("rank", "probability", "probability_source", "furthest_id", *CLOSING)


def new_stage_event(
    deal: Deal,
    source: Stage | None,
    target: Stage,
    *,
    by: Membership | None,
    door: Door,
    at: datetime,
    entered_at: datetime | None,
    before: dict,
    undoes: StageEvent | None = None,
) -> StageEvent:
    """Not saved yet: for who saves many at once."""
    return StageEvent(
        workspace_id=deal.workspace_id, deal=deal, from_stage=source, to_stage=target, by_id=acting(by), door=door, amount=deal.amount,
        probability=deal.probability, entered_at=entered_at, left_at=at, before=before, version=deal.version, undoes=undoes,
    )  # fmt: skip


def add_stage_event(deal: Deal, source: Stage | None, target: Stage, **facts: Any) -> StageEvent:
    event = new_stage_event(deal, source, target, **facts)
    event.save(force_insert=True)
    return event


def before_image(deal: Deal) -> dict[str, object]:
    """What an undo needs beside stage and times."""
    return {field: getattr(deal, field) for field in PUT_BACK} | {
        "closed_at": deal.closed_at and deal.closed_at.isoformat()
    }
