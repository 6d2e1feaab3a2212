"""A deal changes hands."""

from __future__ import annotations

from activities.models import Door
from deals.actions.facts import update_deal
from deals.actions.verbs import hand_over
from deals.models import Deal, DealChange, Verb
from workspaces.action import action
from workspaces.models import Membership


@action
def assign_deal(
    deal: Deal, owner_id: int, *, by: Membership | None, version: int, with_tasks: bool = True, door: Door = Door.WEB
) -> Deal:
    """To an active member (a user id), who is told; the open tasks that the old owner has on it go along `with_tasks`."""
    deal = update_deal(deal, by=by, version=version, door=door, owner_id=owner_id)
    change = DealChange.objects.filter(deal=deal, verb=Verb.EDIT, version=deal.version, bulk=None).first()
    if with_tasks and deal.version != version and change:
        hand_over({deal.pk: change}, owner_id, by=by)
        change.save(update_fields=["before"])
    return deal
