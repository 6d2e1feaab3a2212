"""Count, amount and weighted amount of many deals: from the totals that triggers keep where those can answer, else by reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from django.db.models import Count, F, QuerySet, Sum

from deals.filters import team_user_ids
from deals.models import ClosedDay, ClosedTotal, Kind, Stage, StageTotal
from workspaces.formats import Formats


@dataclass
class Total:
    deals: int = 0
    amount: Decimal = Decimal(0)
    weighted: Decimal = Decimal(0)

    def said(self, formats: Formats) -> dict[str, str]:
        """In words: the count, sums short and exact, and the same raw, for scripts to count on."""
        return {
            "deals": formats.number(self.deals),
            "amount": formats.money_short(self.amount),
            "amount_exact": formats.money_exact(self.amount),
            "weighted": formats.money_short(self.weighted),
            "weighted_exact": formats.money_exact(self.weighted),
            "raw_deals": str(self.deals),
            "raw_amount": str(self.amount),
            "raw_weighted": str(self.weighted),
        }

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


def kept_open(owners: list[list[int]], **which: object) -> dict[int, Total]:
    """{stage id: Total} of open deals in the stages that `which` picks, without reading deals."""
    kept = _of_owners(StageTotal.objects.filter(**which), owners)
    sums = kept.order_by().values_list("stage_id").annotate(Sum("deals"), Sum("amount"), Sum("weighted"))
    return {stage_id: Total(*values) for stage_id, *values in sums}


def kept_closed(owners: list[list[int]], stages: Iterable[Stage], since: date | None = None) -> dict[int, Total]:
    """{stage id: Total} of deals closed from `since` (a day, UTC) on, else of all time, without reading deals."""
    kept = ClosedTotal.objects if since is None else ClosedDay.objects.filter(day__gte=since)
    sums = _of_owners(kept.filter(stage__in=stages), owners).order_by().values_list("stage_id")
    return _closed(sums.annotate(Sum("deals"), Sum("amount")), stages)


def closed_by_stage(deals: QuerySet, stages: Iterable[Stage], since: date) -> dict[int, Total]:
    """The same of any deals, by reading them."""
    found = deals.closed().filter(stage__in=stages, closed_at__gte=midnight(since)).order_by().values_list("stage_id")
    return _closed(found.annotate(Count("pk"), Sum("amount")), stages)


def _closed(sums: Iterable[tuple], stages: Iterable[Stage]) -> dict[int, Total]:
    """Won deals weigh what they are worth, lost ones nothing."""
    won = {stage.pk for stage in stages if stage.kind == Kind.WON}
    none = Decimal(0)
    return {
        stage_id: Total(deals, amount or none, (amount or none) if stage_id in won else none)
        for stage_id, deals, amount in sums
    }


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)


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
