"""The History page of a row, from the audit trail that the database keeps: who changed what, when and by which door."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.defaultfilters import date as format_date
from django.template.response import TemplateResponse
from django.utils import timezone
from pghistory.core import event_models

from workspaces.models import User

PER_PAGE = 25
NOTHING = "—"


@dataclass
class Change:
    field: str
    label: str
    before: str
    after: str


@dataclass
class Entry:
    at: datetime
    who: str
    door: str
    changes: list[Change] = field(default_factory=list)


def event_model(model: type[models.Model]) -> type[models.Model] | None:
    return next(iter(event_models(tracks_model=model)), None)


def entries(
    row: models.Model, events: list[models.Model], newer: models.Model, say: Callable[..., str] | None = None
) -> list[Entry]:
    """One entry per event, newest first. An event holds the row before its change; after it, the row is as the next
    newer event holds it, or as it stands now: `newer`. `say(field, value, names)` puts a value in words."""
    say = say or _text
    tracked = [f for f in events[0]._meta.fields if not f.name.startswith("pgh_")] if events else []
    pairs = [(old, new) for new, old in pairwise([newer, *events])]
    changed = [[f for f in tracked if getattr(old, f.attname) != getattr(new, f.attname)] for old, new in pairs]
    names = _names(pairs, changed)
    people = User.objects.in_bulk({event.pgh_context.get("user") for event in events if event.pgh_context} - {None})
    result = []
    for (old, new), fields in zip(pairs, changed, strict=True):
        context = old.pgh_context or {}
        entry = Entry(old.pgh_created_at, str(people.get(context.get("user"), "System")), context.get("door", ""))
        for f in fields:
            before, after = (say(f, getattr(image, f.attname), names) for image in (old, new))
            entry.changes.append(Change(f.name, str(f.verbose_name).capitalize(), before, after))
        result.append(entry)
    return result


def _names(pairs: list[tuple], changed: list[list[models.Field]]) -> dict[type[models.Model], dict[int, models.Model]]:
    """What the changed foreign keys point at; rows that are gone are not there."""
    wanted: dict[type[models.Model], set[int]] = defaultdict(set)
    for images, fields in zip(pairs, changed, strict=True):
        for f in fields:
            if isinstance(f, models.ForeignKey):
                wanted[f.related_model] |= {getattr(image, f.attname) for image in images} - {None}
    return {model: model._base_manager.in_bulk(ids) for model, ids in wanted.items()}


def _text(f: models.Field, value: Any, names: dict) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(f, models.ForeignKey):
        return str(names[f.related_model].get(value, f"#{value}"))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return format_date(timezone.localtime(value), "Y-m-d H:i")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(dict(f.flatchoices).get(value, value))


class HistoryMixin:
    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        events = event_model(self.model)
        trail = events.objects.filter(pgh_obj_id=row.pk).order_by("-pgh_id") if events else self.model.objects.none()
        page = Paginator(trail, PER_PAGE).get_page(request.GET.get("p"))
        shown = list(page)
        newer = trail.filter(pgh_id__gt=shown[0].pgh_id).last() if shown and page.number > 1 else row
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {row}",
            "subtitle": None,
            "opts": self.opts,
            "object": row,
            "page": page,
            "entries": entries(row, shown, newer),
            "created_at": getattr(row, "created_at", None) if not page.has_next() else None,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/object_history.html", context)
