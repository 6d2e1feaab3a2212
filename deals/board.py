"""The board's rows: which cards stand in which column, and what each column adds up to.

A first load is four queries, whatever the number of deals: stages, cards, totals of the open columns, totals of
the closed ones. Cards are picked by an index-only scan of ids per column before anything is joined.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404
from django.utils import timezone

from deals.cards import present, rows
from deals.filters import DealFilter
from deals.models import Deal, Kind, Pipeline, Stage
from deals.totals import Total, by_stage, kept_open, owner_sets
from workspaces.access import MemberRequest, visible_owners
from workspaces.formats import Formats

PAGE = 25
CLOSED_DAYS = 30


@dataclass
class Lane:
    """A column: its stage, its head's figures, its first cards, and the cursor of the next page ("" at the end)."""

    stage: Stage
    total: Total = field(default_factory=Total)
    cards: list[dict] = field(default_factory=list)
    next: str = ""


class Board:
    """One pipeline as one member sees it through one filter."""

    def __init__(self, request: MemberRequest, pipeline: int | None = None):
        self.request, self.workspace = request, request.workspace
        self.formats = Formats.of(request)
        self.now = timezone.now()
        self.pipelines, self.pipeline, self.stages = self._pipelines(pipeline)
        self.owners = visible_owners(request.member)
        self.filter = DealFilter(request.GET, queryset=self.workspace.deals.owned_by(self.owners), request=request)
        # A filter that cannot be read must not show everything as if it had been applied.
        self.deals = self.filter.qs.order_by() if self.filter.is_valid() else Deal.objects.none()

    def _pipelines(self, wanted: int | None) -> tuple[list[Pipeline], Pipeline, list[Stage]]:
        stages = (
            Stage.objects.filter(workspace=self.workspace)
            .select_related("pipeline")
            .order_by("pipeline__position", "pipeline_id", "position")
        )
        by_pipeline: dict[Pipeline, list[Stage]] = {}
        for stage in stages:
            by_pipeline.setdefault(stage.pipeline, []).append(stage)
        pipelines = list(by_pipeline)
        chosen = (
            next((p for p in pipelines if p.pk == wanted), None)
            if wanted
            else next((p for p in pipelines if p.is_default), pipelines[0] if pipelines else None)
        )
        if chosen is None:
            raise Http404("No such pipeline")
        return pipelines, chosen, by_pipeline[chosen]

    @property
    def open_stages(self) -> list[Stage]:
        return [stage for stage in self.stages if stage.kind == Kind.OPEN]

    # -- cards -------------------------------------------------------------------------------------

    def lanes(self) -> list[Lane]:
        totals = self.totals()
        cards = self._first_cards()
        return [self._lane(stage, cards.get(stage.pk, []), totals.get(stage.pk, Total())) for stage in self.stages]

    def _first_cards(self) -> dict[int, list[dict]]:
        """Of the open columns; closed ones are folded, and load when they are opened."""
        picked = [self.column(stage).values("pk")[: PAGE + 1] for stage in self.open_stages]
        ids = picked[0].union(*picked[1:], all=True) if len(picked) > 1 else picked[0]
        cards: dict[int, list[dict]] = {}
        for deal in rows(Deal.objects.filter(workspace=self.workspace, pk__in=ids)).order_by("stage_id", "rank", "pk"):
            cards.setdefault(deal["stage_id"], []).append(deal)
        return cards

    def column(self, stage: Stage, after: str = "") -> QuerySet:
        """The deals of a column in its order, from the cursor `after` on."""
        deals = self.deals.filter(stage_id=stage.pk)
        if stage.kind == Kind.OPEN:
            deals = deals.open().order_by("rank", "pk")
            return deals.filter(rank__gt=after) if after else deals
        deals = deals.closed().filter(closed_at__gte=self.since).order_by("-closed_at", "-pk")
        if after:
            moment, _, pk = after.partition("|")
            deals = deals.filter(Q(closed_at__lt=moment) | Q(closed_at=moment, pk__lt=int(pk)))
        return deals

    def page(self, stage: Stage, after: str = "") -> Lane:
        deals = rows(
            Deal.objects.filter(workspace=self.workspace, pk__in=self.column(stage, after).values("pk")[: PAGE + 1])
        )
        order = ("rank", "pk") if stage.kind == Kind.OPEN else ("-closed_at", "-pk")
        return self._lane(stage, list(deals.order_by(*order)), Total())

    def _lane(self, stage: Stage, deals: list[dict], total: Total) -> Lane:
        shown, rest = deals[:PAGE], deals[PAGE:]
        cursor = (
            (
                shown[-1]["rank"]
                if stage.kind == Kind.OPEN
                else f"{shown[-1]['closed_at'].isoformat()}|{shown[-1]['pk']}"
            )
            if rest
            else ""
        )
        return Lane(stage, total, present(shown, self.formats, self.now), cursor)

    @property
    def since(self):
        return self.now - timedelta(days=CLOSED_DAYS)

    # -- totals ------------------------------------------------------------------------------------

    def totals(self) -> dict[int, Total]:
        """{stage id: Total}: open columns as they stand, closed ones over the last 30 days."""
        active = self.filter.active
        if active.keys() <= DealFilter.OWNERS:
            found = kept_open(self.workspace, self.open_stages, owner_sets(self.owners, active))
        else:
            found = by_stage(self.deals.open().filter(stage__in=self.open_stages))
        closed = [stage.pk for stage in self.stages if not stage.is_open]
        found |= by_stage(self.deals.closed().filter(stage__in=closed, closed_at__gte=self.since))
        return {stage.pk: found.get(stage.pk, Total()) for stage in self.stages}

    def grand_total(self, totals: dict[int, Total]) -> Total:
        """Of the open columns: what the toolbar shows."""
        return sum((totals[stage.pk] for stage in self.open_stages), Total())

    # -- single cards ------------------------------------------------------------------------------

    def cards(self, ids: list[int]) -> list[dict]:
        """The cards of these deals as far as they may be seen and match the filter, each with the id of the card above it."""
        above = (
            self.deals.open()
            .filter(stage_id=OuterRef("stage_id"), rank__lt=OuterRef("rank"))
            .order_by("-rank")
            .values("pk")[:1]
        )
        found = self.deals.filter(pipeline=self.pipeline, pk__in=ids).annotate(above=Subquery(above))
        places = dict(found.values_list("pk", "above"))
        cards = present(rows(Deal.objects.filter(workspace=self.workspace, pk__in=places)), self.formats, self.now)
        return [card | {"above": places[card["id"]] or ""} for card in cards]
