"""Playbooks at work: what follows when a deal enters or leaves a stage. Run after commit, once for each entry.

Whatever is retried or runs at the same time, and in whatever order the news of a deal arrive: its row is locked, and each
task of each entry has one PlaybookRun, which says what became of it and why.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from activities.actions import EDITABLE, HISTORY, cancel_task, plan_task, record, reopen_task
from activities.models import Activity, Door, Task
from deals.models import Deal, Kind, PlaybookRun, PlaybookTask, StageEvent
from deals.working_time import after_days, after_hours, week_of
from workspaces.action import action
from workspaces.asking import asked_often
from workspaces.memory import remembered
from workspaces.models import Membership, User, Workspace

# Moves of people and automations start playbooks; imports and the loading of history do not.
STARTING = frozenset((Door.WEB, Door.ADMIN, Door.API, Door.AUTOMATION))
# Who tells of a move so long after it is loading history.
LATE = timedelta(days=3)
# What a person edits; who it is for they may hand over, and the end of a day follows from that.
PLANNED = (*(name for name in EDITABLE if name != "assignee_id"), "status")
Unit = PlaybookTask.Unit
Outcome = PlaybookRun.Outcome


def on_activity(activity: Activity) -> None:
    """A handler of the outbox, for stage_change, deal_created and undo."""
    if event := event_of(activity):
        follow(event)


def event_of(activity: Activity) -> StageEvent | None:
    if activity.kind == Activity.Kind.DEAL_CREATED:
        return beginnings.first(deal=activity.deal_id) if activity.deal_id else None
    events = StageEvent.objects.filter(deal_id=activity.deal_id)
    return events.filter(pk=activity.data["event"]).first() if activity.data.get("event") else None


@asked_often
def beginnings(deal: int) -> QuerySet[StageEvent]:
    return StageEvent.objects.filter(deal_id=deal, from_stage=None).order_by("pk")[:1]


@action
def follow(event: StageEvent) -> None:
    """Cancel what leaving a stage made pointless, and plan what entering the next one brings with it."""
    deal = held.first(deal=event.deal_id)
    if deal is None:
        return
    if event.undoes:
        take_back(event, event.undoes)
        return
    since = events_since(deal=deal.pk, event=event.pk)
    if not any(later.undoes_id == event.pk for later in since):
        leave(event)
    if event.door in STARTING and timezone.now() - event.left_at < LATE:
        enter(deal, event, since[0])


@asked_often
def held(deal: int) -> QuerySet[Deal]:
    return Deal.all_objects.select_for_update(no_key=True).filter(pk=deal)


@asked_often
def events_since(deal: int, event: int) -> QuerySet[StageEvent]:
    return StageEvent.objects.filter(deal_id=deal, pk__gte=event).order_by("-pk")


# --- leaving ----------------------------------------------------------------------------------------


def leave(event: StageEvent) -> None:
    """Open tasks of earlier entries that nobody edited are pointless now."""
    if event.from_stage:
        before = PlaybookRun.objects.filter(deal_id=event.deal_id, stage_event__lt=event.pk)
        cancel(before, event, f"the deal left {event.from_stage}")


def take_back(event: StageEvent, undone: StageEvent) -> None:
    """A move was undone: what it made goes, what it took away comes back; so too when an undo is undone."""
    runs = PlaybookRun.objects.filter(deal_id=event.deal_id)
    for run in runs.filter(cancelled_by=undone).select_related("task"):
        task = run.task
        if task and task.status == Task.Status.CANCELLED and task.version == run.task_version:
            run.task_version = reopen_task(task, by=None, door=Door.AUTOMATION).version
            run.cancelled_by, run.reopened_by = None, event
            run.save(update_fields=["task_version", "cancelled_by", "reopened_by"])
    cancel(runs.filter(Q(stage_event=undone) | Q(reopened_by=undone)), event, "the move was undone")


def cancel(runs: object, event: StageEvent, why: str) -> None:
    open_runs = runs.filter(task__status=Task.Status.OPEN)  # type: ignore[attr-defined]
    for run in open_runs.select_related("task").order_by("pk"):
        if is_untouched(run):
            run.task_version = cancel_task(run.task, by=None, door=Door.AUTOMATION, why=why).version
            run.cancelled_by = event
            run.save(update_fields=["task_version", "cancelled_by"])


def is_untouched(run: PlaybookRun) -> bool:
    """Whether the task is what the playbook planned, whoever has it by now. Whoever invited people to it has touched it."""
    task = run.task
    if task is None or task.version == run.task_version:
        return task is not None
    since = HISTORY.objects.filter(pgh_obj_id=task.pk, version__gte=run.task_version)
    edited = since.exclude(**{name: getattr(task, name) for name in PLANNED if name != "due_at" or not task.due_on})
    return not edited.exists() and not task.attendees.filter(is_off=False).exists()


# --- entering ---------------------------------------------------------------------------------------


def enter(deal: Deal, event: StageEvent, latest: StageEvent) -> None:
    """Each task of the stage's playbook is planned, or left out with the reason; the timeline tells of both."""
    playbook = playbook_of(deal.workspace_id, event.to_stage_id)
    if not playbook:
        return
    event.to_stage = playbook[0].stage  # which came with it
    known = planned_by(event=event.pk)
    gone = why_gone(deal, event, latest)
    titles = {title.casefold() for title in open_titles(deal=deal.pk)}
    runs = []
    for planned in playbook:
        if planned.pk in known:
            continue
        why = gone or ("a task of this name is open already" if planned.title.casefold() in titles else "")
        runs.append(left_out(planned, deal, event, why) if why else plan(planned, deal, event))
    if runs:
        record(
            deal,
            Activity.Kind.SYSTEM,
            by=None,
            door=Door.AUTOMATION,
            body=told(event, runs),
            data={"playbook": event.pk},
        )


def playbook_of(workspace_id: int, stage_id: int) -> list[PlaybookTask]:
    """Of a stage: asked for once for many entries."""

    def read() -> list[PlaybookTask]:
        tasks = PlaybookTask.objects.filter(stage_id=stage_id, is_active=True)
        return list(tasks.select_related("stage", "assignee", "workspace"))

    return remembered(workspace_id, f"playbook of {stage_id}", read)


@asked_often
def planned_by(event: int) -> QuerySet:
    return PlaybookRun.objects.filter(stage_event_id=event).values_list("playbook_task_id", flat=True)


@asked_often
def open_titles(deal: int) -> QuerySet:
    return Task.objects.filter(deal_id=deal, status=Task.Status.OPEN).values_list("title", flat=True)


def why_gone(deal: Deal, event: StageEvent, latest: StageEvent | None) -> str:
    """Why nothing is to be planned any more; "" where the deal still stands there by this entry."""
    if deal.deleted_at:
        return "the deal was deleted meanwhile"
    while latest and latest.undoes and latest.undoes.undoes:
        latest = latest.undoes.undoes  # an undo that was undone
    if latest == event:
        return ""
    if latest and latest.undoes_id == event.pk:
        return "the move was undone meanwhile"
    if deal.status != Kind.OPEN:
        return f"the deal was {deal.status} meanwhile"
    return f"the deal had moved on to {deal.stage} meanwhile"


def plan(planned: PlaybookTask, deal: Deal, event: StageEvent) -> PlaybookRun:
    assignee, why = who(planned, deal, event)
    task = plan_task(
        deal,
        planned.title,
        by=None,
        assignee_id=assignee and assignee.pk,
        type=planned.type,
        why=f"by the playbook of {planned.stage}",
        **due(planned, event.left_at, planned.workspace),
    )
    return run_of(planned, deal, event, outcome=Outcome.CREATED, task=task, task_version=task.version, why=why)


def left_out(planned: PlaybookTask, deal: Deal, event: StageEvent, why: str) -> PlaybookRun:
    return run_of(planned, deal, event, outcome=Outcome.SKIPPED, why=why)


def run_of(planned: PlaybookTask, deal: Deal, event: StageEvent, **facts: object) -> PlaybookRun:
    return PlaybookRun.objects.create(
        workspace_id=deal.workspace_id,
        deal=deal,
        stage_event=event,
        stage_id=event.to_stage_id,
        playbook_task=planned,
        **facts,
    )


def who(planned: PlaybookTask, deal: Deal, event: StageEvent) -> tuple[User | None, str]:
    """(who it is for, why it is not whom the rule names): one who is gone is stood in for by the owner."""
    named = {
        PlaybookTask.Assignee.OWNER: deal.owner_id,
        PlaybookTask.Assignee.MOVER: event.by_id or deal.owner_id,
        PlaybookTask.Assignee.MEMBER: planned.assignee_id,
    }[PlaybookTask.Assignee(planned.assignee_rule)]
    members = Membership.objects.active().filter(workspace_id=deal.workspace_id, user_id__in=[named, deal.owner_id])
    active = {member.user_id: member.user for member in members.select_related("user")}
    if named in active:
        return active[named], ""
    gone = f"{User.objects.get(pk=named)} is not active any more"
    if deal.owner_id in active:
        return active[deal.owner_id], f"{gone}: it fell to the owner"
    return None, f"{gone}, nor is the owner: it is nobody's"


def due(planned: PlaybookTask, at: datetime, workspace: Workspace) -> dict[str, object]:
    """`due_at` or `due_on`, as plan_task takes them: counted from `at` in the workspace's own working time."""
    week = week_of(workspace)
    if planned.due_unit == Unit.WORKING_HOURS:
        return {"due_at": after_hours(at, planned.due_amount, week)}
    day = at.astimezone(week.zone).date()
    if planned.due_unit == Unit.WORKING_DAYS:
        day = after_days(day, planned.due_amount, week)
    else:
        day += timedelta(days=planned.due_amount)
    return {"due_on": day}


def told(event: StageEvent, runs: list[PlaybookRun]) -> str:
    """What the timeline says: Playbook of Qualified: planned “Call”; left out “Mail” (why)."""
    planned = [f"“{run.playbook_task}”" + noted(run) for run in runs if run.outcome == Outcome.CREATED]
    skipped = [f"“{run.playbook_task}”" + noted(run) for run in runs if run.outcome == Outcome.SKIPPED]
    parts = [f"planned {', '.join(planned)}"] * bool(planned) + [f"left out {', '.join(skipped)}"] * bool(skipped)
    return f"Playbook of {event.to_stage}: {'; '.join(parts)}"


def noted(run: PlaybookRun) -> str:
    return f" ({run.why})" if run.why else ""
