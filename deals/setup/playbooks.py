"""The tasks that a stage brings with it: added, changed, put in order, left off."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Max
from django.utils import timezone

from deals.models import PlaybookTask, Stage
from deals.setup.rows import check_order, check_row, lock_row, put_in_order, save_row
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role

EDITABLE = frozenset(("title", "type", "assignee_rule", "assignee_id", "due_amount", "due_unit", "is_active"))


@action
def add_playbook_task(stage: Stage, *, by: Membership | None, **facts: object) -> PlaybookTask:
    """One more, the last of its stage. It holds for deals that enter from now on."""
    check_may(by, Role.ADMIN, "change playbooks")
    stage = lock_row(stage)
    last = PlaybookTask.objects.filter(stage=stage).aggregate(last=Max("position"))["last"]
    task = PlaybookTask(
        workspace_id=stage.workspace_id, stage=stage, position=0 if last is None else last + 1, **checked(stage, facts)
    )
    check_row(task)
    task.save(force_insert=True)
    return task


@action
def edit_playbook_task(
    task: PlaybookTask, *, by: Membership | None, version: int | None = None, **facts: object
) -> PlaybookTask:
    check_may(by, Role.ADMIN, "change playbooks")
    task = lock_row(task, version)
    return save_row(task, checked(task.stage, facts, task))


@action
def delete_playbook_task(task: PlaybookTask, *, by: Membership | None, version: int | None = None) -> None:
    """It is archived: what it planned stays, and the report still counts it."""
    check_may(by, Role.ADMIN, "change playbooks")
    save_row(lock_row(task, version), {"archived_at": timezone.now()})


@action
def restore_playbook_task(task: PlaybookTask, *, by: Membership | None) -> PlaybookTask:
    check_may(by, Role.ADMIN, "change playbooks")
    task = PlaybookTask.all_objects.select_for_update().get(pk=task.pk)
    return save_row(task, {"archived_at": None})


@action
def reorder_playbook(stage: Stage, order: Sequence[int], *, seen: Sequence[int], by: Membership | None) -> None:
    check_may(by, Role.ADMIN, "change playbooks")
    tasks = list(PlaybookTask.objects.select_for_update().filter(stage=stage))
    put_in_order(tasks, check_order(tasks, order, seen))


def checked(stage: Stage, facts: dict[str, object], task: PlaybookTask | None = None) -> dict[str, object]:
    """The rule says who: a member is named with the rule "member" alone, and must be one."""
    if unknown := facts.keys() - EDITABLE:
        raise Refused(f"These cannot be set: {', '.join(sorted(unknown))}.")
    facts = {name: value.strip() if isinstance(value, str) else value for name, value in facts.items()}
    rule = facts.get("assignee_rule", task.assignee_rule if task else PlaybookTask.Assignee.OWNER)
    if rule != PlaybookTask.Assignee.MEMBER:
        return facts | {"assignee_id": None}
    assignee_id = facts.get("assignee_id", task.assignee_id if task else None)
    members = Membership.objects.active().filter(workspace_id=stage.workspace_id, user_id=assignee_id)
    if not assignee_id or not members.exists():
        raise Refused("Say which member it is for.", fields={"assignee": "Choose a member."})
    return facts
