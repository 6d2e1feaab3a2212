"""The composer and the tasks of any record; the record is named by its kind and id."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Model
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from activities import actions
from activities.forms import COMPOSER, TaskForm
from activities.models import SUBJECTS, Note, Task
from activities.timeline import Timeline, open_tasks
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.action import Refused
from workspaces.dialogs import dialog, done, form_refused, is_script

OWNED = ("deal", "lead")
VERBS = {"note": actions.add_note, "call": actions.log_call, "meeting": actions.log_meeting, "email": actions.log_email}


def get_subject(request: MemberRequest, kind: str, pk: int) -> Model:
    """A record that the member may see: fetch and permission in one."""
    if kind not in SUBJECTS:
        raise Http404("No such kind of record")
    records = apps.get_model(SUBJECTS[kind]).objects.filter(workspace=request.workspace)
    return get_object_or_404(records.owned_by(visible_owners(request.member)) if kind in OWNED else records, pk=pk)


def subject_of(request: MemberRequest, thing: Task | Note) -> Model:
    """What a task or note is about, if the member may see it."""
    kind = next(name for name in SUBJECTS if getattr(thing, f"{name}_id"))
    return get_subject(request, kind, getattr(thing, f"{kind}_id"))


@member_required()
def timeline(request: MemberRequest, kind: str, pk: int) -> HttpResponse:
    """One more page of a timeline."""
    subject = get_subject(request, kind, pk)
    return render(request, "activities/timeline.html#entries", {"timeline": Timeline(request, subject)})


def shown(request: MemberRequest, subject: Model) -> HttpResponse:
    """The record's tasks and timeline as they stand now; without JavaScript its page."""
    if not is_script(request):
        return done(request, subject.get_absolute_url())
    context = {"timeline": Timeline(request, subject), "tasks": open_tasks(request, subject), "subject": subject}
    return render(request, "activities/timeline.html#record", context)


@member_required(methods=("GET", "POST"))
def compose(request: MemberRequest, kind: str, pk: int, mode: str) -> HttpResponse:
    """GET: the form of a mode. POST: write a note, or log a call, a meeting or an email."""
    subject = get_subject(request, kind, pk)
    if mode not in COMPOSER:
        raise Http404("No such kind of entry")
    form = COMPOSER[mode](request.POST or None)
    context = {"subject": subject, "mode": mode}
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "activities/compose.html", form, **context)
    try:
        VERBS[mode](subject, by=request.member, **form.cleaned_data)
    except Refused as refusal:
        return form_refused(request, "activities/compose.html", form, refusal, **context)
    return shown(request, subject)


@member_required(methods=("GET", "POST"))
def task_new(request: MemberRequest, kind: str, pk: int) -> HttpResponse:
    subject = get_subject(request, kind, pk)
    form = TaskForm(request.POST or None, workspace=request.workspace, initial={"assignee": request.member.user_id})
    context = {"subject": subject, "mode": "task"}
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "activities/compose.html", form, **context)
    try:
        actions.plan_task(subject, by=request.member, **form.as_task())
    except Refused as refusal:
        return form_refused(request, "activities/compose.html", form, refusal, **context)
    return shown(request, subject)


@member_required(methods=("POST",))
def task_done(request: MemberRequest, pk: int) -> HttpResponse:
    task = get_object_or_404(Task, workspace=request.workspace, pk=pk)
    subject = subject_of(request, task)
    actions.complete_task(task, by=request.member)
    return shown(request, subject)


@member_required(methods=("POST",))
def task_reopen(request: MemberRequest, pk: int) -> HttpResponse:
    task = get_object_or_404(Task, workspace=request.workspace, pk=pk)
    subject = subject_of(request, task)
    actions.reopen_task(task, by=request.member)
    return shown(request, subject)


@member_required(methods=("GET", "POST"))
def note_edit(request: MemberRequest, pk: int) -> HttpResponse:
    note = get_object_or_404(Note, workspace=request.workspace, pk=pk)
    subject = subject_of(request, note)
    form = COMPOSER["note"](request.POST or None, initial={"body": note.body, "pinned": note.pinned})
    context = {"subject": subject, "note": note}
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "activities/note_edit.html", form, **context)
    try:
        actions.edit_note(note, form.cleaned_data["body"], pinned=form.cleaned_data["pinned"], by=request.member)
    except Refused as refusal:
        return form_refused(request, "activities/note_edit.html", form, refusal, **context)
    return shown(request, subject)
