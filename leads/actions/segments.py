"""Segments that fill themselves."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from leads.filters import LeadFilter
from leads.models import Lead, Segment, SegmentMember
from workspaces.action import Refused, action


@action
def refresh_segment(segment: Segment) -> None:
    """Make the members of a segment by filter those that its filter finds now."""
    wanted = leads_of(segment).order_by()
    SegmentMember.objects.filter(segment=segment).exclude(lead__in=wanted).delete()
    missing = wanted.exclude(segments__segment=segment).values_list("pk", flat=True)
    SegmentMember.objects.bulk_create(
        (SegmentMember(workspace_id=segment.workspace_id, segment=segment, lead_id=pk) for pk in missing),
        ignore_conflicts=True,
    )
    segment.refreshed_at = timezone.now()
    segment.save(update_fields=["refreshed_at"])


def leads_of(segment: Segment) -> QuerySet[Lead]:
    """What the segment's filter finds; refused where the filter is none that the list of leads could have."""
    asked = segment.filter
    if not isinstance(asked, dict) or not all(map(_is_parameter, asked.values())):
        raise unreadable(segment, 'it must be an object of names and values, such as {"source": ["event"]}')
    found = LeadFilter(
        QueryDict(urlencode(asked, doseq=True)),
        queryset=Lead.objects.filter(workspace_id=segment.workspace_id),
        request=SimpleNamespace(workspace=segment.workspace),
    )
    if unknown := asked.keys() - found.filters.keys():
        raise unreadable(segment, f"leads have no {', '.join(sorted(unknown))}")
    if not found.is_valid():
        raise unreadable(segment, found.errors.as_text())
    return found.qs


def _is_parameter(value: object) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(single, str | int) for single in values)


def unreadable(segment: Segment, why: str) -> Refused:
    message = f"The filter of {segment} cannot be read: {why}"
    return Refused(message, fields={"filter": message})
