"""What deals can be narrowed down by, on the board and in the list alike. Only these names are read from a URL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

import django_filters as filters
from django import forms
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import QueryDict
from django.utils import timezone

from activities.models import Task
from deals.exchange import midnight
from deals.forecast import BEST_CASE, COMMIT, LIKELY, PIPELINE, SAID, SURE, month_of
from deals.models import Deal, DealTag, Kind, Stage, Tag
from leads.models import Company, Segment, Source
from workspaces.custom.filters import CustomFilter
from workspaces.custom.values import Entity
from workspaces.filtering import AmountFilter, Chip, DayFilter, MemberFilter, ValuesFilter
from workspaces.models import Membership, Team
from workspaces.numbers import parse_id


def quarter_start(day: date, quarters: int = 0) -> date:
    return month_of(day, -((day.month - 1) % 3) + 3 * quarters)


def quick_days(today: date) -> list[tuple[str, date]]:
    """Days that a close date is often put to."""
    month_end = month_of(today, 1) - timedelta(days=1)
    quarter_end = quarter_start(today, 1) - timedelta(days=1)
    return [("+1 week", today + timedelta(days=7)), ("Month end", month_end), ("Quarter end", quarter_end)]


def close_ranges(today: date) -> dict[str, tuple[str, Q]]:
    """Ranges of the expected close date: {key: (label, condition)}."""

    def within(first: date, end: date) -> Q:
        return Q(expected_close_date__gte=first, expected_close_date__lt=end)

    this, following, after = (quarter_start(today, n) for n in range(3))

    def name(first: date) -> str:
        return f"Q{(first.month + 2) // 3} {first.year}"

    return {
        "overdue": ("Overdue", Q(expected_close_date__lt=today)),
        "month": ("This month", within(month_of(today), month_of(today, 1))),
        "quarter": (f"This quarter, {name(this)}", within(this, following)),
        "next_quarter": (f"Next quarter, {name(following)}", within(following, after)),
        "later": ("Later", Q(expected_close_date__gte=after)),
        "none": ("No date", Q(expected_close_date=None)),
    }


RANGES = [(key, label) for key, (label, _) in close_ranges(date(2000, 1, 1)).items()]


def sure(categories: Sequence[str]) -> Q:
    """Open deals of these forecast categories: as forecast.category says."""
    edges = {COMMIT: Q(probability__gte=SURE), BEST_CASE: Q(probability__gte=LIKELY, probability__lt=SURE), PIPELINE: Q(probability__lt=LIKELY)}  # fmt: skip
    found = Q(forecast_category__in=categories)
    found |= Q(forecast_category="", stage__forecast_category__in=categories)
    for key in edges.keys() & set(categories):
        found |= Q(forecast_category="", stage__forecast_category="") & edges[key]
    return Q(status=Kind.OPEN) & found


def of_workspace(model: type) -> object:
    return lambda request: model.objects.filter(workspace=request.workspace)


STEPS = (("none", "No next step"), ("overdue", "Overdue"), ("planned", "Planned"))
ROTS = (("rotting", "Rotting"), ("red", "Rotting for long"))


def stepped(key: str, now: datetime) -> Q:
    """Deals by their next activity: whether anything is planned, and whether that is late."""
    tasks = Task.objects.filter(workspace_id=OuterRef("workspace_id"), deal_id=OuterRef("pk"), status=Task.Status.OPEN)
    if key == "none":
        # Without a day there may still be a task.
        return Q(next_activity_at=None) & ~Exists(tasks)
    return Q(next_activity_at__lt=now) if key == "overdue" else Q(next_activity_at__gte=now)


def rotting(stages: Iterable[Stage], now: datetime, times: float = 1) -> Q:
    """Open deals without activity for `times` the days of their stage, but those with a task planned within these days
    (as cards.rotting has it)."""
    found = Q(pk=None)
    for stage in stages:
        if stage.rotting_days:
            window = timedelta(days=stage.rotting_days)
            planned = Task.objects.filter(
                workspace_id=OuterRef("workspace_id"), deal_id=OuterRef("pk"), status=Task.Status.OPEN,
                due_at__gte=now, due_at__lte=now + window,
            )  # fmt: skip
            quiet = Q(last_activity_at__lte=now - times * window)
            quiet |= Q(last_activity_at=None, created_at__lte=now - times * window)
            found |= Q(stage_id=stage.pk) & quiet & ~Exists(planned)
    return found & Q(status="open")


class DealFilter(CustomFilter):
    """`request` must be given: choices are those of its workspace, ranges those of its reader's today.

    The owner "me" is whoever reads, so that a shared view shows each their own.
    """

    entity = Entity.DEAL

    q = filters.CharFilter(method="search", label="Deal or company")
    owner = MemberFilter("owner")
    team = filters.ModelMultipleChoiceFilter(queryset=of_workspace(Team), method="by_team")
    close = filters.MultipleChoiceFilter(choices=RANGES, method="by_close")
    close_from = DayFilter(field_name="expected_close_date", lookup_expr="gte", label="From")
    close_to = DayFilter(field_name="expected_close_date", lookup_expr="lte", label="To")
    amount_min = AmountFilter(field_name="base_amount", lookup_expr="gte", label="At least")
    amount_max = AmountFilter(field_name="base_amount", lookup_expr="lte", label="At most")
    company = filters.ModelChoiceFilter(queryset=of_workspace(Company), widget=forms.HiddenInput)
    company_name = filters.CharFilter(field_name="company__name", lookup_expr="icontains", label="Company's name")
    source = filters.MultipleChoiceFilter(choices=Source.choices)
    forecast = filters.MultipleChoiceFilter(choices=list(SAID.items()), method="by_forecast")
    slips_min = filters.NumberFilter(
        field_name="slips", lookup_expr="gte", min_value=1, label="Put off at least so often"
    )
    currency = ValuesFilter(field_name="currency")
    segment = filters.ModelMultipleChoiceFilter(queryset=of_workspace(Segment))
    step = filters.MultipleChoiceFilter(choices=STEPS, method="by_step")
    rot = filters.MultipleChoiceFilter(choices=ROTS, method="by_rot")
    tag = filters.ModelMultipleChoiceFilter(queryset=of_workspace(Tag), method="by_tag")

    chips = (
        Chip("owner", "Owner", "user-round", ("owner",)),
        Chip("close", "Close", "calendar", ("close", "close_from", "close_to")),
        Chip("amount", "Amount", "banknote", ("amount_min", "amount_max")),
        Chip("segment", "Segment", "layers", ("segment",)),
        Chip("step", "Next step", "calendar-check", ("step",), primary=False),
        Chip("rot", "Rotting", "flag", ("rot",), primary=False),
        Chip("tag", "Tag", "tag", ("tag",), primary=False),
        Chip("q", "Text", "search", ("q",), primary=False),
        Chip("team", "Team", "users-round", ("team",), primary=False),
        Chip("company", "Company", "building-2", ("company_name", "company"), primary=False),
        Chip("source", "Source", "globe", ("source",), primary=False),
        Chip("forecast", "Forecast", "chart-line", ("forecast",), primary=False),
        Chip("slips", "Put off", "calendar-plus", ("slips_min",), primary=False),
        Chip("currency", "Currency", "coins", ("currency",), primary=False),
    )
    # The board's heads answer these from totals kept per owner, without reading deals.
    OWNERS = frozenset(("owner", "team"))

    class Meta:
        model = Deal
        fields: list[str] = []

    def __init__(self, data: QueryDict | None = None, *args, request=None, **kwargs):
        # Where nobody reads, in rules, "me" is no member.
        if data is not None and request is not None and "me" in data.getlist("owner") and request.member:
            data = data.copy()
            owners = [str(request.member.user_id) if owner == "me" else owner for owner in data.getlist("owner")]
            data.setlist("owner", list(dict.fromkeys(owners)))
        super().__init__(data, *args, request=request, **kwargs)

    def search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(pk__in=RawSQL("SELECT crm_deals_like(%s)", [value]))

    def by_team(self, queryset: QuerySet, name: str, value: list[Team]) -> QuerySet:
        return queryset.filter(owner_id__in=team_user_ids(value)) if value else queryset

    def by_close(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        ranges = close_ranges(self.formats.today)
        chosen = Q()
        for key in value:
            chosen |= ranges[key][1]
        return queryset.filter(chosen)

    def by_forecast(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        return queryset.filter(sure(value))

    def by_step(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        now, chosen = timezone.now(), Q(pk=None)
        for key in value:
            chosen |= stepped(key, now)
        return queryset.filter(chosen) if value else queryset

    def by_rot(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        if not value:
            return queryset
        stages = Stage.objects.filter(workspace=self.request.workspace, kind="open")
        return queryset.filter(rotting(stages, timezone.now(), 1 if "rotting" in value else 1.5))

    def by_tag(self, queryset: QuerySet, name: str, value: list[Tag]) -> QuerySet:
        """Those that bear any of them."""
        if not value:
            return queryset
        links = DealTag.objects.filter(workspace=self.request.workspace, tag__in=[tag.pk for tag in value])
        return queryset.filter(pk__in=links.values("deal_id"))

    def choices(self, name: str) -> list[tuple[str, str]]:
        if name == "close":
            return [(key, label) for key, (label, _) in close_ranges(self.formats.today).items()]
        return super().choices(name)

    def counts(self, name: str, queryset: QuerySet) -> dict[str, int]:
        if name == "close":
            ranges = close_ranges(self.formats.today)
            return queryset.aggregate(**{key: Count("pk", filter=condition) for key, (_, condition) in ranges.items()})
        if name == "forecast":
            return queryset.aggregate(**{key: Count("pk", filter=sure([key])) for key in SAID})
        if name == "step":
            return {key: queryset.filter(stepped(key, timezone.now())).count() for key, _ in STEPS}
        if name == "rot":
            return {key: self.by_rot(queryset, name, [key]).count() for key, _ in ROTS}
        if name == "tag":
            found = DealTag.objects.filter(workspace=self.request.workspace, deal__in=queryset.order_by().values("pk"))
            return {str(key): count for key, count in found.order_by().values_list("tag_id").annotate(Count("pk"))}
        if name == "team":
            teams = Membership.objects.filter(workspace=self.request.workspace).values_list("user_id", "team_id")
            found: dict[str, int] = {}
            owned = self.counts("owner", queryset)
            for user_id, team_id in teams:
                found[str(team_id)] = found.get(str(team_id), 0) + owned.get(str(user_id), 0)
            return found
        return super().counts(name, queryset)

    def say(self, chip: Chip, active: dict[str, object]) -> str:
        if chip.name == "close":
            short = [label.rpartition(", ")[2] for label in self.labels("close", active.get("close") or [])]
            between = [f"from {self.formats.day(active['close_from'])}"] if "close_from" in active else []
            between += [f"to {self.formats.day(active['close_to'])}"] if "close_to" in active else []
            return " + ".join([*short, " ".join(between)]) if between else " + ".join(short)
        if chip.name == "company":
            return str(active.get("company") or active.get("company_name"))
        if chip.name == "slips":
            return f"{active['slips_min']} times or more"
        return super().say(chip, active)


def stages(request) -> QuerySet[Stage]:
    """In their order; of the pipeline alone that the address names."""
    found = Stage.objects.filter(workspace=request.workspace).order_by("pipeline__position", "pipeline_id", "position")
    pipeline = parse_id(request.GET.get("pipeline", ""))
    return found.filter(pipeline=pipeline) if pipeline else found


class DealListFilter(DealFilter):
    """The list also filters by stage."""

    stage = filters.ModelMultipleChoiceFilter(queryset=stages)
    closed_from = DayFilter(method="by_closing", label="From")
    closed_to = DayFilter(method="by_closing", label="To")

    chips = (
        Chip("stage", "Stage", "square-kanban", ("stage",)),
        *DealFilter.chips,
        Chip("closed", "Closed", "flag", ("closed_from", "closed_to"), primary=False),
    )

    def by_closing(self, queryset: QuerySet, name: str, value: date) -> QuerySet:
        """Days as every sum over days counts them: in UTC."""
        if name == "closed_from":
            return queryset.filter(closed_at__gte=midnight(value))
        # Not before the next midnight: the last day of all has none.
        return queryset.filter(closed_at__lte=datetime.combine(value, time.max, UTC))

    def say(self, chip: Chip, active: dict[str, object]) -> str:
        if chip.name == "closed":
            ends = ((word, active.get(f"closed_{word}")) for word in ("from", "to"))
            return " ".join(f"{word} {self.formats.day(day)}" for word, day in ends if day)
        return super().say(chip, active)


def team_user_ids(teams: list[Team]) -> list[int]:
    return list(Membership.objects.filter(team__in=teams).values_list("user_id", flat=True))
