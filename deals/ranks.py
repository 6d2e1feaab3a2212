"""Where a card stands in its column: strings that sort as bytes, with room for another between any two."""

from __future__ import annotations

from django.db.models import Max, Min
from fractional_indexing import generate_key_between, generate_n_keys_between

from deals.models import Deal, Stage


def rank_at(stage: Stage, *, after: int | None = None, before: int | None = None, moved: int | None = None) -> str:
    """A free rank below the card `after`, else above `before` (deal ids), else on top. The stage must be locked.

    A neighbour that has left the column meanwhile is passed over.
    """
    column = Deal.all_objects.filter(workspace_id=stage.workspace_id, stage_id=stage.pk, rank__isnull=False).exclude(
        pk=moved
    )
    neighbours = (
        dict(column.filter(pk__in=[pk for pk in (after, before) if pk]).values_list("pk", "rank"))
        if after or before
        else {}
    )
    if after in neighbours:
        low = neighbours[after]
        return generate_key_between(low, column.filter(rank__gt=low).aggregate(rank=Min("rank"))["rank"])
    if before in neighbours:
        high = neighbours[before]
        return generate_key_between(column.filter(rank__lt=high).aggregate(rank=Max("rank"))["rank"], high)
    return generate_key_between(None, column.aggregate(rank=Min("rank"))["rank"])


def rank_again(stage: Stage, rank: str | None) -> str:
    """The rank a card had, or the next free one above that; for undo. The stage must be locked."""
    column = Deal.all_objects.filter(workspace_id=stage.workspace_id, stage_id=stage.pk, rank__isnull=False)
    if not rank:
        return rank_at(stage)
    if not column.filter(rank=rank).exists():
        return rank
    return generate_key_between(column.filter(rank__lt=rank).aggregate(rank=Max("rank"))["rank"], rank)


def ranks_on_top(stage: Stage, count: int) -> list[str]:
    """`count` ranks above all cards of the column, in order. The stage must be locked."""
    first = Deal.all_objects.filter(workspace_id=stage.workspace_id, stage_id=stage.pk, rank__isnull=False).aggregate(
        rank=Min("rank")
    )["rank"]
    return generate_n_keys_between(None, first, count)
