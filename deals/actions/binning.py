"""Into the bin, and out of it."""

from __future__ import annotations

from django.utils import timezone

from activities.actions import record
from activities.models import Activity, Door
from deals.actions.locking import lock_deal
from deals.models import Deal
from workspaces.access import check_may
from workspaces.action import action
from workspaces.models import Membership, Role


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
