"""Count, amount and weighted amount of many deals: from the totals that triggers keep where those can answer, else by reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, QuerySet, Sum

from deals.filters import team_user_ids
from deals.models import ClosedTotal, Stage, StageTotal
from workspaces.models import Workspace


@dataclass
class Total:
    deals: int = 0
    amount: Decimal = Decimal(0)
    weighted: Decimal = Decimal(0)

    def __add__(self, other: Total) -> Total:
        return Total(self.deals + other.deals, self.amount + other.amount, self.weighted + other.weighted)


def owner_sets(visible: list[int] | None, active: dict[str, object]) -> list[list[int]]:
    """The sets of user ids that an owner must be in all of: who may be seen, and the filters owner and team."""
    sets = [] if visible is None else [visible]
    if "owner" in active:
        sets.append([member.user_id for member in active["owner"]])
    if "team" in active:
        sets.append(team_user_ids(active["team"]))
    return sets


def kept_open(workspace: Workspace, stages: Iterable[Stage], owners: list[list[int]]) -> dict[int, Total]:
    """{stage id: Total} of open deals, without reading deals."""
    kept = _of_owners(StageTotal.objects.filter(workspace=workspace, stage__in=stages), owners)
    sums = kept.order_by().values_list("stage_id").annotate(Sum("deals"), Sum("amount"), Sum("weighted"))
    return {stage_id: Total(*values) for stage_id, *values in sums}


def kept_closed(workspace: Workspace, stages: Iterable[Stage], owners: list[list[int]]) -> dict[int, Total]:
    """{stage id: Total} of closed deals of all time, without reading deals; won ones weigh what they are worth."""
    kept = _of_owners(ClosedTotal.objects.filter(workspace=workspace, stage__in=stages), owners)
    sums = kept.order_by().values_list("stage_id").annotate(Sum("deals"), Sum("amount"))
    won = {stage.pk for stage in stages if stage.kind == "won"}
    return {
        stage_id: Total(deals, amount, amount if stage_id in won else Decimal(0)) for stage_id, deals, amount in sums
    }


def _of_owners(kept: QuerySet, owners: list[list[int]]) -> QuerySet:
    for ids in owners:
        kept = kept.filter(owner_id__in=ids)
    return kept


def by_stage(deals: QuerySet) -> dict[int, Total]:
    """{stage id: Total} of any deals, by reading them."""
    sums = (
        deals.order_by()
        .values_list("stage_id")
        .annotate(n=Count("pk"), money=Sum("amount"), weighted=Sum(F("amount") * F("probability")) / 100)
    )
    return {
        stage_id: Total(count, amount or Decimal(0), weighted or Decimal(0))
        for stage_id, count, amount, weighted in sums
    }
