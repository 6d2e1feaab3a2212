"""What people do about deals, leads, contacts and companies. `by` is the Membership that acts, None the system."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from activities.models import SUBJECTS, Activity, Door, Note, Task
from workspaces.access import acting, check_may
from workspaces.action import Refused, action
from workspaces.dates import check_dates
from workspaces.models import Membership, Role, Workspace
from workspaces.tenant import TenantModel


def about(subject: TenantModel) -> dict[str, int]:
    """The foreign keys of something about `subject`; a deal's or lead's activity also stands in its company's timeline."""
    name = subject._meta.model_name
    if name not in SUBJECTS:
        raise TypeError(f"nothing can be about a {name}")
    keys = {f"{name}_id": subject.pk}
    for parent in ("company", "contact"):
        if getattr(subject, f"{parent}_id", None) and name != parent:
            keys[f"{parent}_id"] = getattr(subject, f"{parent}_id")
    return keys


def record(
    subject: TenantModel,
    kind: Activity.Kind,
    *,
    by: Membership | None,
    door: Door,
    at: datetime | None = None,
    **fields: object,
) -> Activity:
    """Write one line of history in the caller's transaction."""
    check_dates(at=at)
    return Activity.objects.create(
        workspace_id=subject.workspace_id,
        kind=kind,
        actor_id=acting(by),
        door=door,
        at=at or timezone.now(),
        **about(subject),
        **fields,
    )


@action
def add_note(
    subject: TenantModel,
    body: str,
    *,
    by: Membership,
    door: Door = Door.WEB,
    pinned: bool = False,
    at: datetime | None = None,
) -> Note:
    check_may(by, Role.REP, "write notes")
    body = body.strip()
    if not body:
        raise Refused("An empty note was not saved.", fields={"body": "Write something first."})
    at = at or timezone.now()
    note = Note.objects.create(
        workspace_id=subject.workspace_id,
        body=body,
        author_id=by.user_id,
        pinned=pinned,
        created_at=at,
        **about(subject),
    )
    record(subject, Activity.Kind.NOTE, by=by, door=door, at=at, note=note)
    return note


@action
def edit_note(note: Note, body: str, *, by: Membership, pinned: bool = False) -> Note:
    """One's own notes; admins may edit everybody's. The audit trail keeps the old text."""
    if note.author_id != by.user_id:
        check_may(by, Role.ADMIN, "edit the notes of others")
    body = body.strip()
    if not body:
        raise Refused("A note cannot become empty.", fields={"body": "Write something, or delete the note."})
    note.body, note.pinned, note.edited_at = body, pinned, timezone.now()
    note.save(update_fields=["body", "pinned", "edited_at"])
    return note


@action
def log_call(
    subject: TenantModel,
    *,
    by: Membership,
    outcome: str,
    body: str = "",
    minutes: int | None = None,
    door: Door = Door.WEB,
    at: datetime | None = None,
) -> Activity:
    """A call that took place. `outcome` is one of Activity.Outcome, `minutes` its length."""
    check_may(by, Role.REP, "log calls")
    return record(
        subject, Activity.Kind.CALL, by=by, door=door, at=_past(at), outcome=outcome, body=body.strip(), minutes=minutes
    )


@action
def log_meeting(
    subject: TenantModel,
    *,
    by: Membership,
    body: str = "",
    minutes: int | None = None,
    door: Door = Door.WEB,
    at: datetime | None = None,
) -> Activity:
    check_may(by, Role.REP, "log meetings")
    return record(subject, Activity.Kind.MEETING, by=by, door=door, at=_past(at), body=body.strip(), minutes=minutes)


@action
def log_email(
    subject: TenantModel, *, by: Membership, body: str, door: Door = Door.WEB, at: datetime | None = None
) -> Activity:
    """An email that was sent elsewhere."""
    check_may(by, Role.REP, "log emails")
    if not body.strip():
        raise Refused("An empty email was not logged.", fields={"body": "Paste or sum up what was written."})
    return record(subject, Activity.Kind.EMAIL_OUT, by=by, door=door, at=_past(at), body=body.strip())


def _past(at: datetime | None) -> datetime:
    now = timezone.now()
    if at and at > now + timedelta(minutes=1):
        raise Refused("That lies in the future: plan a task instead.", fields={"at": "This lies in the future."})
    return at or now


@action
def plan_task(
    subject: TenantModel,
    title: str,
    *,
    by: Membership | None,
    assignee_id: int | None = None,
    type: str = Task.Type.TODO,
    due_at: datetime | None = None,
    due_all_day: bool = True,
    priority: int = Task.Priority.NORMAL,
    door: Door = Door.WEB,
    at: datetime | None = None,
) -> Task:
    """Something to do about `subject`, by `assignee_id` (a user id), else by whoever plans it."""
    check_may(by, Role.REP, "plan tasks")
    if not title.strip():
        raise Refused("A task needs a title.", fields={"title": "What is to be done?"})
    check_dates(due_on=due_at, at=at)
    assignee_id = assignee_id or acting(by)
    if (
        assignee_id
        and not Membership.objects.active().filter(workspace_id=subject.workspace_id, user_id=assignee_id).exists()
    ):
        raise Refused("The assignee is not a member of this workspace.", fields={"assignee": "Choose a member."})
    return Task.objects.create(
        workspace_id=subject.workspace_id,
        title=title.strip(),
        type=type,
        due_at=due_at,
        due_all_day=due_all_day,
        priority=priority,
        assignee_id=assignee_id,
        created_by_id=acting(by),
        created_at=at or timezone.now(),
        **about(subject),
    )


@action
def complete_task(task: Task, *, by: Membership, door: Door = Door.WEB, at: datetime | None = None) -> Task:
    """Done, once: a second click finds it done and writes nothing."""
    check_may(by, Role.REP, "complete tasks")
    check_dates(at=at)
    task = Task.objects.select_for_update().get(pk=task.pk)
    if task.status == Task.Status.DONE:
        return task
    task.status, task.done_at = Task.Status.DONE, at or timezone.now()
    task.save(update_fields=["status", "done_at"])
    Activity.objects.create(
        workspace_id=task.workspace_id,
        kind=Activity.Kind.TASK_DONE,
        actor_id=by.user_id,
        door=door,
        at=task.done_at,
        task=task,
        body=task.title,
        **_subject_keys(task),
    )
    return task


@action
def reopen_task(task: Task, *, by: Membership) -> Task:
    """Undo of `complete_task`: open again, and its line leaves the timeline."""
    check_may(by, Role.REP, "reopen tasks")
    task = Task.objects.select_for_update().get(pk=task.pk)
    Activity.objects.filter(task=task, kind=Activity.Kind.TASK_DONE).delete()
    task.status, task.done_at = Task.Status.OPEN, None
    task.save(update_fields=["status", "done_at"])
    return task


def _subject_keys(task: Task) -> dict[str, int | None]:
    return {f"{name}_id": getattr(task, f"{name}_id") for name in SUBJECTS}


def end_of_day(day: date, workspace: Workspace, zone: str = "") -> datetime:
    """When a task that is due "on Friday" is late: at the end of that day where its assignee lives."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone or workspace.time_zone))
