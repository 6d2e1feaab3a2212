"""Settings of admins: pipelines, their rules and stages."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from deals import setup
from deals.models import Deal, Pipeline, PlaybookTask, Stage
from deals.setup_forms import (
    ClearPipelineForm,
    ClearStageForm,
    NewPipelineForm,
    NewStageForm,
    PipelineForm,
    RulesForm,
    StageForm,
)
from deals.views.ordering import reordered
from workspaces.access import MemberRequest, member_required
from workspaces.action import Refused
from workspaces.dialogs import dialog, done, form_refused, saved
from workspaces.models import Role

FORM = ("GET", "POST")


@member_required(Role.ADMIN)
def pipeline_list(request: MemberRequest) -> HttpResponse:
    open_deals = Sum("stages__totals__deals", default=0)
    pipelines = Pipeline.objects.filter(workspace=request.workspace).annotate(open_deals=open_deals)
    stages: dict[int, list[Stage]] = {}
    for stage in Stage.objects.filter(workspace=request.workspace, pipeline__archived_at=None):
        stages.setdefault(stage.pipeline_id, []).append(stage)
    rows = [(pipeline, stages.get(pipeline.pk, [])) for pipeline in pipelines]
    return render(request, "deals/settings/pipeline_list.html", {"rows": rows})


@member_required(Role.ADMIN, methods=FORM)
def pipeline_new(request: MemberRequest) -> HttpResponse:
    form = NewPipelineForm(request.POST or None)
    template = "deals/settings/pipeline_new.html"
    if request.method == "GET" or not form.is_valid():
        return dialog(request, template, form)
    try:
        pipeline = setup.add_pipeline(request.workspace, by=request.member, **form.cleaned_data)
    except Refused as refusal:
        return form_refused(request, template, form, refusal)
    messages.success(request, f"{pipeline} is there, with {pipeline.stages.count()} stages.")
    return done(request, reverse("pipeline_edit", args=[pipeline.pk]))


@member_required(Role.ADMIN, methods=("POST",))
def pipeline_order(request: MemberRequest) -> HttpResponse:
    def act(order: Sequence[int], seen: Sequence[int]) -> None:
        setup.reorder_pipelines(request.workspace, order, seen=seen, by=request.member)

    return reordered(request, act, reverse("pipeline_list"))


@member_required(Role.ADMIN)
def pipeline_edit(request: MemberRequest, pk: int) -> HttpResponse:
    """A pipeline's page: its stages in order, and its rules in words."""
    return pipeline_page(request, get_object_or_404(Pipeline, workspace=request.workspace, pk=pk))


def pipeline_page(request: MemberRequest, pipeline: Pipeline, rules: RulesForm | None = None) -> HttpResponse:
    # Sums forget the order that a model has by itself.
    stages = list(pipeline.stages.annotate(open_deals=Sum("totals__deals", default=0)).order_by("position"))
    context = {"pipeline": pipeline, "stages": stages, "rules": rules or RulesForm(pipeline=pipeline, stages=stages)}
    status = 422 if rules else 200
    return render(request, "deals/settings/pipeline_edit.html", context, status=status)


@member_required(Role.ADMIN, methods=FORM)
def pipeline_rename(request: MemberRequest, pk: int) -> HttpResponse:
    pipeline = get_object_or_404(Pipeline, workspace=request.workspace, pk=pk)
    form = PipelineForm(request.POST or None, initial={"name": pipeline.name, "version": pipeline.version})
    template = "deals/settings/pipeline_rename.html"
    return saved(
        request,
        template,
        form,
        lambda facts: setup.edit_pipeline(pipeline, by=request.member, **facts),
        reverse("pipeline_edit", args=[pk]),
        pipeline=pipeline,
    )


@member_required(Role.ADMIN, methods=("POST",))
def pipeline_rules(request: MemberRequest, pk: int) -> HttpResponse:
    pipeline = get_object_or_404(Pipeline, workspace=request.workspace, pk=pk)
    form = RulesForm(request.POST, pipeline=pipeline, stages=list(pipeline.stages.all()))
    if not form.is_valid():
        return pipeline_page(request, pipeline, form)
    try:
        setup.edit_pipeline(pipeline, by=request.member, **form.cleaned_data)
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return pipeline_page(request, pipeline, form)
    messages.success(request, "Saved.")
    return done(request, reverse("pipeline_edit", args=[pk]))


@member_required(Role.ADMIN, methods=("POST",))
def pipeline_default(request: MemberRequest, pk: int) -> HttpResponse:
    """The undo of it is the same, for the one that was the default until now."""
    pipeline = get_object_or_404(Pipeline, workspace=request.workspace, pk=pk)
    before = Pipeline.objects.filter(workspace=request.workspace, is_default=True).first()
    setup.edit_pipeline(pipeline, by=request.member, is_default=True)
    undo = reverse("pipeline_default", args=[before.pk]) if before else ""
    messages.success(request, f"New deals begin in {pipeline}.", extra_tags=undo)
    return done(request, reverse("pipeline_edit", args=[pk]))


@member_required(Role.ADMIN, methods=FORM)
def pipeline_delete(request: MemberRequest, pk: int) -> HttpResponse:
    pipeline = get_object_or_404(Pipeline, workspace=request.workspace, pk=pk)
    deals = Deal.all_objects.filter(workspace=request.workspace, stage__in=pipeline.stages.all()).count()
    form = ClearPipelineForm(request.POST or None, pipeline=pipeline, deals=deals)
    template = "deals/settings/pipeline_delete.html"
    context = {"pipeline": pipeline, "deals": deals}
    if request.method == "GET" or not form.is_valid():
        return dialog(request, template, form, **context)
    try:
        moved = setup.delete_pipeline(pipeline, by=request.member, **form.cleaned_data)
    except Refused as refusal:
        return form_refused(request, template, form, refusal, **context)
    messages.success(request, f"{pipeline} is gone.{went(moved, form.cleaned_data.get('into'))}")
    return done(request, reverse("pipeline_list"))


def went(moved: int, into: object) -> str:
    return f" {moved} deal{'s' * (moved != 1)} went to {into}." if moved else ""


# --- stages -----------------------------------------------------------------------------------------


@member_required(Role.ADMIN, methods=FORM)
def stage_new(request: MemberRequest, pk: int) -> HttpResponse:
    pipeline = get_object_or_404(Pipeline, workspace=request.workspace, pk=pk)
    form = NewStageForm(request.POST or None)
    template = "deals/settings/stage_new.html"
    return saved(
        request,
        template,
        form,
        lambda facts: setup.add_stage(pipeline, by=request.member, **facts),
        reverse("pipeline_edit", args=[pk]),
        pipeline=pipeline,
    )


@member_required(Role.ADMIN, methods=("POST",))
def stage_order(request: MemberRequest, pk: int) -> HttpResponse:
    pipeline = get_object_or_404(Pipeline, workspace=request.workspace, pk=pk)

    def act(order: Sequence[int], seen: Sequence[int]) -> None:
        setup.reorder_stages(pipeline, order, seen=seen, by=request.member)

    return reordered(request, act, reverse("pipeline_edit", args=[pk]))


def one_stage(request: MemberRequest, pk: int) -> Stage:
    return get_object_or_404(Stage.objects.select_related("pipeline"), workspace=request.workspace, pk=pk)


@member_required(Role.ADMIN, methods=FORM)
def stage_edit(request: MemberRequest, pk: int) -> HttpResponse:
    """A stage's page: its facts and its playbook."""
    stage = one_stage(request, pk)
    form = StageForm(request.POST or None, stage=stage)
    if request.method == "GET" or not form.is_valid():
        return stage_page(request, stage, form)
    try:
        setup.edit_stage(stage, by=request.member, **form.cleaned_data)
    except Refused as refusal:
        for field, message in (refusal.fields or {"": refusal.message}).items():
            form.add_error(field if field in form.fields else None, message)
        return stage_page(request, stage, form)
    messages.success(request, "Saved.")
    return done(request, reverse("pipeline_edit", args=[stage.pipeline_id]))


def stage_page(request: MemberRequest, stage: Stage, form: StageForm) -> HttpResponse:
    playbook = PlaybookTask.objects.filter(stage=stage).select_related("assignee")
    context = {"stage": stage, "form": form, "playbook": playbook}
    return render(request, "deals/settings/stage_edit.html", context, status=422 if form.errors else 200)


@member_required(Role.ADMIN, methods=FORM)
def stage_delete(request: MemberRequest, pk: int) -> HttpResponse:
    stage = one_stage(request, pk)
    count = Deal.all_objects.filter(stage=stage).aggregate(
        all=Count("pk"), bin=Count("pk", Q(deleted_at__isnull=False))
    )
    form = ClearStageForm(request.POST or None, stage=stage, deals=count["all"])
    template = "deals/settings/stage_delete.html"
    context = {"stage": stage, "deals": count["all"], "binned": count["bin"]}
    if request.method == "GET" or not form.is_valid():
        return dialog(request, template, form, **context)
    try:
        moved = setup.delete_stage(stage, by=request.member, **form.cleaned_data)
    except Refused as refusal:
        return form_refused(request, template, form, refusal, **context)
    is_kept = Stage.all_objects.filter(pk=pk).exists()
    undo = reverse("stage_restore", args=[pk]) if is_kept and not moved else ""
    said = f"{stage} is gone.{went(moved, form.cleaned_data.get('into'))}"
    messages.success(request, said, extra_tags=undo)
    return done(request, reverse("pipeline_edit", args=[stage.pipeline_id]))


@member_required(Role.ADMIN, methods=("POST",))
def stage_restore(request: MemberRequest, pk: int) -> HttpResponse:
    stage = get_object_or_404(Stage.all_objects.select_related("pipeline"), workspace=request.workspace, pk=pk)
    setup.restore_stage(stage, by=request.member)
    return done(request, reverse("pipeline_edit", args=[stage.pipeline_id]))
