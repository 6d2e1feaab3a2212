"""Tasks as lines of Today, of the list and of the calendar: dicts of strings, made in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db.models import QuerySet
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.safestring import SafeString as Plain

from activities.due import how_due
from activities.models import OWNED, SUBJECTS, Task
from activities.timeline import TASKS
from workspaces.access import MemberRequest
from workspaces.formats import Formats
from workspaces.models import Role
from workspaces.people import initials, tone_of

COLUMNS = (
    "pk", "title", "type", "due_on", "due_at", "minutes", "place", "priority", "status", "repeat", "version", "changed_at",
    "assignee_id", "assignee__name", "deal_id", "deal__name", "deal__owner_id", "lead_id", "lead__name", "lead__owner_id",
    "contact_id", "contact__name", "company_id", "company__name",
)  # fmt: skip
HIDDEN = "Something you may not see"


def rows(tasks: QuerySet[Task]) -> QuerySet[Task, dict]:
    """As dicts with what `present` needs."""
    return tasks.values(*COLUMNS)


def present(
    tasks: Iterable[dict], request: MemberRequest, owners: list[int] | None, now: datetime | None = None
) -> list[dict]:
    """Lines for `activities/task_row.html`. `owners` are access.visible_owners of the reader: what a task of theirs is
    about may be hidden from them, and its name then is too."""
    now, formats, may_edit = now or datetime.now(UTC), Formats.of(request), request.member.may(Role.REP)
    token = Plain(get_token(request))
    urls = {kind: reverse(f"{kind}_detail", args=[0]) for kind in SUBJECTS}
    base = reverse("task_menu", args=[0])
    return [line(task, formats, owners, urls, base, may_edit, now) | {"csrf": token} for task in tasks]


def line(
    task: dict, formats: Formats, owners: list[int] | None, urls: dict, base: str, may_edit: bool, now: datetime
) -> dict:
    url, about = about_of(task, owners, urls)
    path = base.replace("/0/", f"/{task['pk']}/")
    is_open = task["status"] == Task.Status.OPEN
    tone, sign, when = how_due(task["due_at"], task["due_on"], formats, now) if is_open else ("grey", "check", "")
    assignee = task["assignee__name"] or ""
    return {
        "id": Plain(str(task["pk"])),
        "version": Plain(str(task["version"])),
        "title": task["title"],
        "icon": Plain(TASKS.get(Task.Type(task["type"]), "calendar-check")),
        "type": Plain(Task.Type(task["type"]).label),
        "tone": Plain(tone),
        "sign": Plain(sign),
        "when": when_in_words(task, formats, tone, when),
        "late": Plain("1") if tone == "red" else "",
        "changed": "" if is_open else formats.moment(task["changed_at"]),
        "priority": Plain(Task.Priority(task["priority"]).label) if task["priority"] != Task.Priority.NORMAL else "",
        "high": Plain("1") if task["priority"] == Task.Priority.HIGH else "",
        "repeat": Plain(Task.Repeat(task["repeat"]).label) if task["repeat"] else "",
        "place": task["place"],
        "about": about,
        "about_url": Plain(url) if url else "",
        "url": Plain(url or (f"{path}edit/" if may_edit and is_open else path if may_edit else reverse("task_list"))),
        "dialog": Plain("1") if may_edit and not url else "",
        "menu": Plain(path) if may_edit else "",
        "edit": Plain(f"{path}edit/") if may_edit and is_open else "",
        "done": Plain(f"{path}done/") if may_edit and is_open else "",
        "reopen": Plain(f"{path}reopen/") if may_edit and not is_open else "",
        "assignee": assignee,
        "initials": initials(assignee) if assignee else "",
        "assignee_tone": Plain(tone_of(task["assignee_id"])),
    }


def when_in_words(task: dict, formats: Formats, tone: str, when: str) -> str:
    """The day and the clock; how late, where it is."""
    if task["due_at"] is None or tone == "amber":
        return when
    day = formats.day(task["due_on"] or formats.local_day(task["due_at"]))
    told = day if task["due_on"] else f"{day}, {formats.clock(task['due_at'])}"
    return f"{told} · {when}" if when.endswith("late") else when if when.startswith("since") else told


def about_of(task: dict, owners: list[int] | None, urls: dict[str, str]) -> tuple[str, str]:
    """(URL, name) of what a task is about: empty for nothing, and without a URL where the reader may not see it."""
    kind = next((kind for kind in SUBJECTS if task[f"{kind}_id"]), None)
    if kind is None:
        return "", ""
    if kind in OWNED and owners is not None and task[f"{kind}__owner_id"] not in owners:
        return "", HIDDEN
    return urls[kind].replace("/0/", f"/{task[f'{kind}_id']}/"), task[f"{kind}__name"]
