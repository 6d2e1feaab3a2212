"""Where a card stands in its column: strings that sort as bytes, with room for another between any two."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Max, Min, QuerySet, Subquery
from fractional_indexing import generate_key_between, generate_n_keys_between

from deals.models import Deal, Stage
from workspaces.asking import asked_often

# Ranks grow by a letter every few drops at one place; beyond this the column is ranked anew.
LONGEST = 120


def rank_at(stage: Stage, *, after: int | None = None, before: int | None = None, moved: int | None = None) -> str:
    """A free rank below the card `after`, else above `before` (deal ids), else on top. The stage must be locked.

    A neighbour that has left the column meanwhile is passed over.
    """
    rank = _rank_at(stage, after, before, moved)
    if len(rank) <= LONGEST:
        return rank
    rank_anew(stage)
    return _rank_at(stage, after, before, moved)


def rank_anew(stage: Stage) -> None:
    """Short ranks for a whole column, in the same order: all behind the present ones, so that none collides on the way."""
    column = Deal.all_objects.filter(workspace_id=stage.workspace_id, stage_id=stage.pk, rank__isnull=False)
    deals = list(column.order_by("rank").only("pk", "rank"))
    ranks = generate_n_keys_between(deals[-1].rank, None, len(deals)) if deals else []
    for deal, rank in zip(deals, ranks, strict=True):
        deal.rank = rank
    Deal.all_objects.bulk_update(deals, ["rank"], batch_size=1000)


def _rank_at(stage: Stage, after: int | None, before: int | None, moved: int | None) -> str:
    column = Deal.all_objects.filter(workspace_id=stage.workspace_id, stage_id=stage.pk, rank__isnull=False)
    if moved:
        column = column.exclude(pk=moved)
    if after and (found := _neighbours(column, after, "rank")):
        return generate_key_between(*found)
    if before and (found := _neighbours(column, before, "-rank")):
        return generate_key_between(*reversed(found))
    if moved:
        return generate_key_between(None, column.order_by("rank").values_list("rank", flat=True).first())
    return generate_key_between(None, on_top.first(workspace=stage.workspace_id, stage=stage.pk))


@asked_often
def on_top(workspace: int, stage: int) -> QuerySet:
    column = Deal.all_objects.filter(workspace_id=workspace, stage_id=stage, rank__isnull=False)
    return column.order_by("rank").values_list("rank", flat=True)[:1]


def _neighbours(column: QuerySet, pk: int, order: str) -> list[str | None]:
    """The rank of a card and of the next one in this order; [] when the card has left the column meanwhile."""
    edge = "rank__gte" if order == "rank" else "rank__lte"
    from_it = column.filter(**{edge: Subquery(column.filter(pk=pk).values("rank"))}).order_by(order)
    ranks = list(from_it.values_list("rank", flat=True)[:2])
    return [*ranks, None][:2] if ranks else []


def rank_again(stage: Stage, rank: str | None) -> str:
    """The rank a card had, or the next free one above that; for undo. The stage must be locked."""
    column = Deal.all_objects.filter(workspace_id=stage.workspace_id, stage_id=stage.pk, rank__isnull=False)
    if not rank:
        return rank_at(stage)
    if not column.filter(rank=rank).exists():
        return rank
    free = generate_key_between(column.filter(rank__lt=rank).aggregate(rank=Max("rank"))["rank"], rank)
    return free if len(free) <= LONGEST else rank_at(stage)


def ranks_on_top(stage: Stage, count: int, *, above: Iterable[str] = ()) -> list[str]:
    """`count` ranks above all cards of the column and the ranks `above`, in order. The stage must be locked."""
    column = Deal.all_objects.filter(workspace_id=stage.workspace_id, stage_id=stage.pk, rank__isnull=False)
    first = column.aggregate(rank=Min("rank"))["rank"]
    return generate_n_keys_between(None, min([*above, *([first] if first else [])], default=None), count)
