"""Pipelines, the rules of moves in them, and their order."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max
from django.utils import timezone

from activities.models import Door
from deals.actions import TEMPLATES, create_stages
from deals.models import Deal, Pipeline, Stage, StageEvent
from deals.setup.clearing import hold_deals, move_all
from deals.setup.rows import check_order, check_row, lock_row, put_in_order, save_row
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role, Workspace


@action
def add_pipeline(
    workspace: Workspace, *, name: str, by: Membership | None, template: str = "default", **fields: object
) -> Pipeline:
    """A new pipeline, the last in order, with the stages of a template (TEMPLATES), to be changed from there."""
    check_may(by, Role.ADMIN, "add pipelines")
    if template not in TEMPLATES:
        raise Refused("There is no such template.", fields={"template": "Choose one of those offered."})
    if fields.get("position") is None:
        last = Pipeline.objects.filter(workspace=workspace).aggregate(last=Max("position"))["last"]
        fields["position"] = 0 if last is None else last + 1
    if fields.get("is_default"):
        Pipeline.objects.filter(workspace=workspace, is_default=True).update(is_default=False)
    pipeline = Pipeline(workspace=workspace, name=name.strip(), **fields)
    check_row(pipeline)
    pipeline.save(force_insert=True)
    create_stages(pipeline, template)
    return pipeline


@action
def edit_pipeline(
    pipeline: Pipeline, *, by: Membership | None, version: int | None = None, **changes: object
) -> Pipeline:
    """Name, rules (max_skip, win_from), and which one is the default."""
    check_may(by, Role.ADMIN, "change pipelines")
    pipeline = lock_row(pipeline, version)
    if changes.get("is_default"):
        others = Pipeline.objects.filter(workspace_id=pipeline.workspace_id, is_default=True).exclude(pk=pipeline.pk)
        others.update(is_default=False)
    elif pipeline.is_default and "is_default" in changes:
        raise Refused(
            "Make another pipeline the default one instead.", fields={"is_default": "One must be the default."}
        )
    return save_row(pipeline, changes)


@action
def reorder_pipelines(
    workspace: Workspace, order: Sequence[int], *, seen: Sequence[int], by: Membership | None
) -> None:
    """`order` and `seen` are ids: of all pipelines as they shall stand, and as whoever asks saw them."""
    check_may(by, Role.ADMIN, "change pipelines")
    rows = list(Pipeline.objects.select_for_update().filter(workspace=workspace))
    put_in_order(rows, check_order(rows, order, seen))


@action
def delete_pipeline(
    pipeline: Pipeline,
    *,
    by: Membership | None,
    into: Pipeline | None = None,
    version: int | None = None,
    door: Door = Door.WEB,
) -> int:
    """Its deals go `into` another one: to the stage of the same name and kind, else the first of its kind. Returns how
    many went. What history names is archived, so that it can still be read."""
    check_may(by, Role.ADMIN, "delete pipelines")
    for stage in pipeline.stages.all():
        hold_deals(stage)
    pipeline = lock_row(pipeline, version)
    if pipeline.is_default:
        raise Refused("The default pipeline stays: make another one the default first.")
    stages = list(pipeline.stages.all())
    moved = 0
    for stage in stages:
        if Deal.all_objects.filter(stage=stage).exists():
            moved += move_all(stage, counterpart(stage, into, pipeline), by=by, door=door)
    if StageEvent.objects.filter(to_stage__in=Stage.all_objects.filter(pipeline=pipeline)).exists():
        now = timezone.now()
        for number, stage in enumerate(stages):
            stage.position = next_parked(pipeline) + number
            stage.archived_at, stage.version = now, stage.version + 1
        Stage.all_objects.bulk_update(stages, ["position", "archived_at", "version"])
        save_row(pipeline, {"archived_at": now})
    else:
        pipeline.delete()
    return moved


def counterpart(stage: Stage, into: Pipeline | None, pipeline: Pipeline) -> Stage:
    if into is None or into.pk == pipeline.pk or into.workspace_id != pipeline.workspace_id:
        deals = Deal.all_objects.filter(pipeline=pipeline).count()
        stand = f"{deals} deal{'s' * (deals != 1)} (the bin counts) stand{'s' * (deals == 1)} in {pipeline}."
        raise Refused(f"{stand} Where shall they go?", fields={"into": "Choose another pipeline."})
    found = [other for other in into.stages.all() if other.kind == stage.kind]
    return next((other for other in found if other.name == stage.name), found[0])


def next_parked(pipeline: Pipeline) -> int:
    last = Stage.all_objects.filter(pipeline=pipeline).aggregate(last=Max("position"))["last"]
    return max(Stage.PARKED, last + 1)
