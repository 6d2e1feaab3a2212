"""Settings of admins: playbooks of stages, and reasons why deals are won or lost."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from deals import setup
from deals.models import CloseReason, Kind, PlaybookTask, Stage
from deals.setup_forms import EditPlaybookTaskForm, EditReasonForm, PlaybookTaskForm, ReasonForm
from deals.views.ordering import reordered
from workspaces.access import MemberRequest, member_required
from workspaces.action import Refused
from workspaces.dialogs import dialog, done, form_refused, saved
from workspaces.models import Role

FORM = ("GET", "POST")


def one_task(request: MemberRequest, pk: int, manager: str = "objects") -> PlaybookTask:
    tasks = getattr(PlaybookTask, manager).select_related("stage", "assignee")
    return get_object_or_404(tasks, workspace=request.workspace, pk=pk)


def stage_url(pk: int) -> str:
    return reverse("stage_edit", args=[pk]) + "#playbook"


@member_required(Role.ADMIN, methods=FORM)
def playbook_task_new(request: MemberRequest, pk: int) -> HttpResponse:
    stage = get_object_or_404(Stage, workspace=request.workspace, pk=pk)
    form = PlaybookTaskForm(request.POST or None, workspace=request.workspace)
    template = "deals/settings/playbook_task.html"
    if request.method == "GET" or not form.is_valid():
        return dialog(request, template, form, stage=stage)
    try:
        setup.add_playbook_task(stage, by=request.member, **form.facts())
    except Refused as refusal:
        return form_refused(request, template, form, refusal, stage=stage)
    return done(request, stage_url(pk))


@member_required(Role.ADMIN, methods=FORM)
def playbook_task_edit(request: MemberRequest, pk: int) -> HttpResponse:
    task = one_task(request, pk)
    form = EditPlaybookTaskForm(request.POST or None, workspace=request.workspace, task=task)
    template = "deals/settings/playbook_task.html"
    if request.method == "GET" or not form.is_valid():
        return dialog(request, template, form, stage=task.stage, task=task)
    try:
        setup.edit_playbook_task(task, by=request.member, **form.facts())
    except Refused as refusal:
        return form_refused(request, template, form, refusal, stage=task.stage, task=task)
    return done(request, stage_url(task.stage_id))


@member_required(Role.ADMIN, methods=("POST",))
def playbook_task_delete(request: MemberRequest, pk: int) -> HttpResponse:
    task = one_task(request, pk)
    setup.delete_playbook_task(task, by=request.member)
    undo = reverse("playbook_task_restore", args=[pk])
    messages.success(request, f"{task} is planned no more. What is planned already stays.", extra_tags=undo)
    return done(request, stage_url(task.stage_id))


@member_required(Role.ADMIN, methods=("POST",))
def playbook_task_restore(request: MemberRequest, pk: int) -> HttpResponse:
    task = setup.restore_playbook_task(one_task(request, pk, "all_objects"), by=request.member)
    return done(request, stage_url(task.stage_id))


@member_required(Role.ADMIN, methods=("POST",))
def playbook_order(request: MemberRequest, pk: int) -> HttpResponse:
    stage = get_object_or_404(Stage, workspace=request.workspace, pk=pk)

    def act(order: Sequence[int], seen: Sequence[int]) -> None:
        setup.reorder_playbook(stage, order, seen=seen, by=request.member)

    return reordered(request, act, stage_url(pk))


# --- reasons ----------------------------------------------------------------------------------------


def closing_kind(kind: str) -> str:
    if kind not in (Kind.WON, Kind.LOST):
        raise Http404("No such kind")
    return kind


@member_required(Role.ADMIN)
def reason_list(request: MemberRequest) -> HttpResponse:
    reasons = list(CloseReason.objects.filter(workspace=request.workspace))
    groups = [
        (kind, kind.label, [reason for reason in reasons if reason.kind == kind]) for kind in (Kind.LOST, Kind.WON)
    ]
    return render(request, "deals/settings/reason_list.html", {"groups": groups})


@member_required(Role.ADMIN, methods=FORM)
def reason_new(request: MemberRequest, kind: str) -> HttpResponse:
    form = ReasonForm(request.POST or None)
    template, context = "deals/settings/reason.html", {"closes": closing_kind(kind)}
    return saved(
        request,
        template,
        form,
        lambda facts: setup.add_reason(request.workspace, kind=kind, by=request.member, **facts),
        reverse("reason_list"),
        **context,
    )


@member_required(Role.ADMIN, methods=FORM)
def reason_edit(request: MemberRequest, pk: int) -> HttpResponse:
    reason = get_object_or_404(CloseReason, workspace=request.workspace, pk=pk)
    form = EditReasonForm(request.POST or None, reason=reason)
    template = "deals/settings/reason.html"
    return saved(
        request,
        template,
        form,
        lambda facts: setup.edit_reason(reason, by=request.member, **facts),
        reverse("reason_list"),
        reason=reason,
    )


@member_required(Role.ADMIN, methods=("POST",))
def reason_archive(request: MemberRequest, pk: int) -> HttpResponse:
    reason = get_object_or_404(CloseReason, workspace=request.workspace, pk=pk)
    setup.archive_reason(reason, by=request.member)
    undo = reverse("reason_restore", args=[pk])
    messages.success(request, f"{reason} is offered no more. Deals that have it keep it.", extra_tags=undo)
    return done(request, reverse("reason_list"))


@member_required(Role.ADMIN, methods=("POST",))
def reason_restore(request: MemberRequest, pk: int) -> HttpResponse:
    reason = get_object_or_404(CloseReason.all_objects, workspace=request.workspace, pk=pk)
    setup.restore_reason(reason, by=request.member)
    return done(request, reverse("reason_list"))


@member_required(Role.ADMIN, methods=("POST",))
def reason_order(request: MemberRequest, kind: str) -> HttpResponse:
    def act(order: Sequence[int], seen: Sequence[int]) -> None:
        setup.reorder_reasons(request.workspace, closing_kind(kind), order, seen=seen, by=request.member)

    return reordered(request, act, reverse("reason_list"))
