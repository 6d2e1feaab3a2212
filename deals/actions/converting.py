"""From a lead to a deal: in one click, or by conversion (domain.md section 2)."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet
from django.utils import timezone

from activities.actions import cancel_task, plan_task, record
from activities.models import Activity, Door, Note, Task
from deals.actions.binning import put_in_bin
from deals.actions.changes import is_as_left
from deals.actions.facts import create_deal
from deals.actions.locking import lock_deal, raise_stale
from deals.actions.people import add_contact, remove_contact
from deals.models import Conversion, Deal, DealContact, Kind, Stage
from leads.models import Lead
from workspaces.access import acting, check_may, visible_owners
from workspaces.action import NotAllowed, Refused, action, within
from workspaces.asking import Question, asked_often
from workspaces.memory import remembered
from workspaces.models import Membership, Role, Workspace
from workspaces.tenant import is_known, share_known

QUALIFIED = "qualified"
LONGEST_NAME = Deal._meta.get_field("name").max_length or 200
AROUND = ("workspace", "contact")  # what a lead is locked with
# What was done about a lead is what was done about its deal.
FOLLOWING: tuple[type[Model], ...] = (Activity, Task, Note)
FOLLOW = """
    WITH lines AS (UPDATE activities_activity SET deal_id = %(deal)s WHERE lead_id = %(lead)s AND deal_id IS NULL),
    tasks AS (UPDATE activities_task SET deal_id = %(deal)s WHERE lead_id = %(lead)s AND deal_id IS NULL)
    UPDATE activities_note SET deal_id = %(deal)s WHERE lead_id = %(lead)s AND deal_id IS NULL
"""
# Of these lines none says that somebody has worked the deal.
OWN = (
    Activity.Kind.DEAL_CREATED,
    Activity.Kind.LEAD_CONVERTED,
    Activity.Kind.TASK_CANCELLED,
    Activity.Kind.SYSTEM,
    Activity.Kind.UNDO,
)


def opportunity_name(lead: Lead) -> str:
    """What the deal of a lead is called, unless somebody says otherwise."""
    ending = " – Opportunity"
    return f"{lead.name[: LONGEST_NAME - len(ending)]}{ending}"


def opportunity_stage(workspace: Workspace, name: str = QUALIFIED) -> Stage:
    """Where the deal of a lead begins: in the stage of this name of the default pipeline, else in Qualified, else in its
    first open one."""
    stages = remembered(workspace.pk, "opening stages", lambda: opening_stages(workspace))
    named = {stage.name.casefold(): stage for stage in reversed(stages)}
    return named.get(name.casefold()) or named.get(QUALIFIED) or stages[0]


def opening_stages(workspace: Workspace) -> list[Stage]:
    return list(Stage.objects.filter(workspace=workspace, pipeline__is_default=True, kind=Kind.OPEN))


@action
def create_deal_from_lead(lead: Lead, *, by: Membership, door: Door = Door.WEB) -> tuple[Deal, bool]:
    """The lead's opportunity, and whether it is new: while an earlier one that they may see is open, that one is it."""
    check_may(by, Role.REP, "create deals")
    lead = lock_lead(lead)
    seen = Deal.objects.open().owned_by(visible_owners(by))
    if found := seen.filter(lead=lead, name=opportunity_name(lead)).order_by("pk").first():
        return found, False
    return make_opportunity(lead, by=by, door=door, at=timezone.now()), True


@action
def convert_lead(
    lead: Lead,
    *,
    by: Membership | None,
    deal: Deal | None = None,
    next_step: str = "",
    due_on: date | None = None,
    qualified_by: str = "",
    door: Door = Door.WEB,
    **facts: object,
) -> tuple[Deal, bool]:
    """A qualified lead becomes a deal with these `facts` (as create_deal takes them), or part of an open `deal`.
    `qualified_by`: what qualifies it just now, whatever its status was; an undo brings that status back.

    Once: a lead that is converted already answers with its deal, and False.
    """
    check_may(by, Role.REP, "convert leads")
    lead = lock_lead(lead)
    if lead.status == Lead.Status.CONVERTED:
        return deal_of(lead), False
    if lead.status != Lead.Status.QUALIFIED and not qualified_by:
        raise Refused(f"Only a qualified lead can be converted; {lead} is {lead.get_status_display().lower()}.")
    at = timezone.now()
    is_new = deal is None
    before: dict[str, int | str | None] = {}
    if deal is None:
        deal = make_opportunity(lead, by=by, door=door, at=at, **facts)
    else:
        deal, image = attach(lead, deal, by=by, door=door, at=at)
        before |= image
    if next_step.strip():
        task = plan_task(deal, next_step, by=by, assignee_id=deal.owner_id, due_on=due_on, at=at)
        before["task"] = task.pk
    mark_converted(lead, deal, by=by, door=door, at=at, before=before, is_new_deal=is_new, why=qualified_by)
    return deal, True


@action
def undo_conversion(lead: Lead, *, by: Membership, door: Door = Door.WEB) -> Lead:
    """The lead is what it was (qualified, mostly), and a deal made for it goes to the bin. Refused once somebody has worked
    the deal."""
    check_may(by, Role.REP, "undo conversions")
    lead = lock_lead(lead)
    conversion = standing(lead)
    if conversion is None:
        raise Refused(f"{lead} is not converted.")
    if conversion.by_id not in (None, by.user_id) and not by.may(Role.MANAGER):
        raise NotAllowed("Only a manager may undo what somebody else did.")
    deal = conversion.deal
    now = timezone.now()
    if deal is not None and deal.deleted_at is None:
        leave(lead, conversion, by, door, now)
    lead.status, lead.converted_at = conversion.before.get("status", Lead.Status.QUALIFIED), None
    if not conversion.before.get("was_qualified", True):
        lead.qualified_at = None
    lead.version += 1
    lead.save()
    conversion.undone_at = now
    conversion.save(update_fields=["undone_at"])
    Activity.objects.filter(lead=lead, kind=Activity.Kind.LEAD_CONVERTED, at=conversion.at).update(undone_at=now)
    record(lead, Activity.Kind.SYSTEM, by=by, door=door, at=now, body="Conversion taken back")
    return lead


# --- parts ------------------------------------------------------------------------------------------


def lock_lead(lead: Lead) -> Lead:
    """Leads are locked before deals. What `lead` was loaded with is not loaded again."""
    unknown = [name for name in AROUND if not is_known(lead, name)]
    locked = locked_with(*unknown).first(lead=lead.pk)
    if locked is None:
        raise Lead.DoesNotExist("Lead matching query does not exist.")
    share_known(lead, locked, AROUND)
    return locked


@cache
def locked_with(*names: str) -> Question[Lead]:
    @asked_often
    def locked(lead: int) -> QuerySet[Lead]:
        rows = Lead.objects.select_for_update(of=("self",)).filter(pk=lead)
        return rows.select_related(*names) if names else rows

    return locked


def standing(lead: Lead) -> Conversion | None:
    return Conversion.objects.filter(lead=lead, undone_at=None).first()


def deal_of(lead: Lead) -> Deal:
    """Of a converted lead."""
    conversion = standing(lead)
    # An import may bring leads that were converted elsewhere.
    deal = conversion.deal if conversion else Deal.objects.filter(lead=lead).order_by("-pk").first()
    if deal is None or deal.deleted_at is not None:
        raise Refused(f"{lead} was converted, and its deal deleted since. Restore the deal, or undo the conversion.")
    return deal


def make_opportunity(lead: Lead, *, by: Membership | None, door: Door, at: datetime, **facts: Any) -> Deal:
    """An open deal of the lead, with its company, person, campaign, segment and source."""
    known: dict[str, Any] = {
        "name": opportunity_name(lead),
        "stage": facts.get("stage") or opportunity_stage(lead.workspace),
        "owner_id": acting(by) or lead.owner_id,
        "amount": lead.estimated_amount,
        "company_id": lead.company_id,
        "campaign_id": lead.campaign_id,
        "source": lead.source,
    }
    deal = within(create_deal)(lead.workspace, by=by, door=door, at=at, lead=lead, **known | facts)
    if lead.contact_id:
        DealContact.objects.create(
            workspace_id=lead.workspace_id, deal=deal, contact_id=lead.contact_id, is_primary=True
        )
    return deal


def mark_converted(
    lead: Lead,
    deal: Deal,
    *,
    by: Membership | None,
    door: Door,
    at: datetime,
    before: dict[str, Any] | None = None,
    is_new_deal: bool = True,
    why: str = "",
) -> None:
    """The lead, which the caller holds, has become the deal; what was done about it was done about the deal."""
    before = {"status": lead.status, "was_qualified": lead.qualified_at is not None} | (before or {})
    with connection.cursor() as cursor:
        cursor.execute(FOLLOW, {"lead": lead.pk, "deal": deal.pk})
    lead.status, lead.converted_at, lead.qualified_at = Lead.Status.CONVERTED, at, lead.qualified_at or at
    lead.version += 1
    lead.save(update_fields=["status", "converted_at", "qualified_at", "version", "updated_at"])
    Conversion.objects.create(
        workspace_id=lead.workspace_id, lead=lead, deal=deal, is_new_deal=is_new_deal, by_id=acting(by), at=at,
        before=before, version=deal.version,
    )  # fmt: skip
    told = {"lead": lead.name} | ({"why": why} if why else {})
    record(deal, Activity.Kind.LEAD_CONVERTED, by=by, door=door, at=at, lead_id=lead.pk, data=told)


def attach(
    lead: Lead, deal: Deal, *, by: Membership | None, door: Door, at: datetime
) -> tuple[Deal, dict[str, int | None]]:
    """The lead's person joins a deal that is open already; its first lead stays the one that it came from. Also returns
    what an undo has to restore."""
    deal = lock_deal(deal.pk)
    if deal.status != Kind.OPEN:
        raise Refused(f"{deal} is {deal.status}: a lead is added to an open deal.")
    before = {"lead": deal.lead_id}
    if deal.lead_id is None:
        deal.lead = lead
        deal.version += 1
        deal.save()
    if lead.contact and not DealContact.objects.filter(deal=deal, contact=lead.contact).exists():
        before["person"] = add_contact(deal, lead.contact, by=by, door=door, at=at).pk
    return deal, before


def leave(lead: Lead, conversion: Conversion, by: Membership, door: Door, now: datetime) -> None:
    """The deal as it was before the conversion: in the bin, where it was made for it."""
    deal = lock_deal(conversion.deal_id or 0)
    check_untouched(deal, conversion)
    for model in FOLLOWING:
        since = "at" if model is Activity else "created_at"
        mine = model._base_manager.filter(lead=lead, deal=deal, **{f"{since}__lte": conversion.at})
        (mine.exclude(kind=Activity.Kind.LEAD_CONVERTED) if model is Activity else mine).update(deal=None)
    planned = Task.objects.filter(pk=conversion.before.get("task"), status=Task.Status.OPEN).first()
    if planned:
        cancel_task(planned, by=by, door=door)
    deal.refresh_from_db()
    if conversion.is_new_deal:
        # Taken out of the bin it is nobody's opportunity: the lead can be converted again, and has one deal.
        deal.lead = None
        put_in_bin(deal, by, now)
    else:
        deal.lead_id = conversion.before["lead"]
        if link := DealContact.objects.filter(pk=conversion.before.get("person")).first():
            remove_contact(link, by=by, door=door)
        deal.version += 1
    deal.save()
    record(deal, Activity.Kind.SYSTEM, by=by, door=door, at=now, body="Conversion of its lead taken back")


def check_untouched(deal: Deal, conversion: Conversion) -> None:
    if not is_as_left(deal, conversion.version):
        raise_stale(deal, what="cannot be undone any more")
    # What automations add of themselves goes with the deal.
    lines = Activity.objects.filter(deal=deal, at__gt=conversion.at, actor__isnull=False, undone_at=None)
    lines = lines.exclude(kind__in=OWN)
    if worked := lines.select_related("actor").order_by("-at").first():
        what = worked.get_kind_display().lower()
        raise Refused(f"It cannot be undone any more: {worked.actor} has worked the deal since ({what}).")
    tasks = Task.objects.filter(deal=deal, created_at__gt=conversion.at, created_by__isnull=False)
    if (
        planned := tasks.exclude(status=Task.Status.CANCELLED)
        .select_related("created_by")
        .order_by("-created_at")
        .first()
    ):
        raise Refused(f"It cannot be undone any more: {planned.created_by} has planned “{planned}” since.")
