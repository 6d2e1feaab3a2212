"""To say in which month a deal will close."""

from __future__ import annotations

from datetime import date

from activities.models import Door
from deals.actions.facts import update_deal
from deals.forecast import month_of, moved_to
from deals.models import Deal
from workspaces.action import Refused, action
from workspaces.models import Membership


@action
def expect_in_month(
    deal: Deal, month: date | None, *, by: Membership, version: int, today: date, door: Door = Door.WEB
) -> Deal:
    """On the same day of that month (its first day; None: no date at all), but not before `today`, which is that of
    whoever says it."""
    day = None
    if month is not None:
        if month < month_of(today):
            raise Refused("That month is over: choose one to come.")
        day = max(moved_to(month, deal.expected_close_date), today)
    return update_deal(deal, by=by, version=version, door=door, expected_close_date=day)
