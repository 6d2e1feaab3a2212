"""The history of a deal's facts, in words: who changed what, when, by which door, from the audit trail of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise

from django.apps import apps
from django.db import models
from django.db.models.fields.json import KeyTransform

from activities.models import Door
from activities.timeline import DOORS
from activities.wording import in_words, what
from deals.models import Deal
from workspaces.admin_history import Entry, entries
from workspaces.custom.fields import all_fields, names_for
from workspaces.custom.values import Entity, say
from workspaces.formats import NONE, Formats
from workspaces.numbers import parse_id

PAGE = 30
MOST = 2000  # changes of one deal that are looked through for those of one fact
HISTORY = apps.get_model("deals", "DealHistory")
# Ids that mean nothing to a reader, what follows from other facts, and custom fields, which are told one by one.
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
        self.deal, self.formats = deal, formats
        self.custom = {each.name: each for each in all_fields(deal.workspace, Entity.DEAL)}
        self.fields = FIELDS | {name: each.label for name, each in self.custom.items()}
        self.field = field if field in self.fields else ""
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
        images = [newer or deal, *shown]
        self.lines = self._lines(entries(deal, shown, images[0], self._say), images)

    def _of_field(self, events: models.QuerySet) -> list[int]:
        if custom := self.custom.get(self.field):
            kept: models.F | KeyTransform = KeyTransform(custom.key, "custom")
            after = self.deal.custom.get(custom.key)
        else:
            kept = models.F(Deal._meta.get_field(self.field).attname)
            after = getattr(self.deal, kept.name)
        values = list(events.annotate(kept=kept).values_list("pgh_id", "kept")[:MOST])
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

    @cached_property
    def _names(self) -> dict[int, str]:
        return names_for(self.deal.workspace_id, tuple(self.custom.values()))

    def _of_custom(self, old: models.Model, new: models.Model) -> Iterator[tuple[str, str, str]]:
        """(name, before, after) of each custom field that differs."""
        for name, field in self.custom.items():
            before, after = old.custom.get(field.key), new.custom.get(field.key)
            if before != after:
                said = (say(field, value, self.formats, self._names) or NONE for value in (before, after))
                yield name, *said

    def _lines(self, found: list[Entry], images: list[models.Model]) -> list[Line]:
        """`images` are the deal after and before each of the changes found."""
        lines = []
        for entry, (new, old) in zip(found, pairwise(images), strict=True):
            via, nobody = DOORS.get(Door(entry.door), ("", "")) if entry.door else ("", "")
            who = entry.who if entry.who != "System" else nobody or entry.who
            plain = [(change.field, change.before, change.after) for change in entry.changes if change.field in FIELDS]
            for name, before, after in (*plain, *self._of_custom(old, new)):
                if self.field in ("", name):
                    lines.append(Line(entry.at, who, via, name, self.fields[name], before, after))
        return lines
