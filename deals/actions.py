"""What people do with deals: one verb each, behind every door (domain.md section 3).

Locks are taken in one order everywhere: deals by id, then stages by id. The totals' rows come last, by trigger.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from activities.actions import record
from activities.models import Activity, Door
from deals.models import Deal, DealContact, Kind, Pipeline, Stage, StageEvent
from deals.ranks import rank_again, rank_at
from deals.transitions import Closing, Policy, check_move, is_reopenable, needs_order
from leads.models import Campaign, Company, Contact, Segment
from workspaces.access import acting, check_may
from workspaces.action import NotAllowed, Refused, Stale, action
from workspaces.dates import check_dates
from workspaces.models import Membership, Role, User, Workspace

DEFAULT_STAGES = (
    ("New", 10, "#6B7280", Kind.OPEN, 7),
    ("Contacted", 20, "#3B82F6", Kind.OPEN, 10),
    ("Qualified", 40, "#6366F1", Kind.OPEN, 14),
    ("Meeting scheduled", 60, "#8B5CF6", Kind.OPEN, 10),
    ("Proposal", 80, "#F59E0B", Kind.OPEN, 10),
    ("Won", 100, "#10B981", Kind.WON, None),
    ("Lost", 0, "#EF4444", Kind.LOST, None),
)
# What a person may set on a deal; stage, status and closing have verbs of their own.
EDITABLE = frozenset(
    (
        "name", "company_id", "lead_id", "owner_id", "amount", "probability", "expected_close_date", "source", "campaign_id", "segment_id", "product",
        "next_step", "competitor", "won_reason", "lost_reason", "close_note",
    )
)  # fmt: skip
NAMED: dict[str, type[Model]] = {
    "owner_id": User, "company_id": Company, "campaign_id": Campaign, "segment_id": Segment,
}  # fmt: skip
CLOSING = ("won_reason", "lost_reason", "close_note", "competitor")
LINES = (Activity.Kind.STAGE_CHANGE, Activity.Kind.UNDO)
# Those that tell of a new version of a deal; a note or a call makes none.
CHANGES = (*LINES, Activity.Kind.FIELD_CHANGE, Activity.Kind.SYSTEM, Activity.Kind.DEAL_CREATED)
# What a stage change writes.
MOVED = (
    "stage", "pipeline", "status", "stage_entered_at", "last_activity_at", "closed_at", *CLOSING, "rank", "probability", "probability_source", "version",
    "updated_at",
)  # fmt: skip


def create_default_pipeline(workspace: Workspace) -> Pipeline:
    pipeline = Pipeline.objects.create(workspace=workspace, name="Sales", is_default=True)
    Stage.objects.bulk_create(
        Stage(
            workspace=workspace,
            pipeline=pipeline,
            name=name,
            position=position,
            probability=probability,
            color=color,
            kind=kind,
            rotting_days=rotting,
        )
        for position, (name, probability, color, kind, rotting) in enumerate(DEFAULT_STAGES)
    )
    return pipeline


@action
def create_deal(
    workspace: Workspace,
    *,
    name: str,
    stage: Stage,
    by: Membership | None,
    owner_id: int | None = None,
    probability: int | None = None,
    door: Door = Door.WEB,
    at: datetime | None = None,
    **fields: object,
) -> Deal:
    """A new deal on top of an open stage, owned by `owner_id` (a user id), else by whoever creates it."""
    check_may(by, Role.REP, "create deals")
    owner_id = owner_id or acting(by) or 0
    check_fields(workspace.pk, {"name": name.strip(), "owner_id": owner_id, "probability": probability} | fields)
    stage = lock_stages(stage.pk)[stage.pk]
    if stage.kind != Kind.OPEN:
        raise Refused(
            f"A new deal starts in an open stage, not in {stage.name}.", fields={"stage": "Choose an open stage."}
        )
    at = at or timezone.now()
    deal = Deal(
        workspace=workspace, name=name.strip(), pipeline_id=stage.pipeline_id, stage=stage, owner_id=owner_id, currency=workspace.currency,
        probability=stage.probability if probability is None else probability, rank=rank_at(stage), created_by_id=acting(by), created_at=at, stage_entered_at=at, last_activity_at=at, **fields,
    )  # fmt: skip
    if probability is not None:
        deal.probability_source = Deal.ProbabilitySource.MANUAL
    deal.save(force_insert=True)
    add_stage_event(deal, None, stage, by=by, door=door, at=at, entered_at=None, before={})
    record(deal, Activity.Kind.DEAL_CREATED, by=by, door=door, at=at, data={"stage": stage.name})
    return deal


@action
def update_deal(deal: Deal, *, by: Membership | None, version: int, door: Door = Door.WEB, **changes: object) -> Deal:
    """Set facts of a deal (EDITABLE). `probability=None` gives it back to the stage."""
    check_may(by, Role.REP, "change deals")
    deal = lock_deal(deal.pk, version, by)
    if "probability" in changes and deal.status != Kind.OPEN:
        raise Refused(
            f"A {deal.status} deal has no probability of its own.", fields={"value": "Reopen the deal first."}
        )
    changed = set_facts(deal, changes)
    if changed:
        deal.save()
        record(deal, Activity.Kind.FIELD_CHANGE, by=by, door=door, data={"changes": changed})
    return deal


def set_facts(
    deal: Deal, changes: Mapping[str, object], members: Container[int] | None = None
) -> dict[str, list[object]]:
    """Check and set, without saving. Returns {field: [old, new]}; nothing, and no new version, when all is so already."""
    unknown = changes.keys() - EDITABLE
    if unknown:
        raise Refused(f"These cannot be set: {', '.join(sorted(unknown))}.")
    check_fields(deal.workspace_id, changes, members)
    for kind in (Kind.WON, Kind.LOST):
        if changes.get(f"{kind}_reason") and deal.status != kind:
            raise Refused(f"Only a {kind} deal has a reason for it.")
    changed = {
        field: [said(field, getattr(deal, field)), said(field, value)]
        for field, value in changes.items()
        if getattr(deal, field) != value
    }
    if not changed:
        return changed
    for field, value in changes.items():
        setattr(deal, field, value)
    if "probability" in changed:
        deal.probability_source = (
            Deal.ProbabilitySource.STAGE if deal.probability is None else Deal.ProbabilitySource.MANUAL
        )
        if deal.probability is None:
            deal.probability = deal.stage.probability
    deal.version += 1
    return changed


@action
def move_to_stage(
    deal: Deal,
    stage: Stage,
    *,
    by: Membership | None,
    door: Door = Door.WEB,
    version: int | None = None,
    after: int | None = None,
    before: int | None = None,
    reason: str = "",
    note: str = "",
    competitor: str = "",
    at: datetime | None = None,
) -> tuple[Deal, StageEvent | None]:
    """Put a deal into a stage, below the card `after` or above `before` (ids), else on top.

    Within the same stage it only changes places, and there is no event. `version` is the one the caller saw;
    None (commands, automations) takes the newest. Closing reads reason, note and competitor.
    """
    check_may(by, Role.REP, "move deals")
    deal = lock_deal(deal.pk, version, by)
    stages = lock_stages(deal.stage_id, stage.pk)
    if stage.pk not in stages:
        raise Refused("This stage is gone. Reload the page.", fields={"stage": "This stage is gone."})
    source, target = stages[deal.stage_id], stages[stage.pk]
    if source.pk == target.pk:
        return _change_places(deal, target, after, before), None
    at = at or timezone.now()
    if source.pipeline_id == target.pipeline_id:
        policy = Policy(target.pipeline.max_skip, target.pipeline.win_from)
        order = list(target.pipeline.stages.all()) if needs_order(target, policy) else []
        closing = Closing(reason, note, competitor)
        check_move(source, target, order, policy, closing, may_reopen=_may_reopen(deal, by, at))
    elif source.kind != Kind.OPEN or target.kind != Kind.OPEN:
        raise Refused("Only an open deal moves to another pipeline, and into an open stage of it.")
    entered, image = deal.stage_entered_at, before_image(deal)
    deal.stage, deal.pipeline_id, deal.status = target, target.pipeline_id, target.kind
    deal.stage_entered_at = at
    deal.last_activity_at = max(at, deal.last_activity_at or at)
    _close(deal, target, at, reason, note, competitor)
    deal.rank = rank_at(target, after=after, before=before, moved=deal.pk) if target.kind == Kind.OPEN else None
    if source.kind != Kind.OPEN and target.kind == Kind.OPEN:
        _take_back_probability(deal)
    if deal.probability_source == Deal.ProbabilitySource.STAGE or target.kind != Kind.OPEN:
        deal.probability = target.probability
    deal.version += 1
    deal.save(update_fields=MOVED)
    event = add_stage_event(deal, source, target, by=by, door=door, at=at, entered_at=entered, before=image)
    data = {"from": source.name, "to": target.name, "days": max(0, (at - entered).days), "event": event.pk}
    record(
        deal,
        Activity.Kind.STAGE_CHANGE,
        by=by,
        door=door,
        at=at,
        body=note,
        data=data | ({"reason": reason} if reason else {}),
    )
    return deal, event


def _change_places(deal: Deal, stage: Stage, after: int | None, before: int | None) -> Deal:
    if stage.kind == Kind.OPEN and (after or before):
        deal.rank = rank_at(stage, after=after, before=before, moved=deal.pk)
        deal.version += 1
        deal.save(update_fields=["rank", "version", "updated_at"])
    return deal


def _close(deal: Deal, target: Stage, at: datetime, reason: str, note: str, competitor: str) -> None:
    """Closing says when and why; reopening forgets both (the history keeps them). Never the expected date."""
    deal.closed_at = at if target.kind != Kind.OPEN else None
    deal.won_reason = reason if target.kind == Kind.WON else ""
    deal.lost_reason = reason if target.kind == Kind.LOST else ""
    deal.close_note = note if target.kind != Kind.OPEN else ""
    if target.kind != Kind.OPEN and competitor:
        deal.competitor = competitor


def _take_back_probability(deal: Deal) -> None:
    """Reopened: the one that was set by hand before it was closed, else that of the stage."""
    closing = StageEvent.objects.filter(deal=deal, from_stage__kind=Kind.OPEN).order_by("-left_at", "-id").first()
    before = closing.before if closing else {}
    deal.probability_source = before.get("probability_source", Deal.ProbabilitySource.STAGE)
    deal.probability = before.get("probability", deal.probability)


def _may_reopen(deal: Deal, by: Membership | None, now: datetime) -> bool:
    if deal.status == Kind.OPEN or by is None or by.may(Role.MANAGER):
        return True
    last = StageEvent.objects.filter(deal=deal).order_by("-left_at", "-id").first()
    return is_reopenable(
        is_manager=False,
        closed_by_same_user=last is not None and last.by_id == by.user_id,
        closed_at=deal.closed_at,
        now=now,
    )


@action
def undo_stage_change(event: StageEvent, *, by: Membership, door: Door = Door.WEB) -> Deal:
    """Put a deal back as it was before this stage change: stage, place, age in the stage, probability, closing.

    Refused when anybody changed the deal since, and to others than who made the change and managers.
    """
    check_may(by, Role.REP, "undo moves")
    deal = lock_deal(event.deal_id)
    if deal.version != event.version:
        raise_stale(deal, what="cannot be undone any more")
    if event.by_id != by.user_id and not by.may(Role.MANAGER):
        raise NotAllowed("Only a manager may undo what somebody else did.")
    if event.from_stage_id is None:
        raise Refused("The creation of a deal is undone by deleting it.")
    now = timezone.now()
    stages = lock_stages(event.from_stage_id, event.to_stage_id)
    target = stages[event.from_stage_id]
    if deal.status != Kind.OPEN and not _may_reopen(deal, by, now):
        raise NotAllowed("Only a manager may reopen a closed deal, or whoever closed it within ten minutes.")
    image = before_image(deal)
    deal.stage, deal.pipeline_id, deal.status = target, target.pipeline_id, target.kind
    for field, value in event.before.items():
        setattr(deal, field, value)
    deal.stage_entered_at = event.entered_at or event.left_at
    deal.closed_at = datetime.fromisoformat(event.before["closed_at"]) if event.before["closed_at"] else None
    deal.rank = rank_again(target, event.before["rank"]) if target.kind == Kind.OPEN else None
    deal.version += 1
    _strike(event, now)
    deal.refresh_from_db(fields=["last_activity_at"])
    deal.save()
    undo = add_stage_event(
        deal,
        stages[event.to_stage_id],
        target,
        by=by,
        door=door,
        at=now,
        entered_at=event.left_at,
        before=image,
        undoes=event,
    )
    record(
        deal,
        Activity.Kind.UNDO,
        by=by,
        door=door,
        at=now,
        data={"from": stages[event.to_stage_id].name, "to": target.name, "event": undo.pk},
    )
    return deal


def _strike(event: StageEvent, now: datetime) -> None:
    """The line of an undone change counts for nothing any more; that of a change whose undoing is undone counts again."""
    _lines(event).update(undone_at=now)
    if event.undoes:
        _lines(event.undoes).update(undone_at=None)


def _lines(event: StageEvent) -> QuerySet[Activity]:
    """Found by their time, for which there is an index; what was imported closed names no event."""
    its = Q(data__event=event.pk) | ~Q(data__has_key="event")
    return Activity.objects.filter(its, deal_id=event.deal_id, at=event.left_at, kind__in=LINES)


@action
def delete_deal(deal: Deal, *, by: Membership, version: int | None = None, door: Door = Door.WEB) -> Deal:
    """Into the bin, from where it comes back for 30 days (tasks.empty_bin)."""
    check_may(by, Role.REP, "delete deals")
    deal = lock_deal(deal.pk, version, by)
    deal.deleted_at = timezone.now()
    deal.version += 1
    deal.save()
    record(deal, Activity.Kind.SYSTEM, by=by, door=door, body="Deal deleted")
    return deal


@action
def restore_deal(deal: Deal, *, by: Membership, door: Door = Door.WEB) -> Deal:
    check_may(by, Role.REP, "restore deals")
    deal = Deal.all_objects.select_for_update(no_key=True).get(pk=deal.pk)
    if deal.deleted_at is not None:
        deal.deleted_at = None
        deal.version += 1
        deal.save()
        record(deal, Activity.Kind.SYSTEM, by=by, door=door, body="Deal restored")
    return deal


# --- people -----------------------------------------------------------------------------------------


@action
def add_contact(
    deal: Deal,
    contact: Contact,
    *,
    by: Membership | None,
    role: str = "",
    door: Door = Door.WEB,
    at: datetime | None = None,
) -> DealContact:
    """A person in the deal; the first one is its primary contact."""
    check_may(by, Role.REP, "change deals")
    found = DealContact.objects.filter(deal=deal, contact=contact).first()
    if found:
        raise Refused(f"{contact} is in this deal already.", fields={"contact": "This person is in the deal already."})
    is_first = not DealContact.objects.filter(deal=deal).exists()
    link = DealContact.objects.create(
        workspace_id=deal.workspace_id, deal=deal, contact=contact, role=role, is_primary=is_first
    )
    record(deal, Activity.Kind.FIELD_CHANGE, by=by, door=door, at=at, data={"changes": {"people": ["", contact.name]}})
    return link


@action
def remove_contact(link: DealContact, *, by: Membership | None, door: Door = Door.WEB) -> None:
    """Where the primary contact goes, the one who came next takes the place."""
    check_may(by, Role.REP, "change deals")
    link.delete()
    if link.is_primary and (heir := DealContact.objects.filter(deal=link.deal).order_by("pk").first()):
        heir.is_primary = True
        heir.save(update_fields=["is_primary"])
    changes = {"people": [link.contact.name, None]}
    record(link.deal, Activity.Kind.FIELD_CHANGE, by=by, door=door, data={"changes": changes})


# --- parts ------------------------------------------------------------------------------------------


def lock_deal(pk: int, version: int | None = None, by: Membership | None = None) -> Deal:
    """The newest state, locked until the end of the transaction. `by` saw `version`."""
    deal = Deal.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if deal is None:
        raise Stale("This deal was deleted meanwhile.")
    if version is not None and deal.version != version:
        raise_stale(deal, by)
    return deal


def lock_stages(*pks: int) -> dict[int, Stage]:
    """Locked in the order of their ids: moves of a column go one after the other, so no two get the same rank."""
    stages = (
        Stage.objects.select_for_update(no_key=True, of=("self",))
        .select_related("pipeline")
        .filter(pk__in=pks)
        .order_by("pk")
    )
    return {stage.pk: stage for stage in stages}


def raise_stale(deal: Deal, by: Membership | None = None, what: str = "was not changed") -> None:
    """Say to `by` who changed the deal last, and to which stage it went."""
    of_facts = ~Q(data__has_key="changes") | ~Q(data__changes__has_key="people")
    lines = Activity.objects.filter(of_facts, deal=deal, kind__in=CHANGES)
    last = lines.select_related("actor").order_by("-at", "-id").first()
    to = last.data.get("to") if last and last.kind in LINES else None
    did = f"moved this deal to {to}" if to else "changed this deal"
    if by and last and last.actor_id == by.user_id and last.kind != Activity.Kind.DEAL_CREATED:
        raise Stale(f"It {what}: You {did} in another tab.")
    who = str(last.actor) if last and last.actor else "Somebody"
    raise Stale(f"It {what}: {who} {did} meanwhile.")


def check_fields(workspace_id: int, fields: Mapping[str, object], members: Container[int] | None = None) -> None:
    """What every door must keep to; the database holds the rest. `members`: see check_owner."""
    check_values(fields)
    if "owner_id" in fields:
        check_owner(workspace_id, fields["owner_id"], members)


def check_values(fields: Mapping[str, object]) -> None:
    if isinstance(day := fields.get("expected_close_date"), date):
        check_dates(expected_close_date=day)
    if "name" in fields and not str(fields["name"]).strip():
        raise Refused("A deal needs a name.", fields={"name": "What is it called?"})
    amount = fields.get("amount")
    if isinstance(amount, Decimal) and (amount < 0 or amount >= 10**12):
        raise Refused(
            "The amount must be between 0 and 999 999 999 999.", fields={"amount": "Between 0 and 999 999 999 999."}
        )
    probability = fields.get("probability")
    if isinstance(probability, int) and not 0 <= probability <= 100:
        raise Refused("A probability lies between 0 and 100 %.", fields={"probability": "Between 0 and 100."})


def check_owner(workspace_id: int, owner_id: object, members: Container[int] | None = None) -> None:
    """`members`: the user ids of the active members, where the caller has many deals to check."""
    if members is None:
        members = (
            Membership.objects.active()
            .filter(workspace_id=workspace_id, user_id=owner_id)
            .values_list("user_id", flat=True)
        )
    if owner_id not in members:
        raise Refused("The owner must be a member of this workspace.", fields={"owner": "Choose a member."})


def add_stage_event(
    deal: Deal,
    source: Stage | None,
    target: Stage,
    *,
    by: Membership | None,
    door: Door,
    at: datetime,
    entered_at: datetime | None,
    before: dict,
    undoes: StageEvent | None = None,
) -> StageEvent:
    return StageEvent.objects.create(
        workspace_id=deal.workspace_id, deal=deal, from_stage=source, to_stage=target, by_id=acting(by), door=door, amount=deal.amount,
        probability=deal.probability, entered_at=entered_at, left_at=at, before=before, version=deal.version, undoes=undoes,
    )  # fmt: skip


def before_image(deal: Deal) -> dict[str, object]:
    """What an undo needs beside stage and times."""
    fields = ("rank", "probability", "probability_source", *CLOSING)
    return {field: getattr(deal, field) for field in fields} | {
        "closed_at": deal.closed_at and deal.closed_at.isoformat()
    }


def said(field: str, value: object) -> object:
    """A value as the timeline shows it and JSON keeps it: of what an id names, the name.

    But for a lead, which may be hidden from who sees the deal.
    """
    if field in NAMED and value is not None:
        row = NAMED[field]._base_manager.filter(pk=value).first()
        return str(row or "")
    return value if value is None or isinstance(value, (int, str)) else str(value)
