"""The last day that a deal was expected to close, also where it has none now: taking a date away hides no slip."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property

from django.apps import apps

from deals.models import Deal

# Made by pghistory: each deal as it was before a change.
HISTORY = apps.get_model("deals", "DealHistory")


class LastDates:
    """Of deals that are about to be changed; looked up for all of them when the first without a date asks."""

    def __init__(self, deals: Sequence[Deal]):
        self.deals = deals

    def of(self, deal: Deal) -> date | None:
        return deal.expected_close_date or self.earlier.get(deal.pk)

    @cached_property
    def earlier(self) -> dict[int, date]:
        undated = [deal.pk for deal in self.deals if deal.expected_close_date is None]
        images = HISTORY.objects.filter(pgh_obj_id__in=undated, expected_close_date__isnull=False)
        last = images.order_by("pgh_obj_id", "-pgh_id").distinct("pgh_obj_id")
        return dict(last.values_list("pgh_obj_id", "expected_close_date"))
