"""What admins do with pipelines and their stages (domain.md section 3). A pipeline always has an open, a won and a lost stage."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F
from django.utils import timezone

from deals.actions import DEFAULT_STAGES
from deals.models import Deal, Kind, Pipeline, Stage, StageEvent
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role, Workspace

# What the kind of a closed stage says about its deals.
CERTAIN: dict[str, int] = {Kind.WON: 100, Kind.LOST: 0}


@action
def add_pipeline(workspace: Workspace, *, name: str, by: Membership | None, **fields: object) -> Pipeline:
    """A new pipeline with the default stages, to be changed from there."""
    check_may(by, Role.ADMIN, "add pipelines")
    if fields.get("is_default"):
        Pipeline.objects.filter(workspace=workspace, is_default=True).update(is_default=False)
    pipeline = Pipeline.objects.create(workspace=workspace, name=name, **fields)
    names = ("name", "probability", "color", "kind", "rotting_days")
    Stage.objects.bulk_create(
        Stage(workspace=workspace, pipeline=pipeline, position=position, **dict(zip(names, values, strict=True)))
        for position, values in enumerate(DEFAULT_STAGES)
    )
    return pipeline


@action
def edit_pipeline(pipeline: Pipeline, *, by: Membership | None, **changes: object) -> Pipeline:
    check_may(by, Role.ADMIN, "change pipelines")
    pipeline = lock_pipeline(pipeline.pk)
    if changes.get("is_default"):
        others = Pipeline.objects.filter(workspace_id=pipeline.workspace_id, is_default=True).exclude(pk=pipeline.pk)
        others.update(is_default=False)
    elif pipeline.is_default and "is_default" in changes:
        raise Refused(
            "Make another pipeline the default one instead.", fields={"is_default": "One must be the default."}
        )
    for field, value in changes.items():
        setattr(pipeline, field, value)
    pipeline.save()
    return pipeline


@action
def delete_pipeline(pipeline: Pipeline, *, by: Membership | None) -> None:
    """Only an empty one that is not the default, and whose stages no history names."""
    check_may(by, Role.ADMIN, "delete pipelines")
    pipeline = lock_pipeline(pipeline.pk)
    if pipeline.is_default:
        raise Refused("The default pipeline stays: make another one the default first.")
    for stage in pipeline.stages.select_for_update().order_by("pk"):
        check_unused(stage)
    pipeline.delete()


@action
def add_stage(pipeline: Pipeline, *, by: Membership | None, **fields: object) -> Stage:
    """A new stage; without a position it comes last."""
    check_may(by, Role.ADMIN, "add stages")
    pipeline = lock_pipeline(pipeline.pk)
    if fields.get("position") is None:
        fields["position"] = max((stage.position for stage in pipeline.stages.all()), default=-1) + 1
    fields["probability"] = CERTAIN.get(str(fields.get("kind")), fields.get("probability", 0))
    return Stage.objects.create(workspace_id=pipeline.workspace_id, pipeline=pipeline, **fields)


@action
def edit_stage(stage: Stage, *, by: Membership | None, **changes: object) -> Stage:
    """Name, position, colour, probability, kind and so on. A new probability is that of the stage's open deals, but for
    those that somebody set by hand."""
    check_may(by, Role.ADMIN, "change stages")
    pipeline = lock_pipeline(stage.pipeline_id)
    stage = Stage.objects.select_for_update().get(pk=stage.pk)
    if "pipeline_id" in changes and changes.pop("pipeline_id") != stage.pipeline_id:
        raise Refused("A stage stays in its pipeline.", fields={"pipeline": "A stage stays in its pipeline."})
    kind = str(changes.get("kind", stage.kind))
    if kind != stage.kind:
        check_empty(stage, "Its kind can be changed once it is empty", field="kind")
        check_kinds(pipeline, without=stage, plus=[kind])
    changes["probability"] = CERTAIN.get(kind, changes.get("probability", stage.probability))
    follows = changes["probability"] != stage.probability and kind == Kind.OPEN
    for field, value in changes.items():
        setattr(stage, field, value)
    stage.save()
    if follows:
        deals = Deal.all_objects.filter(stage=stage, status=Kind.OPEN, probability_source=Deal.ProbabilitySource.STAGE)
        deals.update(probability=stage.probability, version=F("version") + 1, updated_at=timezone.now())
    return stage


@action
def delete_stage(stage: Stage, *, by: Membership | None) -> None:
    """Only one that no deal is or was in: the history of deals names their stages."""
    check_may(by, Role.ADMIN, "delete stages")
    pipeline = lock_pipeline(stage.pipeline_id)
    stage = Stage.objects.select_for_update().get(pk=stage.pk)
    check_unused(stage)
    check_kinds(pipeline, without=stage)
    stage.delete()


# --- parts ------------------------------------------------------------------------------------------


def lock_pipeline(pk: int) -> Pipeline:
    """Locked, so that two admins cannot each take away one of the last two stages of a kind."""
    return Pipeline.objects.select_for_update().get(pk=pk)


def check_empty(stage: Stage, otherwise: str, field: str = "") -> None:
    """No deal stands in it, not even in the bin. The stage must be locked: whoever moves a deal there waits."""
    if count := Deal.all_objects.filter(stage=stage).count():
        stand = f"{count} deal{'s' * (count != 1)} (the bin counts) stand{'s' * (count == 1)} in {stage.name}."
        raise Refused(f"{stand} {otherwise}.", fields={field: f"{stand} {otherwise}."} if field else None)


def check_unused(stage: Stage) -> None:
    check_empty(stage, "Move them first")
    if StageEvent.objects.filter(to_stage=stage).exists() or StageEvent.objects.filter(from_stage=stage).exists():
        raise Refused(f"Deals went through {stage.name}, and their history names it. Rename it instead.")


def check_kinds(pipeline: Pipeline, *, without: Stage, plus: Iterable[str] = ()) -> None:
    kinds = {stage.kind for stage in pipeline.stages.exclude(pk=without.pk)} | set(plus)
    missing = [kind.label.lower() for kind in Kind if kind not in kinds]
    if missing:
        raise Refused(
            f"A pipeline needs an open, a won and a lost stage: this is the last {missing[0]} one.",
            fields={"kind": f"This is the last {missing[0]} stage of its pipeline."},
        )
