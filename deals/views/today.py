"""Today: what its reader has to do, and which of their deals need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.http import HttpResponse

from activities.due import due_by, due_within
from activities.lines import present as present_tasks
from activities.lines import rows as task_rows
from activities.models import Task
from deals.cards import PLANNED, present, rows
from deals.models import Deal
from workspaces.access import MemberRequest, member_required, visible_owners
from workspaces.formats import Formats
from workspaces.pages import render_page

AHEAD = 7  # days that "coming" looks ahead
SHOWN = 50
DEALS = 6
DAY = timedelta(days=1)
MORE = ("stage__rotting_days", "stage__name", "stage__color")


@member_required()
def today(request: MemberRequest) -> HttpResponse:
    formats = Formats.of(request)
    owners = visible_owners(request.member)
    sections = [
        {"key": key, "title": title, "tone": tone, "more": len(found) > SHOWN, "count": len(found[:SHOWN])}
        | {"lines": present_tasks(found[:SHOWN], request, owners)}
        for key, title, tone, found in tasks_of(request, formats)
    ]
    mine = Deal.objects.filter(workspace=request.workspace, owner_id=request.member.user_id).open()
    context = {
        "sections": sections,
        "coming_ends": formats.today + AHEAD * DAY,
        "stepless": deals(
            mine.filter(next_activity_at=None).order_by(F("amount").desc(nulls_last=True), "pk"), formats
        ),
        "rotting": deals(rotting(mine), formats),
    }
    return render_page(request, "deals/today.html", context)


def tasks_of(request: MemberRequest, formats: Formats) -> list[tuple[str, str, str, list[dict]]]:
    """(key, title, tone, tasks), of each one more than is shown where there are more."""
    open_tasks = task_rows(Task.objects.of(request.member).open()).order_by("due_at", "pk")
    due = list(open_tasks.filter(due_by(formats.today, formats.zone))[: 2 * SHOWN + 1])
    coming = due_within(formats.today + DAY, formats.today + AHEAD * DAY, formats.zone)
    now = datetime.now(UTC)

    def is_late(task: dict) -> bool:
        return task["due_on"] < formats.today if task["due_on"] else task["due_at"] < now

    return [
        ("overdue", "Overdue", "red", [task for task in due if is_late(task)]),
        ("today", "Today", "amber", [task for task in due if not is_late(task)]),
        ("week", "Coming", "green", list(open_tasks.filter(coming)[: SHOWN + 1])),
    ]


def deals(found: QuerySet[Deal], formats: Formats) -> dict[str, object]:
    """The first of them as cards, and whether there are more."""
    cards = present(rows(found, *MORE)[: DEALS + 1], formats)
    return {"cards": cards[:DEALS], "more": len(cards) > DEALS}


def rotting(mine: QuerySet[Deal]) -> QuerySet[Deal]:
    """As cards.rotting says of one deal, worst first."""
    window = ExpressionWrapper(F("stage__rotting_days") * timedelta(days=1), output_field=DurationField())
    quiet = Now() - Coalesce("last_activity_at", "created_at")
    found = mine.filter(stage__rotting_days__gt=0).annotate(
        window=window, quiet=ExpressionWrapper(quiet, DurationField())
    )
    found = found.filter(quiet__gte=F("window")).alias(soon=PLANNED)
    return found.filter(Q(soon=None) | Q(soon__gt=Now() + F("window"))).order_by("-quiet", "pk")
