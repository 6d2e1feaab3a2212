"""The history of a deal's facts, in words: who changed what, when, by which door, from the audit trail of the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db import models

from activities.models import Door
from activities.timeline import DOORS
from activities.wording import in_words, what
from deals.models import Deal
from workspaces.admin_history import Entry, entries
from workspaces.formats import NONE, Formats
from workspaces.numbers import parse_id

PAGE = 30
MOST = 2000  # changes of one deal that are looked through for those of one fact
HISTORY = apps.get_model("deals", "DealHistory")
# Ids that mean nothing to a reader, and what follows from other facts.
LEFT_OUT = frozenset(("id", "workspace", "created_at", "created_by", "stage_entered_at", "deleted_by", "custom"))
FIELDS = {field.name: what(field.name) for field in Deal._meta.concrete_fields if hasattr(HISTORY, field.name)}
for _name in LEFT_OUT:
    FIELDS.pop(_name, None)


@dataclass(frozen=True)
class Line:
    """One change of one fact."""

    at: datetime
    who: str
    via: str
    field: str
    label: str
    before: str
    after: str


class Trail:
    """The changes of a deal, the newest first, of all facts or one (`field`), from the event `before` on."""

    def __init__(
        self,
        deal: Deal,
        formats: Formats,
        *,
        may_see: Callable[[set[int]], set[int]],
        field: str = "",
        before: str = "",
    ):
        """`may_see` says which of some leads the reader may see: the others have no name here."""
        self.deal, self.formats, self.field = deal, formats, field if field in FIELDS else ""
        events = HISTORY.objects.filter(pgh_obj_id=deal.pk).order_by("-pgh_id")
        if self.field:
            events = events.filter(pgh_id__in=self._of_field(events))
        cursor = parse_id(before)
        shown = list((events.filter(pgh_id__lt=cursor) if cursor else events)[: PAGE + 1])
        self.next = shown[PAGE - 1].pgh_id if len(shown) > PAGE else None
        shown = shown[:PAGE]
        self.leads = may_see({event.lead_id for event in (*shown, deal) if event.lead_id})
        # An event holds the deal as it was before its change; what it became stands in the next newer one.
        newest = shown[0].pgh_id if shown else 0
        newer = HISTORY.objects.filter(pgh_obj_id=deal.pk, pgh_id__gt=newest).order_by("pgh_id").first()
        self.lines = self._lines(entries(deal, shown, newer or deal, self._say))

    def _of_field(self, events: models.QuerySet) -> list[int]:
        column = Deal._meta.get_field(self.field).attname
        values = list(events.values_list("pgh_id", column)[:MOST])
        after = getattr(self.deal, column)
        found = []
        for pk, value in values:
            if value != after:
                found.append(pk)
            after = value
        return found

    def _say(self, field: models.Field, value: object, names: dict) -> str:
        if value is None or value == "":
            return NONE
        if field.name == "lead" and value not in self.leads:
            return "a lead"
        if isinstance(field, models.ForeignKey):
            return str(names[field.related_model].get(value, NONE))
        if isinstance(value, datetime):
            return self.formats.moment_full(value)
        return in_words(Deal, field.name, str(value), self.formats, self.deal.currency) or NONE

    def _lines(self, found: list[Entry]) -> list[Line]:
        lines = []
        for entry in found:
            via, nobody = DOORS.get(Door(entry.door), ("", "")) if entry.door else ("", "")
            who = entry.who if entry.who != "System" else nobody or entry.who
            for change in entry.changes:
                if change.field in FIELDS and self.field in ("", change.field):
                    lines.append(
                        Line(entry.at, who, via, change.field, FIELDS[change.field], change.before, change.after)
                    )
        return lines
