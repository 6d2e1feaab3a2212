"""Into the bin, and out of it."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from activities.actions import record
from activities.models import Activity, Door
from deals.actions.locking import lock_deal
from deals.models import Deal
from workspaces.access import acting, check_may
from workspaces.action import Refused, Stale, action
from workspaces.models import Membership, Role


@action
def delete_deal(deal: Deal, *, by: Membership, version: int | None = None, door: Door = Door.WEB) -> Deal:
    """Into the bin, from where it comes back for 30 days (tasks.empty_bin)."""
    check_may(by, Role.REP, "delete deals")
    deal = lock_deal(deal.pk, version, by)
    put_in_bin(deal, by, timezone.now())
    deal.save()
    record(deal, Activity.Kind.SYSTEM, by=by, door=door, body="Deal deleted")
    return deal


@action
def restore_deal(deal: Deal, *, by: Membership, door: Door = Door.WEB) -> Deal:
    check_may(by, Role.REP, "restore deals")
    deal = lock_binned(deal)
    if deal.deleted_at is not None:
        take_out(deal)
        deal.save()
        record(deal, Activity.Kind.SYSTEM, by=by, door=door, body="Deal restored")
    return deal


@action
def purge_deal(deal: Deal, *, by: Membership) -> None:
    """Out of the bin for good, with all that hangs on it. The audit trail keeps the row."""
    check_may(by, Role.MANAGER, "delete deals for good")
    deal = lock_binned(deal)
    if deal.deleted_at is None:
        raise Refused("Only what is in the bin can be deleted for good.")
    deal.delete()


def put_in_bin(deal: Deal, by: Membership | None, at: datetime) -> None:
    """Without saving; the bin says who did it."""
    deal.deleted_at, deal.deleted_by_id = at, acting(by)
    deal.version += 1


def take_out(deal: Deal) -> None:
    deal.deleted_at = deal.deleted_by = None
    deal.version += 1


def lock_binned(deal: Deal) -> Deal:
    found = Deal.all_objects.select_for_update(no_key=True).filter(pk=deal.pk).first()
    if found is None:
        raise Stale("This deal was deleted for good meanwhile.")
    return found
