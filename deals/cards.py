"""A card of the board, ready to be printed: dicts of strings, made in one pass (see docs/speed.md for why)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from activities.models import Task
from workspaces.formats import Formats
from workspaces.people import initials, tone_of

NEXT_TASK = (
    Task.objects.filter(workspace_id=OuterRef("workspace_id"), deal_id=OuterRef("pk"), status=Task.Status.OPEN)
    .order_by(F("due_at").asc(nulls_last=True), "pk")
    .values(task=JSONObject(title="title", due_at="due_at", all_day="due_all_day"))[:1]
)
COLUMNS = (
    "pk", "name", "amount", "currency", "expected_close_date", "stage_id", "stage_entered_at", "last_activity_at", "created_at", "status", "closed_at",
    "version", "rank", "company_id", "company__name", "owner_id", "owner__name", "stage__rotting_days", "stage__name", "stage__color", "probability",
)  # fmt: skip


def rows(deals: QuerySet) -> QuerySet:
    """The deals as dicts with what `present` needs: one query, whatever the number."""
    return deals.annotate(next_task=Subquery(NEXT_TASK)).values(*COLUMNS, "next_task")


def present(deals: Iterable[dict], formats: Formats, now: datetime | None = None) -> list[dict]:
    """Cards for the template `deals/card.html`."""
    now = now or datetime.now(UTC)
    return [card(deal, formats, now) for deal in deals]


def card(deal: dict, formats: Formats, now: datetime) -> dict:
    close = deal["expected_close_date"]
    is_open = deal["status"] == "open"
    days = max(0, (now - deal["stage_entered_at"]).days)
    rot = rotting(deal, now) if is_open else 0
    company = deal["company__name"] or ""
    owner = deal["owner__name"] or ""
    return {
        "id": deal["pk"],
        "version": deal["version"],
        "stage_id": deal["stage_id"],
        "name": deal["name"],
        "company": company,
        "company_initials": initials(company) if company else "",
        "company_tone": tone_of(deal["company_id"]),
        "amount": formats.money(deal["amount"], deal["currency"]),
        "raw_amount": deal["amount"] or 0,
        "weighted": (deal["amount"] or 0) * deal["probability"] / 100,
        "close": formats.day(close if is_open else formats.local_day(deal["closed_at"]))
        if close or not is_open
        else "",
        "late": is_open and close is not None and close < formats.today,
        "next": next_step(deal["next_task"], formats, now) if is_open else None,
        "days": days,
        "rot": rot,
        "rot_tone": ("", "amber", "red")[rot],
        "owner": owner,
        "owner_initials": initials(owner),
        "owner_tone": tone_of(deal["owner_id"]),
    }


def rotting(deal: dict, now: datetime) -> int:
    """0, 1 (no activity for the stage's days) or 2 (for half as long again). A task planned within the window pauses it."""
    limit = deal["stage__rotting_days"]
    if not limit:
        return 0
    window = timedelta(days=limit)
    task = deal["next_task"]
    if task and task["due_at"] and now <= due(task) <= now + window:
        return 0
    quiet = now - (deal["last_activity_at"] or deal["created_at"])
    return 2 if quiet >= 1.5 * window else 1 if quiet >= window else 0


def due(task: dict) -> datetime:
    return datetime.fromisoformat(task["due_at"])


def next_step(task: dict | None, formats: Formats, now: datetime) -> dict[str, str]:
    """Words, icon and tone of the next activity: green planned, amber today, red overdue, grey none."""
    if task is None:
        return {"tone": "grey", "icon": "circle-dashed", "text": "No next step"}
    if not task["due_at"]:
        return {"tone": "green", "icon": "calendar-check", "text": task["title"]}
    when = due(task)
    day = formats.local_day(when)
    if when < now and (day < formats.today or not task["all_day"]):
        late = f"{(formats.today - day).days} d late" if day < formats.today else f"since {formats.clock(when)}"
        return {"tone": "red", "icon": "circle-alert", "text": f"{task['title']} · {late}"}
    if day == formats.today:
        time = "" if task["all_day"] else f" {formats.clock(when)}"
        return {"tone": "amber", "icon": "bell", "text": f"{task['title']} · today{time}"}
    return {"tone": "green", "icon": "calendar-check", "text": f"{task['title']} · {formats.day(day)}"}
