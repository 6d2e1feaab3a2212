"""A card of the board, ready to be printed: dicts of strings, made in one pass (see docs/speed.md for why)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject, Now
from django.urls import reverse
from django.utils.safestring import SafeString as Plain

from activities.due import how_due
from activities.models import Task
from workspaces.formats import Formats
from workspaces.people import initials, tone_of

OPEN_TASKS = Task.objects.filter(workspace_id=OuterRef("workspace_id"), deal_id=OuterRef("pk"), status=Task.Status.OPEN)
# What is to be done first, be it overdue; and when something is next due from now on.
NEXT_TASK = OPEN_TASKS.order_by(F("due_at").asc(nulls_last=True), "pk").values(
    task=JSONObject(pk="pk", title="title", due_at="due_at", due_on="due_on")
)[:1]
PLANNED = OPEN_TASKS.filter(due_at__gte=Now()).order_by("due_at").values("due_at")[:1]
COLUMNS = (
    "pk", "name", "amount", "currency", "base_amount", "expected_close_date", "stage_id", "stage_entered_at", "status", "closed_at",
    "version", "rank", "company_id", "company__name", "owner_id", "owner__name", "probability",
)  # fmt: skip
ROT = ("", "amber", "red")
NO_STEP = {"next_tone": "", "next_icon": "", "next_text": "", "next_when": ""}


def rows(deals: QuerySet, *more: str) -> QuerySet:
    """The deals as dicts with what `present` needs but for stage__rotting_days, and `more`: one query, whatever the number."""
    quiet_since = Coalesce("last_activity_at", "created_at")
    deals = deals.annotate(next_task=Subquery(NEXT_TASK), planned_at=Subquery(PLANNED), quiet_since=quiet_since)
    return deals.values(*COLUMNS, "next_task", "planned_at", "quiet_since", *more)


def present(
    deals: Iterable[dict], formats: Formats, now: datetime | None = None, *, may_edit: bool = False, came: str = ""
) -> list[dict]:
    """Cards for the template `deals/card.html`; those who `may_edit` get their menu. `came` is what their links say of
    the page that they stand in (see links.py)."""
    now = now or datetime.now(UTC)
    urls = reverse("deal_board")
    return [card(deal, formats, now, urls, may_edit, came) for deal in deals]


def card(deal: dict, formats: Formats, now: datetime, urls: str, may_edit: bool, came: str) -> dict:
    """All strings, as `filled` wants them; `Plain` ones are not looked through for markup: a board prints 2,500 of them."""
    is_open = deal["status"] == "open"
    day = deal["expected_close_date"] if is_open else formats.local_day(deal["closed_at"])
    company, owner = deal["company__name"] or "", deal["owner__name"] or ""
    return {
        "id": Plain(str(deal["pk"])),
        "url": f"{urls}{deal['pk']}/{came}" if came else Plain(f"{urls}{deal['pk']}/"),
        "menu": Plain(f"{urls}{deal['pk']}/move/") if may_edit else "",
        "version": Plain(str(deal["version"])),
        "name": deal["name"],
        "company": company,
        "company_initials": initials(company) if company else "",
        "company_tone": Plain(tone_of(deal["company_id"])),
        "amount": Plain(formats.money(deal["amount"], deal["currency"])),
        "raw_amount": Plain(str(deal["base_amount"] or 0)),
        "close": Plain(formats.day(day)) if day else "",
        "close_tone": "red" if is_open and day and day < formats.today else "",
        "days": Plain(max(0, (now - deal["stage_entered_at"]).days)),
        "rot_tone": ROT[rotting(deal, now)] if is_open else "",
        "owner": owner,
        "owner_given": owner.partition(" ")[0],
        "owner_initials": initials(owner),
        "owner_tone": Plain(tone_of(deal["owner_id"])),
        **(next_step(deal["next_task"], formats, now) if is_open else NO_STEP),
    }


def rotting(deal: dict, now: datetime) -> int:
    """0, 1 (no activity for the stage's days) or 2 (for half as long again). A task planned within the window pauses it."""
    limit = deal["stage__rotting_days"]
    if not limit:
        return 0
    window = timedelta(days=limit)
    if deal["planned_at"] and deal["planned_at"] <= now + window:
        return 0
    quiet = now - deal["quiet_since"]
    return 2 if quiet >= 1.5 * window else 1 if quiet >= window else 0


def next_step(task: dict | None, formats: Formats, now: datetime) -> dict[str, str]:
    """Words, time, icon and tone of the next activity (see how_due); grey where there is none."""
    if task is None:
        return {"next_tone": "grey", "next_icon": "circle-dashed", "next_text": "No next step", "next_when": ""}
    due_at = datetime.fromisoformat(task["due_at"]) if task["due_at"] else None
    due_on = date.fromisoformat(task["due_on"]) if task["due_on"] else None
    tone, icon, when = how_due(due_at, due_on, formats, now)
    return {"next_tone": tone, "next_icon": icon, "next_text": task["title"], "next_when": when}
