"""The forecast's rows: open deals by the month in which they are expected to close.

The same cards as on the board, and the same filter; columns are months, with what comes before and deals without a date.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property

from babel.dates import format_date
from django.core.exceptions import EmptyResultSet
from django.db.models import BooleanField, Case, CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject, TruncMonth
from django.http import Http404

from deals.board import PAGE, Board
from deals.cards import present, rows
from deals.exchange import midnight
from deals.filters import DealFilter
from deals.forecast import BEST_CASE, COMMIT, LIKELY, OMITTED, PIPELINE, SURE, category, month_of, months_from
from deals.models import Deal, ForecastTotal, Kind, Stage
from deals.totals import CONVERTED, Total, kept_closed
from insights.charts import bars
from insights.goals import span
from insights.models import Adjustment
from insights.targets import Targets, aimed_at, only, targets
from workspaces.numbers import parse_id

OVERDUE, LATER, UNDATED = "overdue", "later", "none"
NAMES = {OVERDUE: "Earlier", LATER: "Later", UNDATED: "No date"}
LONG_AGO, FAR_OFF = date(1, 1, 1), date(9999, 12, 31)
FIRST_OF_EACH = (
    "SELECT card.id FROM unnest(%s::date[], %s::date[]) AS lane (first, till) CROSS JOIN LATERAL ({}) AS card (id)"
    " UNION ALL ({})"
)
BAND = Case(
    When(probability__gte=SURE, then=Value(COMMIT)),
    When(probability__gte=LIKELY, then=Value(BEST_CASE)),
    default=Value(PIPELINE),
    output_field=CharField(),
)
ADDED = {"deals": Sum("deals"), "amount": Sum("amount"), "weighted": Sum("weighted"), "converted": Sum("converted")}
COUNTED = {
    "deals": Count("pk"),
    "amount": Sum("base_amount"),
    "weighted": Sum(F("base_amount") * F("probability")) / 100,
    "converted": Count("pk", filter=CONVERTED),
}


@dataclass
class Month:
    """A column: what its head says, its first cards, and the cursor of the next page ("" at the end)."""

    key: str
    first: date | None = None
    sums: dict[str, Total] = field(default_factory=dict)  # by category; "won" too
    goal: Decimal | None = None
    adjustment: Adjustment | None = None
    cards: list[dict] = field(default_factory=list)
    next: str = ""
    said: dict[str, object] = field(default_factory=dict)

    @property
    def end(self) -> date | None:
        return month_of(self.first, 1) if self.first else None

    @property
    def open(self) -> Total:
        return sum((self.sums.get(name, Total()) for name in (COMMIT, BEST_CASE, PIPELINE, OMITTED)), Total())

    @property
    def sure(self) -> Total:
        """Won, and as good as won."""
        return self.sums.get("won", Total()) + self.sums.get(COMMIT, Total())


class Forecast(Board):
    """One or all pipelines over the months to come, as one member sees them through one filter."""

    @cached_property
    def today(self) -> date:
        return self.formats.today

    @cached_property
    def keys(self) -> list[str]:
        return [OVERDUE, *(f"{month:%Y-%m}" for month in months_from(self.today)), LATER, UNDATED]

    @cached_property
    def end(self) -> date:
        """The first day after the months that are shown."""
        return month_of(self.today, len(self.keys) - 3)

    def key_of(self, day: date | None) -> str:
        """The column that a day belongs to."""
        if day is None:
            return UNDATED
        return OVERDUE if day < month_of(self.today) else LATER if day >= self.end else f"{day:%Y-%m}"

    def bounds(self, key: str) -> tuple[date, date]:
        """Its first day, and the first one after it. Raises Http404."""
        if key == OVERDUE:
            return LONG_AGO, month_of(self.today)
        if key == LATER:
            return self.end, FAR_OFF
        if key not in self.keys or key == UNDATED:
            raise Http404("No such month")
        first = date.fromisoformat(f"{key}-01")
        return first, month_of(first, 1)

    @cached_property
    def pipeline(self):
        """The one that the address names, None for all."""
        if self.wanted is None:
            return None
        return super().pipeline

    @cached_property
    def stages(self) -> list[Stage]:
        chosen = self.pipelines
        return [stage for pipeline, stages in chosen.items() if self.pipeline in (None, pipeline) for stage in stages]

    @cached_property
    def expected(self) -> QuerySet:
        """The open deals of these pipelines."""
        found = self.deals.open()
        return found.filter(pipeline=self.pipeline) if self.pipeline else found

    # -- cards -------------------------------------------------------------------------------------

    def months(self) -> list[Month]:
        heads, cards = self.heads(), self._first_cards()
        for month in heads:
            self._fill(month, cards.get(month.key, []))
        return heads

    def _first_cards(self) -> dict[str, list[dict]]:
        dated = [key for key in self.keys if key != UNDATED]
        in_lane = {
            "expected_close_date__gte": RawSQL("lane.first", ()),
            "expected_close_date__lt": RawSQL("lane.till", ()),
        }
        of_lane = self.expected.filter(**in_lane).order_by("expected_close_date", "pk").values("pk")[: PAGE + 1]
        undated = self.expected.filter(expected_close_date=None).order_by("-pk").values("pk")[: PAGE + 1]
        try:
            (sql, params), (rest, more) = (each.query.sql_with_params() for each in (of_lane, undated))
        except EmptyResultSet:
            return {}
        firsts, ends = zip(*(self.bounds(key) for key in dated), strict=True)
        both = FIRST_OF_EACH.format(sql, rest)
        # An array, and not a table to be joined: the planner expects few rows of it, and would try every owner for every card.
        firsts_of_all = RawSQL(  # noqa: S611 - two queries' own SQL
            f"deals_deal.id = ANY (ARRAY({both}))", ([*firsts], [*ends], *params, *more), BooleanField()
        )
        cards: dict[str, list[dict]] = {}
        for deal in self._rows(firsts_of_all):
            cards.setdefault(self.key_of(deal["expected_close_date"]), []).append(deal)
        return cards

    def _rows(self, which: Q | RawSQL, *more: str) -> list[dict]:
        """In the order of their columns: by day, those without one newest first."""
        limits = {stage.pk: (stage.rotting_days, stage.name, stage.color) for stage in self.stages}
        found = rows(Deal.objects.filter(which, workspace=self.workspace), *more)
        deals = list(found.order_by(F("expected_close_date").asc(nulls_last=True), "pk"))
        deals = [d for d in deals if d["expected_close_date"]] + [
            d for d in deals[::-1] if not d["expected_close_date"]
        ]
        for deal in deals:
            deal["stage__rotting_days"] = limits.get(deal["stage_id"], (None,))[0]
        return deals

    def page(self, key: str, after: str = "") -> Month:
        """One more page of a column, from the cursor `after` on."""
        day, _, pk = after.partition("|")
        if key == UNDATED:
            found = self.expected.filter(expected_close_date=None).order_by("-pk")
            found = found.filter(pk__lt=parse_id(pk) or 0) if after else found
        else:
            first, end = self.bounds(key)
            found = self.expected.filter(expected_close_date__gte=first, expected_close_date__lt=end)
            found = found.order_by("expected_close_date", "pk")
            if after:
                found = found.filter(behind(day, parse_id(pk) or 0))
        return self._fill(Month(key), self._rows(Q(pk__in=found.values("pk")[: PAGE + 1])))

    def _fill(self, month: Month, deals: list[dict]) -> Month:
        shown, rest = deals[:PAGE], deals[PAGE:]
        month.cards = self._present(shown)
        month.next = f"{shown[-1]['expected_close_date'] or ''}|{shown[-1]['pk']}" if rest else ""
        return month

    def _present(self, deals: list[dict]) -> list[dict]:
        cards = present(deals, self.formats, self.now, may_edit=self.may_edit)
        for card in cards:
            # Another menu: of months.
            card["menu"] = card["menu"] and card["url"] + "month/"
        return cards

    def cards(self, ids: list[int]) -> list[tuple[str, int | str, list[dict]]]:
        """(column, id of the card above or "", [card]) of these deals, as far as they may be seen and match the filter."""
        earlier = self.expected.filter(
            Q(expected_close_date__lt=OuterRef("expected_close_date"))
            | Q(expected_close_date=OuterRef("expected_close_date"), pk__lt=OuterRef("pk")),
            expected_close_date__lte=OuterRef("expected_close_date"),
        ).order_by("-expected_close_date", "-pk")
        above = Subquery(earlier.values(found=JSONObject(pk="pk", day="expected_close_date"))[:1])
        visible = self.expected.filter(pk__in=ids).annotate(above=above)
        befores = dict(visible.values_list("pk", "above"))
        deals = self._rows(Q(pk__in=list(befores)))
        found = []
        for deal, card in zip(deals, self._present(deals), strict=True):
            key, before = self.key_of(deal["expected_close_date"]), befores[deal["pk"]]
            same = before and key == self.key_of(date.fromisoformat(before["day"]))
            found.append((key, before["pk"] if same else "", [card]))
        return found

    # -- totals ------------------------------------------------------------------------------------

    def heads(self) -> list[Month]:
        """All columns, with what they add up to, the goal of each month and what a manager made of it."""
        found = {month.key: month for month in self.blank()}
        of_stage = {stage.pk: stage.forecast_category for stage in self.stages}
        for day, stage_id, said, band, deals, amount, weighted, converted in self._sums():
            month = found[self.key_of(day)]
            if stage_id in of_stage:
                name = category(said, of_stage[stage_id], band)
                total = Total(deals, amount or Decimal(0), weighted or Decimal(0), converted)
                month.sums[name] = month.sums.get(name, Total()) + total
        months = [month for month in found.values() if month.first]
        months[0].sums["won"] = self.won(months[0].first)
        self._aim(months)
        for month in found.values():
            month.said = self._say(month)
        return list(found.values())

    def blank(self) -> list[Month]:
        return [Month(key, None if key in NAMES else self.bounds(key)[0]) for key in self.keys]

    def _sums(self) -> Iterable[tuple]:
        """(month, stage id, said, band, deals, amount, weighted, converted)"""
        if self.kept_owners is None:
            found = self.expected.order_by().annotate(month=TruncMonth("expected_close_date"), band=BAND)
            return found.values_list("month", "stage_id", "forecast_category", "band").annotate(**COUNTED)
        kept = ForecastTotal.objects.filter(workspace=self.workspace).order_by()
        for owners in self.kept_owners:
            kept = kept.filter(owner_id__in=owners)
        return kept.values_list("month", "stage_id", "said", "band").annotate(**ADDED)

    def won(self, since: date) -> Total:
        stages = [stage for stage in self.stages if stage.kind == Kind.WON]
        if self.kept_owners is not None:
            return sum(kept_closed(self.kept_owners, stages, since).values(), Total())
        found = self.deals.filter(status=Kind.WON, stage__in=stages, closed_at__gte=midnight(since))
        deals, amount, converted = found.aggregate(
            n=Count("pk"), money=Sum("base_amount"), converted=Count("pk", filter=CONVERTED)
        ).values()
        return Total(deals, amount or Decimal(0), amount or Decimal(0), converted)

    @cached_property
    def aim(self) -> tuple | None:
        """Whose goal the heads show; None where the filter asks for deals that no goal is about."""
        active = self.filter.active
        if self.pipeline or not active.keys() <= DealFilter.OWNERS:
            return None
        return aimed_at(self.request.member, list(active.get("team") or ()), list(active.get("owner") or ()))

    def _aim(self, months: list[Month]) -> None:
        if self.aim is None:
            return
        goals = targets(self.workspace, only(self.aim)).get(self.aim, Targets(()))
        adjusted = Adjustment.objects.filter(only(self.aim), workspace=self.workspace).select_related("by")
        by_month = {adjustment.month: adjustment for adjustment in adjusted}
        for month in months:
            month.goal, month.adjustment = goals.of("month", month.first), by_month.get(month.first)

    def _say(self, month: Month) -> dict[str, object]:
        """The head's figures in words, and how wide each part of its bar is, in percent."""
        said: dict[str, object] = {name: self.say(total) for name, total in month.sums.items()}
        said |= {"open": self.say(month.open), "sure": self.say(month.sure)}
        said["name"] = self.name_of(month)
        if month.first == month_of(self.today):
            left = span("month", self.today).days - self.today.day
            said["left"] = f"{left} day{'s' * (left != 1)} left" if left else "last day"
        if month.goal:
            said["goal"], said["goal_exact"] = (
                self.formats.money_short(month.goal),
                self.formats.money_exact(month.goal),
            )
        parts = [month.sums.get(name, Total()).amount for name in ("won", COMMIT, BEST_CASE, PIPELINE)]
        whole = max(sum(parts), month.goal or Decimal(0))
        said["bar"] = bars(parts, whole)
        said["tick"] = f"{month.goal / whole * 100:.1f}" if month.goal and whole else ""
        return said

    def name_of(self, month: Month) -> str:
        return self.month_name(month.first) if month.first else NAMES[month.key]

    def month_name(self, first: date) -> str:
        return format_date(first, "LLLL yyyy", locale=self.formats.locale)


def behind(day: str, pk: int) -> Q:
    """Deals after the one that a page of their column ended with."""
    try:
        last = date.fromisoformat(day)
    except ValueError:
        raise Http404("No such page") from None
    return Q(expected_close_date__gte=last) & (Q(expected_close_date__gt=last) | Q(expected_close_date=last, pk__gt=pk))
