"""The list of tasks, and a task about nothing."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from activities import actions
from activities.calendar import VIEWS, Calendar
from activities.composing import TASK, form_of
from activities.filters import TaskFilter
from activities.forms import InviteForm
from activities.lines import present, rows
from activities.models import Attendee, Task
from activities.views import get_task, told
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.action import Refused
from workspaces.dialogs import dialog, form_refused
from workspaces.filtering import filter_panel
from workspaces.lists import Column, ListPage
from workspaces.pages import render_page

COLUMNS = (
    Column("title", "Task"),
    Column("due", "Due", sort="due_at", nullable=True),
    Column("about", "About"),
    Column("type", "Type"),
    Column("priority", "Priority", sort="priority"),
    Column("assignee", "Assignee"),
    Column("acts", "Actions"),
)
CLOSED = (COLUMNS[0], Column("changed", "When", sort="changed_at"), *COLUMNS[2:])
TABS = (("open", "Open"), ("done", "Done"), ("cancelled", "Cancelled"))


@member_required()
def task_list(request: MemberRequest) -> HttpResponse:
    """One's own, or with ?whose=all everybody's that one may see."""
    filterset = list_filter(request)
    if query := filterset.plain():
        return HttpResponseRedirect(f"?{query}")
    is_open = tab_of(request) == Task.Status.OPEN
    page = ListPage(request, rows(filterset.qs), COLUMNS if is_open else CLOSED, "due" if is_open else "-changed")
    lines = present(page.rows, request, visible_owners(request.member))
    context = {
        "filter": filterset,
        "tab": tab_of(request),
        "tabs": TABS,
        "page": page,
        "lines": lines,
        "whose": whose(request),
    }
    return render_page(request, "activities/task_list.html", context)


def tab_of(request: MemberRequest) -> str:
    tab = request.GET.get("tab", "")
    return tab if tab in dict(TABS) else "open"


def whose(request: MemberRequest) -> str:
    return "all" if request.GET.get("whose") == "all" or "assignee" in request.GET else "mine"


def list_filter(request: MemberRequest) -> TaskFilter:
    seen = Task.objects.of(request.member) if whose(request) == "mine" else Task.objects.visible_to(request.member)
    return TaskFilter(request.GET, queryset=seen.filter(status=tab_of(request)), request=request)


@member_required()
def task_filter(request: MemberRequest, name: str) -> HttpResponse:
    return filter_panel(request, list_filter(request), name, reverse("task_list"))


@member_required()
def calendar(request: MemberRequest) -> HttpResponse:
    """Tasks and meetings by day (`calendar.Calendar` reads the address)."""
    return render_page(request, "activities/calendar.html", {"calendar": Calendar(request), "views": VIEWS})


@member_required(methods=("GET", "POST"))
def task_add(request: MemberRequest) -> HttpResponse:
    """A task of one's own about nothing; the address may fill in some of the form, as in `task_new`."""
    form = form_of(request, TASK)
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "activities/compose.html", form, mode="task")
    try:
        task = actions.plan_task(request.workspace, by=request.member, **form.as_task())
    except Refused as refusal:
        return form_refused(request, "activities/compose.html", form, refusal, mode="task")
    return told(request, None, "Planned", task)


@member_required(methods=("GET", "POST"))
def meeting_invite(request: MemberRequest, pk: int) -> HttpResponse:
    """Who is asked to a meeting: people of what it is about, and any other address."""
    task, subject = get_task(request, pk)
    asked = list(Attendee.objects.filter(task=task).order_by("pk"))
    form = InviteForm(request.POST or None, people=actions.people_of(subject), asked=asked)
    context = {"task": task, "asked": asked}
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "activities/meeting_invite.html", form, **context)
    try:
        task = actions.invite_people(task, form.chosen(), by=request.member)
    except Refused as refusal:
        return form_refused(request, "activities/meeting_invite.html", form, refusal, **context)
    return told(request, subject, "Invitations are on their way", task)
