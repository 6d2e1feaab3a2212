"""What a pipeline adds up to (formulas: domain.md section 6). Amounts are in the workspace's currency.

`summary` answers from the totals that triggers keep and reads no deals; `summary_as_of` reads history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.apps import apps
from django.db.models import OuterRef, Q, Subquery, Sum
from django.db.models.functions import JSONObject

from deals.models import ClosedTotal, Deal, Kind, Stage, StageEvent, StageTotal
from deals.totals import Total
from workspaces.models import Workspace

DAY = 86400  # seconds
CENT = Decimal("0.01")
# Made by pghistory, one row per change of a deal: as it was before.
HISTORY = apps.get_model("deals", "DealHistory")


@dataclass
class StageLine:
    """One stage: open deals that stand in it, or all deals ever closed into it."""

    id: int
    pipeline: str
    name: str
    kind: str
    probability: int
    color: str
    deals: int = 0
    amount: Decimal = Decimal(0)
    weighted: Decimal = Decimal(0)
    is_archived: bool = False
    converted: int = 0  # deals in another currency, so that the amounts are by their rates


@dataclass
class Summary:
    stages: list[StageLine] = field(default_factory=list)
    in_progress: Total = field(default_factory=Total)
    won: Total = field(default_factory=Total)
    lost: Total = field(default_factory=Total)
    win_rate: float | None = None  # share of closed deals that were won, by count
    win_rate_value: float | None = None  # the same by amount
    days_to_close_mean: float | None = None  # from creation to close, of won deals
    days_to_close_median: float | None = None  # of the same in whole days, rounded

    def as_json(self) -> dict[str, object]:
        return {
            "stages": [
                {key: value for key, value in asdict(line).items() if key not in ("color", "is_archived", "converted")}
                for line in self.stages
            ],
            "deals": sum(line.deals for line in self.stages),
            "open": self.in_progress.deals,
            "in_progress_value": self.in_progress.amount,
            "weighted_value": self.in_progress.weighted,
            "closed": self.won.deals + self.lost.deals,
            "won": {"deals": self.won.deals, "amount": self.won.amount},
            "lost": {"deals": self.lost.deals, "amount": self.lost.amount},
            "win_rate": self.win_rate,
            "win_rate_value": self.win_rate_value,
            "days_to_close": {"mean": self.days_to_close_mean, "median": self.days_to_close_median},
        }


@dataclass
class Lasted:
    """How long won deals took: how often each number of days, rounded, and the seconds of all of them."""

    days: Counter[int] = field(default_factory=Counter)
    seconds: int = 0

    def add(self, days: int, seconds: int, deals: int = 1) -> None:
        self.days[days] += deals
        self.seconds += seconds

    def mean(self) -> float | None:
        """In days.

        >>> Lasted(Counter({1: 1, 2: 1}), 3 * 86400).mean()
        1.5
        """
        deals = self.days.total()
        return self.seconds / DAY / deals if deals else None


def summary(workspace: Workspace, owners: list[int] | None = None) -> Summary:
    """As it stands now, over the deals of these owners (None: everybody's)."""
    only = Q() if owners is None else Q(owner_id__in=owners)
    lines = stage_lines(workspace)
    for pk, deals, amount, weighted, converted in (
        StageTotal.objects.filter(only, workspace=workspace)
        .values_list("stage_id")
        .annotate(Sum("deals"), Sum("amount"), Sum("weighted"), Sum("converted"))
    ):
        line = lines[pk]
        line.deals, line.amount, line.weighted, line.converted = deals, amount, weighted, converted
    lasted = Lasted()
    for pk, days, deals, seconds, amount, converted in (
        ClosedTotal.objects.filter(only, workspace=workspace)
        .values_list("stage_id", "days")
        .annotate(Sum("deals"), Sum("seconds"), Sum("amount"), Sum("converted"))
    ):
        lines[pk].deals += deals
        lines[pk].converted += converted
        lines[pk].amount += amount
        if lines[pk].kind == Kind.WON:
            lasted.add(days, seconds, deals)
    return sum_up(lines.values(), lasted)


def summary_as_of(workspace: Workspace, day: date, owners: list[int] | None = None) -> Summary:
    """As it stood at the end (UTC) of `day`: which deals there were, in which stage, with the amount they then had.

    The stage is that of the last stage event; amount and probability are those of the audit trail where it reaches back so
    far, else (imported history) those of the event. Deals that have left the bin for good are not counted.
    """
    moment = datetime.combine(day, time(0), UTC) + timedelta(days=1)
    lines = stage_lines(workspace)
    lasted = Lasted()
    for stage_id, amount, probability, created_at, entered_at in as_of(workspace, moment, owners):
        line = lines[stage_id]
        line.deals += 1
        line.amount += amount or 0
        line.weighted += (amount or Decimal(0)) * (probability or 0) / 100
        if line.kind == Kind.WON:
            took = entered_at - created_at
            lasted.add((took + timedelta(hours=12)) // timedelta(days=1), round(took.total_seconds()))
    return sum_up(lines.values(), lasted)


def as_of(workspace: Workspace, moment: datetime, owners: list[int] | None) -> Iterator[tuple]:
    """(stage id, amount, probability, created at, entered the stage at) of each deal as it was just before `moment`."""
    latest = StageEvent.objects.filter(deal=OuterRef("pk"), left_at__lt=moment).order_by("-left_at", "-pk")
    # Each row of the audit trail is a deal as it was until then: the first one since tells how it was at the moment.
    later = HISTORY.objects.filter(pgh_obj_id=OuterRef("pk"), pgh_created_at__gte=moment)
    later = later.order_by("pgh_created_at", "pgh_id")
    deals = Deal.all_objects.filter(workspace=workspace, created_at__lt=moment).owned_by(owners)
    deals = deals.filter(Q(deleted_at=None) | Q(deleted_at__gte=moment)).annotate(
        event=Subquery(
            latest.values(
                found=JSONObject(**{name: name for name in ("to_stage_id", "amount", "probability", "left_at")})
            )[:1]
        ),
        image=Subquery(
            later.values(found=JSONObject(**{name: name for name in ("stage_id", "amount", "rate", "probability")}))[:1]
        ),
    )
    for deal in deals.values("stage_id", "amount", "rate", "probability", "created_at", "event", "image").iterator(
        2000
    ):
        if deal["event"] is None:
            continue
        event, then = deal["event"], deal["image"] or deal
        known = then if then["stage_id"] == event["to_stage_id"] else event
        # An event keeps the amount in the deal's own currency; a closed deal's rate stays what it was.
        rate = Decimal(str(then["rate"]))
        amount = (
            None if known["amount"] is None else (Decimal(str(known["amount"])) * rate).quantize(CENT, ROUND_HALF_UP)
        )
        entered = datetime.fromisoformat(event["left_at"])
        yield event["to_stage_id"], amount, known["probability"], deal["created_at"], entered


def stage_lines(workspace: Workspace) -> dict[int, StageLine]:
    # Archived ones too, which may have had deals then; sum_up leaves them out where they have none.
    stages = (
        Stage.all_objects.filter(workspace=workspace)
        .select_related("pipeline")
        .order_by("pipeline__position", "pipeline_id", "position")
    )
    return {
        stage.pk: StageLine(
            stage.pk,
            stage.pipeline.name,
            stage.name,
            stage.kind,
            stage.probability,
            stage.color,
            is_archived=stage.archived_at is not None,
        )
        for stage in stages
    }


def sum_up(lines: Iterable[StageLine], lasted: Lasted) -> Summary:
    result = Summary(stages=[line for line in lines if line.deals or not line.is_archived])
    for line in result.stages:
        total = Total(line.deals, line.amount, line.weighted, line.converted)
        if line.kind == Kind.OPEN:
            result.in_progress += total
        elif line.kind == Kind.WON:
            line.weighted = line.amount
            result.won += total
        else:
            line.weighted = Decimal(0)
            result.lost += total
    closed, value = result.won.deals + result.lost.deals, result.won.amount + result.lost.amount
    result.win_rate = result.won.deals / closed if closed else None
    result.win_rate_value = float(result.won.amount / value) if value else None
    result.days_to_close_mean, result.days_to_close_median = lasted.mean(), median(lasted.days)
    return result


def median(counts: Counter[int]) -> float | None:
    """The median of values given as {value: how often}.

    >>> median(Counter({1: 2, 5: 1, 9: 1}))
    3.0
    """
    total = counts.total()
    if not total:
        return None
    middle, seen = ((total - 1) // 2, total // 2), 0
    found: list[int] = []
    for value in sorted(counts):
        seen += counts[value]
        while len(found) < 2 and seen > middle[len(found)]:
            found.append(value)
    return sum(found) / 2
