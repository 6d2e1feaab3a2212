"""A deal once more."""

from __future__ import annotations

from typing import TypeVar

from django.utils import timezone

from activities.models import Door
from deals.actions.facts import create_deal
from deals.actions.locking import lock_deal
from deals.models import Deal, DealContact, Kind, LineItem, Stage
from workspaces.access import check_may
from workspaces.action import Refused, action
from workspaces.models import Membership, Role

COPY = " – copy"
# What is true of the copy too; closing, lead and what was done belong to the one deal alone.
COPIED = ("amount", "currency", "company_id", "source", "campaign_id", "segment_id", "product")
LENGTH = Deal._meta.get_field("name").max_length or 0


@action
def duplicate_deal(deal: Deal, *, by: Membership, door: Door = Door.WEB) -> Deal:
    """An open deal with its facts, people and line items: in its stage if that is open, else in the first of its pipeline."""
    check_may(by, Role.REP, "create deals")
    deal = lock_deal(deal.pk)
    stage = deal.stage
    if stage.kind != Kind.OPEN:
        first = Stage.objects.filter(pipeline_id=deal.pipeline_id, kind=Kind.OPEN).order_by("position").first()
        if first is None:
            raise Refused("Its pipeline has no open stage.")
        stage = first
    facts: dict = {name: getattr(deal, name) for name in COPIED}
    if deal.expected_close_date and deal.expected_close_date >= timezone.localdate():
        facts["expected_close_date"] = deal.expected_close_date
    by_hand = deal.status == Kind.OPEN and deal.probability_source == Deal.ProbabilitySource.MANUAL
    is_member = Membership.objects.active().filter(workspace_id=deal.workspace_id, user_id=deal.owner_id).exists()
    copy = create_deal(
        by.workspace,
        name=f"{deal.name[: LENGTH - len(COPY)]}{COPY}",
        stage=stage,
        by=by,
        owner_id=deal.owner_id if is_member else by.user_id,
        probability=deal.probability if by_hand else None,
        door=door,
        amount_source=deal.amount_source,
        **facts,
    )
    # As they stand: a choice may be offered no more and a member may have left, and the copy is as good as the deal.
    copy.custom = deal.custom
    copy.save(update_fields=["custom"])
    DealContact.objects.bulk_create(_again(copy, list(DealContact.objects.filter(deal=deal).order_by("pk"))))
    LineItem.objects.bulk_create(_again(copy, list(LineItem.objects.filter(deal=deal))))
    return copy


Row = TypeVar("Row", DealContact, LineItem)


def _again(copy: Deal, rows: list[Row]) -> list[Row]:
    for row in rows:
        row.pk, row._state.adding, row.deal = None, True, copy
    return rows
