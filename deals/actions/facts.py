"""To create a deal, and to set its facts."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import CharField, Model
from django.utils import timezone

from activities.actions import record
from activities.models import Activity, Door
from deals.actions.closing import Reasons
from deals.actions.events import add_stage_event
from deals.actions.images import image_of, note_change, what_was
from deals.actions.locking import lock_deal, lock_stage
from deals.actions.rates import checked_rate, rate_of, rates_for
from deals.actions.slipping import LastDates
from deals.forecast import SAID, Slip
from deals.models import Deal, Kind, Stage, Verb
from deals.ranks import rank_at
from deals.transitions import check_closing
from leads.models import Campaign, Company, Segment
from workspaces.access import acting, check_may
from workspaces.action import Refused, action
from workspaces.custom.records import set_custom
from workspaces.custom.values import Entity
from workspaces.dates import check_dates
from workspaces.members import active_members
from workspaces.models import Membership, Role, User, Workspace

# What a person may set on a deal; stage, status and closing have verbs of their own.
EDITABLE = frozenset(
    (
        "name", "company_id", "lead_id", "owner_id", "amount", "currency", "probability", "forecast_category", "expected_close_date", "source",
        "campaign_id", "segment_id", "product", "next_step", "competitor", "won_reason", "lost_reason", "close_note", "custom",
    )
)  # fmt: skip
NAMED: dict[str, type[Model]] = {
    "owner_id": User, "company_id": Company, "campaign_id": Campaign, "segment_id": Segment,
}  # fmt: skip

LONGEST: dict[str, tuple[int, str]] = {
    field.name: (field.max_length, str(field.verbose_name)) for field in Deal._meta.concrete_fields if isinstance(field, CharField) and field.max_length and not field.choices
}  # fmt: skip


@action
def create_deal(
    workspace: Workspace,
    *,
    name: str,
    stage: Stage,
    by: Membership | None,
    owner_id: int | None = None,
    probability: int | None = None,
    currency: str = "",
    door: Door = Door.WEB,
    at: datetime | None = None,
    custom: Mapping[str, object] | None = None,
    **fields: object,
) -> Deal:
    """A new deal on top of an open stage, owned by `owner_id` (a user id), else by whoever creates it, in `currency`,
    else in that of the workspace. `custom`: values of custom fields by key; None where nobody was asked for them (see
    set_custom)."""
    check_may(by, Role.REP, "create deals")
    owner_id = owner_id or acting(by) or 0
    check_fields(workspace.pk, {"name": name.strip(), "owner_id": owner_id, "probability": probability} | fields)
    currency = currency or workspace.currency
    rate = checked_rate(rates_for(workspace, currency), currency)
    stage = lock_stage(stage.pk)
    if stage.kind != Kind.OPEN:
        raise Refused(
            f"A new deal starts in an open stage, not in {stage.name}.", fields={"stage": "Choose an open stage."}
        )
    at = at or timezone.now()
    deal = Deal(
        workspace=workspace, name=name.strip(), pipeline_id=stage.pipeline_id, stage=stage, furthest=stage, owner_id=owner_id, currency=currency, rate=rate,
        probability=stage.probability if probability is None else probability, rank=rank_at(stage), created_by_id=acting(by), created_at=at, stage_entered_at=at, last_activity_at=at, **fields,
    )  # fmt: skip
    if probability is not None:
        deal.probability_source = Deal.ProbabilitySource.MANUAL
    set_custom(deal, Entity.DEAL, custom, is_new=True)
    deal.save(force_insert=True)
    add_stage_event(deal, None, stage, by=by, door=door, at=at, entered_at=None, before={})
    record(deal, Activity.Kind.DEAL_CREATED, by=by, door=door, at=at, data={"stage": stage.name})
    return deal


@action
def update_deal(
    deal: Deal,
    *,
    by: Membership | None,
    version: int,
    door: Door = Door.WEB,
    at: datetime | None = None,
    **changes: object,
) -> Deal:
    """Set facts of a deal (EDITABLE). `probability=None` gives it back to the stage; `custom` has the custom fields to
    change, by key."""
    check_may(by, Role.REP, "change deals")
    deal = lock_deal(deal.pk, version, by)
    image, now = image_of(deal), at or timezone.now()
    changed = set_facts(deal, changes, reasons=Reasons(deal.workspace_id, door), dates=LastDates([deal]))
    if changed:
        deal.save()
        record(deal, Activity.Kind.FIELD_CHANGE, by=by, door=door, at=now, data={"changes": changed})
        note_change(deal, Verb.EDIT, what_was(image, deal), by=by, door=door, at=now)
    return deal


def set_facts(
    deal: Deal,
    changes: Mapping[str, Any],
    members: Container[int] | None = None,
    *,
    reasons: Reasons,
    dates: LastDates,
) -> dict[str, list[object]]:
    """Check and set, without saving. Returns {field: [old, new]}; nothing, and no new version, when all is so already."""
    if changes.get("currency") == "":  # the one that it has
        changes = {field: value for field, value in changes.items() if field != "currency"}
    unknown = changes.keys() - EDITABLE
    if unknown:
        raise Refused(f"These cannot be set: {', '.join(sorted(unknown))}.")
    custom = changes.get("custom")
    changes = {field: value for field, value in changes.items() if field != "custom"}
    check_fields(deal.workspace_id, changes, members)
    check_status(deal, changes)
    check_reason(deal, changes, reasons)
    changed: dict[str, list[object]] = {
        field: [said(field, getattr(deal, field)), said(field, value)]
        for field, value in changes.items()
        if getattr(deal, field) != value
    }
    changed |= {name: [*pair] for name, pair in set_custom(deal, Entity.DEAL, custom, members=members).items()}
    if not changed:
        return changed
    if "currency" in changed:
        deal.rate = rate_of(deal, str(changes["currency"]))
    if "expected_close_date" in changed and deal.status == Kind.OPEN:
        slip = Slip(deal.slips, deal.slipped_days).after(dates.of(deal), day_or_none(changes))
        deal.slips, deal.slipped_days = slip.times, slip.days
    for field, value in changes.items():
        setattr(deal, field, value)
    if "probability" in changed:
        deal.probability_source = (
            Deal.ProbabilitySource.STAGE if deal.probability is None else Deal.ProbabilitySource.MANUAL
        )
        if deal.probability is None:
            deal.probability = deal.stage.probability
    if "amount" in changed and deal.amount_source == Deal.AmountSource.ITEMS:
        # By hand from now on; the items stay, and set_amount_source lets it follow them again.
        changed["amount_source"] = [deal.amount_source, Deal.AmountSource.MANUAL]
        deal.amount_source = Deal.AmountSource.MANUAL
    deal.version += 1
    return changed


def check_status(deal: Deal, changes: Mapping[str, object]) -> None:
    """What a deal may be told to be depends on whether it is open, won or lost."""
    for kind in (Kind.WON, Kind.LOST):
        if changes.get(f"{kind}_reason") and deal.status != kind:
            raise Refused(f"Only a {kind} deal has a reason for it.")
    if deal.status == Kind.OPEN:
        return
    reopen = {"value": "Reopen the deal first."}
    if "probability" in changes:
        raise Refused(f"A {deal.status} deal has no probability of its own.", fields=reopen)
    if changes.get("forecast_category"):
        raise Refused(f"A {deal.status} deal is closed in the forecast.", fields=reopen)


def check_reason(deal: Deal, changes: Mapping[str, Any], reasons: Reasons) -> None:
    """Saying afterwards why a deal was closed asks for what closing it does."""
    column = f"{deal.status}_reason"
    if deal.status == Kind.OPEN or not any(
        name in changes and changes[name] != getattr(deal, name) for name in (column, "close_note")
    ):
        return
    had = getattr(deal, column)
    reason, note = changes.get(column, had), changes.get("close_note", deal.close_note)
    check_closing(deal.status, reasons.closing(deal.status, reason, note, had=had))


def day_or_none(changes: Mapping[str, object]) -> date | None:
    day = changes["expected_close_date"]
    return day if isinstance(day, date) else None


def check_fields(workspace_id: int, fields: Mapping[str, object], members: Container[int] | None = None) -> None:
    """What every door must keep to; the database holds the rest. `members`: see check_owner."""
    check_values(fields)
    if "owner_id" in fields:
        check_owner(workspace_id, fields["owner_id"], members)


def check_values(fields: Mapping[str, object]) -> None:
    check_lengths(fields)
    if isinstance(day := fields.get("expected_close_date"), date):
        check_dates(expected_close_date=day)
    if "name" in fields and not str(fields["name"]).strip():
        raise Refused("A deal needs a name.", fields={"name": "What is it called?"})
    amount = fields.get("amount")
    if isinstance(amount, Decimal) and (amount < 0 or amount >= 10**12):
        raise Refused(
            "The amount must be between 0 and 999 999 999 999.", fields={"amount": "Between 0 and 999 999 999 999."}
        )
    said_category = fields.get("forecast_category")
    if said_category and said_category not in SAID:
        raise Refused("There is no such category.", fields={"forecast_category": "Choose a category."})
    probability = fields.get("probability")
    if isinstance(probability, int) and not 0 <= probability <= 100:
        raise Refused("A probability lies between 0 and 100 %.", fields={"probability": "Between 0 and 100."})


def check_lengths(fields: Mapping[str, object]) -> None:
    for name, value in fields.items():
        most, label = LONGEST.get(name, (0, ""))
        if most and isinstance(value, str) and len(value) > most:
            raise Refused(f"The {label} has at most {most} letters.", fields={name: f"At most {most} letters."})


def check_owner(workspace_id: int, owner_id: object, members: Container[int] | None = None) -> None:
    """`members`: the user ids of the active members, where the caller has many deals to check."""
    if members is None:
        asked = [owner_id] if isinstance(owner_id, int) else []
        members = [member.user_id for member in active_members(workspace_id, asked)]
    if owner_id not in members:
        raise Refused("The owner must be a member of this workspace.", fields={"owner": "Choose a member."})


def said(field: str, value: object) -> object:
    """A value as the timeline shows it and JSON keeps it: of what an id names, the name.

    But for a lead, which may be hidden from who sees the deal.
    """
    if field in NAMED and value is not None:
        row = NAMED[field]._base_manager.filter(pk=value).first()
        return str(row or "")
    return value if value is None or isinstance(value, (int, str)) else str(value)
