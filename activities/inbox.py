"""What a member is told, as they read it: the count of the bell, the list by days, and each line in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.urls import NoReverseMatch, reverse

from activities.models import Notification
from activities.timeline import heading
from workspaces.access import MemberRequest, visible_owners
from workspaces.cursors import cursor, older_than
from workspaces.formats import Formats
from workspaces.models import Membership

PAGE = 30
NEWEST = 8  # in the popover
MANY = 99  # the bell counts no further
EXCERPT = 160  # letters of a note
Kind = Notification.Kind
LOOK = {
    Kind.MENTION: ("at-sign", "violet"),
    Kind.DEAL_ASSIGNED: ("user-round", "blue"),
    Kind.DEAL_CREATED: ("square-kanban", "teal"),
    Kind.TASK_ASSIGNED: ("calendar-plus", "blue"),
    Kind.TASK_DUE: ("bell", "amber"),
    Kind.STAGE_CHANGED: ("arrow-right", "blue"),
    Kind.DEAL_WON: ("trophy", "green"),
    Kind.DEAL_LOST: ("circle-x", "red"),
    Kind.POSITIVE_REPLY: ("mail", "green"),
    Kind.REPLY: ("mail", "sky"),
    Kind.NOTE: ("notebook-pen", "amber"),
    Kind.MAILBOX_DOWN: ("mail", "red"),
    Kind.JOB_FINISHED: ("check", "green"),
}
SAID = (
    *(field.attname for field in Notification._meta.concrete_fields),
    *("actor__name", "actor__email", "deal__name", "deal__amount", "deal__currency", "task__title"),
    *("activity__undone_at", "activity__note_id", "activity__note__body", "activity__note__deleted_at"),
)
# {who} {verb} {name} {rest}
VERBS = {
    Kind.MENTION: ("mentioned you on", ""),
    Kind.DEAL_ASSIGNED: ("assigned", "to you"),
    Kind.DEAL_CREATED: ("created", "for you"),
    Kind.TASK_ASSIGNED: ("gave you a task on", ""),
    Kind.TASK_DUE: ("Task due on", ""),
    Kind.STAGE_CHANGED: ("moved", ""),
    Kind.DEAL_WON: ("won", ""),
    Kind.DEAL_LOST: ("lost", ""),
    Kind.POSITIVE_REPLY: ("is interested:", ""),
    Kind.REPLY: ("wrote about", ""),
    Kind.NOTE: ("wrote a note on", ""),
}
REPLIES = (Kind.POSITIVE_REPLY, Kind.REPLY)


@dataclass(frozen=True)
class Told:
    """One notification in words: "{who} {verb} {name} {rest}", and what was written, if anything was."""

    who: str
    verb: str
    name: str
    rest: str
    quote: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.who, self.verb, self.name, self.rest)))


@dataclass(frozen=True)
class Line:
    """One row of the list; `day` is the heading above the first of each day, else empty. `url` marks it read on the way."""

    row: Notification
    told: Told
    icon: str
    tone: str
    url: str
    day: str
    is_struck: bool


def loaded(rows):
    """With all that a line says, and no more of it."""
    found = rows.select_related("actor", "deal", "task", "activity__note").only(*SAID)
    return found.prefetch_related("lead", "contact", "company")


def mine(member: Membership):
    return Notification.objects.shown_to(member, visible_owners(member))


def unread(member: Membership) -> int:
    """How many, up to MANY + 1. Pages ask only where a glance (context.py) shows that there may be some."""
    return mine(member).unread()[: MANY + 1].count()


class Inbox:
    """The newest notifications of a member, paged by ?before=<cursor>; `only_unread` filters."""

    def __init__(self, request: MemberRequest, *, only_unread: bool = False, before: str = "", size: int = PAGE):
        rows = loaded(mine(request.member)).order_by("-created_at", "-pk")
        if only_unread:
            rows = rows.unread()
        if before:
            rows = rows.filter(older_than(before, "created_at"))
        found = list(rows[: size + 1])
        self.next = cursor(found[size - 1].created_at, found[size - 1].pk) if len(found) > size else ""
        self.lines, last, formats = [], None, Formats.of(request)
        for row in found[:size]:
            day = formats.local_day(row.created_at)
            self.lines.append(line(row, formats, day if day != last else None))
            last = day


def line(row: Notification, formats: Formats, day: date | None = None) -> Line:
    icon, tone = LOOK[Kind(row.kind)]
    is_struck = bool(row.activity and row.activity.undone_at)
    head = heading(day, formats) if day else ""
    return Line(row, in_words(row, formats), icon, "" if is_struck else tone, url_of(row), head, is_struck)


def in_words(row: Notification, formats: Formats) -> Told:
    """For its recipient, who may see what it is about."""
    kind, data = Kind(row.kind), row.data
    if kind in Notification.SAID:
        return Told("", str(data.get("text", "")), "", "", "")
    verb, rest = VERBS[kind]
    who, quote = str(row.actor or ("" if kind == Kind.TASK_DUE else "An automation")), ""
    if kind == Kind.STAGE_CHANGED:
        rest = f"from {data.get('from', '')} to {data.get('to', '')}"
    elif kind == Kind.DEAL_WON and row.deal and row.deal.amount is not None:
        rest = f"· {formats.money(row.deal.amount, row.deal.currency)}"
    elif kind == Kind.TASK_DUE:
        verb = "Task due on" if row.subject else "Task due"
        rest = f"and {data['more']} more" if data.get("more") else ""
    elif kind == Kind.TASK_ASSIGNED and not row.subject:
        verb = "gave you a task"
    elif kind == Kind.DEAL_LOST and data.get("reason"):
        rest = f"· {data['reason']}"
    if kind in REPLIES:
        who, quote = str(data.get("who", "")), excerpt(str(data.get("phrase", "")))
    if data.get("many"):
        rest = f"{rest} · one of {formats.number(data['many'])} deals changed at once".strip()
    if row.task:
        quote = row.task.title
    elif note := row.activity and row.activity.note:
        quote = "" if note.deleted_at else excerpt(note.body)
    return Told(who, verb, str(row.subject or ""), rest, quote)


def excerpt(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= EXCERPT else text[:EXCERPT].rsplit(" ", 1)[0] + " …"


def url_of(row: Notification) -> str:
    """Where it leads; static/js/bell.js reads the fragment and says that it was read."""
    if row.subject:
        return f"{row.subject.get_absolute_url()}#n{row.pk}"
    try:
        path = reverse(str(row.data.get("view", "")), args=row.data.get("args", []))
    except NoReverseMatch:
        path = reverse("notification_list")
    return f"{path}#n{row.pk}"
