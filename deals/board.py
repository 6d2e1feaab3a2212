"""The board's rows: which cards stand in which column, and what each column adds up to.

A first load is four queries, whatever the number of deals: stages, cards, totals of the open columns, totals of
the closed ones. Cards are picked by an index-only scan of ids per column before anything is joined.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from django.core.exceptions import EmptyResultSet
from django.db.models import CharField, Func, OuterRef, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.http import Http404
from django.utils import timezone

from deals.cards import present, rows
from deals.exchange import midnight
from deals.filters import DealFilter
from deals.links import from_board
from deals.models import Deal, Pipeline, Stage
from deals.totals import Total, by_stage, closed_by_stage, kept_closed, kept_open, owner_sets, say_rates
from workspaces.access import MemberRequest, visible_owners
from workspaces.cursors import cursor, older_than
from workspaces.formats import Formats
from workspaces.models import Role

PAGE = 25
# The oldest transaction that was still under way when the page was made: what it or any later one writes,
# the page cannot have seen. Taken with the first query, so before any card is read.
HORIZON = Func(Func(function="pg_current_snapshot"), function="pg_snapshot_xmin", output_field=CharField())
CLOSED_DAYS = 30
# Ids of the first cards of each column: one index scan per column, whatever the filter. The ORM has no LATERAL join.
FIRST_OF_EACH = "SELECT card.id FROM unnest(%s::bigint[]) AS lane (stage_id) CROSS JOIN LATERAL ({}) AS card (id)"


@dataclass
class Lane:
    """A column: its stage, its head's figures in words, its first cards, and the cursor of the next page ("" at the end)."""

    stage: Stage
    total: dict[str, str] = field(default_factory=dict)
    cards: list[dict] = field(default_factory=list)
    next: str = ""


class Board:
    """One pipeline as one member sees it through one filter."""

    def __init__(self, request: MemberRequest, pipeline: int | None = None):
        self.request, self.workspace, self.wanted = request, request.workspace, pipeline
        self.formats = Formats.of(request)
        self.now = timezone.now()
        self.came = from_board(request)
        self.may_edit = request.member.may(Role.REP)
        self.owners = visible_owners(request.member)
        self.filter = DealFilter(request.GET, queryset=self.workspace.deals.owned_by(self.owners), request=request)
        self.deals = self.filter.qs.order_by()

    @cached_property
    def pipelines(self) -> dict[Pipeline, list[Stage]]:
        """All of the workspace, each with its stages in order."""
        stages = Stage.objects.filter(workspace=self.workspace).select_related("pipeline").annotate(horizon=HORIZON)
        found: dict[Pipeline, list[Stage]] = {}
        for stage in stages.order_by("pipeline__position", "pipeline_id", "position"):
            found.setdefault(stage.pipeline, []).append(stage)
        return found

    @cached_property
    def pipeline(self) -> Pipeline:
        for pipeline in self.pipelines:
            if pipeline.pk == self.wanted or (self.wanted is None and pipeline.is_default):
                return pipeline
        raise Http404("No such pipeline")

    @property
    def stages(self) -> list[Stage]:
        return self.pipelines[self.pipeline]

    @property
    def open_stages(self) -> list[Stage]:
        return [stage for stage in self.stages if stage.is_open]

    @property
    def horizon(self) -> str:
        return self.stages[0].horizon

    # -- cards -------------------------------------------------------------------------------------

    def lanes(self) -> list[Lane]:
        heads, cards = self.heads(self.stages), self._first_cards()
        return [self._lane(head.stage, cards.get(head.stage.pk, []), head.total) for head in heads]

    def _first_cards(self) -> dict[int, list[dict]]:
        """Of the open columns; closed ones are folded, and load when they are opened."""
        of_lane = self.deals.open().filter(stage_id=RawSQL("lane.stage_id", ()))
        try:
            sql, params = of_lane.order_by("rank", "pk").values("pk")[: PAGE + 1].query.sql_with_params()
        except EmptyResultSet:
            return {}
        # What the stages say is at hand; a join would only mislead the planner.
        limits = {stage.pk: stage.rotting_days for stage in self.open_stages}
        picked = RawSQL(FIRST_OF_EACH.format(sql), ([*limits], *params))  # noqa: S611 - compiled from the queryset above
        cards: dict[int, list[dict]] = {}
        for deal in rows(Deal.objects.filter(workspace=self.workspace, pk__in=picked)).order_by("rank", "pk"):
            deal["stage__rotting_days"] = limits[deal["stage_id"]]
            cards.setdefault(deal["stage_id"], []).append(deal)
        return cards

    def column(self, stage: Stage, after: str = "") -> QuerySet:
        """The deals of a column in its order, from the cursor `after` on."""
        deals = self.deals.filter(stage_id=stage.pk)
        if stage.is_open:
            deals = deals.open().order_by("rank", "pk")
            return deals.filter(rank__gt=after) if after else deals
        deals = deals.closed().filter(closed_at__gte=midnight(self.since)).order_by("-closed_at", "-pk")
        if after:
            deals = deals.filter(older_than(after, "closed_at"))
        return deals

    def page(self, stage: Stage, after: str = "") -> Lane:
        picked = self.column(stage, after).values("pk")[: PAGE + 1]
        order = ("rank", "pk") if stage.is_open else ("-closed_at", "-pk")
        deals = rows(Deal.objects.filter(workspace=self.workspace, pk__in=picked), "stage__rotting_days")
        return self._lane(stage, list(deals.order_by(*order)), {})

    def _lane(self, stage: Stage, deals: list[dict], total: dict[str, str]) -> Lane:
        shown, rest = deals[:PAGE], deals[PAGE:]
        return Lane(
            stage,
            total,
            present(shown, self.formats, self.now, may_edit=self.may_edit, came=self.came),
            self._cursor(shown[-1]) if rest else "",
        )

    def _cursor(self, last: dict) -> str:
        return last["rank"] or cursor(last["closed_at"], last["pk"])

    @property
    def since(self) -> date:
        """The first day (UTC) of what closed columns show."""
        return self.now.date() - timedelta(days=CLOSED_DAYS)

    # -- totals ------------------------------------------------------------------------------------

    def heads(self, stages: Iterable[Stage]) -> list[Lane]:
        """Open columns as they stand, closed ones over the last 30 days."""
        closed = [stage for stage in stages if not stage.is_open]
        found = self.open_totals | (self.closed_totals(closed) if closed else {})
        return [Lane(stage, self.say(found.get(stage.pk, Total()))) for stage in stages]

    def say(self, total: Total) -> dict[str, str]:
        return total.said(self.formats, self.rates if total.converted else "")

    @cached_property
    def rates(self) -> str:
        return say_rates(self.workspace, self.formats)

    @cached_property
    def open_totals(self) -> dict[int, Total]:
        """{stage id: Total} of this pipeline."""
        pipeline = self.wanted or self.pipeline.pk
        if self.kept_owners is None:
            return by_stage(self.deals.open().filter(pipeline=pipeline))
        return kept_open(self.kept_owners, workspace=self.workspace, stage__pipeline=pipeline)

    def closed_totals(self, stages: list[Stage]) -> dict[int, Total]:
        if self.kept_owners is None:
            return closed_by_stage(self.deals, stages, self.since)
        return kept_closed(self.kept_owners, stages, self.since)

    @cached_property
    def kept_owners(self) -> list[list[int]] | None:
        """Whose totals to add up; None where the filter asks for more than the kept totals know."""
        active = self.filter.active
        is_kept = self.filter.is_valid() and active.keys() <= DealFilter.OWNERS
        return owner_sets(self.owners, active) if is_kept else None

    @cached_property
    def total(self) -> Total:
        """Of the open columns: what the toolbar shows."""
        return sum(self.open_totals.values(), Total())

    def said(self) -> dict[str, str]:
        return self.say(self.total)

    # -- single cards ------------------------------------------------------------------------------

    def cards(self, ids: list[int]) -> list[tuple[int, int | str, list[dict]]]:
        """(stage id, id of the card above or "", [card]) of these deals, as far as they may be seen and match the filter."""
        above = (
            self.deals.open()
            .filter(stage_id=OuterRef("stage_id"), rank__lt=OuterRef("rank"))
            .order_by("-rank")
            .values("pk")[:1]
        )
        found = self.deals.filter(pipeline=self.wanted or self.pipeline, pk__in=ids).annotate(above=Subquery(above))
        deals = list(rows(found, "stage__rotting_days", "above"))
        cards = present(deals, self.formats, self.now, may_edit=self.may_edit, came=self.came)
        return [(deal["stage_id"], deal["above"] or "", [card]) for deal, card in zip(deals, cards, strict=True)]
