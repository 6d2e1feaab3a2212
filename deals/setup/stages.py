"""Stages of a pipeline, which always has an open, a won and a lost one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter

from django.db.models import F
from django.utils import timezone

from activities.models import Door
from deals.models import Deal, Kind, Pipeline, Stage, StageEvent
from deals.setup.clearing import hold_deals, move_all
from deals.setup.pipelines import next_parked
from deals.setup.rows import check_order, check_row, lock_row, put_in_order, save_row
from deals.transitions import earliest_to_win
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role

# What the kind of a closed stage says about its deals.
CERTAIN: dict[str, int] = {Kind.WON: 100, Kind.LOST: 0}


@action
def add_stage(pipeline: Pipeline, *, by: Membership | None, **fields: object) -> Stage:
    """A new stage; without a position an open one comes after the open ones, any other last."""
    check_may(by, Role.ADMIN, "add stages")
    pipeline = lock_row(pipeline)
    if fields.get("position") is None:
        fields["position"] = make_room(pipeline, str(fields.get("kind") or Kind.OPEN))
    fields["probability"] = CERTAIN.get(str(fields.get("kind")), fields.get("probability", 0))
    fields["name"] = str(fields.get("name", "")).strip()
    check_category(str(fields.get("kind") or Kind.OPEN), fields.get("forecast_category"))
    stage = Stage(workspace_id=pipeline.workspace_id, pipeline=pipeline, **fields)
    check_row(stage)
    stage.save(force_insert=True)
    return stage


@action
def edit_stage(stage: Stage, *, by: Membership | None, version: int | None = None, **changes: object) -> Stage:
    """Name, colour, probability, kind and so on. A new probability is that of the stage's open deals, but for those that
    somebody set by hand."""
    check_may(by, Role.ADMIN, "change stages")
    pipeline = lock_row(stage.pipeline)
    stage = lock_row(stage, version)
    if "pipeline_id" in changes and changes.pop("pipeline_id") != stage.pipeline_id:
        raise Refused("A stage stays in its pipeline.", fields={"pipeline": "A stage stays in its pipeline."})
    kind = str(changes.get("kind", stage.kind))
    if kind != stage.kind:
        check_empty(stage, "Its kind can be changed once it is empty", field="kind")
        check_kinds(pipeline, without=stage, plus=[kind])
    check_category(kind, changes.get("forecast_category", stage.forecast_category))
    changes["probability"] = CERTAIN.get(kind, changes.get("probability", stage.probability))
    follows = changes["probability"] != stage.probability and kind == Kind.OPEN
    stage = save_row(stage, changes)
    if follows:
        deals = Deal.all_objects.filter(stage=stage, status=Kind.OPEN, probability_source=Deal.ProbabilitySource.STAGE)
        deals.update(probability=stage.probability, version=F("version") + 1, updated_at=timezone.now())
    return stage


@action
def reorder_stages(pipeline: Pipeline, order: Sequence[int], *, seen: Sequence[int], by: Membership | None) -> None:
    """`order` and `seen` are ids, see check_order; open stages come first. The earliest stage to win from stays the one it
    was."""
    check_may(by, Role.ADMIN, "change stages")
    pipeline = lock_row(pipeline)
    stages = list(pipeline.stages.select_for_update())
    earliest = None if pipeline.win_from is None else earliest_to_win(stages, pipeline.win_from)
    places = check_order(stages, order, seen)
    is_open = [stage.kind == Kind.OPEN for _, stage in sorted(zip(places, stages, strict=True), key=itemgetter(0))]
    if is_open != sorted(is_open, reverse=True):
        raise Refused("Won and lost stages stand behind the open ones.")
    put_in_order(stages, places)
    if earliest:
        save_row(pipeline, {"win_from": earliest.position})


@action
def delete_stage(
    stage: Stage,
    *,
    by: Membership | None,
    into: Stage | None = None,
    version: int | None = None,
    door: Door = Door.WEB,
) -> int:
    """Its deals, those in the bin too, go `into` another stage of the same kind. Returns how many went.

    A stage that history names is archived: history stays readable, and nothing else knows it any more.
    """
    check_may(by, Role.ADMIN, "delete stages")
    hold_deals(stage)
    pipeline = lock_row(stage.pipeline)
    stage = lock_row(stage, version)
    check_kinds(pipeline, without=stage)
    moved = 0
    if Deal.all_objects.filter(stage=stage).exists():
        if into is None or into.pk == stage.pk:
            check_empty(stage, "Where shall they go", field="into", end="?")
        else:
            moved = move_all(stage, into, by=by, door=door)
    earliest = None if pipeline.win_from is None else earliest_to_win(list(pipeline.stages.all()), pipeline.win_from)
    was_earliest = earliest is not None and earliest.pk == stage.pk
    # How far they came is then told by where they stand.
    Deal.all_objects.filter(furthest=stage).update(furthest=None)
    if is_named(stage):
        save_row(stage, {"archived_at": timezone.now(), "position": next_parked(pipeline)})
    else:
        stage.delete()
    if was_earliest:
        # The one that comes next takes its place.
        rest = list(pipeline.stages.all())
        save_row(pipeline, {"win_from": earliest_to_win(rest, pipeline.win_from or 0).position})
    return moved


@action
def restore_stage(stage: Stage, *, by: Membership | None) -> Stage:
    """Of use again, as the last of its kind; the deals that were in it stay where they went."""
    check_may(by, Role.ADMIN, "change stages")
    pipeline = lock_row(stage.pipeline)
    stage = Stage.all_objects.select_for_update().get(pk=stage.pk)
    if stage.archived_at is None:
        return stage
    return save_row(stage, {"archived_at": None, "position": make_room(pipeline, stage.kind)})


# --- parts ------------------------------------------------------------------------------------------


def check_category(kind: str, category: object) -> None:
    """What an open stage holds is in one of the sums of the forecast, or left out and said to be."""
    if kind == Kind.OPEN and category == Stage.Forecast.CLOSED:
        problem = "The deals of an open stage are not closed."
        raise Refused(problem, fields={"forecast_category": problem})


def make_room(pipeline: Pipeline, kind: str) -> int:
    """The position of a new stage: after the last open one, or after all. Those behind it move on; they must be locked."""
    stages = list(pipeline.stages.all())
    place = 1 + max((s.position for s in stages if kind != Kind.OPEN or s.kind == Kind.OPEN), default=-1)
    pipeline.stages.filter(position__gte=place).update(position=F("position") + 1)
    return place


def is_named(stage: Stage) -> bool:
    """Did deals go through it?"""
    return StageEvent.objects.filter(to_stage=stage).exists() or StageEvent.objects.filter(from_stage=stage).exists()


def check_empty(stage: Stage, otherwise: str, field: str = "", end: str = ".") -> None:
    """No deal stands in it, not even in the bin. The stage must be locked: whoever moves a deal there waits."""
    if count := Deal.all_objects.filter(stage=stage).count():
        stand = f"{count} deal{'s' * (count != 1)} (the bin counts) stand{'s' * (count == 1)} in {stage.name}."
        raise Refused(f"{stand} {otherwise}{end}", fields={field: f"{stand} {otherwise}{end}"} if field else None)


def check_kinds(pipeline: Pipeline, *, without: Stage, plus: Iterable[str] = ()) -> None:
    kinds = {stage.kind for stage in pipeline.stages.exclude(pk=without.pk)} | set(plus)
    missing = [kind.label.lower() for kind in Kind if kind not in kinds]
    if missing:
        raise Refused(
            f"A pipeline needs an open, a won and a lost stage: this is the last {missing[0]} one.",
            fields={"kind": f"This is the last {missing[0]} stage of its pipeline."},
        )
