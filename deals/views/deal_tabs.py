"""The tabs of a deal's page: links that change the address (?tab=), each with what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from activities.composing import MAIL, Composer
from activities.file_views import panel as files_panel
from activities.models import Note, Task
from activities.timeline import Timeline, open_and_ended, open_tasks
from deals.around import Around
from deals.models import Deal, LineItem
from workspaces.access import MemberRequest
from workspaces.formats import NONE, Formats
from workspaces.models import Role

Context = Callable[[MemberRequest, Deal, Around], dict[str, object]]
LONG_AGO = 50  # tasks that are done or cancelled, the newest
PLAN = 12  # tasks of a close plan


@dataclass(frozen=True)
class Tab:
    label: str
    context: Context


def tab_of(request: MemberRequest) -> str:
    asked = request.GET.get("tab", "")
    return asked if asked in TABS else "timeline"


def tabs(around: Around) -> list[tuple[str, str, int | None]]:
    """(name, label, how many lines it has)."""
    return [(name, tab.label, around.counts.get(name)) for name, tab in TABS.items()]


def composer(request: MemberRequest, deal: Deal, mode: str = "") -> dict[str, object]:
    """For those who may write; in the mode that the address asks for, else in the tab's own."""
    if not request.member.may(Role.REP):
        return {}
    return {"composer": Composer(request, deal, request.GET.get("compose", "") or mode)}


def timeline(request: MemberRequest, deal: Deal, around: Around) -> dict[str, object]:
    context = {"timeline": Timeline(request, deal), "tasks": open_tasks(request, deal)}
    return context | composer(request, deal)


def emails(request: MemberRequest, deal: Deal, around: Around) -> dict[str, object]:
    return {"timeline": Timeline(request, deal, "emails")} | composer(request, deal, MAIL)


def tasks(request: MemberRequest, deal: Deal, around: Around) -> dict[str, object]:
    open_, closed = open_and_ended(request, deal, LONG_AGO, (Task.Status.DONE, Task.Status.CANCELLED))
    return {"tasks": open_, "closed": closed} | composer(request, deal, "task")


def overview(request: MemberRequest, deal: Deal, around: Around) -> dict[str, object]:
    open_, done = open_and_ended(request, deal, PLAN)
    return {
        "step": open_[0] if open_ else None,
        "plan": len(done) + len(open_),
        "tasks": open_,
        "done": done[::-1],
        "notes": pinned(deal) if around.pinned else (),
        **items(request, deal),
        "may_price": request.member.may(Role.MANAGER),
    }


def pinned(deal: Deal) -> QuerySet[Note]:
    found = Note.objects.filter(workspace_id=deal.workspace_id, deal=deal, pinned=True)
    return found.select_related("author").prefetch_related("mentions__user").order_by("-created_at")


def files(request: MemberRequest, deal: Deal, around: Around) -> dict[str, object]:
    return files_panel(request, deal)


def items(request: MemberRequest, deal: Deal) -> dict[str, object]:
    """The lines, each with its figures in words, and what they come to."""
    formats, lines = Formats.of(request), list(deal.items.all())
    for line in lines:
        line.deal = deal
    return {
        "items": [(line, said(line, deal.currency, formats)) for line in lines],
        "items_sum": formats.money_exact(sum((line.total for line in lines), Decimal(0)), deal.currency),
    }


def said(line: LineItem, currency: str, formats: Formats) -> dict[str, str]:
    return {
        "quantity": formats.number(line.quantity, places(line.quantity)),
        "unit_price": formats.money_exact(line.unit_price, currency),
        "discount": formats.percent(line.discount / 100, places(line.discount)) if line.discount else NONE,
        "total": formats.money_exact(line.total, currency),
    }


def places(value: Decimal) -> int:
    """After the sign, without noughts at the end."""
    return max(0, -int(value.normalize().as_tuple().exponent))


TABS: dict[str, Tab] = {
    "overview": Tab("Overview", overview),
    "timeline": Tab("Timeline", timeline),
    "tasks": Tab("Tasks", tasks),
    "emails": Tab("Emails", emails),
    "files": Tab("Files", files),
}
