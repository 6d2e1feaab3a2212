"""The composer and the tasks of any record; the record is named by its kind and id."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import messages
from django.db.models import Model
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from activities import actions
from activities.composing import TASK, Composer, form_of
from activities.due import follow_up_day
from activities.forms import COMPOSER, NoteEditForm, RescheduleForm, TaskEditForm, due
from activities.models import OWNED, SUBJECTS, Note, Task
from activities.timeline import Timeline
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.action import Refused, Stale
from workspaces.dialogs import dialog, done, form_refused, frame, is_script
from workspaces.formats import Formats
from workspaces.models import Role
from workspaces.numbers import parse_id

FOLLOW_UP = "Follow up: "
LONGEST_TITLE = Task._meta.get_field("title").max_length
SUGGESTED = 6
SAVED = {"note": "Note saved", "call": "Call logged", "meeting": "Meeting logged", "email": "Email logged"}
VERBS = {"note": actions.add_note, "call": actions.log_call, "meeting": actions.log_meeting, "email": actions.log_email}


def get_subject(request: MemberRequest, kind: str, pk: int) -> Model:
    """A record that the member may see: fetch and permission in one."""
    if kind not in SUBJECTS:
        raise Http404("No such kind of record")
    records = apps.get_model(SUBJECTS[kind]).objects.filter(workspace=request.workspace)
    return get_object_or_404(records.owned_by(visible_owners(request.member)) if kind in OWNED else records, pk=pk)


def subject_of(request: MemberRequest, thing: Task | Note) -> Model:
    """What a task or note is about, if the member may see it."""
    kind = next((name for name in SUBJECTS if getattr(thing, f"{name}_id")), "")
    return get_subject(request, kind, getattr(thing, f"{kind}_id", 0))


@member_required()
def timeline(request: MemberRequest, kind: str, pk: int) -> HttpResponse:
    """One more page of a timeline."""
    subject = get_subject(request, kind, pk)
    return render(request, "activities/timeline.html#entries", {"timeline": Timeline(request, subject)})


def told(
    request: MemberRequest,
    subject: Model | None,
    text: str,
    task: Task | None = None,
    *,
    undo: str = "",
    then: str = "",
) -> HttpResponse:
    """Saved, and a toast says so, with its undo and a form to go on with (`then`, a URL). Our JavaScript draws the page
    again, a plain form goes to the record's page, or to Today where there is none."""
    if not is_script(request):
        messages.success(request, f"{text}: {task.title}" if task else text, extra_tags=undo)
        return done(request, then or (subject.get_absolute_url() if subject else reverse("today")))
    deal = subject if subject and subject._meta.model_name == "deal" else None
    context = {"text": text, "task": task, "deal": deal, "undo": undo, "then": then}
    return render(request, "activities/told.html", context)


@member_required(methods=("GET", "POST"))
def compose(request: MemberRequest, kind: str, pk: int, mode: str) -> HttpResponse:
    """GET: the form of a mode. POST: write a note, or log a call, a meeting or an email."""
    subject = get_subject(request, kind, pk)
    if mode not in COMPOSER:
        raise Http404("No such kind of entry")
    form = form_of(request, mode)
    if request.method == "GET" or not form.is_valid():
        return composer(request, subject, mode, form)
    try:
        VERBS[mode](subject, by=request.member, **form.cleaned_data)
    except Refused as refusal:
        return composer(request, subject, mode, form, refusal)
    return told(request, subject, SAVED[mode])


@member_required(methods=("GET", "POST"))
def task_new(request: MemberRequest, kind: str, pk: int) -> HttpResponse:
    subject = get_subject(request, kind, pk)
    form = form_of(request, TASK)
    if request.method == "GET" or not form.is_valid():
        return composer(request, subject, TASK, form)
    try:
        task = actions.plan_task(subject, by=request.member, **form.as_task())
    except Refused as refusal:
        return composer(request, subject, TASK, form, refusal)
    return told(request, subject, "Planned", task)


def composer(
    request: MemberRequest, subject: Model, mode: str, form: Form, refusal: Refused | None = None
) -> HttpResponse:
    """The form of a mode where it was asked for: in the record's page (`?inline`), else in a dialog or on its own page."""
    template, context = "activities/compose.html", {"subject": subject, "mode": mode}
    if is_script(request) and "inline" in request.GET:
        template = "activities/composer.html"
        context = {"composer": Composer(request, subject, mode, form), "may_edit": True}
    if refusal:
        return form_refused(request, template, form, refusal, **context)
    return dialog(request, template, form, **context)


# --- one task ---------------------------------------------------------------------------------------


def get_task(request: MemberRequest, pk: int) -> tuple[Task, Model | None]:
    """A task that the member may see, and what it is about: None for nothing, and where they may not see that."""
    task = get_object_or_404(Task.objects.visible_to(request.member), pk=pk)
    try:
        return task, subject_of(request, task)
    except Http404:
        return task, None


def version_of(request: MemberRequest) -> int:
    version = parse_id(request.POST.get("version", ""))
    if version is None:
        raise Refused("Reload the page and try again.")
    return version


def undo_url(task: Task) -> str:
    return reverse("task_undo", args=[task.pk, task.version])


@member_required(Role.REP)
def task_menu(request: MemberRequest, pk: int) -> HttpResponse:
    task, _ = get_task(request, pk)
    context = {"task": task, "days": soon(Formats.of(request).today), "frame": frame(request, "popover")}
    return render(request, "activities/task_menu.html", context)


def soon(today: date) -> list[tuple[str, date]]:
    """The days that a task is put off to most often."""
    monday = today + timedelta(days=7 - today.weekday())
    days = {"Today": today, "Tomorrow": today + timedelta(days=1), "Next Monday": monday}
    return [*days.items(), ("In a week", today + timedelta(days=7))]


@member_required(methods=("GET", "POST"))
def task_edit(request: MemberRequest, pk: int) -> HttpResponse:
    task, subject = get_task(request, pk)
    form = TaskEditForm(request.POST or None, workspace=request.workspace, formats=Formats.of(request), task=task)
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "activities/compose.html", form, subject=subject, mode="edit")
    try:
        task = actions.update_task(task, by=request.member, version=form.cleaned_data["version"], **form.changes())
    except Stale as refusal:
        # Saving again is now a choice, not an accident.
        form.data = form.data.copy()
        form.data["version"] = Task.objects.get(pk=pk).version
        again = Stale(f"{refusal.message} Save again to put yours over it.")
        return form_refused(request, "activities/compose.html", form, again, subject=subject, mode="edit")
    except Refused as refusal:
        return form_refused(request, "activities/compose.html", form, refusal, subject=subject, mode="edit")
    return told(request, subject, "Changed", task, undo=undo_url(task))


@member_required(methods=("POST",))
def task_reschedule(request: MemberRequest, pk: int) -> HttpResponse:
    """Another day, at the same time of it."""
    task, subject = get_task(request, pk)
    form = RescheduleForm(request.POST)
    if not form.is_valid():
        raise Refused("To which day? Choose one and try again.")
    at = timezone.localtime(task.due_at).time() if task.due_at and not task.due_on else None
    when = due(form.cleaned_data["due_on"], at)
    task = actions.update_task(task, by=request.member, version=form.cleaned_data["version"], **when)
    return told(request, subject, "Rescheduled", task, undo=undo_url(task))


@member_required(methods=("POST",))
def task_done(request: MemberRequest, pk: int) -> HttpResponse:
    task, subject = get_task(request, pk)
    task = actions.complete_task(task, by=request.member, version=version_of(request))
    then = next_step_url(subject, task, Formats.of(request).today)
    return told(request, subject, "Done", task, undo=undo_url(task), then=then)


def next_step_url(subject: Model | None, task: Task, today: date) -> str:
    """Where the next task is planned, filled in after this one, if it was the last of an open deal."""
    if (
        subject is None
        or subject._meta.model_name != "deal"
        or subject.status != "open"
        or subject.tasks.filter(status="open").exists()
    ):
        return ""
    title = task.title if task.title.startswith(FOLLOW_UP) else f"{FOLLOW_UP}{task.title}"
    query = {"title": title[:LONGEST_TITLE], "type": task.type, "due_on": follow_up_day(today).isoformat()}
    return f"{reverse('task_new', args=['deal', subject.pk])}?{urlencode(query)}"


@member_required(methods=("POST",))
def task_cancel(request: MemberRequest, pk: int) -> HttpResponse:
    task, subject = get_task(request, pk)
    series = "skip" not in request.POST
    task = actions.cancel_task(task, by=request.member, version=version_of(request), series=series)
    return told(request, subject, "Cancelled" if series else "Skipped", task, undo=undo_url(task))


@member_required(methods=("POST",))
def task_reopen(request: MemberRequest, pk: int) -> HttpResponse:
    task, subject = get_task(request, pk)
    task = actions.reopen_task(task, by=request.member, version=version_of(request))
    return told(request, subject, "Opened again", task, undo=undo_url(task))


@member_required(methods=("POST",))
def task_undo(request: MemberRequest, pk: int, version: int) -> HttpResponse:
    """Takes back the change that made `version` of it."""
    task, subject = get_task(request, pk)
    task = actions.undo_task_change(task, by=request.member, version=version)
    return told(request, subject, "Undone", task)


@member_required(methods=("GET", "POST"))
def note_edit(request: MemberRequest, pk: int) -> HttpResponse:
    note = get_object_or_404(Note, workspace=request.workspace, pk=pk)
    subject = subject_of(request, note)
    form = NoteEditForm(request.POST or None, initial={"body": note.body, "pinned": note.pinned, "seen": note.edition})
    context = {"subject": subject, "note": note}
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "activities/note_edit.html", form, **context)
    try:
        actions.edit_note(note, by=request.member, **form.cleaned_data)
    except Stale:
        # What the other one wrote, beside what was typed here: saving again is now a choice, not an accident.
        newest = Note.objects.get(pk=pk)
        form.data = form.data.copy()
        form.data["seen"] = newest.edition
        refusal = Stale(f"This note was changed meanwhile. It now says: {newest.body} Save again to put yours over it.")
        return form_refused(request, "activities/note_edit.html", form, refusal, **context)
    except Refused as refusal:
        return form_refused(request, "activities/note_edit.html", form, refusal, **context)
    return told(request, subject, SAVED["note"])


@member_required(methods=("POST",))
def note_delete(request: MemberRequest, pk: int) -> HttpResponse:
    note = get_object_or_404(Note, workspace=request.workspace, pk=pk)
    subject = subject_of(request, note)
    actions.delete_note(note, by=request.member)
    return told(request, subject, "Note deleted", undo=reverse("note_restore", args=[pk]))


@member_required(methods=("POST",))
def note_restore(request: MemberRequest, pk: int) -> HttpResponse:
    note = get_object_or_404(Note.all_objects, workspace=request.workspace, pk=pk)
    subject = subject_of(request, note)
    actions.restore_note(note, by=request.member)
    return told(request, subject, "Note restored")


@member_required(Role.REP)
def mention_suggest(request: MemberRequest, kind: str, pk: int) -> HttpResponse:
    """Members whom a note on this record can name: ?q= is what was typed after the "@"."""
    subject = get_subject(request, kind, pk)
    members = actions.who_may_be_named(subject, request.GET.get("q", ""))[:SUGGESTED]
    return render(request, "activities/mention_suggest.html", {"members": members})
