"""Count, amount and weighted amount of many deals: from the totals that triggers keep where those can answer, else by reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet, Sum

from deals.exchange import midnight
from deals.filters import team_user_ids
from deals.models import ClosedDay, ClosedTotal, CurrencyRate, Kind, Stage, StageTotal
from workspaces.formats import Formats
from workspaces.models import Workspace

# Of another currency than the workspace's, or as good as not.
CONVERTED = ~Q(rate=1)


@dataclass
class Total:
    deals: int = 0
    amount: Decimal = Decimal(0)
    weighted: Decimal = Decimal(0)
    converted: int = 0  # deals of another currency, by a rate

    age: int | None = None  # days since creation, on average; None where nobody counted

    @property
    def average(self) -> Decimal | None:
        return self.amount / self.deals if self.deals else None

    def said(self, formats: Formats, rates: str = "") -> dict[str, str]:
        """In words: the count, sums short and exact, and the same raw, for scripts to count on. `rates` says by which
        rates other currencies came in (say_rates)."""
        sign, by = ("≈\xa0", f" ({rates})" if rates else "") if self.converted else ("", "")
        return {
            "deals": formats.number(self.deals),
            "amount": sign + formats.money_short(self.amount),
            "amount_exact": sign + formats.money_exact(self.amount) + by,
            "weighted": sign + formats.money_short(self.weighted),
            "weighted_exact": sign + formats.money_exact(self.weighted) + by,
            "raw_deals": str(self.deals),
            "raw_amount": str(self.amount),
            "raw_weighted": str(self.weighted),
        }

    def __add__(self, other: Total) -> Total:
        return Total(
            self.deals + other.deals,
            self.amount + other.amount,
            self.weighted + other.weighted,
            self.converted + other.converted,
        )


def say_rates(workspace: Workspace, formats: Formats) -> str:
    """The newest rate of each currency and its day: "USD at 0.8734 since 3 Nov"."""
    newest = CurrencyRate.objects.filter(workspace=workspace).order_by("currency", "-day").distinct("currency")
    return ", ".join(f"{rate.currency} at {formats.rate(rate.rate)} since {formats.day(rate.day)}" for rate in newest)


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
    sums = (
        kept.order_by().values_list("stage_id").annotate(Sum("deals"), Sum("amount"), Sum("weighted"), Sum("converted"))
    )
    return {stage_id: Total(*values) for stage_id, *values in sums}


def kept_closed(
    owners: list[list[int]], stages: Iterable[Stage], since: date | None = None, until: date | None = None
) -> dict[int, Total]:
    """{stage id: Total} of deals closed from `since` to `until` (days, UTC), else of all time, without reading deals."""
    days: dict[str, date] = {} if since is None else {"day__gte": since}
    days |= {} if until is None else {"day__lte": until}
    kept = ClosedDay.objects.filter(**days) if days else ClosedTotal.objects
    sums = _of_owners(kept.filter(stage__in=stages), owners).order_by().values_list("stage_id")
    return _closed(sums.annotate(Sum("deals"), Sum("amount"), Sum("converted")), stages)


def closed_by_stage(deals: QuerySet, stages: Iterable[Stage], since: date) -> dict[int, Total]:
    """The same of any deals, by reading them."""
    found = deals.closed().filter(stage__in=stages, closed_at__gte=midnight(since)).order_by().values_list("stage_id")
    return _closed(
        found.annotate(n=Count("pk"), money=Sum("base_amount"), converted=Count("pk", filter=CONVERTED)), stages
    )


def _closed(sums: Iterable[tuple], stages: Iterable[Stage]) -> dict[int, Total]:
    """Won deals weigh what they are worth, lost ones nothing."""
    won = {stage.pk for stage in stages if stage.kind == Kind.WON}
    none = Decimal(0)
    return {
        stage_id: Total(deals, amount or none, (amount or none) if stage_id in won else none, converted)
        for stage_id, deals, amount, converted in sums
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
        .annotate(
            n=Count("pk"),
            money=Sum("base_amount"),
            weighted=Sum(F("base_amount") * F("probability")) / 100,
            converted=Count("pk", filter=CONVERTED),
        )
    )
    return {
        stage_id: Total(count, amount or Decimal(0), weighted or Decimal(0), converted)
        for stage_id, count, amount, weighted, converted in sums
    }
